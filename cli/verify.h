/* verify.h - what the parts of backup-cli verify share. */
#ifndef VERIFY_H
#define VERIFY_H

#include "common.h"
#include "json.h"
#include "own.h"
#include <bk/verify.h>

struct verification {
	const char *against;
	char *url;
	bool json;
	struct bk_verify_options options;
	struct progress progress;
	struct own own;
	cJSON *findings, *lost, *gaps, *own_json; /* with json */
};

/* Sets the callbacks of V->options that print, or gather for JSON, what a verification finds. */
void verify_listen(struct verification *v);

/* Prints what RESULT says, at the end. Fails with BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code verify_print(
	struct verification *v, const struct bk_verify_result *result, struct bk_error *err);

/* Frees what was gathered. */
void verify_done(struct verification *v);

/* Compares with the database V->against, and prints what differs. Returns an exit code. */
int verify_against(struct verification *v);

#endif

/* secrets.h - secrets that a person types or hands over: from the terminal, without echo, or from a
 * descriptor; never from the command line, which others can read. */
#ifndef SECRETS_H
#define SECRETS_H

#include <bk/error.h>
#include <stdbool.h>
#include <stddef.h>

#define SECRET_TEXT_MAX 1000

/* A text in secret memory. */
struct secret_text {
	char *text; /* terminated; freed by secret_done */
	size_t size;
};

/* Where one comes from. */
struct secret_from {
	bool is_wanted;
	int fd; /* -1: the terminal */
};

/* Reads one line, without its end: from the terminal, asking for WHAT (twice, with IS_NEW), or from
 * FROM's descriptor. Fails with BK_E_INVALID if there is no terminal, it is empty, or the two
 * differ; BK_E_LIMIT, BK_E_IO, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code secret_read(struct secret_text *out, const struct secret_from *from,
	const char *what, bool is_new, struct bk_error *err);
void secret_done(struct secret_text *secret);

/* Has the terminal echo again, for what ends while a secret is typed. */
void secret_interrupted(void);

#endif

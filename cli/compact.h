/* compact.h - backup-cli compact: its parts. */
#ifndef COMPACT_H
#define COMPACT_H

#include "common.h"
#include "lockfile.h"
#include "sealing.h"
#include <bk/compact.h>

#define COMPACT_SEALS_MAX 16

struct compaction {
	char *url, *path;
	const char *dir;         /* --lightning-dir */
	const struct bk_io *io;  /* how the log is reached */
	struct policy_text text; /* what was said of what is kept */
	bool has_policy, set_policy, dry_run, json;
	/* Whom the successor of a log in the clear is sealed for, as given; what comes of that. */
	const char *seals[COMPACT_SEALS_MAX];
	unsigned seal_count;
	bool is_padded;
	struct bk_seal *seal;
	struct keyfile key;
	struct bk_compact_options options;
	struct progress progress;
	bool is_held; /* somebody writes the log, who then has the successor take its place */
	char holder[BK_ERROR_MESSAGE_MAX];
};

/* Finds out whether somebody writes the log. */
BK_MUST_CHECK enum bk_code compact_check_held(struct compaction *c, struct bk_error *err);

/* Compacts LOG, a reader's at c->path, has the successor take its place, and prints what was done.
 * Fails as the parts below and bk_compact do. */
BK_MUST_CHECK enum bk_code compact_log(
	struct compaction *c, struct bk_log *log, struct bk_error *err);

/* What the successor of LOG is sealed with, if that was asked for: makes the key file. Fails with
 * BK_E_EXISTS if LOG is sealed, and as sealing_add, keyfile_begin and bk_seal_new do. */
BK_MUST_CHECK enum bk_code compact_seal(
	struct compaction *c, struct bk_log *log, struct bk_error *err);

/* Has backup.lock name that key file. Fails as lockfile_write does. */
BK_MUST_CHECK enum bk_code compact_name_key(const struct compaction *c, struct bk_error *err);

/* Says what the key file is good for where the successor took the place, or may have. */
void compact_keep_key(const struct compaction *c);

/* Has the finished successor of LOG, a reader's, take the log's place; or waits until who writes
 * the log has done so. */
BK_MUST_CHECK enum bk_code compact_take(
	struct compaction *c, struct bk_log *log, struct bk_error *err);
BK_MUST_CHECK enum bk_code compact_wait(
	struct compaction *c, struct bk_log *log, struct bk_error *err);

/* Prints what was done, or with --dry-run what would be. */
BK_MUST_CHECK enum bk_code compact_print(
	const struct compaction *c, const struct bk_compact_result *result, struct bk_error *err);

#endif

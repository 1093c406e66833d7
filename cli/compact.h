/* compact.h - backup-cli compact: its parts. */
#ifndef COMPACT_H
#define COMPACT_H

#include "common.h"
#include "lockfile.h"
#include <bk/compact.h>

struct compaction {
	char *url, *path;
	const char *dir;         /* --lightning-dir */
	const struct bk_io *io;  /* how the log is reached */
	struct policy_text text; /* what was said of what is kept */
	bool has_policy, set_policy, dry_run, json;
	struct bk_compact_options options;
	struct progress progress;
	bool is_held; /* somebody writes the log, who then has the successor take its place */
	char holder[BK_ERROR_MESSAGE_MAX];
};

/* Finds out whether somebody writes the log. */
BK_MUST_CHECK enum bk_code compact_check_held(struct compaction *c, struct bk_error *err);

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

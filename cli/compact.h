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
	uint64_t lost; /* versions that were told */
};

/* Fails with BK_E_BUSY where somebody writes the log. */
BK_MUST_CHECK enum bk_code compact_check_free(const struct compaction *c, struct bk_error *err);

/* Has the finished successor of LOG, a reader's, take the log's place. */
BK_MUST_CHECK enum bk_code compact_take(
	struct compaction *c, struct bk_log *log, struct bk_error *err);

/* Prints what was done, or with --dry-run what would be. */
BK_MUST_CHECK enum bk_code compact_print(
	const struct compaction *c, const struct bk_compact_result *result, struct bk_error *err);

#endif

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

/* Has the finished successor of LOG, a reader's, take the log's place: here, where nobody writes
 * the log, or by the plugin that does, which notices it. *BY_PLUGIN tells which. Fails with
 * BK_E_BUSY if that did not come to it. */
BK_MUST_CHECK enum bk_code compact_take(
	struct compaction *c, struct bk_log *log, bool *by_plugin, struct bk_error *err);

/* Prints what was done, or with --dry-run what would be. */
BK_MUST_CHECK enum bk_code compact_print(const struct compaction *c,
	const struct bk_compact_result *result, bool by_plugin, struct bk_error *err);

#endif

/* compaction.h - the log is compacted beside the changes: when it exceeds its policy, when the RPC
 * backup-compact asks for it, and when a successor was finished beside it, by whomever.
 *
 * A thread of low priority has the successor built by a process of its own (builder.h), opens it,
 * and has it catch up; then it wakes the thread that changes come from, which has it take the log's
 * place between two calls. No call waits for more than that.
 *
 * Calling sequence: compaction_start; any of the rest from the thread that changes come from;
 * compaction_stop. */
#ifndef COMPACTION_H
#define COMPACTION_H

#include <bk/io.h>
#include <bk/mirrors.h>
#include <bk/policy.h>
#include <bk/successor.h>
#include <cJSON.h>
#include <stdbool.h>

struct compaction;

/* What it points to is borrowed. */
struct compaction_options {
	const struct bk_io *io;
	const char *path;           /* of the log */
	struct bk_mirrors *mirrors; /* of the log, which get the successor before it takes the place
				     * where a quorum of them must have each change; NULL: none */

	/* Called by the thread: every two seconds, while nothing is compacted; what is to be kept,
	 * false where nothing says it, which keeps all; a successor is ready to be taken; it was,
	 * and what wrote to the log before can be let go. */
	void (*look)(void *ctx);
	bool (*policy)(void *ctx, struct bk_policy *out);
	void (*ready)(void *ctx);
	void (*taken)(void *ctx);
	void *ctx;
};

BK_MUST_CHECK enum bk_code compaction_start(
	struct compaction **out, const struct compaction_options *options, struct bk_error *err);

/* Ends what is under way; the log is as it is. Takes NULL. */
void compaction_stop(struct compaction *compaction);

/* The RPC backup-compact with ID: it is answered when a compaction has ended. COMPACTION may be
 * NULL: nothing is open. */
void compaction_ask(struct compaction *compaction, const cJSON *id);

/* The successor that is ready to be taken by bk_successor_take, then compaction_end_take with what
 * that returned; NULL: there is none, or not at once. Takes NULL. */
struct bk_successor *compaction_begin_take(struct compaction *compaction);
void compaction_end_take(struct compaction *compaction, const struct bk_error *failure);

#endif

/* follower.h - the thread that proves what was acknowledged, beside the changes.
 *
 * A follower replays each change as soon as it is in the log, on the image of the one before, and
 * checks vars.data_version after it: so what cannot be rebuilt is known when the next change comes.
 * When an interval closes it writes the pages that changed as a delta keyframe. When the node is
 * quiet it looks at the node's database, and notes in the log that the head was seen committed.
 * Stopping or killing it at any moment leaves a valid log; the next one catches up.
 *
 * Calling sequence: bk_follower_start, bk_follower_stop before the writer is closed.
 *
 * Threads: NOTIFY is called from the follower's own. */
#ifndef BK_FOLLOWER_H
#define BK_FOLLOWER_H

#include <bk/error.h>
#include <stdbool.h>
#include <stdint.h>

struct bk_writer;
struct bk_follower;

/* What went wrong. With BK_E_SQL or BK_E_DAMAGE the change after the last proven one cannot be
 * rebuilt, nor what follows it, before a snapshot (bk_writer_snapshot): bk_follower_needs_snapshot
 * is then true. Otherwise it is tried again: when the next interval closes, and then more and more
 * rarely, for what was written in vain stays in the log. */
typedef void bk_follower_notify_fn(void *ctx, const struct bk_error *err);

/* Zeros mean the defaults. */
struct bk_follower_options {
	bk_follower_notify_fn *notify;
	void *ctx;
	const char *database;   /* path of the node's, borrowed; NULL: it is not looked at */
	unsigned quiet_ms;      /* without a change, before it is looked at; 200 */
	unsigned seen_ms;       /* without a change, before the log notes what was seen; 1000 */
	unsigned seen_again_ms; /* between two such notes; 10000 */
};

BK_MUST_CHECK enum bk_code bk_follower_start(struct bk_follower **out, struct bk_writer *writer,
	const struct bk_follower_options *options, struct bk_error *err);

/* Ends the thread after what it is at. Takes NULL. */
void bk_follower_stop(struct bk_follower *follower);

/* What the node's database must look like once the change that is appended next is committed: the
 * file INODE, with SQLite's COUNTER. The head is noted as seen committed only then, for else
 * somebody else's writing would be noted with it. To be called before each append; IS_KNOWN false:
 * it cannot be told, and nothing is noted. Takes NULL. */
void bk_follower_expect(
	struct bk_follower *follower, bool is_known, uint64_t inode, uint32_t counter);

bool bk_follower_needs_snapshot(struct bk_follower *follower);

struct bk_follower_status {
	uint32_t proven; /* the newest version that was rebuilt, or copied */
	uint64_t behind; /* changes that are not, yet */
	/* The most since it was started: of those, and of microseconds from when a change came to
	 * when it was proven (not counting what was caught up with, over a second old). */
	uint64_t behind_max;
	int64_t lag_us_max;
};

void bk_follower_status(struct bk_follower *follower, struct bk_follower_status *status);

/* Writes the keyframes of all closed intervals in the calling thread, and returns when they are
 * there. For tests and benchmarks, which need a log with keyframes at a known moment: the programs
 * have a follower. Fails as a follower notifies. */
BK_MUST_CHECK enum bk_code bk_keyframes_build(struct bk_writer *writer, struct bk_error *err);

#endif

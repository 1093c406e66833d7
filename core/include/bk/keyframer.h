/* keyframer.h - writing delta keyframes beside the changes, off the writer's path.
 *
 * A keyframer replays each closed interval, all of whose changes lightningd has certainly
 * committed, on the keyframe before, and appends what pages changed. Stopping or killing it at any
 * moment leaves a valid log; the next one catches up.
 *
 * Calling sequence: bk_keyframer_start, bk_keyframer_stop before the writer is closed.
 *
 * Threads: NOTIFY is called from the keyframer's own. */
#ifndef BK_KEYFRAMER_H
#define BK_KEYFRAMER_H

#include <bk/error.h>
#include <stdbool.h>

struct bk_writer;
struct bk_keyframer;

/* What went wrong. With BK_E_SQL or BK_E_DAMAGE no further keyframe is possible before a snapshot
 * (bk_writer_snapshot): bk_keyframer_needs_snapshot is then true. Otherwise it is tried again when
 * the next interval closes. */
typedef void bk_keyframer_notify_fn(void *ctx, const struct bk_error *err);

BK_MUST_CHECK enum bk_code bk_keyframer_start(struct bk_keyframer **out, struct bk_writer *writer,
	bk_keyframer_notify_fn *notify, void *ctx, struct bk_error *err);

/* Ends the thread after the keyframe it is at. Takes NULL. */
void bk_keyframer_stop(struct bk_keyframer *keyframer);

bool bk_keyframer_needs_snapshot(struct bk_keyframer *keyframer);

/* Writes the keyframes of all closed intervals in the calling thread, and returns when they are
 * there. For tests and benchmarks, which need a log with keyframes at a known moment: the programs
 * have a keyframer. Fails as a keyframer notifies. */
BK_MUST_CHECK enum bk_code bk_keyframes_build(struct bk_writer *writer, struct bk_error *err);

#endif

/* chain.h - finding a keyframe among all of them, in few reads (docs/format.md, 6, "Links"). */
#ifndef BK_CHAIN_H
#define BK_CHAIN_H

#include "log.h"

/* One interval of the log: the keyframe below it, and the changes between that and the next
 * keyframe, or the tail. */
struct span {
	struct bk_log *log;
	struct keyframe *base; /* NULL: the span before the log's first keyframe, with no changes;
				* or, with base_lost, one that damage made unreadable */
	bool base_lost;
	struct keyframe *above; /* the keyframe that lists the entries; NULL in the tail */
	const struct bk_entry *entries;
	size_t count;
	struct bk_entry *copied; /* of the tail, owned */
};

void span_done(struct span *span);

/* The entries of SPAN, and behind them the snapshot that a full keyframe above is. */
size_t span_length(const struct span *span);
struct bk_entry span_entry(const struct span *span, size_t at);

/* The tail, with the keyframe it stands on. */
BK_MUST_CHECK enum bk_code span_of_tail(struct span *out, struct bk_log *log, struct bk_error *err);

/* What follows passes over damaged keyframes where it can; where the wanted span's upper keyframe
 * is one, the span's list is lost, and it fails with BK_E_DAMAGE. */

/* The span that leads from the newest keyframe not after VERSION to the next: if the log holds
 * VERSION, it is there. Fails with BK_E_MISSING if VERSION is before the log's first, with
 * BK_E_DAMAGE, BK_E_IO, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code span_of_version(
	struct span *out, struct bk_log *log, uint32_t version, struct bk_error *err);

/* The span whose base has ORDINAL; the tail's if it is the newest. ORDINAL must exist. */
BK_MUST_CHECK enum bk_code span_of_ordinal(
	struct span *out, struct bk_log *log, uint64_t ordinal, struct bk_error *err);

/* The newest span in which something came not after TIME_US, as its base or above it. Fails as
 * span_of_version does. */
BK_MUST_CHECK enum bk_code span_of_time(
	struct span *out, struct bk_log *log, int64_t time_us, struct bk_error *err);

#endif

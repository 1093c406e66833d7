/* span.h - the intervals between keyframes: finding one of them, in few reads (docs/format.md, 6,
 * "Links"). */
#ifndef BK_SPAN_H
#define BK_SPAN_H

#include "log.h"

/* One interval of the log: the keyframe below it, and the changes between that and the next
 * keyframe, or the tail. */
struct span {
	struct bk_log *log;
	struct keyframe *base; /* NULL: the span before the log's first keyframe, with no changes;
				* or, with base_lost, that first one is unreadable */
	bool base_lost;
	bool is_mended; /* damaged keyframes stand between base and above: their changes are here
			   too */
	struct keyframe *above; /* the keyframe that lists the entries; NULL in the tail */
	const struct bk_entry *entries;
	size_t count;
	struct bk_entry *copied; /* of the tail or of a mended span, owned */
};

void bk_span_done(struct span *span);

/* The entries of SPAN, and behind them the snapshot that a full keyframe above is. */
size_t bk_span_length(const struct span *span);
struct bk_entry bk_span_entry(const struct span *span, size_t at);

/* The tail, with the keyframe it stands on. */
BK_MUST_CHECK enum bk_code bk_span_of_tail(
	struct span *out, struct bk_log *log, struct bk_error *err);

/* What follows passes over damaged keyframes: where one of the wanted span's own is damaged, the
 * span reaches from the readable one below to the readable one above, and its list is read from the
 * changes themselves. Only where none is readable below, the list of what stands on it is lost. */

/* The span that leads from the newest keyframe not after VERSION to the next: if the log holds
 * VERSION, it is there. Fails with BK_E_MISSING if VERSION is before the log's first, with
 * BK_E_DAMAGE, BK_E_IO, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_span_of_version(
	struct span *out, struct bk_log *log, uint32_t version, struct bk_error *err);

/* The span whose base has ORDINAL; the tail's if it is the newest. ORDINAL must exist. */
BK_MUST_CHECK enum bk_code bk_span_of_ordinal(
	struct span *out, struct bk_log *log, uint64_t ordinal, struct bk_error *err);

/* The newest span in which something came not after TIME_US, as its base or above it; if it is
 * mended, that may be in an older one. Fails as bk_span_of_version does. */
BK_MUST_CHECK enum bk_code bk_span_of_time(
	struct span *out, struct bk_log *log, int64_t time_us, struct bk_error *err);

#endif

/* thin.h - keyframes of single versions of one log put into another, without the changes between.
 *
 * The first is a full CARRIED keyframe, the others THINNED deltas of the pages that differ
 * (docs/format.md, 6): found by the maps of the keyframes in between, and by what was replayed.
 *
 * Calling sequence: bk_thin_init; any bk_thin_moment, in ascending order; bk_thin_done. */
#ifndef BK_THIN_H
#define BK_THIN_H

#include "build.h"

struct dirty {
	uint32_t *pages; /* owned */
	size_t count;
};

struct thin {
	struct bk_log *from;
	struct bk_writer *to;
	bool past_damage; /* where pages are damaged, older keyframes are tried (bk/rebuild.h) */

	/* The image of FROM that TO's newest keyframe holds: */
	uint32_t page_size, page_count; /* 0: none yet */
	uint64_t pages_sum;
	uint64_t ordinal;   /* of the keyframe that it stands on, */
	struct dirty dirty; /* and what was replayed on that wrote these */
};

void bk_thin_init(struct thin *thin, struct bk_log *from, struct bk_writer *to, bool past_damage);
void bk_thin_done(struct thin *thin);

/* Puts VERSION of FROM, which came at TIME_US. Fails as bk_image_open and bk_build_finish do;
 * past damage as bk_rebuild_do does. */
BK_MUST_CHECK enum bk_code bk_thin_moment(
	struct thin *thin, uint32_t version, int64_t time_us, struct bk_error *err);

/* The same of KF, a keyframe of FROM, with what it notes. */
BK_MUST_CHECK enum bk_code bk_thin_keyframe(
	struct thin *thin, const struct keyframe *kf, struct bk_error *err);

#endif

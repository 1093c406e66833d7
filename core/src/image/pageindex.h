/* pageindex.h - where each page of the database at one keyframe is stored.
 *
 * The maps of a few keyframes on the way down to a full one, loaded as they are needed
 * (docs/format.md, 6, "Maps"). Takes at most 12 bytes a stored page.
 *
 * Threads: after bk_pageindex_open, any. */
#ifndef BK_PAGEINDEX_H
#define BK_PAGEINDEX_H

#include "log.h"
#include <stdatomic.h>

/* At each level at most FANOUT - 1 keyframes, and the full one. */
#define PAGEINDEX_LEVELS_MAX ((KEYFRAME_FANOUT - 1) * KEYFRAME_LINKS_MAX + 2)

struct pageindex_level {
	struct keyframe *kf;             /* pinned */
	_Atomic(struct pagemap *) *maps; /* kf->map_count of them, pinned once loaded */
};

struct pageindex {
	struct bk_log *log;
	size_t count;
	struct pageindex_level levels[PAGEINDEX_LEVELS_MAX]; /* newest first */
};

/* Damage below KF matters only if a page is stored there, or further down. Fails with
 * BK_E_DAMAGE, BK_E_IO, BK_E_NOMEM; INDEX is then empty. */
BK_MUST_CHECK enum bk_code bk_pageindex_open(struct pageindex *index, struct bk_log *log,
	const struct keyframe *kf, struct bk_error *err);
void bk_pageindex_done(struct pageindex *index);

/* Whether every page can be found, though perhaps not read: fails with BK_E_DAMAGE if not. */
BK_MUST_CHECK enum bk_code bk_pageindex_has_all(struct pageindex *index, struct bk_error *err);

/* Sets *OFFSET to PAGE's newest record, 0 if there is none. */
BK_MUST_CHECK enum bk_code bk_pageindex_find(
	struct pageindex *index, uint32_t page, uint64_t *offset, struct bk_error *err);

/* The same of the COUNT pages from FIRST on, for each that has 0 in OFFSETS. */
BK_MUST_CHECK enum bk_code bk_pageindex_find_run(struct pageindex *index, uint32_t first,
	uint32_t count, uint64_t *offsets, struct bk_error *err);

#endif

/* trail.h - what a replay read of its log beside the changes: noted in the keyframe that lists them
 * (docs/format.md, 6), so that who opens an image from afar can ask for all of it at once. A
 * hint: nothing is believed because of it.
 *
 * The pages that it read and did not write are noted, too: by them who carries the keyframe into
 * another log finds where there the same is read.
 *
 * Calling sequence: one of zeros; any bk_trail_add, bk_trail_add_page and bk_trail_add_index;
 * bk_trail_write; bk_trail_done.
 *
 * Threads: one. */
#ifndef BK_TRAIL_H
#define BK_TRAIL_H

#include "pageindex.h"
#include <bk/io.h>

struct trail {
	struct bk_io_range *all; /* owned */
	size_t count, capacity;
	bool is_cut;     /* it was too long: what came later is left out */
	uint32_t *pages; /* owned: TRAIL_PAGES of them, once there are any */
	size_t page_count;
	bool is_blind; /* it is not known which pages are read beside those that are written */
};

#define TRAIL_PAGES ((size_t)4096)

void bk_trail_done(struct trail *trail);

/* SIZE bytes at OFFSET were read. Where there is no memory, the trail lacks them. */
void bk_trail_add(struct trail *trail, uint64_t offset, uint64_t size);

/* So were the keyframes of INDEX, and the maps that were loaded of them. */
void bk_trail_add_index(struct trail *trail, const struct pageindex *index);

/* PAGE was read. */
void bk_trail_add_page(struct trail *trail, uint32_t page);

/* Writes the trail as notes, terminated lines, to OUT, which has ROOM bytes; coarser where it would
 * not fit. "" if there is none. STORED: COUNT pages that were written, ascending. */
void bk_trail_write(struct trail *trail, const struct stored_page *stored, size_t count, char *out,
	size_t room);

/* What KF notes is going to be read of LOG, if that stands afar and is not foreseen otherwise.
 * False if it does not note all. */
bool bk_trail_want(struct bk_log *log, const struct keyframe *kf);

/* The pages that KF notes, MOST at most, to PAGES; returns how many. *IS_BLIND: it notes none, and
 * does not know them. */
size_t bk_trail_pages(const struct keyframe *kf, uint32_t *pages, size_t most, bool *is_blind);

#endif

/* trail.h - what a replay read of its log beside the changes: noted in the keyframe that lists them
 * (docs/format.md, 6), so that who opens an image from afar can ask for all of it at once. A
 * hint: nothing is believed because of it.
 *
 * Calling sequence: one of zeros; any bk_trail_add and bk_trail_add_index; bk_trail_write;
 * bk_trail_done.
 *
 * Threads: one. */
#ifndef BK_TRAIL_H
#define BK_TRAIL_H

#include "pageindex.h"
#include <bk/io.h>

struct trail {
	struct bk_io_range *all; /* owned */
	size_t count, capacity;
	bool is_cut; /* it was too long: what came later is left out */
};

void bk_trail_done(struct trail *trail);

/* SIZE bytes at OFFSET were read. Where there is no memory, the trail lacks them. */
void bk_trail_add(struct trail *trail, uint64_t offset, uint64_t size);

/* So were the keyframes of INDEX, and the maps that were loaded of them. */
void bk_trail_add_index(struct trail *trail, const struct pageindex *index);

/* Writes the trail as a note, a terminated line, to OUT, which has ROOM bytes; coarser where it
 * would not fit. "" if there is none. */
void bk_trail_write(struct trail *trail, char *out, size_t room);

/* What KF notes is going to be read of LOG, which stands afar. False if it notes nothing. */
bool bk_trail_want(struct bk_log *log, const struct keyframe *kf);

#endif

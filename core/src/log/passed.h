/* passed.h - where the keyframes stand that searches passed, by their ordinals, so that a walk from
 * one to the next does not search each of them from the log's end again: where links lead astray,
 * such a search visits every keyframe behind.
 *
 * Invariants: what is noted is what a valid keyframe said of itself; whoever follows a note reads
 * that keyframe, and looks at its ordinal.
 *
 * Threads: whoever calls holds a mutex of its own. */
#ifndef BK_PASSED_H
#define BK_PASSED_H

#include <stdint.h>

#define PASSED_KEPT 4096

/* Zeros are an empty table. A keyframe takes the place of the one noted there before. */
struct passed {
	uint64_t offsets[PASSED_KEPT];
	uint64_t ordinals[PASSED_KEPT];
};

static inline void bk_passed_note(struct passed *passed, uint64_t ordinal, uint64_t offset)
{
	passed->ordinals[ordinal % PASSED_KEPT] = ordinal;
	passed->offsets[ordinal % PASSED_KEPT] = offset;
}

/* The offset of the keyframe of ORDINAL; 0: none is noted. */
static inline uint64_t bk_passed_find(const struct passed *passed, uint64_t ordinal)
{
	return passed->ordinals[ordinal % PASSED_KEPT] == ordinal
		       ? passed->offsets[ordinal % PASSED_KEPT]
		       : 0;
}

#endif

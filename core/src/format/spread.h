/* spread.h - places in a log, the same for all who ask, that are looked at first where a version is
 * searched from afar: a store gives them with the log's ends, in one round (docs/objects.md, 5). */
#ifndef BK_SPREAD_H
#define BK_SPREAD_H

#include <stddef.h>
#include <stdint.h>

#define SPREAD_MOST  14
#define SPREAD_LEAST ((uint64_t)1 << 20) /* bytes from one to the next, about */
#define SPREAD_BLOCK ((uint64_t)64 << 10)
#define SPREAD_BYTES ((size_t)32 << 10) /* looked at: most frames are smaller */

/* Writes to PLACES those of a log of END bytes, at most SPREAD_MOST; returns how many. They are an
 * odd number of blocks from each other, so that no two of them want the same slot of a cache
 * (place/nearby.h). */
static inline size_t bk_spread(uint64_t end, uint64_t *places)
{
	uint64_t step = end / (SPREAD_MOST + 1);
	size_t count = 0;

	if (step < SPREAD_LEAST)
		step = SPREAD_LEAST;
	step = (step / SPREAD_BLOCK | 1) * SPREAD_BLOCK;
	for (uint64_t at = step; count < SPREAD_MOST && at + step <= end; at += step)
		places[count++] = at;
	return count;
}

#endif

/* nearby.h - what is here of a log that stands on another computer: blocks of it, in memory.
 *
 * A log only grows, so what was there stays right. One that is missed takes the slot of that which
 * was used longest ago, of those that share its place.
 *
 * Threads: one at a time. */
#ifndef BK_NEARBY_H
#define BK_NEARBY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NEARBY_BLOCK  ((size_t)64 << 10)
#define NEARBY_BLOCKS 512 /* 32 MiB */
#define NEARBY_WAYS   16  /* of them may hold one block, so that hardly one is pushed out before */
#define NEARBY_PART   ((size_t)1 << 10)

/* What there is of one block. */
struct nearby_block {
	uint64_t number, used; /* USED: when, by the count of all uses; 0: the slot is empty */
	uint64_t parts;        /* a bit for each of its parts that is there, whole */
	uint32_t cut;          /* where a part ends that is there only so far; 0: none */
	uint8_t *bytes;
};

/* One of zeros is empty. */
struct nearby {
	uint64_t count; /* uses so far */
	struct nearby_block blocks[NEARBY_BLOCKS];
};

void bk_nearby_done(struct nearby *nearby);

/* Copies what is here at OFFSET to DATA, at most SIZE bytes; returns how many, 0 if none. */
size_t bk_nearby_give(struct nearby *nearby, uint64_t offset, void *data, size_t size);

/* How many bytes from OFFSET on are here, of those up to the end of their block. */
size_t bk_nearby_has(struct nearby *nearby, uint64_t offset);

/* Keeps SIZE bytes at OFFSET, where a part begins, as far as there is memory. */
void bk_nearby_keep(struct nearby *nearby, uint64_t offset, const uint8_t *bytes, size_t size);

#endif

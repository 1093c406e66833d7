/* readers.h - who reads a log on and on, told by the blocks that are read: what is foreseen for
 * them.
 *
 * Threads: whoever calls holds a mutex of its own. */
#ifndef BK_READERS_H
#define BK_READERS_H

#include <stdbool.h>
#include <stdint.h>

#define READERS 4

/* One of them. */
struct reader {
	uint64_t block;  /* that he reads */
	uint64_t upto;   /* the first block behind those that are foreseen for him */
	uint64_t used;   /* when, by the count of all moves; 0: there is none */
	unsigned read;   /* blocks that he read so far */
	unsigned length; /* blocks to be foreseen */
};

/* One of zeros knows none. */
struct readers {
	struct reader all[READERS];
	uint64_t moves;
};

/* Block NUMBER is read: sets *FROM and *UPTO to the blocks that are to be foreseen now, and returns
 * true; false if none are. At most MOST blocks are foreseen for one, once he has read FEW. Who
 * MISSED nothing had said what he would read, and is no such, unless it was foreseen so. */
bool bk_readers_move(struct readers *readers, uint64_t number, bool missed, unsigned most,
	unsigned few, uint64_t *from, uint64_t *upto);

#endif

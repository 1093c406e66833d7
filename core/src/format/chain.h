/* chain.h - a log's bytes checked as they come, in pieces of any size, where each frame's sum and
 * chain are right (docs/format.md, 1): what a mirror asks of bytes, and nothing of what they mean.
 *
 * Calling sequence: bk_chain_new, bk_chain_start, any bk_chain_feed, bk_chain_free. Pure but for
 * its memory, which does not grow with the frames. */
#ifndef BK_CHAIN_H
#define BK_CHAIN_H

#include "frame.h"
#include <xxhash.h>

struct chain {
	uint64_t seed;     /* the log's */
	uint64_t fed;      /* offset behind the bytes that were taken */
	uint64_t end;      /* behind the last whole frame; FED is behind it within a frame */
	uint64_t sum;      /* of that frame; of the header, before the first */
	bool is_succeeded; /* it named a successor: nothing follows it (docs/format.md, 12) */

	uint8_t bytes[FRAME_HEAD_SIZE]; /* the head of the frame under way */
	struct frame_head head;
	XXH3_state_t *state; /* of its sum; owned */
};

BK_MUST_CHECK enum bk_code bk_chain_new(struct chain *chain, struct bk_error *err);
void bk_chain_free(struct chain *chain);

/* Begins at END, behind a frame of SUM, or behind the header, in a log of SEED. */
void bk_chain_start(struct chain *chain, uint64_t seed, uint64_t end, uint64_t sum);

/* Drops what was taken of a frame that is not whole. */
void bk_chain_drop(struct chain *chain);

/* Takes SIZE bytes that stand at chain->fed. Returns NULL, or what is wrong with the frame behind
 * chain->end, a text of few words that follows "at offset N "; then CHAIN takes no more, until
 * bk_chain_drop. */
const char *bk_chain_feed(struct chain *chain, const void *data, size_t size);

#endif

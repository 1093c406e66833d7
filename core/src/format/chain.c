/* chain.c - a log's bytes checked as they come. */
#include "chain.h"
#include <string.h>

enum bk_code bk_chain_new(struct chain *chain, struct bk_error *err)
{
	*chain = (struct chain){.state = XXH3_createState()};
	return chain->state ? BK_OK : bk_fail(err, BK_E_NOMEM, 0, "no memory to check a log");
}

void bk_chain_free(struct chain *chain)
{
	XXH3_freeState(chain->state);
	chain->state = NULL;
}

void bk_chain_start(struct chain *chain, uint64_t seed, uint64_t end, uint64_t sum)
{
	chain->seed = seed;
	chain->end = chain->fed = end;
	chain->sum = sum;
	chain->is_succeeded = false;
}

void bk_chain_drop(struct chain *chain)
{
	chain->fed = chain->end;
}

/* The head of the frame behind chain->end is whole. */
static const char *take_head(struct chain *chain)
{
	const size_t from = sizeof chain->head.sum;

	if (!bk_frame_plausible(&chain->head, chain->bytes))
		return "no frame begins";
	if (chain->head.chain != (uint32_t)chain->sum)
		return "stands a frame that does not follow the one before it";
	XXH3_64bits_reset_withSeed(chain->state, chain->seed + chain->end);
	XXH3_64bits_update(chain->state, chain->bytes + from, sizeof chain->bytes - from);
	return NULL;
}

/* The frame behind chain->end is whole. */
static const char *take_frame(struct chain *chain)
{
	if (XXH3_64bits_digest(chain->state) != chain->head.sum)
		return "stands a frame whose checksum does not fit";
	chain->end = chain->fed;
	chain->sum = chain->head.sum;
	chain->is_succeeded = chain->head.kind == FRAME_SUCCEEDED;
	return NULL;
}

static size_t least(uint64_t a, size_t b)
{
	return a < b ? (size_t)a : b;
}

/* Takes bytes of the frame under way, at most SIZE; sets *TAKEN. */
static const char *take_some(struct chain *chain, const uint8_t *data, size_t size, size_t *taken)
{
	size_t have = (size_t)least(chain->fed - chain->end, FRAME_HEAD_SIZE);
	const char *wrong = NULL;

	if (chain->is_succeeded)
		return "stands something behind a frame that names the log's successor";
	if (have < FRAME_HEAD_SIZE) {
		*taken = least(FRAME_HEAD_SIZE - have, size);
		memcpy(chain->bytes + have, data, *taken);
		chain->fed += *taken;
		if (have + *taken < FRAME_HEAD_SIZE)
			return NULL;
		wrong = take_head(chain);
	} else {
		*taken = least(chain->end + bk_frame_size(&chain->head) - chain->fed, size);
		XXH3_64bits_update(chain->state, data, *taken);
		chain->fed += *taken;
	}
	if (!wrong && chain->fed == chain->end + bk_frame_size(&chain->head))
		wrong = take_frame(chain);
	return wrong;
}

const char *bk_chain_feed(struct chain *chain, const void *data, size_t size)
{
	const uint8_t *at = data;
	const char *wrong = NULL;

	while (size && !wrong) {
		size_t taken = 0;

		wrong = take_some(chain, at, size, &taken);
		at += taken;
		size -= taken;
	}
	return wrong;
}

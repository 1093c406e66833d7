/* rng.h - seeded randomness: the same seed gives the same test. */
#ifndef RNG_H
#define RNG_H

#include <stdbool.h>
#include <stdint.h>

struct rng {
	uint64_t state;
};

static inline uint64_t rng_next(struct rng *rng) /* splitmix64 */
{
	uint64_t z = rng->state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

/* 0 to LIMIT - 1. */
static inline uint32_t rng_below(struct rng *rng, uint32_t limit)
{
	return (uint32_t)(rng_next(rng) % limit);
}

/* True in PERCENT of all calls. */
static inline bool rng_chance(struct rng *rng, unsigned percent)
{
	return rng_below(rng, 100) < percent;
}

/* A generator of its own for part KEY of what SEED decides. */
static inline struct rng rng_of(uint64_t seed, uint64_t key)
{
	struct rng rng = {seed * 0xd1342543de82ef95u + key};

	rng.state = rng_next(&rng);
	return rng;
}

#endif

/* test_cache.c - decoded parts of a log, kept within a budget (core/src/base/cache.h). */
#include "cache.h"
#include "support.h"
#include <pthread.h>
#include <stdatomic.h>

SUITE(cache);

static _Atomic unsigned alive;

struct thing {
	struct cached cached;
	uint64_t value;
};

static void thing_free(struct cached *cached)
{
	alive--;
	free(cached);
}

static struct cached *thing_new(uint64_t key, size_t bytes)
{
	struct thing *thing = calloc(1, sizeof *thing);

	cr_assert(thing);
	thing->cached = (struct cached){.item.key = key, .bytes = bytes, .free = thing_free};
	thing->value = key * 7;
	alive++;
	return &thing->cached;
}

Test(cache, gives_what_was_put)
{
	struct cache cache;
	struct thing *thing;

	bk_cache_init(&cache, 1000);
	cr_assert(!bk_cache_get(&cache, 1));
	thing = bk_cache_put(&cache, thing_new(1, 10));
	cr_assert(bk_cache_get(&cache, 1) == thing && !bk_cache_get(&cache, 1 + BK_RECENT_BUCKETS));
	bk_cache_release(&cache, thing);
	bk_cache_release(&cache, thing);
	bk_cache_release(&cache, NULL);
	bk_cache_done(&cache);
	cr_assert(!alive);
}

/* "if another thread was faster, frees OBJECT and returns the other's" */
Test(cache, the_first_of_two_stays)
{
	struct cache cache;
	struct cached *first, *second;

	bk_cache_init(&cache, 1000);
	first = bk_cache_put(&cache, thing_new(1, 10));
	second = bk_cache_put(&cache, thing_new(1, 10));
	cr_assert(first == second && alive == 1);
	bk_cache_release(&cache, first);
	bk_cache_release(&cache, second);
	bk_cache_done(&cache);
	cr_assert(!alive);
}

/* "only objects that nobody pins are thrown out to make room", the least used first. */
Test(cache, throws_out_the_least_used)
{
	struct cache cache;
	struct cached *things[10];

	bk_cache_init(&cache, 100);
	for (uint64_t i = 0; i < 10; i++) {
		things[i] = bk_cache_put(&cache, thing_new(i, 10));
		bk_cache_release(&cache, things[i]);
	}
	cr_assert(alive == 10);
	bk_cache_release(&cache, bk_cache_get(&cache, 0)); /* used again */
	bk_cache_release(&cache, bk_cache_put(&cache, thing_new(10, 20)));
	cr_assert(alive == 9 && cache.bytes == 100);
	cr_assert(!bk_cache_get(&cache, 1) && !bk_cache_get(&cache, 2));
	bk_cache_release(&cache, bk_cache_get(&cache, 0));
	bk_cache_release(&cache, bk_cache_get(&cache, 3));
	bk_cache_done(&cache);
	cr_assert(!alive);
}

Test(cache, pinned_ones_stay_over_the_budget)
{
	struct cache cache;
	struct cached *things[20];

	bk_cache_init(&cache, 50);
	for (uint64_t i = 0; i < 20; i++)
		things[i] = bk_cache_put(&cache, thing_new(i, 10));
	cr_assert(alive == 20 && cache.bytes == 200);
	for (uint64_t i = 0; i < 20; i++) {
		cr_assert(((struct thing *)things[i])->value == i * 7);
		bk_cache_release(&cache, things[i]);
	}
	cr_assert(alive == 5 && cache.bytes == 50);
	bk_cache_done(&cache);
	cr_assert(!alive);
}

static void *use(void *arg)
{
	struct cache *cache = arg;
	uint64_t seed = (uint64_t)(uintptr_t)&seed;

	for (unsigned i = 0; i < 20000; i++) {
		uint64_t key = random_next(&seed) % 40;
		struct thing *thing = bk_cache_get(cache, key);

		if (!thing)
			thing = bk_cache_put(cache, thing_new(key, 10));
		if (thing->value != key * 7)
			return arg;
		bk_cache_release(cache, thing);
	}
	return NULL;
}

/* "Threads: any." */
Test(cache, threads)
{
	struct cache cache;
	pthread_t threads[4];

	bk_cache_init(&cache, 200);
	for (size_t i = 0; i < COUNT_OF(threads); i++)
		cr_assert(pthread_create(&threads[i], NULL, use, &cache) == 0);
	for (size_t i = 0; i < COUNT_OF(threads); i++) {
		void *wrong;

		cr_assert(pthread_join(threads[i], &wrong) == 0 && !wrong);
	}
	cr_assert(cache.bytes <= 200);
	bk_cache_done(&cache);
	cr_assert(!alive);
}

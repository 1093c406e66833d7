/* cache.h - decoded, immutable parts of a log, kept by their offset within a budget.
 *
 * The log never changes what stands at an offset, so what was decoded from there is good for
 * ever. An object is shared: bk_cache_get and bk_cache_put pin it, bk_cache_release lets it
 * go; only objects that nobody pins are thrown out to make room.
 *
 * Threads: any. */
#ifndef BK_CACHE_H
#define BK_CACHE_H

#include <bk/recent.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

/* The first member of everything that is cached. */
struct cached {
	struct bk_recent_item item;    /* its key: the offset */
	size_t bytes;                  /* what it counts for */
	void (*free)(struct cached *); /* called without the cache's lock */
	unsigned pins;
};

struct cache {
	pthread_mutex_t mutex;
	struct bk_recent table;
	size_t bytes, bytes_max;
};

void bk_cache_init(struct cache *cache, size_t bytes_max);
void bk_cache_done(struct cache *cache); /* nothing may be pinned any more */

/* The object of KEY, pinned, or NULL. */
void *bk_cache_get(struct cache *cache, uint64_t key);

/* Gives OBJECT to the cache and returns it pinned; if another thread was faster, frees OBJECT
 * and returns the other's. */
void *bk_cache_put(struct cache *cache, struct cached *object);

void bk_cache_release(struct cache *cache, void *object); /* NULL is taken */

#endif

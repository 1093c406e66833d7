/* cache.c - decoded, immutable parts of a log, kept by their offset within a budget. */
#include "cache.h"
#include <assert.h>

void bk_cache_init(struct cache *cache, size_t bytes_max)
{
	*cache = (struct cache){.bytes_max = bytes_max};
	pthread_mutex_init(&cache->mutex, NULL);
}

static struct cached **bucket_of(struct cache *cache, uint64_t key)
{
	return &cache->buckets[(key * 0x9e3779b97f4a7c15u) >> 54];
}

static void order_remove(struct cache *cache, struct cached *object)
{
	*(object->older ? &object->older->newer : &cache->oldest) = object->newer;
	*(object->newer ? &object->newer->older : &cache->newest) = object->older;
}

static void order_add(struct cache *cache, struct cached *object)
{
	object->older = cache->newest;
	object->newer = NULL;
	*(cache->newest ? &cache->newest->newer : &cache->oldest) = object;
	cache->newest = object;
}

static struct cached *find_and_pin(struct cache *cache, uint64_t key)
{
	struct cached *object = *bucket_of(cache, key);

	while (object && object->key != key)
		object = object->chain;
	if (!object)
		return NULL;
	object->pins++;
	order_remove(cache, object);
	order_add(cache, object);
	return object;
}

static void take_out(struct cache *cache, struct cached *object)
{
	struct cached **link = bucket_of(cache, object->key);

	while (*link != object)
		link = &(*link)->chain;
	*link = object->chain;
	order_remove(cache, object);
	cache->bytes -= object->bytes;
}

/* Takes out the least used objects until the budget holds; returns them, chained. */
static struct cached *make_room(struct cache *cache)
{
	struct cached *out = NULL, *at = cache->oldest;

	while (at && cache->bytes > cache->bytes_max) {
		struct cached *newer = at->newer;

		if (!at->pins) {
			take_out(cache, at);
			at->chain = out;
			out = at;
		}
		at = newer;
	}
	return out;
}

static void free_all(struct cached *object)
{
	while (object) {
		struct cached *next = object->chain;

		object->free(object);
		object = next;
	}
}

void *bk_cache_get(struct cache *cache, uint64_t key)
{
	struct cached *object;

	pthread_mutex_lock(&cache->mutex);
	object = find_and_pin(cache, key);
	pthread_mutex_unlock(&cache->mutex);
	return object;
}

void *bk_cache_put(struct cache *cache, struct cached *object)
{
	struct cached *out, *there;

	pthread_mutex_lock(&cache->mutex);
	there = find_and_pin(cache, object->key);
	if (there) {
		pthread_mutex_unlock(&cache->mutex);
		object->free(object);
		return there;
	}
	object->pins = 1;
	object->chain = *bucket_of(cache, object->key);
	*bucket_of(cache, object->key) = object;
	order_add(cache, object);
	cache->bytes += object->bytes;
	out = make_room(cache);
	pthread_mutex_unlock(&cache->mutex);
	free_all(out);
	return object;
}

void bk_cache_release(struct cache *cache, void *pinned)
{
	struct cached *object = pinned, *out;

	if (!object)
		return;
	pthread_mutex_lock(&cache->mutex);
	assert(object->pins);
	object->pins--;
	out = make_room(cache);
	pthread_mutex_unlock(&cache->mutex);
	free_all(out);
}

void bk_cache_done(struct cache *cache)
{
	cache->bytes_max = 0;
	free_all(make_room(cache));
	assert(!cache->bytes);
	pthread_mutex_destroy(&cache->mutex);
}

/* cache.c - decoded, immutable parts of a log, kept by their offset within a budget. */
#include "cache.h"
#include <assert.h>

void bk_cache_init(struct cache *cache, size_t bytes_max)
{
	*cache = (struct cache){.bytes_max = bytes_max};
	pthread_mutex_init(&cache->mutex, NULL);
}

static struct cached *find_and_pin(struct cache *cache, uint64_t key)
{
	struct cached *object = (struct cached *)bk_recent_find(&cache->table, key, NULL);

	if (!object)
		return NULL;
	object->pins++;
	bk_recent_use(&cache->table, &object->item);
	return object;
}

/* Takes out the least used objects until the budget holds; returns them, chained. */
static struct bk_recent_item *make_room(struct cache *cache)
{
	struct bk_recent_item *out = NULL, *at = cache->table.oldest;

	while (at && cache->bytes > cache->bytes_max) {
		struct cached *object = (struct cached *)at;

		at = at->newer;
		if (object->pins)
			continue;
		bk_recent_remove(&cache->table, &object->item);
		cache->bytes -= object->bytes;
		object->item.chain = out;
		out = &object->item;
	}
	return out;
}

static void free_all(struct bk_recent_item *item)
{
	while (item) {
		struct cached *object = (struct cached *)item;

		item = item->chain;
		object->free(object);
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
	struct bk_recent_item *out;
	struct cached *there;

	pthread_mutex_lock(&cache->mutex);
	there = find_and_pin(cache, object->item.key);
	if (there) {
		pthread_mutex_unlock(&cache->mutex);
		object->free(object);
		return there;
	}
	object->pins = 1;
	bk_recent_add(&cache->table, &object->item);
	cache->bytes += object->bytes;
	out = make_room(cache);
	pthread_mutex_unlock(&cache->mutex);
	free_all(out);
	return object;
}

void bk_cache_release(struct cache *cache, void *pinned)
{
	struct cached *object = pinned;
	struct bk_recent_item *out;

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

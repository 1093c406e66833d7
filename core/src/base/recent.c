/* recent.c - a table by number that also keeps the order of use. */
#include <bk/recent.h>

/* Keys that ascend in steps are spread over all buckets. */
static size_t bucket_of(uint64_t key)
{
	return (size_t)((key * 0x9e3779b97f4a7c15u) >> 32) % BK_RECENT_BUCKETS;
}

static void order_add(struct bk_recent *table, struct bk_recent_item *item)
{
	item->older = table->newest;
	item->newer = NULL;
	*(table->newest ? &table->newest->newer : &table->oldest) = item;
	table->newest = item;
}

static void order_remove(struct bk_recent *table, struct bk_recent_item *item)
{
	*(item->older ? &item->older->newer : &table->oldest) = item->newer;
	*(item->newer ? &item->newer->older : &table->newest) = item->older;
}

void bk_recent_add(struct bk_recent *table, struct bk_recent_item *item)
{
	struct bk_recent_item **bucket = &table->buckets[bucket_of(item->key)];

	item->chain = *bucket;
	*bucket = item;
	order_add(table, item);
}

void bk_recent_remove(struct bk_recent *table, struct bk_recent_item *item)
{
	struct bk_recent_item **link = &table->buckets[bucket_of(item->key)];

	while (*link != item)
		link = &(*link)->chain;
	*link = item->chain;
	order_remove(table, item);
}

void bk_recent_use(struct bk_recent *table, struct bk_recent_item *item)
{
	order_remove(table, item);
	order_add(table, item);
}

struct bk_recent_item *bk_recent_find(
	const struct bk_recent *table, uint64_t key, const struct bk_recent_item *after)
{
	struct bk_recent_item *item = after ? after->chain : table->buckets[bucket_of(key)];

	while (item && item->key != key)
		item = item->chain;
	return item;
}

/* recent.h - a table by number that also keeps the order of use, for caches: who owns the items
 * says what is thrown out, and when.
 *
 * Invariants: an item is in one table at most. Several may have the same key.
 *
 * Threads: one at a time. */
#ifndef BK_RECENT_H
#define BK_RECENT_H

#include <stddef.h>
#include <stdint.h>

/* A member of everything that is in a table. */
struct bk_recent_item {
	uint64_t key;
	struct bk_recent_item *chain;         /* next in the hash bucket */
	struct bk_recent_item *older, *newer; /* in the order of use */
};

#define BK_RECENT_BUCKETS 1024

/* Zeros are an empty table. */
struct bk_recent {
	struct bk_recent_item *buckets[BK_RECENT_BUCKETS];
	struct bk_recent_item *oldest, *newest;
};

/* Adds ITEM, whose key is set, as the one used last. */
void bk_recent_add(struct bk_recent *table, struct bk_recent_item *item);
void bk_recent_remove(struct bk_recent *table, struct bk_recent_item *item);

/* ITEM is used: it is the newest now. */
void bk_recent_use(struct bk_recent *table, struct bk_recent_item *item);

/* The first item of KEY, or behind AFTER, which is one, the next; NULL: there is none. */
struct bk_recent_item *bk_recent_find(
	const struct bk_recent *table, uint64_t key, const struct bk_recent_item *after);

#endif

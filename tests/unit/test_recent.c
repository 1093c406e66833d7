/* test_recent.c - a table by number that also keeps the order of use (bk/recent.h). */
#include "support.h"
#include <bk/recent.h>

SUITE(recent);

#define ITEMS 5000

static struct bk_recent table;
static struct bk_recent_item items[ITEMS];

static void fill(void)
{
	table = (struct bk_recent){0};
	for (size_t i = 0; i < ITEMS; i++) {
		items[i].key = i * 64;
		bk_recent_add(&table, &items[i]);
	}
}

/* How many there are, from the oldest and from the newest. */
static size_t count(void)
{
	size_t up = 0, down = 0;

	for (struct bk_recent_item *at = table.oldest; at; at = at->newer)
		up++;
	for (struct bk_recent_item *at = table.newest; at; at = at->older)
		down++;
	cr_assert(up == down, "%zu up, %zu down", up, down);
	return up;
}

Test(recent, finds_what_is_in_it)
{
	fill();
	for (size_t i = 0; i < ITEMS; i++)
		cr_assert(bk_recent_find(&table, i * 64, NULL) == &items[i]);
	cr_assert(!bk_recent_find(&table, 1, NULL));
	for (size_t i = 0; i < ITEMS; i += 2)
		bk_recent_remove(&table, &items[i]);
	for (size_t i = 0; i < ITEMS; i++)
		cr_assert(bk_recent_find(&table, i * 64, NULL) == (i % 2 ? &items[i] : NULL));
	cr_assert(count() == ITEMS / 2);
}

/* "Several may have the same key." */
Test(recent, finds_all_of_one_key)
{
	struct bk_recent_item twins[3] = {{.key = 64}, {.key = 64}, {.key = 64}}, *at = NULL;
	size_t found = 0;

	fill();
	for (size_t i = 0; i < 3; i++)
		bk_recent_add(&table, &twins[i]);
	while ((at = bk_recent_find(&table, 64, at)))
		found++;
	cr_assert(found == 4);
}

Test(recent, keeps_the_order_of_use)
{
	fill();
	cr_assert(table.oldest == &items[0] && table.newest == &items[ITEMS - 1]);
	bk_recent_use(&table, &items[0]);
	cr_assert(table.oldest == &items[1] && table.newest == &items[0]);
	bk_recent_use(&table, &items[0]);
	cr_assert(table.newest == &items[0] && table.newest->older == &items[ITEMS - 1]);
	bk_recent_remove(&table, &items[1]);
	bk_recent_remove(&table, &items[0]);
	cr_assert(table.oldest == &items[2] && table.newest == &items[ITEMS - 1]);
	cr_assert(count() == ITEMS - 2);
	for (size_t i = 2; i < ITEMS; i++)
		bk_recent_remove(&table, &items[i]);
	cr_assert(!table.oldest && !table.newest && !count());
}

/* test_pagemap.c - the MAP frame's payload (docs/format.md, 7). */
#include "forge.h"
#include "pagemap.h"

SUITE(pagemap);

#define OFFSET UINT64_C(1000000)

static enum bk_code decode(const void *payload, size_t size, struct pagemap **map)
{
	return bk_pagemap_decode(map, OFFSET, OFFSET, payload, size, why());
}

Test(pagemap, layout)
{
	static const struct stored_page pages[3] = {{1, 300}, {2, 200}, {300, 999999}};
	/* count; 1, 300 as zigzag 600; 1, -100 as zigzag 199; 298, 999799 as zigzag 1999598 */
	static const uint8_t want[] = {
		3, 0, 0, 0, 1, 0xd8, 0x04, 1, 0xc7, 0x01, 0xaa, 0x02, 0xee, 0x85, 0x7a};
	struct bk_buf payload;
	struct pagemap *map = NULL;

	bk_buf_init(&payload, 1000);
	ok(bk_pagemap_encode(pages, 3, &payload, why()));
	cr_assert(payload.size == sizeof want && memcmp(payload.data, want, sizeof want) == 0);
	ok(decode(payload.data, payload.size, &map));
	cr_assert(map->count == 3 && map->cached.item.key == OFFSET);
	cr_assert(bk_pagemap_find(map, 1) == 300 && bk_pagemap_find(map, 2) == 200 &&
		  bk_pagemap_find(map, 300) == 999999);
	cr_assert(!bk_pagemap_find(map, 0) && !bk_pagemap_find(map, 3) &&
		  !bk_pagemap_find(map, 301) && !bk_pagemap_find(map, UINT32_MAX));
	bk_pagemap_free(&map->cached);
	bk_buf_done(&payload);
}

Test(pagemap, may_be_empty)
{
	struct pagemap *map = NULL;

	ok(decode("\0\0\0", 4, &map));
	cr_assert(map->count == 0 && !bk_pagemap_find(map, 1));
	bk_pagemap_free(&map->cached);
}

/* Section 9: "65536 pages in a MAP", and no more. */
Test(pagemap, holds_so_many_pages)
{
	static struct stored_page pages[PAGEMAP_ENTRIES_MAX + 1];
	struct bk_buf payload;
	struct pagemap *map = NULL;
	uint64_t seed = test_seed();

	for (uint32_t i = 0; i < COUNT_OF(pages); i++)
		pages[i] = (struct stored_page){2 * i + 1, 1 + random_next(&seed) % (OFFSET - 1)};
	bk_buf_init(&payload, 4 << 20);
	ok(bk_pagemap_encode(pages, PAGEMAP_ENTRIES_MAX, &payload, why()));
	ok(decode(payload.data, payload.size, &map));
	for (uint32_t i = 0; i < PAGEMAP_ENTRIES_MAX; i++) {
		cr_assert(bk_pagemap_find(map, 2 * i + 1) == pages[i].offset);
		cr_assert(!bk_pagemap_find(map, 2 * i));
	}
	bk_pagemap_free(&map->cached);
	payload.size = 0;
	ok(bk_pagemap_encode(pages, PAGEMAP_ENTRIES_MAX + 1, &payload, why()));
	fails(BK_E_DAMAGE, decode(payload.data, payload.size, &map));
	bk_buf_done(&payload);
}

Test(pagemap, rules)
{
	static const struct {
		const char *rule;
		uint8_t size, bytes[16];
	} cases[] = {
		{"a count", 3, {1, 0, 0}},
		{"as many pages as the count says", 4, {1, 0, 0, 0}},
		{"no more", 6, {0, 0, 0, 0, 1, 2}},
		{"a count that could fit", 6, {0xff, 0xff, 0, 0, 1, 2}},
		{"pages from 1", 6, {1, 0, 0, 0, 0, 2}},
		{"a page once", 8, {2, 0, 0, 0, 1, 2, 0, 2}},
		{"pages of 32 bits", 10, {1, 0, 0, 0, 0x80, 0x80, 0x80, 0x80, 0x10, 2}},
		{"pages of 32 bits in all", 12,
			{2, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f, 2, 1, 2}},
		{"an offset that is not 0", 6, {1, 0, 0, 0, 1, 0}},
		{"nor 0 after another", 8, {2, 0, 0, 0, 1, 2, 1, 1}},
		{"nor before 0", 6, {1, 0, 0, 0, 1, 1}},
		{"an offset before the map", 8, {1, 0, 0, 0, 1, 0x80, 0x89, 0x7a}},
		{"numbers that end", 6, {1, 0, 0, 0, 1, 0x82}},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct pagemap *map = NULL;

		cr_assert(code_is(decode(cases[i].bytes, cases[i].size, &map), BK_E_DAMAGE),
			"%s: %s", cases[i].rule, why()->msg);
		says("offset 1000000");
	}
}

/* fuzz_trees.c - pages that a stranger laid out, as trees: no read beyond a page, no endless walk,
 * and what is compared with itself has no row that may differ. */
#include "fuzz.h"
#include "trees.h"
#include <string.h>

#define PAGE 512

struct bytes {
	struct pagestore store;
	const uint8_t *data;
	uint32_t flipped; /* a page that reads otherwise; 0: none */
};

static enum bk_code read_page(
	struct pagestore *store, uint32_t page, void *dst, struct bk_error *err)
{
	const struct bytes *bytes = (const struct bytes *)store;

	(void)err;
	REQUIRE(page >= 1 && page <= store->page_count);
	memcpy(dst, bytes->data + (size_t)(page - 1) * PAGE, PAGE);
	if (page == bytes->flipped)
		((uint8_t *)dst)[PAGE - 1] ^= 1;
	return BK_OK;
}

static void compare(struct bytes *a, struct bytes *b, const uint32_t *roots, size_t count)
{
	struct trees one, other;
	struct pageset differs;
	struct bk_error err;
	bool found, is_odd;

	if (bk_trees_open(&one, &a->store, roots, count, &err))
		return;
	REQUIRE(!bk_trees_open(&other, &b->store, roots, count, &err));
	REQUIRE(!bk_pageset_init(&differs, a->store.page_count, &err));
	bk_pageset_add(&differs, b->flipped);
	REQUIRE(!bk_trees_explain(&one, &other, &differs, &found, &err));
	for (size_t i = 0; i < count; i++) {
		struct rowids rowids = {0};

		REQUIRE(!bk_trees_differing(
			&one, roots[i], &other, roots[i], &differs, found, &rowids, &is_odd, &err));
		REQUIRE(b->flipped || !found || !rowids.count || is_odd);
		bk_rowids_done(&rowids);
	}
	bk_pageset_done(&differs);
	bk_trees_done(&other);
	bk_trees_done(&one);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint32_t roots[] = {1, 2, 3, 4, 5};
	uint32_t pages = (uint32_t)(size / PAGE);
	struct bytes a = {
		.store = {.page_size = PAGE, .page_count = pages, .read = read_page}, .data = data};
	struct bytes b = a;

	if (!pages || pages > 4096)
		return 0;
	compare(&a, &b, roots, pages < 5 ? pages : 5);
	b.flipped = 1 + data[size - 1] % pages;
	compare(&a, &b, roots, pages < 5 ? pages : 5);
	return 0;
}

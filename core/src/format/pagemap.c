/* pagemap.c - where pages are stored. */
#include "pagemap.h"
#include "codec.h"
#include "frame.h"
#include <stdlib.h>

enum bk_code bk_pagemap_encode(
	const struct stored_page *pages, size_t count, struct bk_buf *out, struct bk_error *err)
{
	enum bk_code code = bk_buf_reserve(out, 4 + count * 2 * NUMBER_SIZE_MAX, err);
	struct stored_page before = {0};
	uint8_t *at;

	if (code)
		return code;
	at = bk_put_u32(out->data + out->size, (uint32_t)count);
	for (size_t i = 0; i < count; i++) {
		at = bk_put_number(at, pages[i].page - before.page);
		at = bk_put_signed(at, (int64_t)(pages[i].offset - before.offset));
		before = pages[i];
	}
	out->size = (size_t)(at - out->data);
	return BK_OK;
}

static struct pagemap *pagemap_new(uint64_t offset, size_t count)
{
	size_t bytes = sizeof(struct pagemap) + count * (sizeof(uint64_t) + sizeof(uint32_t));
	struct pagemap *map = malloc(bytes);

	if (!map)
		return NULL;
	map->cached = (struct cached){.item.key = offset, .bytes = bytes, .free = bk_pagemap_free};
	map->count = (uint32_t)count;
	map->offsets = (uint64_t *)(map + 1);
	map->pages = (uint32_t *)(map->offsets + count);
	return map;
}

static bool get_pages(struct cursor *cur, struct pagemap *map, uint64_t limit)
{
	struct stored_page before = {0};

	for (uint32_t i = 0; i < map->count; i++) {
		uint64_t step = bk_get_number(cur);

		if (cur->failed || !step || step > UINT32_MAX - before.page)
			return false;
		map->pages[i] = before.page += (uint32_t)step;
		map->offsets[i] = before.offset += (uint64_t)bk_get_signed(cur);
		if (!before.offset || before.offset >= limit)
			return false;
	}
	return !cur->failed && !bk_cursor_left(cur);
}

enum bk_code bk_pagemap_decode(struct pagemap **out, uint64_t offset, uint64_t limit,
	const uint8_t *payload, size_t size, struct bk_error *err)
{
	struct cursor cur = bk_cursor_of(payload, size);
	uint32_t count = bk_get_u32(&cur);
	struct pagemap *map = NULL;

	if (!cur.failed && count <= PAGEMAP_ENTRIES_MAX && count <= bk_cursor_left(&cur) / 2) {
		map = pagemap_new(offset, count);
		if (!map)
			return bk_fail(
				err, BK_E_NOMEM, 0, "no memory for a map of %u pages", count);
	}
	if (!map || !get_pages(&cur, map, limit)) {
		free(map);
		return bk_frame_senseless("map of pages", offset, err);
	}
	*out = map;
	return BK_OK;
}

void bk_pagemap_free(struct cached *map)
{
	free(map);
}

uint32_t bk_pagemap_from(const struct pagemap *map, uint32_t page)
{
	uint32_t low = 0, high = map->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (map->pages[middle] < page)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

uint64_t bk_pagemap_find(const struct pagemap *map, uint32_t page)
{
	uint32_t at = bk_pagemap_from(map, page);

	return at < map->count && map->pages[at] == page ? map->offsets[at] : 0;
}

/* pagemap.h - the MAP frame, decoded: where pages are stored (docs/format.md, 7).
 *
 * Takes 12 bytes a page in memory. */
#ifndef BK_PAGEMAP_H
#define BK_PAGEMAP_H

#include "cache.h"
#include <bk/buf.h>

/* So many pages go into one MAP frame at most: a frame is then well within its limit. */
#define PAGEMAP_ENTRIES_MAX 65536

struct pagemap {
	struct cached cached;
	uint32_t count;
	uint32_t *pages; /* ascending */
	uint64_t *offsets;
};

/* Where one page is stored. */
struct stored_page {
	uint32_t page;
	uint64_t offset;
};

/* Appends the payload for COUNT pages in ascending order to OUT. */
BK_MUST_CHECK enum bk_code bk_pagemap_encode(
	const struct stored_page *pages, size_t count, struct bk_buf *out, struct bk_error *err);

/* Decodes the payload of the MAP frame at OFFSET, whose records stand before LIMIT. */
BK_MUST_CHECK enum bk_code bk_pagemap_decode(struct pagemap **out, uint64_t offset, uint64_t limit,
	const uint8_t *payload, size_t size, struct bk_error *err);
void bk_pagemap_free(struct cached *map);

/* The first entry of PAGE or one behind it; map->count if there is none. */
uint32_t bk_pagemap_from(const struct pagemap *map, uint32_t page);

/* The offset of PAGE's record; 0 if it is not in MAP. */
uint64_t bk_pagemap_find(const struct pagemap *map, uint32_t page);

#endif

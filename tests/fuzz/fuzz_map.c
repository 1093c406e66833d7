/* fuzz_map.c - the MAP payload: what is accepted is what would be written. */
#include "codec.h"
#include "fuzz.h"
#include "pagemap.h"
#include <string.h>

static void check_map(const struct pagemap *map, const uint8_t *payload, size_t size)
{
	struct stored_page *pages = malloc((map->count + 1) * sizeof *pages);
	struct bk_error err;
	struct bk_buf buf;

	REQUIRE(pages);
	for (uint32_t i = 0; i < map->count; i++) {
		REQUIRE(!i || map->pages[i] > map->pages[i - 1]);
		REQUIRE(bk_pagemap_find(map, map->pages[i]) == map->offsets[i]);
		pages[i] = (struct stored_page){map->pages[i], map->offsets[i]};
	}
	REQUIRE(bk_pagemap_find(map, 0) == 0);
	bk_buf_init(&buf, (size_t)4 << 20);
	REQUIRE(bk_pagemap_encode(pages, map->count, &buf, &err) == BK_OK);
	REQUIRE(buf.size == size && memcmp(buf.data, payload, size) == 0);
	bk_buf_done(&buf);
	free(pages);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pagemap *map = NULL;
	struct bk_error err = {0};
	uint64_t offset;
	enum bk_code code;

	if (size < 8)
		return 0;
	offset = bk_load_u64(data);
	code = bk_pagemap_decode(&map, offset, offset, data + 8, size - 8, &err);
	if (code) {
		REQUIRE(code == BK_E_DAMAGE && *err.msg && !map);
		return 0;
	}
	REQUIRE(map->cached.bytes <= sizeof *map + 12 * (size - 8));
	check_map(map, data + 8, size - 8);
	bk_pagemap_free(&map->cached);
	return 0;
}

/* btree.c - a page of a database as SQLite lays trees out in it. */
#include "btree.h"

#define FILE_HEADER 100 /* bytes before the tree's own in page 1 */

static uint32_t get_16(const uint8_t *at)
{
	return (uint32_t)at[0] << 8 | at[1];
}

static uint32_t get_32(const uint8_t *at)
{
	return get_16(at) << 16 | get_16(at + 2);
}

bool bk_btree_page(struct btree_page *out, const uint8_t *bytes, uint32_t page_size,
	uint32_t usable, uint32_t number)
{
	uint32_t at = number == 1 ? FILE_HEADER : 0;
	bool is_inner = bytes[at] == BTREE_INDEX_INNER || bytes[at] == BTREE_TABLE_INNER;

	if (!is_inner && bytes[at] != BTREE_INDEX_LEAF && bytes[at] != BTREE_TABLE_LEAF)
		return false;
	if (usable < 480 || usable > page_size)
		return false;
	*out = (struct btree_page){
		.kind = (enum btree_kind)bytes[at],
		.bytes = bytes,
		.usable = usable,
		.cells = get_16(bytes + at + 3),
		.pointers = at + (is_inner ? 12 : 8),
		.right = is_inner ? get_32(bytes + at + 8) : 0,
	};
	return out->pointers + 2 * out->cells <= usable;
}

/* Reads a variable-length integer; false where it goes beyond END. */
static bool get_varint(const uint8_t **at, const uint8_t *end, uint64_t *out)
{
	*out = 0;
	for (int i = 0; i < 9 && *at < end; i++) {
		uint8_t byte = *(*at)++;

		if (i == 8) {
			*out = *out << 8 | byte;
			return true;
		}
		*out = *out << 7 | (byte & 0x7f);
		if (!(byte & 0x80))
			return true;
	}
	return false;
}

/* How much of a payload of SIZE stands in the page itself. */
static uint64_t local_bytes(const struct btree_page *page, uint64_t size)
{
	uint64_t usable = page->usable, most, least = (usable - 12) * 32 / 255 - 23, some;

	most = page->kind == BTREE_TABLE_LEAF ? usable - 35 : (usable - 12) * 64 / 255 - 23;
	if (size <= most)
		return size;
	some = least + (size - least) % (usable - 4);
	return some <= most ? some : least;
}

bool bk_btree_cell(const struct btree_page *page, uint32_t at, struct btree_cell *out)
{
	const uint8_t *cell = page->bytes + get_16(page->bytes + page->pointers + 2 * at);
	const uint8_t *end = page->bytes + page->usable;
	uint64_t size = 0, rowid = 0, local;

	*out = (struct btree_cell){0};
	if (!bk_btree_is_leaf(page)) {
		if (end - cell < 4)
			return false;
		out->child = get_32(cell);
		cell += 4;
	}
	if (page->kind != BTREE_TABLE_INNER && !get_varint(&cell, end, &size))
		return false;
	if (page->kind == BTREE_TABLE_LEAF && !get_varint(&cell, end, &rowid))
		return false;
	out->rowid = (int64_t)rowid;
	local = local_bytes(page, size);
	if (local > (uint64_t)(end - cell))
		return false;
	if (local == size)
		return true;
	if ((uint64_t)(end - cell) - local < 4)
		return false;
	out->overflow = get_32(cell + local);
	return true;
}

/* btree.h - a page of a database as SQLite lays trees out in it
 * (https://sqlite.org/fileformat2.html, "B-tree Pages"), as far as it tells which rows stand on
 * which page.
 *
 * The pages may be a stranger's: nothing is taken for granted that they say.
 *
 * Threads: any; nothing is kept. */
#ifndef BK_BTREE_H
#define BK_BTREE_H

#include <stdbool.h>
#include <stdint.h>

enum btree_kind {
	BTREE_INDEX_INNER = 2,
	BTREE_TABLE_INNER = 5,
	BTREE_INDEX_LEAF = 10,
	BTREE_TABLE_LEAF = 13,
};

struct btree_page {
	enum btree_kind kind;
	const uint8_t *bytes; /* of the page, borrowed */
	uint32_t usable;      /* bytes of a page that SQLite uses */
	uint32_t cells;       /* how many */
	uint32_t pointers;    /* where they are pointed to from */
	uint32_t right;       /* of an inner page: the last child */
};

struct btree_cell {
	uint32_t child;    /* of an inner page */
	int64_t rowid;     /* of a table's leaf */
	uint32_t overflow; /* the first page of what did not fit; 0: all did */
};

static inline bool bk_btree_is_leaf(const struct btree_page *page)
{
	return page->kind == BTREE_TABLE_LEAF || page->kind == BTREE_INDEX_LEAF;
}

/* Takes BYTES apart, page NUMBER of PAGE_SIZE, of which USABLE are used. False: it is no page of a
 * tree. */
bool bk_btree_page(struct btree_page *out, const uint8_t *bytes, uint32_t page_size,
	uint32_t usable, uint32_t number);

/* The cell AT of PAGE; false where it is not within the page. */
bool bk_btree_cell(const struct btree_page *page, uint32_t at, struct btree_cell *out);

#endif

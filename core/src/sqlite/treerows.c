/* treerows.c - which rows of a table may differ between two databases of which some pages differ.
 */
#include "btree.h"
#include "trees.h"
#include <stdlib.h>

static uint32_t get_32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

void bk_rowids_done(struct rowids *rowids)
{
	free(rowids->ids);
	*rowids = (struct rowids){0};
}

static enum bk_code add_rowid(struct rowids *rowids, int64_t id, struct bk_error *err)
{
	size_t capacity = rowids->capacity ? 2 * rowids->capacity : 64;
	int64_t *grown;

	if (rowids->count == rowids->capacity) {
		grown = realloc(rowids->ids, capacity * sizeof *grown);
		if (!grown)
			return bk_fail(err, BK_E_NOMEM, 0, "no memory for the rows of a table");
		rowids->ids = grown;
		rowids->capacity = capacity;
	}
	rowids->ids[rowids->count++] = id;
	return BK_OK;
}

/* Notes the pages of a long row, which begin at PAGE, as known. */
static enum bk_code follow(struct trees *trees, uint32_t page, struct bk_error *err)
{
	struct pagestore *store = trees->store;
	uint8_t bytes[PAGE_SIZE_MAX];
	enum bk_code code = BK_OK;

	while (page && !code && !trees->is_odd) {
		if (page > store->page_count || bk_pageset_has(&trees->known, page)) {
			trees->is_odd = true;
			break;
		}
		bk_pageset_add(&trees->known, page);
		code = store->read(store, page, bytes, err);
		page = get_32(bytes);
	}
	return code;
}

/* Follows the long rows of PAGE. */
static enum bk_code follow_rows(struct trees *trees, uint32_t page, struct bk_error *err)
{
	struct pagestore *store = trees->store;
	uint8_t bytes[PAGE_SIZE_MAX];
	struct btree_cell cell;
	struct btree_page tree;
	enum bk_code code = store->read(store, page, bytes, err);

	if (!code && !bk_btree_page(&tree, bytes, store->page_size, trees->usable, page)) {
		trees->is_odd = true;
		return BK_OK;
	}
	for (uint32_t i = 0; !code && i < tree.cells && !trees->is_odd; i++) {
		if (!bk_btree_cell(&tree, i, &cell))
			trees->is_odd = true;
		else if (cell.overflow)
			code = follow(trees, cell.overflow, err);
	}
	return code;
}

static enum bk_code explain(
	struct trees *trees, const struct pageset *differs, struct bk_error *err)
{
	enum bk_code code = BK_OK;

	for (uint32_t page = 1; page <= trees->store->page_count && !code && !trees->is_odd; page++)
		if (trees->owner[page] && bk_pageset_has(differs, page))
			code = follow_rows(trees, page, err);
	return code;
}

enum bk_code bk_trees_explain(struct trees *one, struct trees *other, const struct pageset *differs,
	bool *found, struct bk_error *err)
{
	enum bk_code code = explain(one, differs, err);

	if (!code)
		code = explain(other, differs, err);
	*found = !one->is_odd && !other->is_odd;
	for (uint32_t page = 1; page <= one->known.count && page <= other->known.count; page++)
		if (*found && bk_pageset_has(differs, page) &&
			page != bk_lock_page(one->store->page_size))
			*found = bk_pageset_has(&one->known, page) ||
				 bk_pageset_has(&other->known, page);
	return code;
}

/* Adds the rows of the leaf PAGE; with LONG_ONLY those that go on elsewhere. */
static enum bk_code add_rows(const struct trees *trees, uint32_t page, bool long_only,
	struct rowids *rowids, bool *is_odd, struct bk_error *err)
{
	struct pagestore *store = trees->store;
	uint8_t bytes[PAGE_SIZE_MAX];
	struct btree_cell cell;
	struct btree_page tree;
	enum bk_code code = store->read(store, page, bytes, err);

	if (code)
		return code;
	if (!bk_btree_page(&tree, bytes, store->page_size, trees->usable, page) ||
		tree.kind != BTREE_TABLE_LEAF)
		*is_odd = true;
	for (uint32_t i = 0; !*is_odd && !code && i < tree.cells; i++) {
		*is_odd = !bk_btree_cell(&tree, i, &cell);
		if (!*is_odd && (cell.overflow || !long_only))
			code = add_rowid(rowids, cell.rowid, err);
	}
	return code;
}

static const struct tree *tree_at(const struct trees *trees, uint32_t root)
{
	for (size_t i = 0; i < trees->count; i++)
		if (trees->trees[i].root == root)
			return &trees->trees[i];
	return NULL;
}

enum bk_code bk_trees_differing(const struct trees *one, uint32_t root, const struct trees *other,
	uint32_t other_root, const struct pageset *differs, bool found, struct rowids *rowids,
	bool *is_odd, struct bk_error *err)
{
	const struct tree *tree = tree_at(one, root);
	enum bk_code code = BK_OK;

	*is_odd = !tree || one->is_odd || other->is_odd;
	for (size_t i = 0; !*is_odd && !code && i < tree->count; i++) {
		uint32_t page = tree->leaves[i];
		bool may_differ = bk_pageset_has(differs, page) ||
				  page > other->store->page_count ||
				  other->owner[page] != other_root;

		if (may_differ || !found)
			code = add_rows(one, page, !may_differ, rowids, is_odd, err);
	}
	return code;
}

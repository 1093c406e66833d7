/* trees.c - which pages of a database belong to which of its trees. */
#include "trees.h"
#include "btree.h"
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 20 /* SQLite's own limit */

static uint32_t get_32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* A growing list of pages. */
struct list {
	uint32_t *pages;
	size_t count, capacity;
};

static bool list_add(struct list *list, uint32_t page)
{
	size_t capacity = list->capacity ? 2 * list->capacity : 64;
	uint32_t *grown;

	if (list->count == list->capacity) {
		grown = realloc(list->pages, capacity * sizeof *grown);
		if (!grown)
			return false;
		list->pages = grown;
		list->capacity = capacity;
	}
	list->pages[list->count++] = page;
	return true;
}

static enum bk_code no_memory(struct bk_error *err)
{
	return bk_fail(err, BK_E_NOMEM, 0, "no memory for the pages of a table");
}

/* Reads PAGE into BYTES and takes it apart; *IS_TREE is false where it is no page of a tree. */
static enum bk_code read_page(const struct trees *trees, uint32_t page, uint8_t *bytes,
	struct btree_page *out, bool *is_tree, struct bk_error *err)
{
	struct pagestore *store = trees->store;
	enum bk_code code;

	*is_tree = page && page <= store->page_count;
	if (!*is_tree)
		return BK_OK;
	code = store->read(store, page, bytes, err);
	if (!code)
		*is_tree = bk_btree_page(out, bytes, store->page_size, trees->usable, page);
	return code;
}

/* Claims PAGE for the tree at ROOT: a page has one use. */
static void claim(struct trees *trees, uint32_t page, uint32_t root)
{
	if (!page || page > trees->store->page_count || trees->owner[page]) {
		trees->is_odd = true;
		return;
	}
	trees->owner[page] = root;
	bk_pageset_add(&trees->known, page);
}

/* Adds the children of the inner page PARENT to BELOW. */
static enum bk_code add_children(struct trees *trees, uint32_t root,
	const struct btree_page *parent, struct list *below, struct bk_error *err)
{
	struct btree_cell cell;

	for (uint32_t i = 0; i <= parent->cells && !trees->is_odd; i++) {
		uint32_t child = parent->right;

		if (i < parent->cells) {
			trees->is_odd |= !bk_btree_cell(parent, i, &cell);
			child = cell.child;
		}
		claim(trees, child, root);
		if (!trees->is_odd && !list_add(below, child))
			return no_memory(err);
	}
	return BK_OK;
}

/* All children of the pages of LEVEL, whose first is an inner page: so are all, in a tree that
 * SQLite made. */
static enum bk_code descend(struct trees *trees, uint32_t root, const struct list *level,
	struct list *below, struct bk_error *err)
{
	uint8_t bytes[PAGE_SIZE_MAX];
	struct btree_page page;
	enum bk_code code = BK_OK;

	for (size_t i = 0; i < level->count && !code && !trees->is_odd; i++) {
		bool is_tree;

		code = read_page(trees, level->pages[i], bytes, &page, &is_tree, err);
		if (!code && (!is_tree || bk_btree_is_leaf(&page)))
			trees->is_odd = true;
		else if (!code)
			code = add_children(trees, root, &page, below, err);
	}
	return code;
}

/* Whether LEVEL, by its first page, is one of leaves. */
static enum bk_code is_of_leaves(
	struct trees *trees, const struct list *level, bool *is, struct bk_error *err)
{
	uint8_t bytes[PAGE_SIZE_MAX];
	struct btree_page page;
	bool is_tree;
	enum bk_code code = read_page(trees, level->pages[0], bytes, &page, &is_tree, err);

	*is = !code && is_tree && bk_btree_is_leaf(&page);
	trees->is_odd |= !code && !is_tree;
	return code;
}

static enum bk_code walk(struct trees *trees, struct tree *tree, struct bk_error *err)
{
	struct list level = {0}, below = {0};
	bool at_leaves = false;
	enum bk_code code = BK_OK;

	claim(trees, tree->root, tree->root);
	if (!list_add(&level, tree->root))
		code = no_memory(err);
	for (int depth = 0; !code && !trees->is_odd && !at_leaves; depth++) {
		code = is_of_leaves(trees, &level, &at_leaves, err);
		if (code || at_leaves || trees->is_odd)
			break;
		trees->is_odd |= depth == DEPTH_MAX;
		code = descend(trees, tree->root, &level, &below, err);
		free(level.pages);
		level = below;
		below = (struct list){0};
		trees->is_odd |= !level.count;
	}
	tree->leaves = level.pages;
	tree->count = level.count;
	return code;
}

/* The pages that are free: a chain of trunks, each with a list. */
static enum bk_code walk_free(struct trees *trees, uint32_t trunk, struct bk_error *err)
{
	struct pagestore *store = trees->store;
	uint8_t bytes[PAGE_SIZE_MAX];
	enum bk_code code = BK_OK;

	while (trunk && !code && !trees->is_odd) {
		uint32_t count;

		if (trunk > store->page_count || bk_pageset_has(&trees->known, trunk)) {
			trees->is_odd = true;
			break;
		}
		code = store->read(store, trunk, bytes, err);
		if (code)
			break;
		bk_pageset_add(&trees->known, trunk);
		trunk = get_32(bytes);
		count = get_32(bytes + 4);
		trees->is_odd |= count > trees->usable / 4 - 2;
		for (uint32_t i = 0; i < count && !trees->is_odd; i++)
			bk_pageset_add(&trees->known, get_32(bytes + 8 + 4 * i));
	}
	return code;
}

static enum bk_code walk_all(
	struct trees *trees, const uint32_t *roots, size_t count, struct bk_error *err)
{
	uint8_t bytes[PAGE_SIZE_MAX];
	enum bk_code code = trees->store->read(trees->store, 1, bytes, err);

	if (code)
		return code;
	trees->usable = trees->store->page_size - bytes[20];
	/* In one that vacuums by itself there are pages of another kind. */
	trees->is_odd = get_32(bytes + 52) != 0;
	for (size_t i = 0; i < count && !code && !trees->is_odd; i++) {
		trees->trees[i].root = roots[i];
		trees->count = i + 1;
		code = walk(trees, &trees->trees[i], err);
	}
	return code ? code : walk_free(trees, get_32(bytes + 32), err);
}

enum bk_code bk_trees_open(struct trees *trees, struct pagestore *store, const uint32_t *roots,
	size_t count, struct bk_error *err)
{
	enum bk_code code;

	*trees = (struct trees){.store = store};
	code = bk_pageset_init(&trees->known, store->page_count, err);
	if (code)
		return code;
	trees->owner = calloc((size_t)store->page_count + 1, sizeof *trees->owner);
	trees->trees = calloc(count + 1, sizeof *trees->trees);
	if (!trees->owner || !trees->trees)
		code = no_memory(err);
	else if (!store->page_count)
		trees->is_odd = true;
	else
		code = walk_all(trees, roots, count, err);
	if (code)
		bk_trees_done(trees);
	return code;
}

void bk_trees_done(struct trees *trees)
{
	for (size_t i = 0; i < trees->count; i++)
		free(trees->trees[i].leaves);
	free(trees->trees);
	free(trees->owner);
	bk_pageset_done(&trees->known);
	*trees = (struct trees){.store = trees->store};
}

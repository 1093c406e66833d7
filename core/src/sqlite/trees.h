/* trees.h - which pages of a database belong to which of its trees, and which rows of a table may
 * differ between two databases of which some pages differ.
 *
 * Leaves are not read to find that out, but for those that may differ: a tree's inner pages name
 * them. So rows that differ in a table of a million are found by some hundred pages.
 *
 * Why no row is missed: a row stands on one leaf of its table, and on the pages that this leaf
 * leads to where it is long. Where neither the leaf nor those differ, and both databases have the
 * leaf in that table, the row is in both, and the same. What a leaf that does not differ leads to
 * is not known unless it is read; so each page that differs is looked for in all trees, in the
 * long rows of leaves that differ, and among the free pages. Where one is found nowhere, every leaf
 * is read for its long rows.
 *
 * What SQLite did not lay out so, a stranger's pages, is told as odd: then all rows are to be
 * compared.
 *
 * Threads: one. */
#ifndef BK_TREES_H
#define BK_TREES_H

#include "pageset.h"
#include "pagestore.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tree {
	uint32_t root;
	uint32_t *leaves; /* in the order of their rows */
	size_t count;
};

struct trees {
	struct pagestore *store;
	uint32_t usable;      /* bytes of a page */
	uint32_t *owner;      /* of each page: the root of its tree; 0: none */
	struct pageset known; /* pages whose use is known */
	struct tree *trees;
	size_t count;
	bool is_odd;
};

/* Reads the trees of STORE, which has COUNT of them, at ROOTS. Fails with BK_E_NOMEM, or as STORE
 * does. */
BK_MUST_CHECK enum bk_code bk_trees_open(struct trees *trees, struct pagestore *store,
	const uint32_t *roots, size_t count, struct bk_error *err);
void bk_trees_done(struct trees *trees);

/* Rows by their rowid, ascending. */
struct rowids {
	int64_t *ids;
	size_t count, capacity;
};

void bk_rowids_done(struct rowids *rowids);

/* Looks for each page that DIFFERS in both: *FOUND is false where one is found in neither, or one
 * of them is odd. Before bk_trees_differing. Fails as bk_trees_open does. */
BK_MUST_CHECK enum bk_code bk_trees_explain(struct trees *one, struct trees *other,
	const struct pageset *differs, bool *found, struct bk_error *err);

/* The rows of the table at ROOT in ONE that may differ in OTHER, or not be there, where it is at
 * OTHER_ROOT; DIFFERS are the pages that may, FOUND what bk_trees_explain said. *IS_ODD: all may.
 */
BK_MUST_CHECK enum bk_code bk_trees_differing(const struct trees *one, uint32_t root,
	const struct trees *other, uint32_t other_root, const struct pageset *differs, bool found,
	struct rowids *rowids, bool *is_odd, struct bk_error *err);

#endif

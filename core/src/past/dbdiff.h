/* dbdiff.h - how two databases differ, of which some pages do. */
#ifndef BK_DBDIFF_H
#define BK_DBDIFF_H

#include "sandbox.h"
#include "trees.h"
#include <bk/diff.h>

/* Compares BEFORE with AFTER, of which at most the pages in DIFFERS differ; all tables, or TABLE.
 * Fails as bk_diff does. */
BK_MUST_CHECK enum bk_code bk_dbdiff(const struct sandbox *before, const struct sandbox *after,
	const struct pageset *differs, const char *table, bk_diff_fn *take, void *ctx,
	struct bk_error *err);

#endif

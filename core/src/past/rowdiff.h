/* rowdiff.h - how the rows of one table differ between two databases. */
#ifndef BK_ROWDIFF_H
#define BK_ROWDIFF_H

#include "row.h"
#include "schema.h"
#include "trees.h"
#include <bk/diff.h>

/* One of the two: the database before, or after. */
struct diffside {
	const struct sandbox *sandbox;
	struct table table; /* with NAME NULL: it has none */
	bool all;           /* every row may differ; else: */
	struct rowids rows; /* those that may, and no others */
	/* What is prepared while the table is compared: */
	sqlite3_stmt *by_key, *by_rowid, *scan;
	struct rowbuf key_buf, rowid_buf, scan_buf; /* of each its own columns */
};

/* Tells TAKE how the rows of the table that both sides have differ. Fails with BK_E_SQL,
 * BK_E_NOMEM, as their stores do, and as TAKE does. */
BK_MUST_CHECK enum bk_code bk_rowdiff(struct diffside *before, struct diffside *after,
	bk_diff_fn *take, void *ctx, struct bk_error *err);

/* Tells TAKE of each row of ONE, that the other side does not have the table of, as of KIND. */
BK_MUST_CHECK enum bk_code bk_rowdiff_alone(struct diffside *one, enum bk_diff_kind kind,
	bk_diff_fn *take, void *ctx, struct bk_error *err);

#endif

/* diff.h - how the databases of two versions differ, row by row.
 *
 * Rows are the same row where they have the same primary key; in a table without one, the same
 * rowid. Only pages that differ are looked at, so it takes as long as the difference is large, and
 * not the database (core/src/sqlite/trees.h has the argument that no row is missed). */
#ifndef BK_DIFF_H
#define BK_DIFF_H

#include <bk/log.h>
#include <bk/row.h>

enum bk_diff_kind {
	BK_DIFF_ADDED,
	BK_DIFF_CHANGED,
	BK_DIFF_REMOVED,
	BK_DIFF_SCHEMA, /* the table itself: it was made, dropped, or is made otherwise */
};

struct bk_diff {
	enum bk_diff_kind kind;
	const char *table;
	struct bk_row key;                   /* names and values of the primary key, or "rowid" */
	const struct bk_row *before, *after; /* all stored columns; NULL: it is not there. Where the
					      * table was made otherwise they may be others */
	const char *what;                    /* with BK_DIFF_SCHEMA: in words */
};

/* DIFF is lent for the call. What it fails with ends the comparison. */
typedef enum bk_code bk_diff_fn(void *ctx, const struct bk_diff *diff, struct bk_error *err);

/* Comparisons of one log: where one begins at the version that the last one led to, only the
 * changes in between are replayed. All together cost no more than a budget that grows with the log
 * (docs/decisions.md, "One budget"): what comes behind that fails with BK_E_SQL. Calling sequence:
 * bk_differ_open, any bk_differ_compare, bk_differ_close; LOG must outlive it. Threads: one. */
struct bk_differ;
BK_MUST_CHECK enum bk_code bk_differ_open(
	struct bk_differ **out, struct bk_log *log, struct bk_error *err);
BK_MUST_CHECK enum bk_code bk_differ_compare(struct bk_differ *differ, uint32_t from, uint32_t to,
	const char *table, bk_diff_fn *take, void *ctx, struct bk_error *err); /* as bk_diff */
bool bk_differ_is_spent(struct bk_differ *differ);                             /* the budget */
void bk_differ_close(struct bk_differ *differ);                                /* takes NULL */

/* Compares version FROM with TO, table by table: first what was removed or changed, in the order of
 * FROM, then what was added. TABLE alone, if it is not NULL. Fails with BK_E_MISSING if the log
 * does not hold one of them, or neither has TABLE, as bk_image_open does, and as TAKE does. */
BK_MUST_CHECK enum bk_code bk_diff(struct bk_log *log, uint32_t from, uint32_t to,
	const char *table, bk_diff_fn *take, void *ctx, struct bk_error *err);

#endif

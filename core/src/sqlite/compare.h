/* compare.h - two databases, table by table and row by row. */
#ifndef BK_COMPARE_H
#define BK_COMPARE_H

#include "sandbox.h"
#include <bk/difference.h>
#include <stdint.h>

struct comparison {
	bk_difference_fn *difference; /* told of each table that differs; may be NULL */
	void *ctx;
	uint64_t tables, rows;
	uint64_t differences; /* rows that differ, or are in one only; a table in one only, or a
			       * value of the header, counts as one */
	char first[256];      /* the first difference, in words */
};

/* Compares all that LOG and DATABASE hold, and adds to RESULT. Fails
 * with BK_E_SQL, naming the table, if one of them cannot be read: it may need a function that
 * SQLite here does not have, or cost more than the budget of its sandbox has; with BK_E_NOMEM, or
 * as a store does. */
BK_MUST_CHECK enum bk_code bk_compare_databases(const struct sandbox *log,
	const struct sandbox *database, struct comparison *result, struct bk_error *err);

#endif

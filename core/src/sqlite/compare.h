/* compare.h - two databases, table by table and row by row. */
#ifndef BK_COMPARE_H
#define BK_COMPARE_H

#include "sandbox.h"
#include <stdint.h>

struct comparison {
	uint64_t tables, rows;
	uint64_t differences; /* rows that differ, or are in one only; a table in one only counts as
			       * one */
	char first[256];      /* the first difference, in words */
};

/* Compares all tables of A and B, and adds to RESULT; what SQLite keeps for its own planning does
 * not count. Fails with BK_E_SQL, naming the table, if one of them cannot be read: it may need a
 * function that SQLite here does not have, or cost more than the budget of its sandbox has;
 * with BK_E_NOMEM, or as a store does. */
BK_MUST_CHECK enum bk_code bk_compare_databases(const struct sandbox *a, const struct sandbox *b,
	struct comparison *result, struct bk_error *err);

#endif

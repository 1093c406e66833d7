/* compare.h - two databases, table by table and row by row. */
#ifndef BK_COMPARE_H
#define BK_COMPARE_H

#include <bk/difference.h>
#include <sqlite3.h>
#include <stdint.h>

struct comparison {
	bk_difference_fn *difference; /* told of each table that differs; may be NULL */
	void *ctx;
	uint64_t tables, rows;
	uint64_t differences; /* rows that differ, or are in one only; a table in one only, or a
			       * value of the header, counts as one */
	char first[256];      /* the first difference, in words */
};

/* Compares all that LOG and DATABASE hold but SQLite's own statistics, and adds to RESULT. Returns
 * a SQLite result code. */
int bk_compare_databases(sqlite3 *log, sqlite3 *database, struct comparison *result);

#endif

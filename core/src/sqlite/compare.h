/* compare.h - two databases, table by table and row by row. */
#ifndef BK_COMPARE_H
#define BK_COMPARE_H

#include <sqlite3.h>
#include <stdint.h>

struct comparison {
	uint64_t tables, rows;
	uint64_t differences; /* rows that differ, or are in one only; a table in one only counts as
			       * one */
	char first[256];      /* the first difference, in words */
};

/* Compares all tables of A and B, and adds to RESULT. Returns a SQLite result code. */
int bk_compare_databases(sqlite3 *a, sqlite3 *b, struct comparison *result);

#endif

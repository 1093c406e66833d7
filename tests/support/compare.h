/* compare.h - whether two databases hold the same: what the sqlite3 shell's .dump would show. */
#ifndef COMPARE_H
#define COMPARE_H

#include <bk/error.h>

/* Compares schema and rows, in the order in which .dump shows them. Fails with BK_E_DAMAGE, naming
 * the first table that differs and where, BK_E_SQL. */
BK_MUST_CHECK enum bk_code databases_compare(
	const char *path_a, const char *path_b, struct bk_error *err);

/* Runs SQL, which gives one number, on the database at PATH. Fails with BK_E_SQL. */
BK_MUST_CHECK enum bk_code database_number(
	const char *path, const char *sql, long long *number, struct bk_error *err);

/* Runs SQL on the database at PATH, which is made if it is not there. Fails with BK_E_SQL. */
BK_MUST_CHECK enum bk_code database_run(const char *path, const char *sql, struct bk_error *err);

#endif

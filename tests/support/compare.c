/* compare.c - whether two databases hold the same. */
#include "compare.h"
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Tables, then the rest: a VACUUM, which the hook is not told of, puts them in that order. */
#define SCHEMA_SQL                                                                                 \
	"SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE sql NOT NULL "                  \
	"ORDER BY type <> 'table', rowid"
#define TABLES_SQL "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage ORDER BY rowid"

static enum bk_code open_database(sqlite3 **db, const char *path, int flags, struct bk_error *err)
{
	if (sqlite3_open_v2(path, db, flags, NULL) == SQLITE_OK)
		return BK_OK;
	bk_fail(err, BK_E_SQL, 0, "cannot open %s: %s", path, sqlite3_errmsg(*db));
	sqlite3_close(*db);
	*db = NULL;
	return BK_E_SQL;
}

static enum bk_code prepare(
	sqlite3 *db, const char *sql, sqlite3_stmt **statement, struct bk_error *err)
{
	if (sqlite3_prepare_v2(db, sql, -1, statement, NULL) == SQLITE_OK)
		return BK_OK;
	return bk_fail(err, BK_E_SQL, 0, "%.200s: %s", sql, sqlite3_errmsg(db));
}

static bool values_equal(sqlite3_stmt *a, sqlite3_stmt *b, int column)
{
	int type = sqlite3_column_type(a, column);
	const void *bytes_a, *bytes_b;
	int size;

	if (type != sqlite3_column_type(b, column))
		return false;
	if (type == SQLITE_INTEGER)
		return sqlite3_column_int64(a, column) == sqlite3_column_int64(b, column);
	if (type == SQLITE_FLOAT) {
		double number_a = sqlite3_column_double(a, column);
		double number_b = sqlite3_column_double(b, column);

		return memcmp(&number_a, &number_b, sizeof number_a) == 0;
	}
	bytes_a = sqlite3_column_blob(a, column);
	bytes_b = sqlite3_column_blob(b, column);
	size = sqlite3_column_bytes(a, column);
	return size == sqlite3_column_bytes(b, column) &&
	       (!size || memcmp(bytes_a, bytes_b, (size_t)size) == 0);
}

static bool rows_equal(sqlite3_stmt *a, sqlite3_stmt *b)
{
	int columns = sqlite3_column_count(a);

	if (columns != sqlite3_column_count(b))
		return false;
	for (int i = 0; i < columns; i++)
		if (!values_equal(a, b, i))
			return false;
	return true;
}

/* Compares what SQL gives in both; WHAT says what that is. */
static enum bk_code results_equal(
	sqlite3 *db_a, sqlite3 *db_b, const char *sql, const char *what, struct bk_error *err)
{
	sqlite3_stmt *a = NULL, *b = NULL;
	long long row = 0;
	int rc_a = SQLITE_ROW, rc_b = SQLITE_ROW;
	enum bk_code code = prepare(db_a, sql, &a, err);

	if (!code)
		code = prepare(db_b, sql, &b, err);
	while (!code && rc_a == SQLITE_ROW) {
		rc_a = sqlite3_step(a);
		rc_b = sqlite3_step(b);
		row++;
		if (rc_a != rc_b || (rc_a == SQLITE_ROW && !rows_equal(a, b)))
			code = bk_fail(err, BK_E_DAMAGE, 0, "%s differ in row %lld", what, row);
	}
	if (!code && rc_a != SQLITE_DONE)
		code = bk_fail(err, BK_E_SQL, 0, "%s: %s", what, sqlite3_errmsg(db_a));
	sqlite3_finalize(a);
	sqlite3_finalize(b);
	return code;
}

static enum bk_code tables_equal(sqlite3 *db_a, sqlite3 *db_b, struct bk_error *err)
{
	sqlite3_stmt *tables = NULL;
	enum bk_code code = prepare(db_a, TABLES_SQL, &tables, err);

	while (!code && sqlite3_step(tables) == SQLITE_ROW) {
		char *sql = sqlite3_mprintf("SELECT * FROM \"%w\"", sqlite3_column_text(tables, 0));
		char what[128];

		snprintf(what, sizeof what, "the tables %s", sqlite3_column_text(tables, 0));
		code = results_equal(db_a, db_b, sql, what, err);
		sqlite3_free(sql);
	}
	sqlite3_finalize(tables);
	return code;
}

enum bk_code databases_compare(const char *path_a, const char *path_b, struct bk_error *err)
{
	sqlite3 *a = NULL, *b = NULL;
	enum bk_code code = open_database(&a, path_a, SQLITE_OPEN_READWRITE, err);

	if (!code)
		code = open_database(&b, path_b, SQLITE_OPEN_READWRITE, err);
	if (!code)
		code = results_equal(a, b, SCHEMA_SQL, "the schemas", err);
	if (!code)
		code = tables_equal(a, b, err);
	sqlite3_close(a);
	sqlite3_close(b);
	return code;
}

enum bk_code database_number(
	const char *path, const char *sql, long long *number, struct bk_error *err)
{
	sqlite3_stmt *statement = NULL;
	sqlite3 *db = NULL;
	enum bk_code code = open_database(&db, path, SQLITE_OPEN_READWRITE, err);

	/* A plugin whose node was killed looks at the database once more. */
	if (!code)
		sqlite3_busy_timeout(db, 500);
	if (!code)
		code = prepare(db, sql, &statement, err);
	if (!code && sqlite3_step(statement) != SQLITE_ROW)
		code = bk_fail(err, BK_E_SQL, 0, "%.200s: %s", sql, sqlite3_errmsg(db));
	if (!code)
		*number = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	sqlite3_close(db);
	return code;
}

enum bk_code database_run(const char *path, const char *sql, struct bk_error *err)
{
	sqlite3 *db = NULL;
	enum bk_code code =
		open_database(&db, path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, err);

	if (!code && sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		code = bk_fail(err, BK_E_SQL, 0, "%.200s: %s", sql, sqlite3_errmsg(db));
	sqlite3_close(db);
	return code;
}

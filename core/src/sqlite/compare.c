/* compare.c - two databases, table by table and row by row. */
#include "compare.h"
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* A name as SQL has it. The caller frees it with sqlite3_free. */
static char *select_all(const char *table, const char *order)
{
	return sqlite3_mprintf("SELECT * FROM \"%w\" ORDER BY %s", table, order);
}

static void note_difference(
	struct comparison *result, const char *table, const char *what, sqlite3_stmt *row)
{
	const unsigned char *first =
		row && sqlite3_column_count(row) ? sqlite3_column_text(row, 0) : NULL;

	if (!result->differences++)
		snprintf(result->first, sizeof result->first, "table %s: %s%s%.60s", table, what,
			first ? ", the one that begins with " : "",
			first ? (const char *)first : "");
}

static bool same_value(sqlite3_value *a, sqlite3_value *b)
{
	int type = sqlite3_value_type(a);
	double left, right;

	if (type != sqlite3_value_type(b))
		return false;
	switch (type) {
	case SQLITE_NULL:
		return true;
	case SQLITE_INTEGER:
		return sqlite3_value_int64(a) == sqlite3_value_int64(b);
	case SQLITE_FLOAT:
		left = sqlite3_value_double(a);
		right = sqlite3_value_double(b);
		return memcmp(&left, &right, sizeof left) == 0;
	default:
		return sqlite3_value_bytes(a) == sqlite3_value_bytes(b) &&
		       (sqlite3_value_bytes(a) == 0 ||
			       memcmp(sqlite3_value_blob(a), sqlite3_value_blob(b),
				       (size_t)sqlite3_value_bytes(a)) == 0);
	}
}

static bool same_row(sqlite3_stmt *a, sqlite3_stmt *b)
{
	int count = sqlite3_column_count(a);

	if (count != sqlite3_column_count(b))
		return false;
	for (int i = 0; i < count; i++)
		if (!same_value(sqlite3_column_value(a, i), sqlite3_column_value(b, i)))
			return false;
	return true;
}

/* Steps both through their rows, which stand in the same order. */
static int compare_rows(
	sqlite3_stmt *a, sqlite3_stmt *b, const char *table, struct comparison *result)
{
	for (;;) {
		int left = sqlite3_step(a), right = sqlite3_step(b);

		if (left == SQLITE_DONE && right == SQLITE_DONE)
			return SQLITE_OK;
		if (left == SQLITE_ROW && right == SQLITE_ROW) {
			result->rows++;
			if (!same_row(a, b))
				note_difference(result, table, "a row differs", a);
			continue;
		}
		if (left != SQLITE_ROW && left != SQLITE_DONE)
			return left;
		if (right != SQLITE_ROW && right != SQLITE_DONE)
			return right;
		/* The rest of the longer one is in it alone. */
		do
			note_difference(result, table, "a row is in one of them only",
				left == SQLITE_ROW ? a : b);
		while (sqlite3_step(left == SQLITE_ROW ? a : b) == SQLITE_ROW);
		return SQLITE_OK;
	}
}

/* What orders the rows of TABLE the same in both: its rowid, or all its columns. */
static int prepare_table(sqlite3 *db, const char *table, sqlite3_stmt **out)
{
	char order[4096] = "rowid";
	char *sql = select_all(table, order);
	int rc = sql ? sqlite3_prepare_v2(db, sql, -1, out, NULL) : SQLITE_NOMEM, columns;

	sqlite3_free(sql);
	if (rc != SQLITE_ERROR)
		return rc;
	/* WITHOUT ROWID */
	sql = sqlite3_mprintf("SELECT * FROM \"%w\"", table);
	rc = sql ? sqlite3_prepare_v2(db, sql, -1, out, NULL) : SQLITE_NOMEM;
	sqlite3_free(sql);
	if (rc != SQLITE_OK)
		return rc;
	columns = sqlite3_column_count(*out);
	sqlite3_finalize(*out);
	order[0] = '\0';
	for (int i = 1; i <= columns && strlen(order) < sizeof order - 16; i++)
		snprintf(order + strlen(order), 16, "%s%d", i > 1 ? "," : "", i);
	sql = select_all(table, order);
	rc = sql ? sqlite3_prepare_v2(db, sql, -1, out, NULL) : SQLITE_NOMEM;
	sqlite3_free(sql);
	return rc;
}

/* (No LIKE, which would bound what a row may hold: costly.h.) */
static const char not_statistics[] = "substr(name, 1, 11) <> 'sqlite_stat'";

/* Says of the one that failed what it says of itself. */
static enum bk_code compare_failed(
	const struct sandbox *a, const struct sandbox *b, const char *table, struct bk_error *err)
{
	int rc = sqlite3_errcode(a->db);
	bool is_a = a->vfs.error.code || a->budget->end ||
		    (rc != SQLITE_OK && rc != SQLITE_ROW && rc != SQLITE_DONE);
	char doing[120];

	snprintf(doing, sizeof doing, "compare the table %.80s", table);
	return bk_sandbox_fail(is_a ? a : b, doing, err);
}

static int prepare_both(const struct sandbox *a, const struct sandbox *b, const char *table,
	sqlite3_stmt **left, sqlite3_stmt **right)
{
	int rc = prepare_table(a->db, table, left);

	return rc == SQLITE_OK ? prepare_table(b->db, table, right) : rc;
}

static enum bk_code compare_table(const struct sandbox *a, const struct sandbox *b,
	const char *table, struct comparison *result, struct bk_error *err)
{
	sqlite3_stmt *left = NULL, *right = NULL;
	int rc = prepare_both(a, b, table, &left, &right);
	enum bk_code code = BK_OK;

	if (rc == SQLITE_OK)
		rc = compare_rows(left, right, table, result);
	if (rc != SQLITE_OK)
		code = compare_failed(a, b, table, err);
	sqlite3_finalize(left);
	sqlite3_finalize(right);
	result->tables++;
	return code;
}

/* The schemas first: where they differ, there may be no such table to compare. */
static enum bk_code compare_schemas(const struct sandbox *a, const struct sandbox *b,
	struct comparison *result, struct bk_error *err)
{
	sqlite3_stmt *left = NULL, *right = NULL;
	enum bk_code code = BK_OK;
	char sql[200];
	int rc;

	snprintf(sql, sizeof sql,
		"SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE %s ORDER BY name, type",
		not_statistics);
	rc = sqlite3_prepare_v2(a->db, sql, -1, &left, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_prepare_v2(b->db, sql, -1, &right, NULL);
	if (rc == SQLITE_OK)
		rc = compare_rows(left, right, "sqlite_schema", result);
	if (rc != SQLITE_OK)
		code = compare_failed(a, b, "sqlite_schema", err);
	sqlite3_finalize(left);
	sqlite3_finalize(right);
	result->rows = 0;
	return code;
}

enum bk_code bk_compare_databases(const struct sandbox *a, const struct sandbox *b,
	struct comparison *result, struct bk_error *err)
{
	sqlite3_stmt *tables = NULL;
	enum bk_code code = compare_schemas(a, b, result, err);
	char sql[200];
	int rc;

	if (code || result->differences)
		return code;
	snprintf(sql, sizeof sql,
		"SELECT name FROM sqlite_schema WHERE type = 'table' AND %s AND rootpage > 0 ORDER "
		"BY name",
		not_statistics);
	rc = sqlite3_prepare_v2(a->db, sql, -1, &tables, NULL);
	while (rc == SQLITE_OK && !code && (rc = sqlite3_step(tables)) == SQLITE_ROW) {
		code = compare_table(
			a, b, (const char *)sqlite3_column_text(tables, 0), result, err);
		rc = SQLITE_OK;
	}
	if (!code && rc != SQLITE_DONE)
		code = compare_failed(a, b, "sqlite_schema", err);
	sqlite3_finalize(tables);
	return code;
}

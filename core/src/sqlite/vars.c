/* vars.c - what a node's database says of itself. */
#include "vars.h"
#include <stdbool.h>
#include <string.h>

/* Prepares SQL, and leaves *OUT NULL where the database has no such table or column. */
static int prepare_if_there(sqlite3 *db, const char *sql, sqlite3_stmt **out)
{
	int rc = sqlite3_prepare_v2(db, sql, -1, out, NULL);

	return rc == SQLITE_ERROR ? SQLITE_OK : rc;
}

static int is_table(sqlite3 *db, bool *is)
{
	sqlite3_stmt *statement = NULL;
	int rc = prepare_if_there(db,
		"SELECT 1 FROM main.sqlite_schema WHERE name = 'vars' COLLATE NOCASE AND type = "
		"'table' AND rootpage > 0",
		&statement);

	*is = false;
	if (!statement)
		return rc;
	rc = sqlite3_step(statement);
	*is = rc == SQLITE_ROW;
	sqlite3_finalize(statement);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* The first row of SQL, over the table vars; *OUT is NULL if there is none. */
static int first_row(sqlite3 *db, const char *sql, sqlite3_stmt **out)
{
	bool is;
	int rc = is_table(db, &is);

	*out = NULL;
	if (rc == SQLITE_OK && is)
		rc = prepare_if_there(db, sql, out);
	if (!*out)
		return rc;
	rc = sqlite3_step(*out);
	if (rc == SQLITE_ROW)
		return SQLITE_OK;
	sqlite3_finalize(*out);
	*out = NULL;
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int bk_read_data_version(sqlite3 *db, uint32_t *version)
{
	sqlite3_stmt *row;
	int rc = first_row(db, "SELECT intval FROM main.vars WHERE name = 'data_version'", &row);

	*version = row ? (uint32_t)sqlite3_column_int64(row, 0) : 0;
	sqlite3_finalize(row);
	return rc;
}

int bk_read_node_id(sqlite3 *db, char *out, size_t size)
{
	sqlite3_stmt *row;
	int rc = first_row(db,
		"SELECT lower(hex(blobval)) FROM main.vars WHERE name = 'node_id' AND "
		"length(blobval) BETWEEN 1 AND 64",
		&row);
	const char *text = row ? (const char *)sqlite3_column_text(row, 0) : NULL;

	*out = '\0';
	if (text && strlen(text) < size)
		strcpy(out, text);
	sqlite3_finalize(row);
	return rc;
}

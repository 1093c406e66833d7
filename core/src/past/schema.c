/* schema.c - the tables of a database that rows are taken from. */
#include "schema.h"
#include <bk/nearest.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NEAREST_TEXT 160 /* 39 characters of up to four bytes */

/* With the rows of SQL, whose one parameter is NAME. */
static int prepare(sqlite3 *db, const char *sql, const char *name, sqlite3_stmt **out)
{
	int rc = sqlite3_prepare_v2(db, sql, -1, out, NULL);

	return rc == SQLITE_OK ? sqlite3_bind_text(*out, 1, name, -1, SQLITE_TRANSIENT) : rc;
}

static int step_once(sqlite3_stmt *statement, bool *has)
{
	int rc = sqlite3_step(statement);

	*has = rc == SQLITE_ROW;
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int read_root(struct table *table, sqlite3 *db, const char *name, bool *has)
{
	sqlite3_stmt *statement = NULL;
	int rc = prepare(db,
		"SELECT name, rootpage FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 "
		"AND name = ?1 COLLATE NOCASE",
		name, &statement);

	*has = sqlite3_stricmp(name, "sqlite_schema") == 0 ||
	       sqlite3_stricmp(name, "sqlite_master") == 0;
	if (*has) {
		table->name = strdup("sqlite_schema");
		table->root = 1;
	} else if (rc == SQLITE_OK) {
		rc = step_once(statement, has);
		if (*has) {
			const char *text = (const char *)sqlite3_column_text(statement, 0);

			table->name = strdup(text ? text : "");
			table->root = (uint32_t)sqlite3_column_int64(statement, 1);
		}
	}
	if (rc == SQLITE_OK && *has && !table->name)
		rc = SQLITE_NOMEM;
	sqlite3_finalize(statement);
	return rc;
}

static int add_column(struct table *table, sqlite3_stmt *statement)
{
	size_t count = table->column_count + 1;
	const char *name = (const char *)sqlite3_column_text(statement, 0);
	char **columns = realloc(table->columns, count * sizeof *columns);
	int *key;

	if (!columns)
		return SQLITE_NOMEM;
	table->columns = columns;
	key = realloc(table->key, count * sizeof *key);
	if (!key)
		return SQLITE_NOMEM;
	table->key = key;
	key[count - 1] = sqlite3_column_int(statement, 1);
	columns[count - 1] = strdup(name ? name : "");
	if (!columns[count - 1])
		return SQLITE_NOMEM;
	table->column_count = count;
	return SQLITE_OK;
}

static int read_columns(struct table *table, sqlite3 *db)
{
	sqlite3_stmt *statement = NULL;
	bool has = true;
	int rc = prepare(db, "SELECT name, pk FROM pragma_table_info(?1)", table->name, &statement);

	while (rc == SQLITE_OK && has) {
		rc = step_once(statement, &has);
		if (rc == SQLITE_OK && has)
			rc = add_column(table, statement);
	}
	sqlite3_finalize(statement);
	return rc;
}

static bool has_column(const struct table *table, const char *name)
{
	for (size_t i = 0; i < table->column_count; i++)
		if (strcasecmp(table->columns[i], name) == 0)
			return true;
	return false;
}

/* A column may be called as the rowid is, and then hides it. */
static const char *rowid_of(const struct table *table)
{
	static const char *const names[] = {"rowid", "_rowid_", "oid"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (!has_column(table, names[i]))
			return names[i];
	return NULL;
}

/* Whether there are rowids. pragma_table_list tells it, too, in a time that grows with the square
 * of the views that a schema has. */
static int read_rowid(struct table *table, sqlite3 *db)
{
	const char *name = rowid_of(table);
	sqlite3_stmt *statement = NULL;
	char *sql;
	int rc;

	if (!name)
		return SQLITE_OK;
	sql = sqlite3_mprintf("SELECT %s FROM main.\"%w\"", name, table->name);
	rc = sql ? sqlite3_prepare_v2(db, sql, -1, &statement, NULL) : SQLITE_NOMEM;
	sqlite3_free(sql);
	sqlite3_finalize(statement);
	if (rc == SQLITE_OK)
		table->rowid = name;
	return rc == SQLITE_ERROR ? SQLITE_OK : rc;
}

/* A primary key that is the rowid has no index of its own. */
static int read_key(struct table *table, sqlite3 *db)
{
	sqlite3_stmt *statement = NULL;
	bool has_index = false;
	int rc = read_rowid(table, db);

	if (rc == SQLITE_OK)
		rc = prepare(db, "SELECT 1 FROM pragma_index_list(?1) WHERE origin = 'pk'",
			table->name, &statement);
	if (rc == SQLITE_OK)
		rc = step_once(statement, &has_index);
	sqlite3_finalize(statement);
	table->key_is_rowid = table->rowid && !has_index;
	return rc;
}

enum bk_code bk_table_read(struct table *table, const struct sandbox *sandbox, const char *name,
	bool *has, struct bk_error *err)
{
	int rc;

	*table = (struct table){.name = NULL};
	rc = read_root(table, sandbox->db, name, has);
	if (rc == SQLITE_OK && *has)
		rc = read_columns(table, sandbox->db);
	if (rc == SQLITE_OK && *has)
		rc = read_key(table, sandbox->db);
	if (rc == SQLITE_OK && *has && !table->column_count)
		rc = SQLITE_CORRUPT;
	if (rc == SQLITE_OK)
		return BK_OK;
	bk_table_done(table);
	return bk_sandbox_fail(sandbox, "read a table's columns", err);
}

void bk_table_done(struct table *table)
{
	for (size_t i = 0; i < table->column_count; i++)
		free(table->columns[i]);
	free(table->columns);
	free(table->key);
	free(table->name);
	*table = (struct table){.name = NULL};
}

char *bk_table_select(const struct table *table)
{
	sqlite3_str *sql = sqlite3_str_new(NULL);

	sqlite3_str_appendall(sql, "SELECT ");
	for (size_t i = 0; i < table->column_count; i++)
		sqlite3_str_appendf(sql, "%s\"%w\"", i ? ", " : "", table->columns[i]);
	sqlite3_str_appendf(sql, " FROM main.\"%w\" ", table->name);
	return sqlite3_str_finish(sql);
}

static void add_key_column(sqlite3_str *sql, const struct table *table, int nth)
{
	for (size_t i = 0; i < table->column_count; i++)
		if (table->key[i] == nth)
			sqlite3_str_appendf(sql, "%s\"%w\" IS ?%d", nth > 1 ? " AND " : "",
				table->columns[i], nth);
}

char *bk_table_where_key(const struct table *table)
{
	sqlite3_str *sql = sqlite3_str_new(NULL);

	if (table->key_is_rowid)
		sqlite3_str_appendf(sql, "%s IS ?1", table->rowid);
	else
		for (size_t nth = 1; nth <= table->column_count; nth++)
			add_key_column(sql, table, (int)nth);
	return sqlite3_str_finish(sql);
}

/* The table of SANDBOX that NAME was meant to be, into OUT; "": none is like it. */
static void find_nearest(const struct sandbox *sandbox, const char *name, char out[NEAREST_TEXT])
{
	sqlite3_stmt *statement = NULL;
	size_t best = BK_NEAR;
	int rc = sqlite3_prepare_v2(sandbox->db,
		"SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 AND "
		"length(name) < 40",
		-1, &statement, NULL);

	*out = '\0';
	while (rc == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW) {
		const char *text = (const char *)sqlite3_column_text(statement, 0);

		if (text && bk_nearer(name, text, &best))
			snprintf(out, NEAREST_TEXT, "%s", text);
	}
	sqlite3_finalize(statement);
}

enum bk_code bk_table_missing(const struct sandbox *sandbox, const char *name, struct bk_error *err)
{
	char nearest[NEAREST_TEXT] = "";

	if (sandbox)
		find_nearest(sandbox, name, nearest);
	return bk_fail(err, BK_E_MISSING, 0,
		"there is no table \"%.80s\" at that version%s%s%s: backup-cli query \"SELECT "
		"name FROM sqlite_schema WHERE type = 'table'\" names them",
		name, *nearest ? " (did you mean \"" : "", nearest, *nearest ? "\"?)" : "");
}

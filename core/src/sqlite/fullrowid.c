/* fullrowid.c - tables whose highest rowid is taken. */
#include "fullrowid.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static bool is_table(const struct fullrowid *full, size_t at, const char *name)
{
	return at < full->count && strcmp(full->tables[at].name, name) == 0;
}

static struct fullrowid_table *table_of(struct fullrowid *full, const char *name)
{
	struct fullrowid_table *grown;

	if (is_table(full, full->last, name))
		return &full->tables[full->last];
	for (full->last = 0; full->last < full->count; full->last++)
		if (is_table(full, full->last, name))
			return &full->tables[full->last];
	grown = realloc(full->tables, (full->count + 1) * sizeof *grown);
	if (!grown)
		return NULL;
	full->tables = grown;
	grown[full->count] = (struct fullrowid_table){.name = strdup(name)};
	return grown[full->count].name ? &grown[full->count++] : NULL;
}

static void note_row(
	void *ctx, int action, const char *database, const char *name, sqlite3_int64 rowid)
{
	struct fullrowid *full = ctx;
	struct fullrowid_table *table = table_of(full, name);

	(void)database;
	if (!table)
		full->is_lost = true;
	else if (rowid == INT64_MAX)
		table->is_full = true;
	else if (action == SQLITE_INSERT)
		table->has_new = true;
}

void bk_fullrowid_watch(struct fullrowid *full, sqlite3 *db)
{
	*full = (struct fullrowid){.db = db};
	sqlite3_update_hook(db, note_row, full);
}

void bk_fullrowid_forget(struct fullrowid *full)
{
	for (size_t i = 0; i < full->count; i++)
		full->tables[i].is_known = false;
}

void bk_fullrowid_done(struct fullrowid *full)
{
	for (size_t i = 0; i < full->count; i++)
		free(full->tables[i].name);
	free(full->tables);
	*full = (struct fullrowid){0};
}

void bk_fullrowid_begin(struct fullrowid *full)
{
	for (size_t i = 0; i < full->count; i++)
		full->tables[i].has_new = false;
}

/* A table that is no longer there is no longer asked. */
static int ask(struct fullrowid *full, struct fullrowid_table *table)
{
	char *sql = sqlite3_mprintf("SELECT max(_rowid_) FROM \"%w\"", table->name);
	sqlite3_stmt *statement = NULL;
	int rc = sql ? sqlite3_prepare_v2(full->db, sql, -1, &statement, NULL) : SQLITE_NOMEM;

	sqlite3_free(sql);
	if (rc == SQLITE_ERROR)
		return SQLITE_OK;
	if (rc != SQLITE_OK)
		return rc;
	rc = sqlite3_step(statement);
	if (rc == SQLITE_ROW && sqlite3_column_int64(statement, 0) == INT64_MAX)
		table->is_full = true;
	table->is_known = true;
	sqlite3_finalize(statement);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int bk_fullrowid_find(struct fullrowid *full, const char **name)
{
	int rc = full->is_lost ? SQLITE_NOMEM : SQLITE_OK;

	*name = NULL;
	for (size_t i = 0; i < full->count && rc == SQLITE_OK && !*name; i++) {
		struct fullrowid_table *table = &full->tables[i];

		if (!table->has_new)
			continue;
		if (!table->is_known && !table->is_full)
			rc = ask(full, table);
		if (table->is_full)
			*name = table->name;
	}
	return rc;
}

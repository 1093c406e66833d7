/* nodedb.c - the simulated node's own database. */
#include "nodedb.h"
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

/* As lightningd: longer, and it gives up ("database is locked"). */
#define BUSY_MS 60000

/* Processes are killed here, not machines: what SQLite has written the system keeps, so that
 * nothing need be synced. */
static const char setup[] = "PRAGMA foreign_keys = ON; PRAGMA journal_mode = delete; "
			    "PRAGMA synchronous = OFF;";

struct nodedb {
	sqlite3 *sqlite;
};

static enum bk_code sql_fail(struct nodedb *db, const char *doing, struct bk_error *err)
{
	return bk_fail(err, BK_E_SQL, 0, "the node's database: %.200s: %s", doing,
		sqlite3_errmsg(db->sqlite));
}

static enum bk_code execute(struct nodedb *db, const char *sql, struct bk_error *err)
{
	if (sqlite3_exec(db->sqlite, sql, NULL, NULL, NULL) != SQLITE_OK)
		return sql_fail(db, sql, err);
	return BK_OK;
}

enum bk_code nodedb_open(
	struct nodedb **out, const char *path, int cache_pages, struct bk_error *err)
{
	struct nodedb *db = calloc(1, sizeof *db);
	char pragma[64];
	enum bk_code code = BK_OK;

	if (!db)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a database");
	if (sqlite3_open(path, &db->sqlite) != SQLITE_OK)
		code = sql_fail(db, path, err);
	sqlite3_busy_timeout(db->sqlite, BUSY_MS);
	snprintf(pragma, sizeof pragma, "PRAGMA cache_size = %d", cache_pages);
	if (!code)
		code = execute(db, setup, err);
	if (!code && cache_pages)
		code = execute(db, pragma, err);
	if (code) {
		nodedb_close(db);
		return code;
	}
	*out = db;
	return BK_OK;
}

void nodedb_close(struct nodedb *db)
{
	if (!db)
		return;
	sqlite3_close(db->sqlite);
	free(db);
}

static enum bk_code run_statement(
	struct nodedb *db, const struct bk_slice *statement, struct bk_error *err)
{
	sqlite3_stmt *compiled = NULL;
	int rc = sqlite3_prepare_v2(
		db->sqlite, statement->data, (int)statement->size, &compiled, NULL);
	char start[64];

	while (compiled && (rc = sqlite3_step(compiled)) == SQLITE_ROW)
		;
	sqlite3_finalize(compiled);
	if (rc == SQLITE_OK || rc == SQLITE_DONE)
		return BK_OK;
	snprintf(start, sizeof start, "%.*s", (int)statement->size, (const char *)statement->data);
	return sql_fail(db, start, err);
}

enum bk_code nodedb_apply(struct nodedb *db, const struct bk_change *change, struct bk_error *err)
{
	enum bk_code code = BK_OK;

	if (!bk_change_is_pragma(change))
		code = execute(db, "BEGIN", err);
	for (size_t i = 0; !code && i < change->statement_count; i++)
		code = run_statement(db, &change->statements[i], err);
	return code;
}

enum bk_code nodedb_commit(struct nodedb *db, struct bk_error *err)
{
	return sqlite3_get_autocommit(db->sqlite) ? BK_OK : execute(db, "COMMIT", err);
}

void nodedb_rollback(struct nodedb *db)
{
	if (!sqlite3_get_autocommit(db->sqlite))
		sqlite3_exec(db->sqlite, "ROLLBACK", NULL, NULL, NULL);
}

uint32_t nodedb_version(struct nodedb *db)
{
	const char *sql = "SELECT intval FROM vars WHERE name = 'data_version'";
	sqlite3_stmt *statement = NULL;
	uint32_t version = 0;

	if (sqlite3_prepare_v2(db->sqlite, sql, -1, &statement, NULL) == SQLITE_OK &&
		sqlite3_step(statement) == SQLITE_ROW)
		version = (uint32_t)sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return version;
}

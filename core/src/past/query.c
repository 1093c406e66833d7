/* query.c - SQL on the database at one version. */
#include "log.h"
#include "row.h"
#include "schema.h"
#include <bk/query.h>
#include <bk/rebuild.h>
#include <stdlib.h>
#include <string.h>

struct bk_query {
	struct pagestore store; /* first: the pages that the sandbox sees */
	struct bk_rebuild *rebuild;
	struct budget budget;
	struct sandbox sandbox;
	sqlite3_stmt *statement;
	struct rowbuf buf;
};

static enum bk_code read_page(
	struct pagestore *store, uint32_t page, void *dst, struct bk_error *err)
{
	struct bk_query *query = (struct bk_query *)store;
	uint64_t offset = (uint64_t)(page - 1) * store->page_size;
	size_t done;
	enum bk_code code =
		bk_rebuild_read(query->rebuild, dst, store->page_size, offset, &done, err);

	if (!code && done < store->page_size)
		memset((uint8_t *)dst + done, 0, store->page_size - done);
	return code;
}

static void set_budget(struct bk_query *query, uint64_t log_bytes)
{
	const struct budget_limits limits = {.given = log_bytes};

	bk_budget_init(&query->budget, &limits);
}

enum bk_code bk_query_open(
	struct bk_query **out, struct bk_log *log, uint32_t version, struct bk_error *err)
{
	struct bk_query *query = calloc(1, sizeof *query);
	const struct bk_entry *entry;
	struct bk_log_status status;
	enum bk_code code;

	if (!query)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a query");
	code = bk_log_status(log, &status, err);
	if (!code)
		code = bk_rebuild_new(&query->rebuild, log, version, NULL, err);
	if (!code)
		code = bk_rebuild_load(query->rebuild, err);
	if (!code) {
		entry = bk_rebuild_entry(query->rebuild);
		query->store = (struct pagestore){.page_size = entry->page_size,
			.page_count = entry->page_count,
			.read = read_page};
		set_budget(query, status.log_bytes);
		code = bk_sandbox_open_reading(
			&query->sandbox, &query->store, log->lf.file.io, &query->budget, err);
	}
	if (code) {
		bk_rebuild_free(query->rebuild);
		free(query);
		return code;
	}
	*out = query;
	return BK_OK;
}

static void end_statement(struct bk_query *query)
{
	sqlite3_finalize(query->statement);
	query->statement = NULL;
	bk_rowbuf_done(&query->buf);
}

void bk_query_close(struct bk_query *query)
{
	if (!query)
		return;
	end_statement(query);
	bk_sandbox_close(&query->sandbox);
	bk_rebuild_free(query->rebuild);
	free(query);
}

/* Why SQL was not taken: by what the log or the budget has to say, or for its own sake. */
static enum bk_code refused(struct bk_query *query, int rc, struct bk_error *err)
{
	sqlite3 *db = query->sandbox.db;

	if (query->sandbox.vfs.error.code || query->budget.end || rc == SQLITE_NOMEM)
		return bk_sandbox_fail(&query->sandbox, "read the database", err);
	if (rc == SQLITE_AUTH)
		return bk_fail(err, BK_E_UNSAFE, 0,
			"refused: it would reach out of the database (%s)", sqlite3_errmsg(db));
	return bk_fail(
		err, rc == SQLITE_ERROR ? BK_E_INVALID : BK_E_SQL, 0, "%s", sqlite3_errmsg(db));
}

enum bk_code bk_query_begin(
	struct bk_query *query, const char **sql, bool *has, struct bk_error *err)
{
	const char *at = *sql;
	int rc = SQLITE_OK;
	enum bk_code code = BK_OK;

	end_statement(query);
	bk_budget_begin(&query->budget);
	while (rc == SQLITE_OK && !query->statement && *at)
		rc = sqlite3_prepare_v2(query->sandbox.db, at, -1, &query->statement, &at);
	if (rc != SQLITE_OK)
		code = refused(query, rc, err);
	else if (query->statement)
		code = bk_rowbuf_begin(&query->buf, query->statement,
			(size_t)sqlite3_column_count(query->statement), err);
	bk_budget_end(&query->budget);
	if (code)
		return code;
	*has = query->statement != NULL;
	*sql = at;
	return BK_OK;
}

const struct bk_row *bk_query_columns(const struct bk_query *query)
{
	return &query->buf.row;
}

enum bk_code bk_query_next(
	struct bk_query *query, const struct bk_row **row, bool *more, struct bk_error *err)
{
	int rc;

	bk_budget_begin(&query->budget);
	rc = sqlite3_step(query->statement);
	if (rc == SQLITE_ROW && !bk_rowbuf_take(&query->buf, query->statement))
		rc = SQLITE_NOMEM;
	bk_budget_end(&query->budget);
	*more = rc == SQLITE_ROW;
	*row = &query->buf.row;
	if (rc == SQLITE_NOMEM)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a row");
	return rc == SQLITE_ROW || rc == SQLITE_DONE
		       ? BK_OK
		       : bk_sandbox_fail(&query->sandbox, "run the statement", err);
}

/* One expression, which cannot end the parentheses that it is put into: SQLite is asked to take it
 * alone first. */
static enum bk_code check_where(
	struct bk_query *query, const char *select, const char *where, struct bk_error *err)
{
	char *sql = sqlite3_mprintf("%s WHERE %s", select, where);
	const char *tail = "";
	sqlite3_stmt *statement = NULL;
	enum bk_code code = BK_OK;
	int rc = sql ? sqlite3_prepare_v2(query->sandbox.db, sql, -1, &statement, &tail)
		     : SQLITE_NOMEM;

	if (rc != SQLITE_OK)
		code = refused(query, rc, err);
	else if (*tail)
		code = bk_fail(
			err, BK_E_INVALID, 0, "\"%.80s\" is more than one expression", where);
	sqlite3_finalize(statement);
	sqlite3_free(sql);
	return code;
}

static enum bk_code begin_table(
	struct bk_query *query, const struct table *table, const char *where, struct bk_error *err)
{
	char *select = bk_table_select(table), *sql;
	const char *at;
	bool has;
	enum bk_code code = BK_OK;

	if (where && select)
		code = check_where(query, select, where, err);
	if (code) {
		sqlite3_free(select);
		return code;
	}
	sql = where ? sqlite3_mprintf("%zWHERE (%s\n)", select, where) : select;
	at = sql;
	code = sql ? bk_query_begin(query, &at, &has, err)
		   : bk_fail(err, BK_E_NOMEM, 0, "no memory for a query");
	sqlite3_free(sql);
	return code;
}

static enum bk_code find_table(
	struct bk_query *query, const char *name, struct table *table, struct bk_error *err)
{
	bool has = false;
	enum bk_code code;

	end_statement(query);
	bk_budget_begin(&query->budget);
	code = bk_table_read(table, &query->sandbox, name, &has, err);
	if (!code && !has)
		code = bk_table_missing(&query->sandbox, name, err);
	bk_budget_end(&query->budget);
	return code;
}

enum bk_code bk_query_table(
	struct bk_query *query, const char *name, const char *where, struct bk_error *err)
{
	struct table table;
	enum bk_code code = find_table(query, name, &table, err);

	if (code)
		return code;
	code = begin_table(query, &table, where, err);
	bk_table_done(&table);
	return code;
}

static enum bk_code add_schema(
	struct bk_query *query, const char *name, struct bk_buf *out, struct bk_error *err)
{
	char *sql = sqlite3_mprintf("SELECT sql FROM sqlite_schema WHERE tbl_name = %Q AND sql IS "
				    "NOT NULL AND type IN ('table', 'index') ORDER BY type = "
				    "'index', rowid",
		name);
	const struct bk_row *row;
	const char *at = sql;
	bool more = true;
	enum bk_code code = sql ? bk_query_begin(query, &at, &more, err)
				: bk_fail(err, BK_E_NOMEM, 0, "no memory for a query");

	while (!code && more) {
		code = bk_query_next(query, &row, &more, err);
		if (!code && more)
			code = bk_buf_append(out, row->values[0].bytes, row->values[0].size, err);
		if (!code && more)
			code = bk_buf_append(out, "", 1, err);
	}
	sqlite3_free(sql);
	end_statement(query);
	return code;
}

enum bk_code bk_query_schema(
	struct bk_query *query, const char *name, struct bk_buf *out, struct bk_error *err)
{
	struct table table;
	enum bk_code code = find_table(query, name, &table, err);

	if (code)
		return code;
	code = add_schema(query, table.name, out, err);
	bk_table_done(&table);
	return code;
}

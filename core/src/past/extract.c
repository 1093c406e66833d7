/* extract.c - tables of one version, as a database of their own.
 *
 * What makes the tables is the log's SQL: the new database is made in a sandbox, over pages of
 * memory, and only those are written out. */
#include "file.h"
#include "log.h"
#include "newfile.h"
#include "overlay.h"
#include "sandbox.h"
#include <bk/extract.h>
#include <bk/path.h>
#include <bk/query.h>
#include <stdlib.h>
#include <string.h>

#define MEMORY_MAX ((size_t)64 << 20)
#define SCHEMA_MAX ((size_t)16 << 20)

/* The new database. */
struct target {
	struct overlay overlay;
	struct budget budget;
	struct sandbox sandbox;
	uint64_t rows;
};

static void target_close(struct target *target)
{
	bk_sandbox_close(&target->sandbox);
	bk_overlay_done(&target->overlay);
}

static enum bk_code target_open(struct target *target, struct bk_log *log, struct bk_error *err)
{
	struct budget_limits limits = {0};
	struct bk_log_status status;
	const struct bk_io *io = log->lf.file.io;
	enum bk_code code = bk_log_status(log, &status, err);

	if (code)
		return code;
	limits.given = status.log_bytes;
	bk_budget_init(&target->budget, &limits);
	bk_overlay_init(&target->overlay, io, bk_file_spill_dir(NULL), MEMORY_MAX);
	target->overlay.budget = &target->budget;
	target->rows = 0;
	code = bk_sandbox_open(&target->sandbox, &target->overlay.store, io,
		bk_file_spill_dir(NULL), &target->budget, err);
	if (!code)
		code = bk_sandbox_own(&target->sandbox,
			"PRAGMA journal_mode = MEMORY; PRAGMA foreign_keys = OFF; BEGIN", err);
	if (code)
		target_close(target);
	return code;
}

static int bind(sqlite3_stmt *insert, int at, const struct bk_value *value)
{
	switch (value->type) {
	case BK_VALUE_NULL:
		break;
	case BK_VALUE_INTEGER:
		return sqlite3_bind_int64(insert, at, value->integer);
	case BK_VALUE_REAL:
		return sqlite3_bind_double(insert, at, value->real);
	case BK_VALUE_TEXT:
		return sqlite3_bind_text64(
			insert, at, value->bytes, value->size, SQLITE_STATIC, SQLITE_UTF8);
	case BK_VALUE_BLOB:
		return value->size ? sqlite3_bind_blob64(
					     insert, at, value->bytes, value->size, SQLITE_STATIC)
				   : sqlite3_bind_zeroblob(insert, at, 0);
	}
	return sqlite3_bind_null(insert, at);
}

static int insert_row(sqlite3_stmt *insert, const struct bk_row *row)
{
	int rc = SQLITE_OK;

	for (size_t i = 0; i < row->count && rc == SQLITE_OK; i++)
		rc = bind(insert, (int)i + 1, &row->values[i]);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(insert);
	sqlite3_reset(insert);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* "INSERT INTO table(columns) VALUES(?, ...)". NULL: no memory. */
static char *insert_text(const char *table, const struct bk_row *columns)
{
	sqlite3_str *sql = sqlite3_str_new(NULL);

	sqlite3_str_appendf(sql, "INSERT INTO main.\"%w\"", table);
	for (size_t i = 0; i < columns->count; i++)
		sqlite3_str_appendf(sql, "%s\"%w\"", i ? "," : "(", columns->names[i]);
	for (size_t i = 0; i < columns->count; i++)
		sqlite3_str_appendf(sql, i ? ",?" : ") VALUES(?");
	sqlite3_str_appendall(sql, ")");
	return sqlite3_str_finish(sql);
}

static enum bk_code copy_rows(
	struct target *target, struct bk_query *query, const char *table, struct bk_error *err)
{
	char *sql = insert_text(table, bk_query_columns(query));
	sqlite3_stmt *insert = NULL;
	const struct bk_row *row;
	enum bk_code code = BK_OK;
	bool more = true;
	int rc =
		sql ? sqlite3_prepare_v2(target->sandbox.db, sql, -1, &insert, NULL) : SQLITE_NOMEM;

	sqlite3_free(sql);
	while (rc == SQLITE_OK && !code && more) {
		code = bk_query_next(query, &row, &more, err);
		if (!code && more) {
			bk_budget_begin(&target->budget);
			rc = insert_row(insert, row);
			bk_budget_end(&target->budget);
			target->rows++;
		}
	}
	if (!code && rc != SQLITE_OK)
		code = bk_sandbox_fail(&target->sandbox, "copy the rows of a table", err);
	sqlite3_finalize(insert);
	return code;
}

static enum bk_code run_schema(
	struct target *target, const char *at, const char *end, struct bk_error *err)
{
	int rc = SQLITE_OK;

	bk_budget_begin(&target->budget);
	for (; at < end && rc == SQLITE_OK; at += strlen(at) + 1)
		rc = sqlite3_exec(target->sandbox.db, at, NULL, NULL, NULL);
	bk_budget_end(&target->budget);
	return rc == SQLITE_OK ? BK_OK : bk_sandbox_fail(&target->sandbox, "make a table", err);
}

/* The table, its rows, and then its indexes. */
static enum bk_code copy_table(struct target *target, struct bk_query *query, const char *table,
	const char *where, struct bk_error *err)
{
	struct bk_buf schema;
	const char *at, *behind, *end;
	enum bk_code code;

	bk_buf_init(&schema, SCHEMA_MAX);
	code = bk_query_schema(query, table, &schema, err);
	at = (const char *)schema.data;
	end = at + schema.size;
	behind = at;
	if (!code && at < end)
		behind = at + strlen(at) + 1;
	if (!code)
		code = run_schema(target, at, behind, err);
	if (!code)
		code = bk_query_table(query, table, where, err);
	if (!code)
		code = copy_rows(target, query, table, err);
	if (!code)
		code = run_schema(target, behind, end, err);
	bk_buf_done(&schema);
	return code;
}

static enum bk_code write_pages(
	struct target *target, const struct file *file, struct bk_error *err)
{
	struct pagestore *store = &target->overlay.store;
	uint8_t bytes[PAGE_SIZE_MAX];
	enum bk_code code = BK_OK;

	for (uint32_t page = 1; page <= store->page_count && !code; page++) {
		code = store->read(store, page, bytes, err);
		if (!code)
			code = bk_file_write(file, bytes, store->page_size,
				(uint64_t)(page - 1) * store->page_size, err);
	}
	return code;
}

static enum bk_code write_out(
	struct target *target, struct bk_log *log, const char *path, struct bk_error *err)
{
	struct newfile nf;
	enum bk_code code = bk_newfile_open(&nf, log->lf.file.io, path, ".extract", err);

	if (code)
		return code;
	code = write_pages(target, &nf.file, err);
	if (code) {
		bk_newfile_abort(&nf);
		return code;
	}
	return bk_newfile_commit(&nf, err);
}

static enum bk_code check_name(const char *path, struct bk_error *err)
{
	const char *slash = strrchr(path, '/');

	if (strcmp(slash ? slash + 1 : path, BK_DATABASE_NAME) != 0)
		return BK_OK;
	return bk_fail(err, BK_E_UNSAFE, 0,
		"%s is the name that lightningd opens, and a few tables are no node's database: "
		"name another file",
		path);
}

enum bk_code bk_extract(struct bk_log *log, uint32_t version, const char *const *tables,
	size_t count, const char *where, const char *path, struct bk_extract_result *result,
	struct bk_error *err)
{
	struct bk_query *query;
	struct target target;
	enum bk_code code = check_name(path, err);

	if (!code)
		code = bk_query_open(&query, log, version, err);
	if (code)
		return code;
	code = target_open(&target, log, err);
	if (code) {
		bk_query_close(query);
		return code;
	}
	for (size_t i = 0; i < count && !code; i++)
		code = copy_table(&target, query, tables[i], where, err);
	bk_query_close(query);
	if (!code)
		code = bk_sandbox_own(&target.sandbox, "COMMIT", err);
	if (!code)
		code = write_out(&target, log, path, err);
	if (!code)
		*result = (struct bk_extract_result){target.rows,
			(uint64_t)target.overlay.store.page_count * target.overlay.store.page_size};
	target_close(&target);
	return code;
}

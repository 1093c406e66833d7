/* watch.c - rows of a table as they are now, and whether they may be others since. */
#include "watch.h"
#include "hex.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SCHEMA_COOKIE 40 /* where it stands in page 1 */

static struct watch *watch_of(struct pagestore *store)
{
	return (struct watch *)(void *)((uint8_t *)store - offsetof(struct watch, store));
}

static enum bk_code read_page(
	struct pagestore *store, uint32_t page, void *dst, struct bk_error *err)
{
	struct watch *watch = watch_of(store);

	if (page > 1)
		bk_pageset_add(&watch->read, page);
	return bk_image_read_page(watch->image, page, dst, err);
}

enum bk_code bk_watch_enter(struct watch *watch, struct bk_image *image, struct bk_error *err)
{
	enum bk_code code;

	watch->image = image;
	watch->store = (struct pagestore){.page_size = bk_image_page_size(image),
		.page_count = bk_image_page_count(image),
		.read = read_page};
	bk_budget_begin(&image->budget);
	code = bk_sandbox_open(&watch->sandbox, &watch->store, image->overlay.io,
		image->overlay.spill_dir, &image->budget, err);
	if (!code)
		code = bk_sandbox_own(&watch->sandbox, "PRAGMA query_only = ON", err);
	if (code)
		bk_watch_leave(watch);
	return code;
}

void bk_watch_leave(struct watch *watch)
{
	bk_sandbox_close(&watch->sandbox);
	watch->image = NULL;
}

static enum bk_code read_cookie(struct watch *watch, uint8_t *cookie, struct bk_error *err)
{
	uint8_t bytes[PAGE_SIZE_MAX];
	enum bk_code code = BK_OK;

	memset(cookie, 0, 4);
	if (!bk_image_page_count(watch->image))
		return BK_OK;
	code = bk_image_read_page(watch->image, 1, bytes, err);
	if (!code)
		memcpy(cookie, bytes + SCHEMA_COOKIE, 4);
	return code;
}

enum bk_code bk_watch_may_differ(const struct watch *watch, bool *may, struct bk_error *err)
{
	uint8_t cookie[4];
	enum bk_code code;

	*may = !watch->is_known || watch->image->overlay.is_hit;
	if (*may)
		return BK_OK;
	code = read_cookie((struct watch *)(uintptr_t)watch, cookie, err);
	*may = memcmp(cookie, watch->cookie, 4) != 0;
	return code;
}

/* Binds the blob that LENGTH hexadecimal digits are; NULL where they are none. */
static int bind_hex(sqlite3_stmt *statement, int at, const char *text, size_t length)
{
	uint8_t *bytes = malloc(length / 2 + 1);
	int rc;

	if (!bytes)
		return SQLITE_NOMEM;
	rc = bk_hex_decode(bytes, text, length)
		     ? sqlite3_bind_blob64(statement, at, bytes, length / 2, SQLITE_TRANSIENT)
		     : sqlite3_bind_null(statement, at);
	free(bytes);
	return rc;
}

/* A part of a key as somebody writes it: what it can mean goes to parameters AT and AT + 1. */
static int bind_key(sqlite3_stmt *statement, int at, const char *text)
{
	size_t length = strlen(text);
	char *end;
	int64_t number;
	int rc;

	if (length >= 3 && (*text == 'x' || *text == 'X') && text[1] == '\'' &&
		text[length - 1] == '\'')
		return bind_hex(statement, at, text + 2, length - 3);
	errno = 0;
	number = strtoll(text, &end, 10);
	rc = *text && !*end && !errno
		     ? sqlite3_bind_int64(statement, at, number)
		     : sqlite3_bind_text(statement, at, text, -1, SQLITE_TRANSIENT);
	return rc == SQLITE_OK ? bind_hex(statement, at + 1, text, length) : rc;
}

/* "WHERE" of the key's first columns, each to be one of two parameters. */
static enum bk_code add_where(const struct watch *watch, const struct table *table,
	sqlite3_str *sql, struct bk_error *err)
{
	size_t wanted = watch->options->key_count, found = 0;

	for (size_t nth = 1; nth <= wanted; nth++)
		for (size_t i = 0; i < table->column_count; i++) {
			if ((size_t)table->key[i] != nth)
				continue;
			sqlite3_str_appendf(sql, "%s\"%w\" IN (?%d, ?%d)",
				found++ ? " AND " : " WHERE ", table->columns[i],
				(int)(2 * nth - 1), (int)(2 * nth));
		}
	if (!found && wanted == 1 && table->rowid) {
		sqlite3_str_appendf(sql, " WHERE %s IN (?1, ?2)", table->rowid);
		found = 1;
	}
	if (found == wanted)
		return BK_OK;
	return bk_fail(err, BK_E_INVALID, 0, "the key of table %.80s has %zu columns, not %zu",
		table->name, found, wanted);
}

static enum bk_code prepare(struct watch *watch, const struct table *table,
	sqlite3_stmt **statement, struct bk_error *err)
{
	sqlite3_str *sql = sqlite3_str_new(NULL);
	enum bk_code code;
	char *text;
	int rc;

	sqlite3_str_appendall(sql, "SELECT ");
	for (size_t i = 0; i < table->column_count; i++)
		sqlite3_str_appendf(sql, "\"%w\", ", table->columns[i]);
	sqlite3_str_appendf(
		sql, "%s FROM main.\"%w\"", table->rowid ? table->rowid : "NULL", table->name);
	code = add_where(watch, table, sql, err);
	text = sqlite3_str_finish(sql);
	if (!code) {
		rc = text ? sqlite3_prepare_v2(watch->sandbox.db, text, -1, statement, NULL)
			  : SQLITE_NOMEM;
		for (size_t i = 0; i < watch->options->key_count && rc == SQLITE_OK; i++)
			rc = bind_key(*statement, (int)(2 * i + 1), watch->options->key[i]);
		if (rc != SQLITE_OK)
			code = bk_sandbox_fail(&watch->sandbox, "read a table", err);
	}
	sqlite3_free(text);
	return code;
}

static enum bk_code read_rows(struct watch *watch, struct rowset *rows, struct bk_error *err)
{
	sqlite3_stmt *statement = NULL;
	enum bk_code code = prepare(watch, &rows->table, &statement, err);
	int rc = SQLITE_ROW;

	while (!code && (rc = sqlite3_step(statement)) == SQLITE_ROW)
		code = bk_rowset_add(rows, statement, err);
	if (!code && rc != SQLITE_DONE)
		code = bk_sandbox_fail(&watch->sandbox, "read a table", err);
	sqlite3_finalize(statement);
	return code;
}

/* Begins to note which pages are read. */
static enum bk_code begin(struct watch *watch, struct bk_error *err)
{
	struct overlay *overlay = &watch->image->overlay;
	enum bk_code code;

	watch->is_known = false;
	/* No page is to be found in the cache. */
	sqlite3_db_release_memory(watch->sandbox.db);
	bk_pageset_done(&watch->read);
	watch->store.page_size = overlay->store.page_size;
	watch->store.page_count = overlay->store.page_count;
	code = bk_pageset_init(&watch->read, overlay->store.page_count, err);
	return code ? code : read_cookie(watch, watch->cookie, err);
}

enum bk_code bk_watch_read(struct watch *watch, struct rowset *rows, struct bk_error *err)
{
	struct table table = {.name = NULL};
	bool has = false;
	enum bk_code code = begin(watch, err);

	if (code)
		return code;
	bk_budget_begin(&watch->image->budget);
	if (watch->store.page_count)
		code = bk_table_read(&table, &watch->sandbox, watch->table, &has, err);
	bk_rowset_init(rows, &table, watch->image->budget.limits.given);
	if (!code && has)
		code = read_rows(watch, rows, err);
	bk_budget_end(&watch->image->budget);
	if (code) {
		bk_rowset_done(rows);
		return code;
	}
	watch->is_known = true;
	watch->image->overlay.watched = &watch->read;
	watch->image->overlay.is_hit = false;
	return BK_OK;
}

void bk_watch_done(struct watch *watch)
{
	bk_pageset_done(&watch->read);
}

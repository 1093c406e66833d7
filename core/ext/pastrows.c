/* pastrows.c - the rows that a table of a log's past gives, gathered. */
#include "pastrows.h"
#include "rowjson.h"
#include <bk/history.h>
#include <bk/io.h>
#include <bk/listing.h>
#include <bk/moment.h>
#include <bk/query.h>
#include <bk/which.h>
#include <sqlite3ext.h>
#include <stdlib.h>
#include <string.h>

SQLITE_EXTENSION_INIT3

/* Bytes of texts: as all that a log may cost it grows with the log's bytes. */
#define RESULT        ((uint64_t)48 << 20)
#define RESULT_A_BYTE 16
#define RESULT_MAX    ((uint64_t)512 << 20)

/* A further row, of NULLs. NULL: no memory. */
static struct pastrow *add_row(struct pastrows *rows)
{
	size_t capacity = rows->capacity ? 2 * rows->capacity : 64;
	struct pastrow *grown, *row;

	if (rows->count == rows->capacity) {
		grown = realloc(rows->rows, capacity * sizeof *grown);
		if (!grown)
			return NULL;
		rows->rows = grown;
		rows->capacity = capacity;
	}
	row = &rows->rows[rows->count++];
	memset(row, 0, sizeof *row);
	for (size_t i = 0; i < CELLS_MAX; i++)
		row->cells[i].is_null = true;
	return row;
}

static void set_number(struct pastrow *row, size_t at, int64_t number)
{
	row->cells[at] = (struct pastcell){.number = number};
}

/* TEXT, which is taken over; NULL: no memory. */
static enum bk_code set_text(
	struct pastrows *rows, struct pastrow *row, size_t at, char *text, struct bk_error *err)
{
	if (!text)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a row");
	row->cells[at] = (struct pastcell){.text = text};
	rows->bytes += strlen(text);
	return rows->bytes <= rows->bytes_max
		       ? BK_OK
		       : bk_fail(err, BK_E_LIMIT, 0, "it gives more than %d MiB: ask for less",
				 (int)(rows->bytes_max >> 20));
}

static enum bk_code set_time(struct pastrows *rows, struct pastrow *row, size_t at, int64_t time_us,
	struct bk_error *err)
{
	char time[BK_MOMENT_TEXT];

	bk_moment_text(time, time_us, false);
	set_number(row, at + 1, time_us);
	return set_text(rows, row, at, sqlite3_mprintf("%s", time), err);
}

/* A bk_entry_fn. */
static enum bk_code add_entry(void *ctx, const struct bk_entry *entry, struct bk_error *err)
{
	struct pastrows *rows = ctx;
	struct pastrow *row = add_row(rows);
	enum bk_code code;

	if (!row)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a row");
	set_number(row, 0, entry->version);
	code = set_time(rows, row, 1, entry->time_us, err);
	set_number(row, 3, entry->statements);
	set_number(row, 4, entry->sql_bytes);
	set_number(row, 5, entry->log_bytes);
	return code ? code
		    : set_text(rows, row, 6, sqlite3_mprintf("%s", bk_entry_note(entry)), err);
}

static enum bk_code fill_log(struct pastrows *rows, struct bk_log *log, struct bk_error *err)
{
	return bk_listing_each(log, UINT64_MAX, BK_LISTING_VERSIONS, false, add_entry, rows, err);
}

static enum bk_code fill_at(
	struct pastrows *rows, char *const *arguments, struct bk_log *log, struct bk_error *err)
{
	const struct bk_io *io = bk_io_posix();
	const struct bk_row *found;
	struct bk_query *query;
	struct bk_entry entry;
	bool more = true;
	enum bk_code code = bk_which(log, arguments[1], io->ops->now_us(io->ctx), &entry, err);

	if (!code)
		code = bk_query_open(&query, log, entry.version, err);
	if (code)
		return code;
	code = bk_query_table(query, arguments[0], NULL, err);
	while (!code && more) {
		struct pastrow *row;

		code = bk_query_next(query, &found, &more, err);
		if (code || !more)
			break;
		row = add_row(rows);
		code = row ? set_text(rows, row, 0, rowjson_of(found), err)
			   : bk_fail(err, BK_E_NOMEM, 0, "no memory for a row");
	}
	bk_query_close(query);
	return code;
}

/* DIFF goes to the four cells of ROW from AT on. */
static enum bk_code set_diff(struct pastrows *rows, struct pastrow *row, size_t at,
	const struct bk_diff *diff, struct bk_error *err)
{
	static const char *const kinds[] = {"added", "changed", "removed", "schema"};
	enum bk_code code = set_text(rows, row, at, sqlite3_mprintf("%s", kinds[diff->kind]), err);

	if (!code && diff->key.count)
		code = set_text(rows, row, at + 1, rowjson_of(&diff->key), err);
	if (!code && diff->before)
		code = set_text(rows, row, at + 2, rowjson_of(diff->before), err);
	if (!code && diff->after)
		code = set_text(rows, row, at + 3, rowjson_of(diff->after), err);
	return code;
}

/* A bk_diff_fn. */
static enum bk_code on_diff(void *ctx, const struct bk_diff *diff, struct bk_error *err)
{
	struct pastrow *row = add_row(ctx);

	return row ? set_diff(ctx, row, 0, diff, err)
		   : bk_fail(err, BK_E_NOMEM, 0, "no memory for a row");
}

static enum bk_code fill_diff(
	struct pastrows *rows, char *const *arguments, struct bk_log *log, struct bk_error *err)
{
	const struct bk_io *io = bk_io_posix();
	int64_t now = io->ops->now_us(io->ctx);
	struct bk_entry from, to;
	enum bk_code code = bk_which(log, arguments[1], now, &from, err);

	if (!code)
		code = bk_which(log, arguments[2], now, &to, err);
	return code ? code
		    : bk_diff(log, from.version, to.version, arguments[0], on_diff, rows, err);
}

/* A bk_history_fn. */
static enum bk_code on_change(
	void *ctx, const struct bk_entry *entry, const struct bk_diff *diff, struct bk_error *err)
{
	struct pastrow *row = add_row(ctx);
	enum bk_code code;

	if (!row)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a row");
	set_number(row, 0, entry->version);
	code = set_time(ctx, row, 1, entry->time_us, err);
	return code ? code : set_diff(ctx, row, 3, diff, err);
}

static enum bk_code fill_history(
	struct pastrows *rows, char *const *arguments, struct bk_log *log, struct bk_error *err)
{
	const char *key = arguments[1];
	struct bk_history_options options = {.key = &key, .key_count = key ? 1 : 0, .threads = 1};

	return bk_history(log, arguments[0], &options, on_change, rows, err);
}

enum bk_code pastrows_fill(struct pastrows *rows, enum pastkind kind, char *const *arguments,
	struct bk_log *log, struct bk_error *err)
{
	struct bk_log_status status;
	enum bk_code code = bk_log_status(log, &status, err);

	if (code)
		return code;
	rows->bytes_max = RESULT_MAX;
	if (status.log_bytes < (RESULT_MAX - RESULT) / RESULT_A_BYTE)
		rows->bytes_max = RESULT + status.log_bytes * RESULT_A_BYTE;
	switch (kind) {
	case PAST_LOG:
		return fill_log(rows, log, err);
	case PAST_AT:
		return fill_at(rows, arguments, log, err);
	case PAST_DIFF:
		return fill_diff(rows, arguments, log, err);
	case PAST_HISTORY:
		return fill_history(rows, arguments, log, err);
	}
	return BK_OK;
}

void pastrows_done(struct pastrows *rows)
{
	for (size_t i = 0; i < rows->count; i++)
		for (size_t c = 0; c < CELLS_MAX; c++)
			sqlite3_free(rows->rows[i].cells[c].text);
	free(rows->rows);
	*rows = (struct pastrows){.rows = NULL};
}

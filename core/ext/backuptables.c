/* backuptables.c - tables of a log's past, for SELECT.
 *
 *   backup_log                       the versions: version, time, time_us, statements, ...
 *   backup_at(TABLE, VERSION)        the rows of TABLE then: row
 *   backup_diff(TABLE, FROM, TO)     how they differ: change, key, before, after
 *   backup_history(TABLE, KEY)       how the row of KEY changed, or without it all rows: version,
 *                                    time, time_us, change, key, before, after
 *
 * The log is the one that the connection is open on; or name it as the last argument. Rows and keys
 * are JSON objects, since the tables that they come from have columns of their own: row ->> 'state'
 * is one of them.
 *
 * What a table gives is gathered when a scan of it begins. */
#include "backuptables.h"
#include "rowjson.h"
#include <bk/dest.h>
#include <bk/history.h>
#include <bk/listing.h>
#include <bk/moment.h>
#include <bk/query.h>
#include <bk/which.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

SQLITE_EXTENSION_INIT3

#define CELLS_MAX     9
#define ARGUMENTS_MAX 4
#define RESULT_MAX    ((uint64_t)512 << 20) /* bytes of texts */

enum kind { KIND_LOG, KIND_AT, KIND_DIFF, KIND_HISTORY };

/* The hidden columns, which are the arguments, stand behind the others; the last is the log. */
static const struct shape {
	const char *name, *schema;
	int columns, arguments, needed;
} shapes[] = {
	[KIND_LOG] = {"backup_log",
		"CREATE TABLE x(version, time, time_us, statements, sql_bytes, log_bytes, note, "
		"log HIDDEN)",
		7, 1, 0},
	[KIND_AT] = {"backup_at", "CREATE TABLE x(row, tbl HIDDEN, at HIDDEN, log HIDDEN)", 1, 3,
		2},
	[KIND_DIFF] = {"backup_diff",
		"CREATE TABLE x(change, key, before, after, tbl HIDDEN, a HIDDEN, b HIDDEN, log "
		"HIDDEN)",
		4, 4, 3},
	[KIND_HISTORY] = {"backup_history",
		"CREATE TABLE x(version, time, time_us, change, key, before, after, tbl HIDDEN, "
		"of HIDDEN, log HIDDEN)",
		7, 3, 1},
};

struct past_table {
	sqlite3_vtab base;
	sqlite3 *db;
	enum kind kind;
};

/* A value of a row that is given: a text, or where that is NULL a number. */
struct cell {
	char *text; /* sqlite3_free */
	sqlite3_int64 number;
	bool is_null;
};

struct row {
	struct cell cells[CELLS_MAX];
};

struct past_cursor {
	sqlite3_vtab_cursor base;
	struct row *rows;
	size_t count, capacity, at;
	uint64_t bytes;
	char *arguments[ARGUMENTS_MAX]; /* NULL: not given */
};

static int past_connect(sqlite3 *db, void *aux, int argc, const char *const *argv,
	sqlite3_vtab **out, char **message)
{
	enum kind kind = (enum kind)((const struct shape *)aux - shapes);
	struct past_table *table;
	int rc = sqlite3_declare_vtab(db, shapes[kind].schema);

	(void)argc;
	(void)argv;
	(void)message;
	if (rc != SQLITE_OK)
		return rc;
	/* Not for views and triggers, which may be a stranger's. */
	sqlite3_vtab_config(db, SQLITE_VTAB_DIRECTONLY);
	table = sqlite3_malloc(sizeof *table);
	if (!table)
		return SQLITE_NOMEM;
	*table = (struct past_table){.db = db, .kind = kind};
	*out = &table->base;
	return SQLITE_OK;
}

static int past_disconnect(sqlite3_vtab *table)
{
	sqlite3_free(table);
	return SQLITE_OK;
}

/* Arguments are equalities of the hidden columns; idxNum tells which there are. */
static int past_plan(sqlite3_vtab *base, sqlite3_index_info *info)
{
	const struct shape *shape = &shapes[((struct past_table *)base)->kind];
	int found[ARGUMENTS_MAX], next = 1;

	for (int i = 0; i < ARGUMENTS_MAX; i++)
		found[i] = -1;
	for (int i = 0; i < info->nConstraint; i++) {
		int at = info->aConstraint[i].iColumn - shape->columns;

		if (at < 0 || info->aConstraint[i].op != SQLITE_INDEX_CONSTRAINT_EQ)
			continue;
		if (!info->aConstraint[i].usable)
			return SQLITE_CONSTRAINT;
		found[at] = i;
	}
	info->idxNum = 0;
	for (int i = 0; i < shape->arguments; i++) {
		if (found[i] < 0)
			continue;
		info->idxNum |= 1 << i;
		info->aConstraintUsage[found[i]].argvIndex = next++;
		info->aConstraintUsage[found[i]].omit = 1;
	}
	info->estimatedCost = 100000;
	return SQLITE_OK;
}

static int past_open(sqlite3_vtab *table, sqlite3_vtab_cursor **out)
{
	struct past_cursor *cursor = sqlite3_malloc(sizeof *cursor);

	(void)table;
	if (!cursor)
		return SQLITE_NOMEM;
	*cursor = (struct past_cursor){.rows = NULL};
	*out = &cursor->base;
	return SQLITE_OK;
}

static void forget(struct past_cursor *cursor)
{
	for (size_t i = 0; i < cursor->count; i++)
		for (size_t c = 0; c < CELLS_MAX; c++)
			sqlite3_free(cursor->rows[i].cells[c].text);
	free(cursor->rows);
	for (size_t i = 0; i < ARGUMENTS_MAX; i++)
		sqlite3_free(cursor->arguments[i]);
	cursor->rows = NULL;
	cursor->count = cursor->capacity = cursor->at = 0;
	cursor->bytes = 0;
	memset(cursor->arguments, 0, sizeof cursor->arguments);
}

static int past_close(sqlite3_vtab_cursor *base)
{
	forget((struct past_cursor *)base);
	sqlite3_free(base);
	return SQLITE_OK;
}

/* A further row, of NULLs. NULL: no memory. */
static struct row *add_row(struct past_cursor *cursor)
{
	size_t capacity = cursor->capacity ? 2 * cursor->capacity : 64;
	struct row *grown, *row;

	if (cursor->count == cursor->capacity) {
		grown = realloc(cursor->rows, capacity * sizeof *grown);
		if (!grown)
			return NULL;
		cursor->rows = grown;
		cursor->capacity = capacity;
	}
	row = &cursor->rows[cursor->count++];
	memset(row, 0, sizeof *row);
	for (size_t i = 0; i < CELLS_MAX; i++)
		row->cells[i].is_null = true;
	return row;
}

static void set_number(struct row *row, size_t at, int64_t number)
{
	row->cells[at] = (struct cell){.number = number};
}

/* TEXT, which is taken over; NULL: no memory. */
static enum bk_code set_text(
	struct past_cursor *cursor, struct row *row, size_t at, char *text, struct bk_error *err)
{
	if (!text)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a row");
	row->cells[at] = (struct cell){.text = text};
	cursor->bytes += strlen(text);
	return cursor->bytes <= RESULT_MAX
		       ? BK_OK
		       : bk_fail(err, BK_E_LIMIT, 0, "it gives more than %d MiB: ask for less",
				 (int)(RESULT_MAX >> 20));
}

static enum bk_code set_time(struct past_cursor *cursor, struct row *row, size_t at,
	int64_t time_us, struct bk_error *err)
{
	char time[BK_MOMENT_TEXT];

	bk_moment_text(time, time_us, false);
	set_number(row, at + 1, time_us);
	return set_text(cursor, row, at, sqlite3_mprintf("%s", time), err);
}

static enum bk_code add_entry(
	struct past_cursor *cursor, const struct bk_entry *entry, struct bk_error *err)
{
	struct row *row = add_row(cursor);
	enum bk_code code;

	if (!row)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a row");
	set_number(row, 0, entry->version);
	code = set_time(cursor, row, 1, entry->time_us, err);
	set_number(row, 3, entry->statements);
	set_number(row, 4, entry->sql_bytes);
	set_number(row, 5, entry->log_bytes);
	return code ? code
		    : set_text(cursor, row, 6, sqlite3_mprintf("%s", bk_entry_note(entry)), err);
}

static enum bk_code fill_log(struct past_cursor *cursor, struct bk_log *log, struct bk_error *err)
{
	struct bk_listing *listing;
	struct bk_entry entry;
	bool more = true;
	enum bk_code code =
		bk_listing_open_last(&listing, log, UINT64_MAX, BK_LISTING_VERSIONS, err);

	if (code)
		return code;
	while (!code && more) {
		code = bk_listing_next(listing, &entry, &more, err);
		if (!code && more)
			code = add_entry(cursor, &entry, err);
	}
	bk_listing_close(listing);
	return code;
}

static enum bk_code fill_at(struct past_cursor *cursor, struct bk_log *log, struct bk_error *err)
{
	const struct bk_io *io = bk_io_posix();
	const struct bk_row *found;
	struct bk_query *query;
	struct bk_entry entry;
	bool more = true;
	enum bk_code code =
		bk_which(log, cursor->arguments[1], io->ops->now_us(io->ctx), &entry, err);

	if (!code)
		code = bk_query_open(&query, log, entry.version, err);
	if (code)
		return code;
	code = bk_query_table(query, cursor->arguments[0], NULL, err);
	while (!code && more) {
		struct row *row;

		code = bk_query_next(query, &found, &more, err);
		if (code || !more)
			break;
		row = add_row(cursor);
		code = row ? set_text(cursor, row, 0, rowjson_of(found), err)
			   : bk_fail(err, BK_E_NOMEM, 0, "no memory for a row");
	}
	bk_query_close(query);
	return code;
}

/* DIFF goes to the four cells of ROW from AT on. */
static enum bk_code set_diff(struct past_cursor *cursor, struct row *row, size_t at,
	const struct bk_diff *diff, struct bk_error *err)
{
	static const char *const kinds[] = {"added", "changed", "removed", "schema"};
	enum bk_code code =
		set_text(cursor, row, at, sqlite3_mprintf("%s", kinds[diff->kind]), err);

	if (!code && diff->key.count)
		code = set_text(cursor, row, at + 1, rowjson_of(&diff->key), err);
	if (!code && diff->before)
		code = set_text(cursor, row, at + 2, rowjson_of(diff->before), err);
	if (!code && diff->after)
		code = set_text(cursor, row, at + 3, rowjson_of(diff->after), err);
	return code;
}

/* A bk_diff_fn. */
static enum bk_code on_diff(void *ctx, const struct bk_diff *diff, struct bk_error *err)
{
	struct row *row = add_row(ctx);

	return row ? set_diff(ctx, row, 0, diff, err)
		   : bk_fail(err, BK_E_NOMEM, 0, "no memory for a row");
}

static enum bk_code fill_diff(struct past_cursor *cursor, struct bk_log *log, struct bk_error *err)
{
	const struct bk_io *io = bk_io_posix();
	int64_t now = io->ops->now_us(io->ctx);
	struct bk_entry from, to;
	enum bk_code code = bk_which(log, cursor->arguments[1], now, &from, err);

	if (!code)
		code = bk_which(log, cursor->arguments[2], now, &to, err);
	return code ? code
		    : bk_diff(log, from.version, to.version, cursor->arguments[0], on_diff, cursor,
			      err);
}

/* A bk_history_fn. */
static enum bk_code on_change(
	void *ctx, const struct bk_entry *entry, const struct bk_diff *diff, struct bk_error *err)
{
	struct row *row = add_row(ctx);
	enum bk_code code;

	if (!row)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a row");
	set_number(row, 0, entry->version);
	code = set_time(ctx, row, 1, entry->time_us, err);
	return code ? code : set_diff(ctx, row, 3, diff, err);
}

static enum bk_code fill_history(
	struct past_cursor *cursor, struct bk_log *log, struct bk_error *err)
{
	const char *key = cursor->arguments[1];
	struct bk_history_options options = {.key = &key, .key_count = key ? 1 : 0};

	return bk_history(log, cursor->arguments[0], &options, on_change, cursor, err);
}

/* The log that was named, or else the one that the connection is open on; the caller frees it. */
static enum bk_code find_log(sqlite3 *db, const char *named, char **path, struct bk_error *err)
{
	sqlite3_vfs *vfs = NULL;
	const char *name = sqlite3_db_filename(db, "main");

	if (named)
		return bk_dest_path(path, named, err);
	sqlite3_file_control(db, "main", SQLITE_FCNTL_VFS_POINTER, &vfs);
	if (!name || !vfs || !vfs->zName || strcmp(vfs->zName, "backup") != 0)
		return bk_fail(err, BK_E_INVALID, 0,
			"the connection is open on no log: name one as the last argument");
	*path = strdup(name);
	return *path ? BK_OK : bk_fail(err, BK_E_NOMEM, 0, "no memory for a path");
}

static enum bk_code fill(struct past_table *table, struct past_cursor *cursor, struct bk_error *err)
{
	static enum bk_code (*const fills[])(struct past_cursor *, struct bk_log *,
		struct bk_error *) = {fill_log, fill_at, fill_diff, fill_history};
	const struct shape *shape = &shapes[table->kind];
	struct bk_log *log;
	char *path;
	enum bk_code code;

	for (int i = 0; i < shape->needed; i++)
		if (!cursor->arguments[i])
			return bk_fail(err, BK_E_INVALID, 0, "%s wants %d arguments", shape->name,
				shape->needed);
	code = find_log(table->db, cursor->arguments[shape->arguments - 1], &path, err);
	if (code)
		return code;
	code = bk_log_open(&log, bk_io_posix(), path, err);
	free(path);
	if (code)
		return code;
	code = fills[table->kind](cursor, log, err);
	bk_log_close(log);
	return code;
}

static int past_filter(
	sqlite3_vtab_cursor *base, int which, const char *plan, int argc, sqlite3_value **argv)
{
	struct past_cursor *cursor = (struct past_cursor *)base;
	struct past_table *table = (struct past_table *)base->pVtab;
	struct bk_error err;
	int next = 0;

	(void)plan;
	forget(cursor);
	for (int i = 0; i < ARGUMENTS_MAX && next < argc; i++) {
		const char *text;

		if (!(which >> i & 1))
			continue;
		text = (const char *)sqlite3_value_text(argv[next++]);
		cursor->arguments[i] = text ? sqlite3_mprintf("%s", text) : NULL;
	}
	if (!fill(table, cursor, &err))
		return SQLITE_OK;
	sqlite3_free(table->base.zErrMsg);
	table->base.zErrMsg = sqlite3_mprintf("%s", err.msg);
	return err.code == BK_E_NOMEM ? SQLITE_NOMEM : SQLITE_ERROR;
}

static int past_next(sqlite3_vtab_cursor *base)
{
	((struct past_cursor *)base)->at++;
	return SQLITE_OK;
}

static int past_eof(sqlite3_vtab_cursor *base)
{
	struct past_cursor *cursor = (struct past_cursor *)base;

	return cursor->at >= cursor->count;
}

static int past_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int column)
{
	struct past_cursor *cursor = (struct past_cursor *)base;
	const struct shape *shape = &shapes[((struct past_table *)base->pVtab)->kind];
	const struct cell *cell;

	if (column >= shape->columns) {
		const char *argument = cursor->arguments[column - shape->columns];

		if (argument)
			sqlite3_result_text(context, argument, -1, SQLITE_TRANSIENT);
		return SQLITE_OK;
	}
	cell = &cursor->rows[cursor->at].cells[column];
	if (cell->text)
		sqlite3_result_text(context, cell->text, -1, SQLITE_TRANSIENT);
	else if (!cell->is_null)
		sqlite3_result_int64(context, cell->number);
	return SQLITE_OK;
}

static int past_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *rowid)
{
	*rowid = (sqlite3_int64)((struct past_cursor *)base)->at + 1;
	return SQLITE_OK;
}

static const sqlite3_module module = {
	.iVersion = 0,
	.xConnect = past_connect,
	.xBestIndex = past_plan,
	.xDisconnect = past_disconnect,
	.xOpen = past_open,
	.xClose = past_close,
	.xFilter = past_filter,
	.xNext = past_next,
	.xEof = past_eof,
	.xColumn = past_column,
	.xRowid = past_rowid,
};

int backuptables_register(sqlite3 *db)
{
	int rc = SQLITE_OK;

	for (size_t i = 0; i < sizeof shapes / sizeof *shapes && rc == SQLITE_OK; i++)
		rc = sqlite3_create_module(
			db, shapes[i].name, &module, (void *)(uintptr_t)&shapes[i]);
	return rc;
}

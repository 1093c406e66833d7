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
#include "anylog.h"
#include "backuptables.h"
#include "pastrows.h"
#include <bk/dest.h>
#include <bk/text.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

SQLITE_EXTENSION_INIT3

#define ARGUMENTS_MAX 4

/* The hidden columns, which are the arguments, stand behind the others; the last is the log. */
static const struct shape {
	const char *name, *schema;
	int columns, arguments, needed;
} shapes[] = {
	[PAST_LOG] = {"backup_log",
		"CREATE TABLE x(version, time, time_us, statements, sql_bytes, log_bytes, note, "
		"log HIDDEN)",
		7, 1, 0},
	[PAST_AT] = {"backup_at", "CREATE TABLE x(row, tbl HIDDEN, at HIDDEN, log HIDDEN)", 1, 3,
		2},
	[PAST_DIFF] = {"backup_diff",
		"CREATE TABLE x(change, key, before, after, tbl HIDDEN, a HIDDEN, b HIDDEN, log "
		"HIDDEN)",
		4, 4, 3},
	[PAST_HISTORY] = {"backup_history",
		"CREATE TABLE x(version, time, time_us, change, key, before, after, tbl HIDDEN, "
		"of HIDDEN, log HIDDEN)",
		7, 3, 1},
};

struct past_table {
	sqlite3_vtab base;
	sqlite3 *db;
	enum pastkind kind;
};

struct past_cursor {
	sqlite3_vtab_cursor base;
	struct pastrows rows;
	size_t at;
	char *arguments[ARGUMENTS_MAX]; /* NULL: not given */
};

static int past_connect(sqlite3 *db, void *aux, int argc, const char *const *argv,
	sqlite3_vtab **out, char **message)
{
	enum pastkind kind = (enum pastkind)((const struct shape *)aux - shapes);
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
	*cursor = (struct past_cursor){.at = 0};
	*out = &cursor->base;
	return SQLITE_OK;
}

static void forget(struct past_cursor *cursor)
{
	pastrows_done(&cursor->rows);
	for (size_t i = 0; i < ARGUMENTS_MAX; i++)
		sqlite3_free(cursor->arguments[i]);
	cursor->at = 0;
	memset(cursor->arguments, 0, sizeof cursor->arguments);
}

static int past_close(sqlite3_vtab_cursor *base)
{
	forget((struct past_cursor *)base);
	sqlite3_free(base);
	return SQLITE_OK;
}

/* The log that was named, or else the one that the connection is open on; the caller frees it. */
static enum bk_code find_log(sqlite3 *db, const char *named, char **path, struct bk_error *err)
{
	sqlite3_vfs *vfs = NULL;
	const char *name = sqlite3_db_filename(db, "main");

	if (named && !bk_remote_is(named))
		return bk_dest_path(path, named, err);
	if (!named)
		sqlite3_file_control(db, "main", SQLITE_FCNTL_VFS_POINTER, &vfs);
	if (!named && (!name || !vfs || !vfs->zName || strcmp(vfs->zName, "backup") != 0))
		return bk_fail(err, BK_E_INVALID, 0,
			"the connection is open on no log: name one as the last argument");
	*path = strdup(named ? named : name);
	return *path ? BK_OK : bk_fail(err, BK_E_NOMEM, 0, "no memory for a path");
}

static enum bk_code fill(struct past_table *table, struct past_cursor *cursor, struct bk_error *err)
{
	const struct shape *shape = &shapes[table->kind];
	struct anylog log;
	char *path;
	enum bk_code code;

	for (int i = 0; i < shape->needed; i++)
		if (!cursor->arguments[i])
			return bk_fail(err, BK_E_INVALID, 0, "%s wants %d arguments", shape->name,
				shape->needed);
	code = find_log(table->db, cursor->arguments[shape->arguments - 1], &path, err);
	if (code)
		return code;
	code = anylog_open(&log, path, err);
	free(path);
	if (code)
		return code;
	code = pastrows_fill(&cursor->rows, table->kind, cursor->arguments, log.log, err);
	anylog_close(&log);
	return code;
}

static int past_filter(
	sqlite3_vtab_cursor *base, int which, const char *plan, int argc, sqlite3_value **argv)
{
	struct past_cursor *cursor = (struct past_cursor *)base;
	struct past_table *table = (struct past_table *)base->pVtab;
	char shown[BK_SHOWN_SIZE(sizeof((struct bk_error *)NULL)->msg)];
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
	table->base.zErrMsg = sqlite3_mprintf("%s", bk_show_controls(shown, sizeof shown, err.msg));
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

	return cursor->at >= cursor->rows.count;
}

static int past_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int column)
{
	struct past_cursor *cursor = (struct past_cursor *)base;
	const struct shape *shape = &shapes[((struct past_table *)base->pVtab)->kind];
	const struct pastcell *cell;

	if (column >= shape->columns) {
		const char *argument = cursor->arguments[column - shape->columns];

		if (argument)
			sqlite3_result_text(context, argument, -1, SQLITE_TRANSIENT);
		return SQLITE_OK;
	}
	cell = &cursor->rows.rows[cursor->at].cells[column];
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

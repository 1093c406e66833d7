/* check.c - which version a database is, and what SQLite says of it. */
#include "check.h"
#include "file.h"
#include "replay.h"
#include <stdarg.h>

/* So much is told of one kind; what is left is most often more of the same. */
#define NOTES_MAX 10

struct check {
	sqlite3 *db;
	const struct check_options *options;
	struct check_result *result;
	char found[NOTES_MAX][200]; /* what integrity_check finds */
};

static void note(struct check *check, enum bk_note_kind kind, const char *fmt, ...) BK_PRINTF(3, 4);

static void note(struct check *check, enum bk_note_kind kind, const char *fmt, ...)
{
	char what[256];
	va_list args;

	va_start(args, fmt);
	sqlite3_vsnprintf(sizeof what, what, fmt, args);
	va_end(args);
	check->result->notes++;
	if (check->options->note)
		check->options->note(check->options->ctx, kind, what);
}

/* Whether RC is about a part of the database that SQLite here cannot look at, or will not any
 * longer, rather than about us. */
static bool is_of_database(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_NOMEM:
	case SQLITE_IOERR:
	case SQLITE_FULL:
	case SQLITE_CANTOPEN:
		return false;
	default:
		return true;
	}
}

/* What takes the rows of a check, one by one, the NTH from 0. */
typedef void row_fn(struct check *check, sqlite3_stmt *row, uint64_t nth);

/* Runs SQL and has EACH take its rows; counts them in *ROWS, which it goes on from. */
static int run_rows(struct check *check, const char *sql, row_fn *each, uint64_t *rows)
{
	sqlite3_stmt *statement = NULL;
	int rc = sqlite3_prepare_v2(check->db, sql, -1, &statement, NULL);

	if (rc != SQLITE_OK)
		return rc;
	while ((rc = sqlite3_step(statement)) == SQLITE_ROW)
		each(check, statement, (*rows)++);
	sqlite3_finalize(statement);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* Runs PRAGMA over TABLE alone. That it cannot be run is a note. */
static int run_on_table(
	struct check *check, const char *pragma, const char *table, row_fn *each, uint64_t *rows)
{
	char *sql = sqlite3_mprintf("PRAGMA %s(%Q)", pragma, table);
	int rc = sql ? run_rows(check, sql, each, rows) : SQLITE_NOMEM;

	sqlite3_free(sql);
	if (rc == SQLITE_OK || !is_of_database(rc))
		return rc;
	note(check, BK_NOTE_UNCHECKED, "%s of table %s: %s", pragma, table,
		sqlite3_errmsg(check->db));
	return SQLITE_OK;
}

/* Runs PRAGMA over the whole database; where a part keeps that from being done, over one table
 * after the other. */
static int run_pragma(struct check *check, const char *pragma, row_fn *each, uint64_t *rows)
{
	char sql[64];
	sqlite3_stmt *tables = NULL;
	int rc;

	*rows = 0;
	sqlite3_snprintf(sizeof sql, sql, "PRAGMA %s", pragma);
	rc = run_rows(check, sql, each, rows);
	if (rc == SQLITE_OK || !is_of_database(rc))
		return rc;
	*rows = 0;
	rc = sqlite3_prepare_v2(check->db,
		"SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0", -1, &tables,
		NULL);
	while (rc == SQLITE_OK && (rc = sqlite3_step(tables)) == SQLITE_ROW)
		rc = run_on_table(
			check, pragma, (const char *)sqlite3_column_text(tables, 0), each, rows);
	sqlite3_finalize(tables);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* "ok" is no finding, and takes the place of none. */
static void on_integrity(struct check *check, sqlite3_stmt *row, uint64_t nth)
{
	const char *text = (const char *)sqlite3_column_text(row, 0);

	if (nth < NOTES_MAX)
		sqlite3_snprintf(sizeof check->found[nth], check->found[nth], "%s",
			text && sqlite3_stricmp(text, "ok") != 0 ? text : "");
}

static void on_orphan(struct check *check, sqlite3_stmt *row, uint64_t nth)
{
	(void)check;
	(void)row;
	(void)nth;
}

static void on_alien(struct check *check, sqlite3_stmt *row, uint64_t nth)
{
	if (nth < NOTES_MAX)
		note(check, BK_NOTE_ALIEN, "a %s \"%s\"", (const char *)sqlite3_column_text(row, 0),
			(const char *)sqlite3_column_text(row, 1));
}

static void note_more(struct check *check, enum bk_note_kind kind, uint64_t count)
{
	if (count > NOTES_MAX)
		note(check, kind, "%llu more of the kind", (unsigned long long)(count - NOTES_MAX));
}

/* lightningd makes tables and indexes, and nothing else. */
static int check_schema(struct check *check)
{
	uint64_t count = 0;
	int rc = run_rows(check,
		"SELECT CASE type WHEN 'table' THEN 'virtual table' ELSE type END, name FROM "
		"sqlite_schema WHERE type NOT IN ('table', 'index') OR (type = 'table' AND "
		"coalesce(rootpage, 0) = 0)",
		on_alien, &count);

	note_more(check, BK_NOTE_ALIEN, count);
	return rc;
}

static int check_integrity(struct check *check)
{
	uint64_t rows;
	int rc = run_pragma(check, "integrity_check", on_integrity, &rows);

	for (uint64_t i = 0; i < rows && i < NOTES_MAX; i++)
		if (*check->found[i])
			note(check, BK_NOTE_UNSOUND, "%s", check->found[i]);
	note_more(check, BK_NOTE_UNSOUND, rows);
	return rc;
}

static int check_foreign_keys(struct check *check)
{
	uint64_t rows;
	int rc = run_pragma(check, "foreign_key_check", on_orphan, &rows);

	check->result->foreign_key_failures = rows;
	if (rows)
		note(check, BK_NOTE_UNSOUND, "rows that refer to rows that do not exist: %llu",
			(unsigned long long)rows);
	return rc;
}

int bk_check_connection(sqlite3 *db, const struct check_options *options, struct check_result *out)
{
	static const struct check_options defaults;
	struct check_result result = {0};
	struct check check = {
		.db = db, .options = options ? options : &defaults, .result = &result};
	int rc = bk_read_data_version(db, &result.version);

	if (rc == SQLITE_OK)
		rc = bk_read_node_id(db, result.node, sizeof result.node);
	if (rc == SQLITE_OK)
		rc = check_schema(&check);
	if (rc == SQLITE_OK && !check.options->is_quick)
		rc = check_integrity(&check);
	if (rc == SQLITE_OK && !check.options->is_quick)
		rc = check_foreign_keys(&check);
	if (rc == SQLITE_OK)
		*out = result;
	return rc;
}

enum bk_code bk_check_database(struct pagestore *store, const struct bk_io *io,
	const struct check_options *options, struct check_result *out, struct bk_error *err)
{
	struct vfs vfs;
	sqlite3 *db;
	enum bk_code code;
	int rc;

	bk_vfs_init(&vfs, store, io, bk_file_spill_dir(NULL));
	code = bk_vfs_connect(&vfs, &db, err);
	if (code)
		return code;
	rc = sqlite3_exec(
		db, "PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -8192", NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = bk_check_connection(db, options, out);
	if (rc != SQLITE_OK && (vfs.error.code || !is_of_database(rc)))
		code = bk_vfs_fail(&vfs, db, err, "check a database");
	else if (rc != SQLITE_OK)
		code = bk_fail(err, BK_E_DAMAGE, 0, "SQLite cannot read the database: %s",
			sqlite3_errmsg(db));
	sqlite3_close(db);
	return code;
}

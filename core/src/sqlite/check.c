/* check.c - which version a database is, and what SQLite says of it. */
#include "check.h"
#include "sandbox.h"
#include "sound.h"
#include "sqltext.h"
#include "vars.h"
#include <stdarg.h>
#include <string.h>

/* So much is told of one kind; what is left is most often more of the same. */
#define NOTES_MAX 10
#define CALL_MAX  60 /* bytes of a function's name */

struct check {
	struct sandbox sandbox;
	const struct check_options *options;
	struct check_result result;
	/* By the pragma under way: */
	uint64_t found, unchecked;
	char findings[NOTES_MAX][200];
};

static void note(struct check *check, enum bk_note_kind kind, const char *fmt, ...) BK_PRINTF(3, 4);

static void note(struct check *check, enum bk_note_kind kind, const char *fmt, ...)
{
	char what[256];
	va_list args;

	va_start(args, fmt);
	sqlite3_vsnprintf(sizeof what, what, fmt, args);
	va_end(args);
	check->result.notes++;
	if (check->options->note)
		check->options->note(check->options->ctx, kind, what);
}

static void note_more(struct check *check, enum bk_note_kind kind, uint64_t count)
{
	if (count > NOTES_MAX)
		note(check, kind, "%llu more of the kind", (unsigned long long)(count - NOTES_MAX));
}

/* TABLE may be NULL: it is about all of them. */
static void note_unchecked(struct check *check, const char *what, const char *table)
{
	char buffer[120];
	const char *why = bk_budget_why(check->sandbox.budget, buffer, sizeof buffer);

	if (++check->unchecked > NOTES_MAX)
		return;
	note(check, BK_NOTE_UNCHECKED, "%s%s%s: %s", what, table ? " of table " : "",
		table ? table : "", why ? why : sqlite3_errmsg(check->sandbox.db));
}

/* What went wrong is not the database's own. */
static bool is_failure(const struct check *check, int rc)
{
	return check->sandbox.vfs.error.code || (rc & 0xff) == SQLITE_NOMEM;
}

/* What takes the rows of a query, one by one. */
typedef void row_fn(struct check *check, sqlite3_stmt *row);

static void take_integrity(struct check *check, sqlite3_stmt *row)
{
	const char *text = (const char *)sqlite3_column_text(row, 0);

	if (!text || strcmp(text, "ok") == 0)
		return;
	if (check->found < NOTES_MAX)
		sqlite3_snprintf(
			sizeof check->findings[0], check->findings[check->found], "%s", text);
	check->found++;
}

static void take_orphan(struct check *check, sqlite3_stmt *row)
{
	(void)row;
	check->found++;
}

static void take_alien(struct check *check, sqlite3_stmt *row)
{
	if (check->found++ < NOTES_MAX)
		note(check, BK_NOTE_ALIEN, "a %s \"%s\"", (const char *)sqlite3_column_text(row, 0),
			(const char *)sqlite3_column_text(row, 1));
}

/* A table or an index, by its SQL. The shell calls functions of its own there, which run programs,
 * even with -safe: a CHECK's in integrity_check, a DEFAULT's in an INSERT. */
static void take_sql(struct check *check, sqlite3_stmt *row)
{
	const char *kind = (const char *)sqlite3_column_text(row, 0);
	const char *name = (const char *)sqlite3_column_text(row, 1);
	const char *sql = (const char *)sqlite3_column_text(row, 2);
	const char *end = sql ? sql + sqlite3_column_bytes(row, 2) : NULL, *call;
	size_t size;

	if (!kind || !sql)
		return;
	if (bk_sqltext_is_virtual(sql, end)) {
		if (check->found++ < NOTES_MAX)
			note(check, BK_NOTE_ALIEN, "a virtual table \"%s\"", name);
		return;
	}
	call = bk_sqltext_call(sql, end, *kind == 'i', &size);
	if (call && check->found++ < NOTES_MAX)
		note(check, BK_NOTE_ALIEN, "a call of %.*s() in the schema of %s \"%s\"",
			size < CALL_MAX ? (int)size : CALL_MAX, call, kind, name);
}

static void tell_integrity(struct check *check)
{
	for (uint64_t i = 0; i < check->found && i < NOTES_MAX; i++)
		note(check, BK_NOTE_UNSOUND, "%s", check->findings[i]);
	note_more(check, BK_NOTE_UNSOUND, check->found);
}

static void tell_orphans(struct check *check)
{
	check->result.foreign_key_failures = check->found;
	if (check->found)
		note(check, BK_NOTE_UNSOUND, "rows that refer to rows that do not exist: %llu",
			(unsigned long long)check->found);
}

/* One of SQLite's own checks. */
struct pragma {
	const char *name;
	row_fn *take;
	void (*tell)(struct check *check);
};

static const struct pragma pragmas[] = {
	{"integrity_check", take_integrity, tell_integrity},
	{"foreign_key_check", take_orphan, tell_orphans},
};

static int run_rows(struct check *check, const char *sql, row_fn *take)
{
	sqlite3_stmt *statement = NULL;
	int rc = sqlite3_prepare_v2(check->sandbox.db, sql, -1, &statement, NULL);

	if (rc != SQLITE_OK)
		return rc;
	while ((rc = sqlite3_step(statement)) == SQLITE_ROW)
		take(check, statement);
	sqlite3_finalize(statement);
	/* What integrity_check cannot read is a row to it, and it goes on. */
	if (check->sandbox.vfs.error.code)
		return SQLITE_IOERR;
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* That it cannot be run on TABLE is a note, unless nothing more can be run at all. */
static int run_on_table(struct check *check, const struct pragma *pragma, const char *table)
{
	char *sql = sqlite3_mprintf("PRAGMA %s(\"%w\")", pragma->name, table);
	int rc = sql ? run_rows(check, sql, pragma->take) : SQLITE_NOMEM;

	sqlite3_free(sql);
	if (rc == SQLITE_OK || is_failure(check, rc) || check->sandbox.budget->end)
		return rc;
	note_unchecked(check, pragma->name, table);
	return SQLITE_OK;
}

static int run_on_tables(struct check *check, const struct pragma *pragma)
{
	sqlite3_stmt *tables = NULL;
	int rc = sqlite3_prepare_v2(check->sandbox.db,
		"SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 ORDER BY "
		"name",
		-1, &tables, NULL);

	while (rc == SQLITE_OK && (rc = sqlite3_step(tables)) == SQLITE_ROW)
		rc = run_on_table(check, pragma, (const char *)sqlite3_column_text(tables, 0));
	sqlite3_finalize(tables);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* Over the whole database; where a part keeps that from being done, over one table after the
 * other. */
static int run_pragma(struct check *check, const struct pragma *pragma)
{
	char sql[64];
	int rc;

	check->found = check->unchecked = 0;
	sqlite3_snprintf(sizeof sql, sql, "PRAGMA %s", pragma->name);
	rc = run_rows(check, sql, pragma->take);
	if (rc != SQLITE_OK && !is_failure(check, rc) && !check->sandbox.budget->end) {
		check->found = 0;
		rc = run_on_tables(check, pragma);
	}
	if (rc != SQLITE_OK && is_failure(check, rc))
		return rc;
	if (rc != SQLITE_OK)
		note_unchecked(check, pragma->name, NULL);
	note_more(check, BK_NOTE_UNCHECKED, check->unchecked);
	pragma->tell(check);
	return SQLITE_OK;
}

/* lightningd makes tables and indexes, which call no functions, and nothing else. */
static int check_schema(struct check *check)
{
	int rc;

	check->found = 0;
	rc = run_rows(check,
		"SELECT CASE type WHEN 'table' THEN 'virtual table' ELSE type END, name FROM "
		"sqlite_schema WHERE type NOT IN ('table', 'index') OR (type = 'table' AND "
		"coalesce(rootpage, 0) = 0)",
		take_alien);
	note_more(check, BK_NOTE_ALIEN, check->found);
	check->found = 0;
	if (rc == SQLITE_OK)
		rc = run_rows(check,
			"SELECT type, name, sql FROM sqlite_schema WHERE type IN ('table', "
			"'index') AND rootpage <> 0",
			take_sql);
	note_more(check, BK_NOTE_ALIEN, check->found);
	return rc;
}

/* SQLITE_DONE: it is another version. */
static int run_all(struct check *check)
{
	sqlite3 *db = check->sandbox.db;
	int rc = bk_read_data_version(db, &check->result.version);

	if (rc == SQLITE_OK && check->options->version &&
		check->result.version != *check->options->version)
		return SQLITE_DONE;
	if (rc == SQLITE_OK)
		rc = bk_read_node_id(db, check->result.node, sizeof check->result.node);
	if (rc == SQLITE_OK)
		rc = check_schema(check);
	if (rc != SQLITE_OK || check->options->is_quick || bk_sound_is(&check->sandbox))
		return rc;
	for (size_t i = 0; i < sizeof pragmas / sizeof *pragmas && rc == SQLITE_OK; i++)
		rc = run_pragma(check, &pragmas[i]);
	return rc;
}

enum bk_code bk_check_database(struct pagestore *store, const struct bk_io *io,
	struct budget *budget, const struct check_options *options, struct check_result *out,
	struct bk_error *err)
{
	static const struct check_options defaults;
	struct check check = {.options = options ? options : &defaults};
	struct bk_error why;
	enum bk_code code;
	int rc;

	bk_budget_begin(budget);
	code = bk_sandbox_open_reading(&check.sandbox, store, io, budget, &why);
	if (code)
		return code == BK_E_SQL && !budget->end
			       ? bk_fail(err, BK_E_DAMAGE, 0, "%s", why.msg)
			       : bk_fail_as(err, &why);
	rc = run_all(&check);
	if (rc == SQLITE_OK)
		*out = check.result;
	else if (rc == SQLITE_DONE)
		code = bk_fail(err, BK_E_DAMAGE, 0,
			"the database says that it is version %u, and should be %u",
			check.result.version, *check.options->version);
	else if (is_failure(&check, rc) || budget->end)
		code = bk_sandbox_fail(&check.sandbox, "check a database", err);
	else
		code = bk_fail(err, BK_E_DAMAGE, 0, "SQLite cannot read the database: %s",
			sqlite3_errmsg(check.sandbox.db));
	bk_sandbox_close(&check.sandbox);
	bk_budget_end(budget);
	return code;
}

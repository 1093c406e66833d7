/* check.c - what SQLite finds in a database. */
#include "check.h"
#include "sandbox.h"
#include "vars.h"
#include <stdarg.h>
#include <string.h>

#define INTEGRITY_FINDINGS_MAX "100"

struct check {
	struct sandbox sandbox;
	struct check_result result;
};

/* Keeps what is said of the database, if it is one of the first. */
__attribute__((format(printf, 2, 3))) static void say(struct check *check, const char *format, ...)
{
	va_list args;

	if (check->result.kept == CHECK_FINDINGS_KEPT)
		return;
	va_start(args, format);
	sqlite3_vsnprintf(
		CHECK_FINDING_TEXT, check->result.findings[check->result.kept++], format, args);
	va_end(args);
}

static const char *why_not(const struct check *check, char *buffer, size_t size)
{
	const char *why = bk_budget_why(check->sandbox.budget, buffer, size);

	return why ? why : sqlite3_errmsg(check->sandbox.db);
}

static void note_unchecked(struct check *check, const char *what, const char *table)
{
	char buffer[120];

	check->result.unchecked++;
	say(check, "%s%s%s cannot be checked: %s", what, table ? " of table " : "",
		table ? table : "", why_not(check, buffer, sizeof buffer));
}

/* What went wrong is not the database's own. */
static bool is_failure(const struct check *check, int rc)
{
	return check->sandbox.vfs.error.code || (rc & 0xff) == SQLITE_NOMEM;
}

static void take_integrity(struct check *check, sqlite3_stmt *row)
{
	const char *text = (const char *)sqlite3_column_text(row, 0);

	if (!text || strcmp(text, "ok") == 0)
		return;
	check->result.unsound++;
	say(check, "%s", text);
}

static void take_foreign_key(struct check *check, sqlite3_stmt *row)
{
	(void)row;
	check->result.foreign_key_failures++;
}

/* One of the two checks. */
struct kind {
	const char *what;
	const char *all; /* of the whole database */
	const char *one; /* of a table */
	void (*take)(struct check *check, sqlite3_stmt *row);
};

static const struct kind kinds[] = {
	{"the content", "PRAGMA integrity_check(" INTEGRITY_FINDINGS_MAX ")",
		"PRAGMA integrity_check(\"%w\")", take_integrity},
	{"the foreign keys", "PRAGMA foreign_key_check", "PRAGMA foreign_key_check(\"%w\")",
		take_foreign_key},
};

static int run_check(struct check *check, const struct kind *kind, const char *sql)
{
	sqlite3_stmt *statement = NULL;
	int rc = sqlite3_prepare_v2(check->sandbox.db, sql, -1, &statement, NULL);

	if (rc != SQLITE_OK)
		return rc;
	while ((rc = sqlite3_step(statement)) == SQLITE_ROW)
		kind->take(check, statement);
	sqlite3_finalize(statement);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int check_table(struct check *check, const struct kind *kind, const char *table)
{
	char *sql = sqlite3_mprintf(kind->one, table);
	int rc = sql ? run_check(check, kind, sql) : SQLITE_NOMEM;

	sqlite3_free(sql);
	if (rc == SQLITE_OK || is_failure(check, rc))
		return rc;
	note_unchecked(check, kind->what, table);
	return SQLITE_OK;
}

static int check_tables(struct check *check, const struct kind *kind)
{
	sqlite3_stmt *tables = NULL;
	int rc = sqlite3_prepare_v2(check->sandbox.db,
		"SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name", -1, &tables,
		NULL);

	while (rc == SQLITE_OK && (rc = sqlite3_step(tables)) == SQLITE_ROW)
		rc = check_table(check, kind, (const char *)sqlite3_column_text(tables, 0));
	sqlite3_finalize(tables);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* All at once, and if that cannot be, table by table. */
static int check_all(struct check *check, const struct kind *kind)
{
	struct check_result before = check->result;
	int rc = run_check(check, kind, kind->all);

	if (rc == SQLITE_OK || is_failure(check, rc))
		return rc;
	check->result = before;
	if (!check->sandbox.budget->end)
		rc = check_tables(check, kind);
	if (rc == SQLITE_OK || is_failure(check, rc))
		return rc;
	note_unchecked(check, kind->what, NULL);
	return SQLITE_OK;
}

enum bk_code bk_check_database(struct pagestore *store, const struct bk_io *io,
	struct budget *budget, struct check_result *out, struct bk_error *err)
{
	struct check check = {.result = {0}};
	enum bk_code code;
	int rc;

	bk_budget_begin(budget);
	code = bk_sandbox_open_reading(&check.sandbox, store, io, budget, err);
	if (code)
		return code;
	rc = bk_read_data_version(check.sandbox.db, &check.result.version);
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds && rc == SQLITE_OK; i++)
		rc = check_all(&check, &kinds[i]);
	if (rc != SQLITE_OK)
		code = bk_sandbox_fail(&check.sandbox, "check a database", err);
	else
		*out = check.result;
	bk_sandbox_close(&check.sandbox);
	bk_budget_end(budget);
	return code;
}

/* compare.c - two databases, table by table and row by row. */
#include "compare.h"
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* One table's rows in both databases, in the same order. */
struct pair {
	sqlite3_stmt *log, *database;
	int columns;     /* that are compared */
	bool has_number; /* the column behind them tells rows apart: their rowid */
	struct comparison *result;
	struct bk_difference found;
	char where[128], first[128];
};

static const char *text_of(sqlite3_stmt *row, int column)
{
	const char *text = (const char *)sqlite3_column_text(row, column);

	return text ? text : "";
}

static void note(struct pair *pair, uint64_t *count, const char *what, sqlite3_stmt *row)
{
	if (!pair->found.rows && !pair->found.in_log && !pair->found.in_database)
		snprintf(pair->first, sizeof pair->first, "%.40s, the one that begins with %.60s",
			what, text_of(row, 0));
	++*count;
}

static void tell(struct comparison *result, struct bk_difference *found)
{
	uint64_t count = found->rows + found->in_log + found->in_database;

	if (!count)
		return;
	if (!result->differences)
		snprintf(result->first, sizeof result->first, "%.120s: %.120s", found->where,
			found->first);
	result->differences += count;
	if (result->difference)
		result->difference(result->ctx, found);
}

static bool same_value(sqlite3_value *a, sqlite3_value *b)
{
	int type = sqlite3_value_type(a);
	double left, right;

	if (type != sqlite3_value_type(b))
		return false;
	switch (type) {
	case SQLITE_NULL:
		return true;
	case SQLITE_INTEGER:
		return sqlite3_value_int64(a) == sqlite3_value_int64(b);
	case SQLITE_FLOAT:
		left = sqlite3_value_double(a);
		right = sqlite3_value_double(b);
		return memcmp(&left, &right, sizeof left) == 0;
	default:
		return sqlite3_value_bytes(a) == sqlite3_value_bytes(b) &&
		       (sqlite3_value_bytes(a) == 0 ||
			       memcmp(sqlite3_value_blob(a), sqlite3_value_blob(b),
				       (size_t)sqlite3_value_bytes(a)) == 0);
	}
}

static bool same_row(const struct pair *pair)
{
	for (int i = 0; i < pair->columns; i++)
		if (!same_value(sqlite3_column_value(pair->log, i),
			    sqlite3_column_value(pair->database, i)))
			return false;
	return true;
}

/* Which row comes first, by its number: below 0 the log's. */
static int order(const struct pair *pair)
{
	sqlite3_int64 log, database;

	if (!pair->has_number)
		return 0;
	log = sqlite3_column_int64(pair->log, pair->columns);
	database = sqlite3_column_int64(pair->database, pair->columns);
	return log < database ? -1 : log > database;
}

/* Two rows that differ: notes it. *STEP_LOG and *STEP_DATABASE say who goes on. */
static void note_rows(struct pair *pair, bool *step_log, bool *step_database)
{
	int before = order(pair);

	*step_log = before <= 0;
	*step_database = before >= 0;
	if (before < 0)
		note(pair, &pair->found.in_log, "a row is in the log only", pair->log);
	else if (before > 0)
		note(pair, &pair->found.in_database, "a row is in the database only",
			pair->database);
	else
		note(pair, &pair->found.rows, "a row differs", pair->log);
}

/* Steps both through their rows. Numbers are looked at only where rows differ: after a VACUUM the
 * same rows may have others. */
static int compare_rows(struct pair *pair)
{
	int log = sqlite3_step(pair->log), database = sqlite3_step(pair->database);

	while (log == SQLITE_ROW || database == SQLITE_ROW) {
		bool step_log = log == SQLITE_ROW, step_database = database == SQLITE_ROW;

		pair->result->rows++;
		if (!step_log && log != SQLITE_DONE)
			return log;
		if (!step_database && database != SQLITE_DONE)
			return database;
		if (!step_log)
			note(pair, &pair->found.in_database, "a row is in the database only",
				pair->database);
		else if (!step_database)
			note(pair, &pair->found.in_log, "a row is in the log only", pair->log);
		else if (!same_row(pair))
			note_rows(pair, &step_log, &step_database);
		if (step_log)
			log = sqlite3_step(pair->log);
		if (step_database)
			database = sqlite3_step(pair->database);
	}
	return log == SQLITE_DONE ? database == SQLITE_DONE ? SQLITE_OK : database : log;
}

/* The names of the columns of TABLE that are stored, each followed by AFTER; NULL: no memory, or no
 * such table. The caller frees it with sqlite3_free. */
static char *columns_of(sqlite3 *db, const char *table, const char *after, int *count)
{
	char *sql = sqlite3_mprintf("PRAGMA table_info(%Q)", table);
	sqlite3_str *names = sqlite3_str_new(db);
	sqlite3_stmt *statement = NULL;

	*count = 0;
	if (sql && sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK)
		while (sqlite3_step(statement) == SQLITE_ROW)
			sqlite3_str_appendf(names, "%s\"%w\"%s", (*count)++ ? ", " : "",
				text_of(statement, 1), after);
	sqlite3_finalize(statement);
	sqlite3_free(sql);
	return sqlite3_str_finish(names);
}

static int prepare_text(sqlite3 *db, char *sql, sqlite3_stmt **out)
{
	int rc = sql ? sqlite3_prepare_v2(db, sql, -1, out, NULL) : SQLITE_NOMEM;

	sqlite3_free(sql);
	return rc;
}

/* All rows of TABLE, by their rowid, or where there is none (WITHOUT ROWID) by all their bytes. */
static int prepare_table(sqlite3 *db, const char *table, struct pair *pair, sqlite3_stmt **out)
{
	char *names = columns_of(db, table, "", &pair->columns), *by;
	int rc = names ? prepare_text(db,
				 sqlite3_mprintf("SELECT %s, rowid FROM \"%w\" ORDER BY rowid",
					 names, table),
				 out)
		       : SQLITE_NOMEM;

	pair->has_number = rc == SQLITE_OK;
	if (rc != SQLITE_ERROR || !pair->columns) {
		sqlite3_free(names);
		return rc;
	}
	by = columns_of(db, table, " COLLATE BINARY", &pair->columns);
	rc = by ? prepare_text(db,
			  sqlite3_mprintf("SELECT %s FROM \"%w\" ORDER BY %s", names, table, by),
			  out)
		: SQLITE_NOMEM;
	sqlite3_free(names);
	sqlite3_free(by);
	return rc;
}

static void pair_init(
	struct pair *pair, struct comparison *result, const char *of, const char *name)
{
	*pair = (struct pair){.result = result};
	snprintf(pair->where, sizeof pair->where, "%s%s", of, name);
	pair->found.where = pair->where;
	pair->found.first = pair->first;
}

static void pair_done(struct pair *pair)
{
	sqlite3_finalize(pair->log);
	sqlite3_finalize(pair->database);
	tell(pair->result, &pair->found);
}

/* Says of the one that failed what it says of itself. Before their statements are finalized. */
static enum bk_code compare_failed(const struct sandbox *log, const struct sandbox *database,
	const char *table, struct bk_error *err)
{
	int rc = sqlite3_errcode(log->db);
	bool is_log = log->vfs.error.code || log->budget->end ||
		      (rc != SQLITE_OK && rc != SQLITE_ROW && rc != SQLITE_DONE);
	char doing[120];

	snprintf(doing, sizeof doing, "compare the table %.80s", table);
	return bk_sandbox_fail(is_log ? log : database, doing, err);
}

static enum bk_code compare_table(const struct sandbox *log, const struct sandbox *database,
	const char *table, struct comparison *result, struct bk_error *err)
{
	enum bk_code code = BK_OK;
	struct pair pair;
	int rc, columns;

	pair_init(&pair, result, "table ", table);
	rc = prepare_table(log->db, table, &pair, &pair.log);
	columns = pair.columns;
	if (rc == SQLITE_OK)
		rc = prepare_table(database->db, table, &pair, &pair.database);
	if (rc == SQLITE_OK && pair.columns == columns)
		rc = compare_rows(&pair);
	if (rc != SQLITE_OK)
		code = compare_failed(log, database, table, err);
	pair_done(&pair);
	result->tables++;
	return code;
}

/* Which of two objects of the schema comes first. */
static int schema_order(const struct pair *pair)
{
	int by_name = strcmp(text_of(pair->log, 0), text_of(pair->database, 0));

	return by_name ? by_name : strcmp(text_of(pair->log, 1), text_of(pair->database, 1));
}

static void tell_object(struct comparison *result, sqlite3_stmt *row, int before)
{
	char where[128], first[64];
	struct bk_difference found = {.where = where, .first = first};

	snprintf(where, sizeof where, "%.20s %.100s", text_of(row, 1), text_of(row, 0));
	snprintf(first, sizeof first, "%s",
		before < 0   ? "it is in the log only"
		: before > 0 ? "it is in the database only"
			     : "it is made otherwise");
	*(before < 0 ? &found.in_log : before > 0 ? &found.in_database : &found.rows) = 1;
	tell(result, &found);
}

/* Steps both through their schemas, which are ordered by name and type. */
static int compare_objects(struct pair *pair)
{
	int log = sqlite3_step(pair->log), database = sqlite3_step(pair->database);

	while (log == SQLITE_ROW || database == SQLITE_ROW) {
		int before = log != SQLITE_ROW        ? 1
			     : database != SQLITE_ROW ? -1
						      : schema_order(pair);

		if ((log != SQLITE_ROW && log != SQLITE_DONE) ||
			(database != SQLITE_ROW && database != SQLITE_DONE))
			break;
		if (before || !same_row(pair))
			tell_object(pair->result, before <= 0 ? pair->log : pair->database, before);
		if (before <= 0)
			log = sqlite3_step(pair->log);
		if (before >= 0)
			database = sqlite3_step(pair->database);
	}
	return log == SQLITE_DONE ? database == SQLITE_DONE ? SQLITE_OK : database : log;
}

static enum bk_code compare_schemas(const struct sandbox *log, const struct sandbox *database,
	struct comparison *result, struct bk_error *err)
{
	static const char sql[] = "SELECT name, type, tbl_name, sql FROM sqlite_schema ORDER BY "
				  "name COLLATE BINARY, type COLLATE BINARY";
	enum bk_code code = BK_OK;
	struct pair pair;
	int rc;

	pair_init(&pair, result, "the schema", "");
	pair.columns = 4;
	rc = sqlite3_prepare_v2(log->db, sql, -1, &pair.log, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_prepare_v2(database->db, sql, -1, &pair.database, NULL);
	if (rc == SQLITE_OK)
		rc = compare_objects(&pair);
	if (rc != SQLITE_OK)
		code = compare_failed(log, database, "sqlite_schema", err);
	pair_done(&pair);
	return code;
}

/* What stands in the database's header, and is the application's own. */
static enum bk_code compare_header(const struct sandbox *log, const struct sandbox *database,
	const char *name, struct comparison *result, struct bk_error *err)
{
	char sql[64];
	struct pair pair;
	enum bk_code code = BK_OK;
	int rc;

	snprintf(sql, sizeof sql, "PRAGMA %s", name);
	pair_init(&pair, result, name, "");
	pair.columns = 1;
	rc = sqlite3_prepare_v2(log->db, sql, -1, &pair.log, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_prepare_v2(database->db, sql, -1, &pair.database, NULL);
	if (rc != SQLITE_OK) {
		code = compare_failed(log, database, "sqlite_schema", err);
	} else if (sqlite3_step(pair.log) == SQLITE_ROW &&
		   sqlite3_step(pair.database) == SQLITE_ROW && !same_row(&pair)) {
		snprintf(pair.first, sizeof pair.first, "%.40s in the log, %.40s in the database",
			text_of(pair.log, 0), text_of(pair.database, 0));
		pair.found.rows = 1;
	}
	pair_done(&pair);
	return code;
}

/* Whether DATABASE has TABLE with as many columns: else the schemas told of it. */
static bool has_table(sqlite3 *log, sqlite3 *database, const char *table)
{
	int ours, theirs;

	sqlite3_free(columns_of(log, table, "", &ours));
	sqlite3_free(columns_of(database, table, "", &theirs));
	return theirs && ours == theirs;
}

static enum bk_code compare_headers(const struct sandbox *log, const struct sandbox *database,
	struct comparison *result, struct bk_error *err)
{
	static const char *const names[] = {"user_version", "application_id", "encoding"};
	enum bk_code code = BK_OK;

	for (size_t i = 0; i < sizeof names / sizeof *names && !code; i++)
		code = compare_header(log, database, names[i], result, err);
	return code;
}

static enum bk_code compare_tables(const struct sandbox *log, const struct sandbox *database,
	struct comparison *result, struct bk_error *err)
{
	sqlite3_stmt *tables = NULL;
	enum bk_code code = BK_OK;
	int rc = sqlite3_prepare_v2(log->db,
		"SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 "
		"ORDER BY name",
		-1, &tables, NULL);

	while (rc == SQLITE_OK && !code && (rc = sqlite3_step(tables)) == SQLITE_ROW) {
		const char *table = text_of(tables, 0);

		if (has_table(log->db, database->db, table))
			code = compare_table(log, database, table, result, err);
		rc = SQLITE_OK;
	}
	if (!code && rc != SQLITE_DONE)
		code = compare_failed(log, database, "sqlite_schema", err);
	sqlite3_finalize(tables);
	return code;
}

enum bk_code bk_compare_databases(const struct sandbox *log, const struct sandbox *database,
	struct comparison *result, struct bk_error *err)
{
	enum bk_code code = compare_schemas(log, database, result, err);

	if (!code)
		code = compare_headers(log, database, result, err);
	return code ? code : compare_tables(log, database, result, err);
}

/* sql.c - SQLite as the tests use it. */
#include "sql.h"
#include <stdarg.h>
#include <xxhash.h>

#define BUSY_MS 60000

#define SCHEMA "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name"
#define TABLES "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 ORDER BY name"

sqlite3 *sql_open(const char *path)
{
	sqlite3 *db = NULL;

	cr_assert(sqlite3_open(path, &db) == SQLITE_OK, "cannot open %s", path);
	/* As lightningd does, while others look at what it writes. */
	sqlite3_busy_timeout(db, BUSY_MS);
	sql_run(db, "PRAGMA foreign_keys = ON");
	sql_run(db, "PRAGMA synchronous = OFF");
	return db;
}

void sql_run(sqlite3 *db, const char *fmt, ...)
{
	va_list args;
	char *sql, *message = NULL;

	va_start(args, fmt);
	sql = sqlite3_vmprintf(fmt, args);
	va_end(args);
	cr_assert(sqlite3_exec(db, sql, NULL, NULL, &message) == SQLITE_OK, "%.200s: %s", sql,
		message);
	sqlite3_free(sql);
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *statement = NULL;

	cr_assert(sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK, "%s: %s", sql,
		sqlite3_errmsg(db));
	return statement;
}

int64_t sql_int(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *statement = prepare(db, sql);
	int64_t value;

	cr_assert(sqlite3_step(statement) == SQLITE_ROW, "%s: %s", sql, sqlite3_errmsg(db));
	value = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return value;
}

sqlite3 *sql_image(struct bk_image *image)
{
	size_t size = (size_t)bk_image_size(image), done;
	uint8_t *bytes = sqlite3_malloc64(size + 1);
	sqlite3 *db = NULL;

	cr_assert(bytes && sqlite3_open(":memory:", &db) == SQLITE_OK);
	ok(bk_image_read(image, bytes, size, 0, &done, why()));
	cr_assert(done == size);
	if (!size) {
		sqlite3_free(bytes);
		return db;
	}
	cr_assert(
		sqlite3_deserialize(db, "main", bytes, (sqlite3_int64)size, (sqlite3_int64)size,
			SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_READONLY) == SQLITE_OK);
	return db;
}

static bool same_value(sqlite3_stmt *a, sqlite3_stmt *b, int column)
{
	int type = sqlite3_column_type(a, column);
	int size;

	if (sqlite3_column_type(b, column) != type)
		return false;
	switch (type) {
	case SQLITE_NULL:
		return true;
	case SQLITE_INTEGER:
		return sqlite3_column_int64(a, column) == sqlite3_column_int64(b, column);
	case SQLITE_FLOAT: {
		double left = sqlite3_column_double(a, column);
		double right = sqlite3_column_double(b, column);

		return memcmp(&left, &right, sizeof left) == 0;
	}
	default:
		size = sqlite3_column_bytes(a, column);
		return sqlite3_column_bytes(b, column) == size &&
		       (!size || memcmp(sqlite3_column_blob(a, column),
					 sqlite3_column_blob(b, column), (size_t)size) == 0);
	}
}

static bool same_row(sqlite3_stmt *a, sqlite3_stmt *b)
{
	int columns = sqlite3_column_count(a);

	for (int i = 0; i < columns; i++)
		if (!same_value(a, b, i))
			return false;
	return sqlite3_column_count(b) == columns;
}

/* Fails unless SQL gives the same rows on both. */
static void same_rows(sqlite3 *a, sqlite3 *b, const char *sql, const char *what)
{
	sqlite3_stmt *left = prepare(a, sql), *right = prepare(b, sql);
	unsigned row = 0;
	int rc;

	do {
		rc = sqlite3_step(left);
		row++;
		cr_assert(sqlite3_step(right) == rc && (rc == SQLITE_ROW || rc == SQLITE_DONE) &&
				  (rc == SQLITE_DONE || same_row(left, right)),
			"%s: row %u of \"%s\" differs", what, row, sql);
	} while (rc == SQLITE_ROW);
	sqlite3_finalize(left);
	sqlite3_finalize(right);
}

/* Adds what the rows of SQL hold to SUM: each value's type, size and bytes. */
static uint64_t add_rows(uint64_t sum, sqlite3 *db, const char *sql)
{
	sqlite3_stmt *rows = prepare(db, sql);

	while (sqlite3_step(rows) == SQLITE_ROW)
		for (int i = 0; i < sqlite3_column_count(rows); i++) {
			char head[32];
			const void *bytes;
			int size, type = sqlite3_column_type(rows, i);

			bytes = type == SQLITE_BLOB ? sqlite3_column_blob(rows, i)
						    : sqlite3_column_text(rows, i);
			size = sqlite3_column_bytes(rows, i);
			sqlite3_snprintf(sizeof head, head, "%d:%d:", type, size);
			sum = XXH3_64bits_withSeed(head, strlen(head), sum);
			sum = XXH3_64bits_withSeed(bytes, (size_t)size, sum);
		}
	sqlite3_finalize(rows);
	return sum;
}

uint64_t sql_sum(sqlite3 *db)
{
	uint64_t sum = add_rows(0, db, SCHEMA);
	sqlite3_stmt *tables = prepare(db, TABLES);

	while (sqlite3_step(tables) == SQLITE_ROW) {
		char *sql = sqlite3_mprintf("SELECT * FROM \"%w\"", sqlite3_column_text(tables, 0));

		sum = add_rows(sum, db, sql);
		sqlite3_free(sql);
	}
	sqlite3_finalize(tables);
	return sum;
}

void sql_same(sqlite3 *a, sqlite3 *b, const char *what)
{
	sqlite3_stmt *tables;

	same_rows(a, b, SCHEMA, what);
	tables = prepare(a, TABLES);
	while (sqlite3_step(tables) == SQLITE_ROW) {
		char *sql = sqlite3_mprintf("SELECT * FROM \"%w\"", sqlite3_column_text(tables, 0));

		same_rows(a, b, sql, what);
		sqlite3_free(sql);
	}
	sqlite3_finalize(tables);
}

/* test_check.c - whether a database is sound, as SQLite sees it (check.h). */
#include "check.h"
#include "sql.h"

SUITE(check);

/* A database file's bytes as pages, read-only. */
struct pages {
	struct pagestore store;
	uint8_t *bytes;
};

static enum bk_code pages_read(
	struct pagestore *store, uint32_t page, void *dst, struct bk_error *err)
{
	const struct pages *pages = (const struct pages *)store;

	(void)err;
	memcpy(dst, pages->bytes + (size_t)(page - 1) * store->page_size, store->page_size);
	return BK_OK;
}

static void pages_of(struct pages *pages, const char *sql)
{
	sqlite3 *db = sql_open(scratch("db"));
	size_t size;

	sql_run(db, "PRAGMA foreign_keys = OFF");
	sql_run(db, "%s", sql);
	pages->store.page_size = (uint32_t)sql_int(db, "PRAGMA page_size");
	sqlite3_close(db);
	pages->bytes = file_bytes(scratch("db"), &size);
	pages->store.page_count = (uint32_t)(size / pages->store.page_size);
	pages->store.read = pages_read;
	unlink(scratch("db"));
}

static enum bk_code check(struct pages *pages, struct check_result *result)
{
	struct budget budget;

	bk_budget_init(&budget, NULL);
	return bk_check_database(&pages->store, bk_io_posix(), &budget, result, why());
}

Test(check, a_sound_database)
{
	struct pages pages = {.bytes = NULL};
	struct check_result result;

	pages_of(&pages,
		"CREATE TABLE vars (name, intval); INSERT INTO vars VALUES ('data_version', 42);"
		"CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (x REFERENCES p (id));"
		"INSERT INTO p VALUES (1); INSERT INTO c VALUES (1)");
	ok(check(&pages, &result));
	cr_assert(result.version == 42 && result.foreign_key_failures == 0);
	free(pages.bytes);
}

Test(check, rows_that_refer_to_nothing_are_counted)
{
	struct pages pages = {.bytes = NULL};
	struct check_result result;

	pages_of(&pages,
		"CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (x REFERENCES p (id));"
		"INSERT INTO c VALUES (1), (2), (NULL)");
	ok(check(&pages, &result));
	cr_assert(result.version == 0 && result.foreign_key_failures == 2);
	free(pages.bytes);
}

Test(check, an_empty_database_is_sound)
{
	struct pages pages = {.store = {.read = pages_read}};
	struct check_result result;

	ok(check(&pages, &result));
	cr_assert(result.version == 0 && result.foreign_key_failures == 0);
}

/* "What is found is the node's own": it is told, and no failure. */
Test(check, a_database_that_is_not_sound)
{
	struct pages pages = {.bytes = NULL};
	struct check_result result;

	pages_of(&pages, "CREATE TABLE t (x PRIMARY KEY) ; INSERT INTO t VALUES (1), (2), (3)");
	/* Page 3 is the index; its first entry now points at another row. */
	pages.bytes[3 * 4096 - 1] ^= 3;
	ok(check(&pages, &result));
	cr_assert(result.unsound && result.kept && strstr(result.findings[0], "index"));
	memset(pages.bytes + 2 * 4096, 0xee, 4096);
	ok(check(&pages, &result));
	cr_assert(result.unsound && result.kept);
	free(pages.bytes);
}

/* What one table needs hides nothing of the others. */
Test(check, tables_that_cannot_be_checked)
{
	struct pages pages = {.bytes = NULL};
	struct check_result result;

	pages_of(&pages,
		"CREATE TABLE vars (name, intval); INSERT INTO vars VALUES ('data_version', 42);"
		"CREATE TABLE \"odd \"\"name\" (x CHECK (x <> 5)); INSERT INTO \"odd \"\"name\" "
		"VALUES "
		"(7); CREATE TABLE p (id); CREATE TABLE c (x REFERENCES p (id)); INSERT INTO c "
		"VALUES "
		"(1); CREATE TABLE k (y REFERENCES odd (x), z REFERENCES vars (rowid));"
		"CREATE TABLE s (x NOT NULL); INSERT INTO s VALUES (1);"
		"PRAGMA writable_schema = ON;"
		"UPDATE sqlite_schema SET sql = replace(sql, 'x <> 5', 'myf(x)') WHERE name LIKE "
		"'odd%';"
		"UPDATE sqlite_schema SET sql = replace(sql, '(x NOT NULL)', '(x NOT NULL CHECK (x "
		"> 5))') "
		"WHERE name = 's'");
	ok(check(&pages, &result));
	cr_assert(result.version == 42 && result.unsound == 1 && result.unchecked >= 2);
	cr_assert(result.kept > 2);
	for (unsigned i = 0; i < result.kept; i++)
		cr_assert(
			strstr(result.findings[i], "CHECK constraint failed in s") ||
				strstr(result.findings[i], "cannot be checked: unknown function") ||
				strstr(result.findings[i],
					"cannot be checked: foreign key mismatch"),
			"%s", result.findings[i]);
	free(pages.bytes);
}

Test(check, bytes_that_are_no_database)
{
	struct pages pages = {.bytes = NULL};
	struct check_result result;

	pages_of(&pages, "CREATE TABLE t (x)");
	pages.bytes[0] = 'x';
	fails(BK_E_SQL, check(&pages, &result));
	says("file is not a database");
	free(pages.bytes);
}

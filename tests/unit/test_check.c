/* test_check.c - whether a database is sound, as SQLite sees it (check.h). */
#include "check.h"
#include "sql.h"
#include <errno.h>

SUITE(check);

/* A database file's bytes as pages, read-only. */
struct pages {
	struct pagestore store;
	uint8_t *bytes;
	unsigned reads, failing; /* that read fails, once; 0: none */
};

static enum bk_code pages_read(
	struct pagestore *store, uint32_t page, void *dst, struct bk_error *err)
{
	struct pages *pages = (struct pages *)store;

	if (++pages->reads == pages->failing)
		return bk_fail(err, BK_E_IO, EIO, "a read of ours fails");
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

/* The notes of the last check, a line each: "unsound: ...". */
static char notes[4096];

static void on_note(void *ctx, enum bk_note_kind kind, const char *what)
{
	static const char *const kinds[] = {[BK_NOTE_UNSOUND] = "unsound",
		[BK_NOTE_UNCHECKED] = "unchecked",
		[BK_NOTE_ALIEN] = "alien"};
	size_t used = strlen(notes);

	(void)ctx;
	snprintf(notes + used, sizeof notes - used, "%s: %s\n", kinds[kind], what);
}

static enum bk_code check(struct pages *pages, struct check_result *result)
{
	static const struct check_options options = {.note = on_note};
	struct budget budget;

	*notes = '\0';
	bk_budget_init(&budget, NULL);
	return bk_check_database(&pages->store, bk_io_posix(), &budget, &options, result, why());
}

static void noted(const char *text)
{
	cr_assert(strstr(notes, text), "no \"%s\" in: %s", text, notes);
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

/* "Only a database that cannot be read is a failure." */
Test(check, a_database_that_is_not_sound)
{
	struct pages pages = {.bytes = NULL};
	struct check_result result;

	pages_of(&pages, "CREATE TABLE t (x PRIMARY KEY) ; INSERT INTO t VALUES (1), (2), (3)");
	/* Page 3 is the index; its first entry now points at another row. */
	pages.bytes[3 * 4096 - 1] ^= 3;
	ok(check(&pages, &result));
	noted("unsound: row 1 missing from index sqlite_autoindex_t_1\n");
	memset(pages.bytes + 2 * 4096, 0xee, 4096);
	ok(check(&pages, &result));
	noted("unsound: ");
	free(pages.bytes);
}

Test(check, rows_that_break_a_constraint)
{
	struct pages pages = {.bytes = NULL};
	struct check_result result;

	pages_of(&pages, "CREATE TABLE t (x CHECK (x > 0), y NOT NULL);"
			 "PRAGMA ignore_check_constraints = ON; INSERT INTO t VALUES (-1, 2)");
	ok(check(&pages, &result));
	noted("unsound: CHECK constraint failed in t\n");
	cr_assert(result.notes == 1, "%s", notes);
	free(pages.bytes);
}

/* A parent's column that is not unique, even with no rows; the other tables are checked. */
Test(check, foreign_keys_that_cannot_be_checked)
{
	struct pages pages = {.bytes = NULL};
	struct check_result result;

	pages_of(&pages, "CREATE TABLE p (id); CREATE TABLE c (x REFERENCES p (id));"
			 "CREATE TABLE q (id PRIMARY KEY); CREATE TABLE d (x REFERENCES q);"
			 "INSERT INTO d VALUES (1)");
	ok(check(&pages, &result));
	noted("unchecked: foreign_key_check of table c: foreign key mismatch - \"c\" referencing");
	noted("unsound: rows that refer to rows that do not exist: 1\n");
	cr_assert(result.notes == 2 && result.foreign_key_failures == 1, "%s", notes);
	free(pages.bytes);
}

static int compare_anyhow(void *ctx, int a_size, const void *a, int b_size, const void *b)
{
	int size = a_size < b_size ? a_size : b_size, order = memcmp(a, b, (size_t)size);

	(void)ctx;
	return order ? order : a_size - b_size;
}

static void give_first(sqlite3_context *context, int count, sqlite3_value **args)
{
	(void)count;
	sqlite3_result_value(context, args[0]);
}

/* A collation in an index, a function in an index, a CHECK, a generated column: not ours here. */
Test(check, what_this_sqlite_does_not_have)
{
	static const char *const tables[] = {"CREATE TABLE m (a TEXT COLLATE far PRIMARY KEY)",
		"CREATE TABLE m (a); CREATE INDEX mi ON m (far (a))",
		"CREATE TABLE m (a CHECK (far (a)))", "CREATE TABLE m (a, b AS (far (a)) UNIQUE)"};

	for (size_t i = 0; i < COUNT_OF(tables); i++) {
		struct pages pages = {.bytes = NULL};
		struct check_result result;
		sqlite3 *db = sql_open(scratch("db"));
		size_t size;

		sqlite3_create_collation(db, "far", SQLITE_UTF8, NULL, compare_anyhow);
		sqlite3_create_function(db, "far", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL,
			give_first, NULL, NULL);
		sql_run(db, "%s", tables[i]);
		sql_run(db, "INSERT INTO m (a) VALUES (7)");
		sql_run(db, "CREATE TABLE vars (name, intval)");
		sql_run(db, "INSERT INTO vars VALUES ('data_version', 3)");
		sqlite3_close(db);
		pages.bytes = file_bytes(scratch("db"), &size);
		pages.store.page_size = 4096;
		pages.store.page_count = (uint32_t)(size / 4096);
		pages.store.read = pages_read;
		unlink(scratch("db"));
		ok(check(&pages, &result));
		cr_assert(result.version == 3);
		noted("unchecked: integrity_check of table m: ");
		noted("far");
		cr_assert(!strstr(notes, "table vars"), "%s", notes);
		free(pages.bytes);
	}
}

/* "A node's database has no views or triggers of its own making." */
Test(check, what_no_node_has)
{
	struct pages pages = {.bytes = NULL};
	struct check_result result;
	static const struct check_options quick = {.is_quick = true, .note = on_note};
	struct budget budget;

	pages_of(&pages, "CREATE TABLE t (x); CREATE INDEX i ON t (x); CREATE VIEW v AS SELECT 1;"
			 "CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 2; END;"
			 "CREATE TABLE c (x CHECK (x > 0), y DEFAULT (hex(1)));"
			 "CREATE INDEX j ON c (abs(x)); CREATE INDEX k ON c (x) WHERE x IN (1, 2);"
			 "CREATE TABLE spare (x); PRAGMA writable_schema = ON;"
			 "INSERT INTO sqlite_schema SELECT type, 'w', 'w', rootpage, 'CREATE/**/ "
			 "virtual TABLE w USING fts5(x)' FROM sqlite_schema WHERE name = 'spare'");
	*notes = '\0';
	bk_budget_init(&budget, NULL);
	ok(bk_check_database(&pages.store, bk_io_posix(), &budget, &quick, &result, why()));
	cr_assert(result.notes == 5, "%s", notes);
	noted("alien: a virtual table \"w\"\n");
	noted("alien: a call of hex() in the schema of table \"c\"\n");
	noted("alien: a call of abs() in the schema of index \"j\"\n");
	noted("alien: a view \"v\"\n");
	noted("alien: a trigger \"g\"\n");
	free(pages.bytes);
}

Test(check, whose_it_is)
{
	struct pages pages = {.bytes = NULL};
	struct check_result result;

	pages_of(&pages, "CREATE TABLE vars (name, val, intval, blobval);"
			 "INSERT INTO vars (name, blobval) VALUES ('node_id', x'02ab')");
	ok(check(&pages, &result));
	cr_assert(strcmp(result.node, "02ab") == 0);
	free(pages.bytes);
}

Test(check, bytes_that_are_no_database)
{
	struct pages pages = {.bytes = NULL};
	struct check_result result;

	pages_of(&pages, "CREATE TABLE t (x)");
	pages.bytes[0] = 'x';
	fails(BK_E_DAMAGE, check(&pages, &result));
	says("file is not a database");
	free(pages.bytes);
}

/* integrity_check makes a row of a page that it cannot read, and goes on. */
Test(check, a_read_that_fails)
{
	struct pages pages = {.bytes = NULL};
	struct check_result result;
	enum bk_code code;

	pages_of(&pages, "CREATE TABLE t (x UNIQUE); INSERT INTO t VALUES (1), (2)");
	do {
		pages.reads = 0;
		pages.failing++;
		code = check(&pages, &result);
		if (pages.reads >= pages.failing) {
			fails(BK_E_IO, code);
			says("a read of ours fails");
			cr_assert(!strstr(notes, "unsound"), "%s", notes);
		}
	} while (pages.reads >= pages.failing);
	ok(code);
	cr_assert(pages.failing > 3 && result.notes == 0);
	free(pages.bytes);
}

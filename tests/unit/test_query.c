/* test_query.c - SQL on the database of a version, and the versions that people mean. */
#include "forge.h"
#include "node.h"
#include <bk/extract.h>
#include <bk/listing.h>
#include <bk/query.h>
#include <bk/which.h>

SUITE(query);

static uint32_t which(struct bk_log *log, const char *text)
{
	struct bk_entry entry;

	ok(bk_which(log, text, TEST_NOW_US * 2, &entry, why()));
	return entry.version;
}

Test(query, versions_that_are_meant)
{
	static const char *const none[] = {
		"", "head~", "head~x", "head3", "latest~-1", "4294967296", "soon"};
	struct bk_entry entry;
	struct bk_log *log;
	struct node node;
	uint32_t head;

	node_begin(&node, 4);
	node_busy(&node, 5);
	node_lone(&node, "PRAGMA foreign_keys = OFF");
	for (int i = 0; i < 3; i++)
		node_unwatched(&node, "DELETE FROM busy");
	node_snapshot(&node, BK_SNAPSHOT_GAP);
	log = node_log(&node);
	head = node.version;
	cr_assert(head == 10 && which(log, "latest") == head && which(log, "head") == head);
	cr_assert(which(log, "head~0") == head && which(log, "now") == head);
	cr_assert(which(log, "head~1") == head - 3, "what is missing is not counted");
	cr_assert(which(log, "head~7") == 1 && which(log, "3") == 3);
	fails(BK_E_MISSING, bk_which(log, "head~99", TEST_NOW_US, &entry, why()));
	fails(BK_E_MISSING, bk_which(log, "8", TEST_NOW_US, &entry, why()));
	for (size_t i = 0; i < COUNT_OF(none); i++)
		fails(BK_E_INVALID, bk_which(log, none[i], TEST_NOW_US, &entry, why()));
	bk_log_close(log);
	node_end(&node);
}

/* The first column of the one row that SQL gives. */
static int64_t number(struct bk_query *query, const char *sql)
{
	const struct bk_row *row;
	int64_t found;
	bool has, more;

	ok(bk_query_begin(query, &sql, &has, why()));
	cr_assert(has);
	ok(bk_query_next(query, &row, &more, why()));
	cr_assert(more && row->count == 1 && row->values[0].type == BK_VALUE_INTEGER);
	found = row->values[0].integer;
	ok(bk_query_next(query, &row, &more, why()));
	cr_assert(!more);
	return found;
}

Test(query, each_version_as_it_was)
{
	struct node node;
	struct bk_log *log;

	node_begin(&node, 4);
	node_busy(&node, 20);
	ok(bk_keyframes_build(node.writer, why()));
	log = node_log(&node);
	for (uint32_t version = 1; version <= node.version; version++) {
		struct bk_query *query;

		ok(bk_query_open(&query, log, version, why()));
		cr_assert(number(query, "SELECT intval FROM vars WHERE name = 'data_version'") ==
			  version);
		bk_query_close(query);
	}
	bk_log_close(log);
	node_end(&node);
}

/* Damage in keyframes is passed over, also where it is met while rows are given. */
Test(query, passes_over_damage)
{
	struct bk_query *query;
	struct forge forge;
	struct bk_log *log;
	struct node node;
	int64_t rows;

	node_begin(&node, 4);
	node_busy(&node, 30);
	ok(bk_keyframes_build(node.writer, why()));
	rows = sql_int(node.db, "SELECT count(*) FROM busy");
	forge_load(&forge, node.path);
	for (int nth = -1; nth >= -3; nth--)
		memset(forge_frame(&forge, forge_find(&forge, PAGES, nth)) + AT_PAYLOAD, 0xee, 30);
	forge_save(&forge, scratch("bad"));
	forge_done(&forge);
	ok(bk_log_open(&log, &node.io.io, scratch("bad"), why()));
	ok(bk_query_open(&query, log, node.version, why()));
	cr_assert(number(query, "SELECT count(*) FROM busy") == rows);
	bk_query_close(query);
	bk_log_close(log);
	node_end(&node);
}

static void refuses(struct bk_query *query, enum bk_code code, const char *sql)
{
	const struct bk_row *row;
	bool has, more;

	if (code == BK_E_SQL) {
		ok(bk_query_begin(query, &sql, &has, why()));
		fails(BK_E_SQL, bk_query_next(query, &row, &more, why()));
	} else {
		fails(code, bk_query_begin(query, &sql, &has, why()));
	}
}

Test(query, reaches_nothing_else)
{
	struct bk_query *query;
	struct bk_log *log;
	struct node node;

	node_begin(&node, 4);
	log = node_log(&node);
	ok(bk_query_open(&query, log, 1, why()));
	refuses(query, BK_E_UNSAFE, "ATTACH 'x' AS x");
	refuses(query, BK_E_UNSAFE, "BEGIN");
	refuses(query, BK_E_SQL, "UPDATE vars SET intval = 7");
	refuses(query, BK_E_SQL, "CREATE TABLE t(a)");
	refuses(query, BK_E_INVALID, "SELECT nothing FROM nowhere");
	fails(BK_E_MISSING, bk_query_table(query, "nowhere", NULL, why()));
	fails(BK_E_INVALID, bk_query_table(query, "vars", "1) OR (1", why()));
	fails(BK_E_INVALID, bk_query_table(query, "vars", "1; SELECT 1", why()));
	ok(bk_query_table(query, "VARS", "name = 'data_version' -- one", why()));
	cr_assert(number(query, "SELECT intval FROM vars") == 1, "nothing was changed");
	bk_query_close(query);
	bk_log_close(log);
	node_end(&node);
}

/* Names that must be quoted, no rowid, an index, values of every type. */
Test(query, extracts_any_table)
{
	static const char *const tables[] = {"a \"b\" 'c'", "w"};
	struct bk_extract_result result;
	struct bk_log *log;
	struct node node;
	sqlite3 *db;

	node_begin(&node, 4);
	node_change(&node, "CREATE TABLE \"a \"\"b\"\" 'c'\"(rowid TEXT, \"x y\" BLOB UNIQUE, z)",
		"CREATE INDEX \"i \"\"\" ON \"a \"\"b\"\" 'c'\"(z)",
		"INSERT INTO \"a \"\"b\"\" 'c'\" VALUES('t', x'00ff', 1.5), (NULL, x'', 9e999),"
		"(CAST(x'610062' AS TEXT), zeroblob(9000), -9223372036854775808)",
		"CREATE TABLE w(k TEXT PRIMARY KEY, v AS (k || '!'), n) WITHOUT ROWID",
		"INSERT INTO w VALUES('b', 1), ('a', 2)");
	node_change(&node, "DELETE FROM w");
	log = node_log(&node);
	ok(bk_extract(log, 2, tables, 2, NULL, scratch("some"), &result, why()));
	cr_assert(result.rows == 5);
	db = sql_open(scratch("some"));
	cr_assert(sql_int(db, "SELECT count(*) FROM sqlite_schema WHERE sql IS NOT NULL") == 3);
	cr_assert(sql_int(db, "SELECT count(*) FROM w WHERE v = k || '!'") == 2);
	sql_run(db, "ATTACH '%s' AS node", node.database);
	cr_assert(sql_int(db, "SELECT count(*) FROM (SELECT * FROM main.\"a \"\"b\"\" 'c'\" "
			      "INTERSECT SELECT * FROM node.\"a \"\"b\"\" 'c'\")") == 3);
	cr_assert(sql_int(db, "SELECT length(CAST(rowid AS BLOB)) FROM main.\"a \"\"b\"\" 'c'\" "
			      "WHERE z < 0") == 3,
		"a zero byte within a text");
	sqlite3_close(db);
	fails(BK_E_EXISTS, bk_extract(log, 2, tables, 2, NULL, scratch("some"), &result, why()));
	fails(BK_E_UNSAFE,
		bk_extract(log, 2, tables, 2, NULL, scratch("lightningd.sqlite3"), &result, why()));
	fails(BK_E_MISSING, bk_extract(log, 1, tables, 1, NULL, scratch("none"), &result, why()));
	cr_assert(!has_file(scratch("none")) && !has_file(scratch("lightningd.sqlite3")));
	bk_log_close(log);
	node_end(&node);
}

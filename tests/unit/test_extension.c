/* test_extension.c - the loadable SQLite extension: a version of a log as a database (core/ext). */
#include "forge.h"
#include "node.h"

SUITE(extension);

/* A connection on QUERY ("version=7") of the log at PATH; NULL if it cannot be opened. */
static sqlite3 *open_version(const char *path, const char *query)
{
	const int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_URI;
	sqlite3 *loader = sql_open(":memory:"), *db = NULL;
	char uri[4096];

	cr_assert(sqlite3_db_config(loader, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 1, NULL) ==
		  SQLITE_OK);
	cr_assert(sqlite3_load_extension(loader, BK_EXTENSION, NULL, NULL) == SQLITE_OK, "%s: %s",
		BK_EXTENSION, sqlite3_errmsg(loader));
	sqlite3_close(loader);
	snprintf(uri, sizeof uri, "file:%s?vfs=backup&%s", path, query);
	if (sqlite3_open_v2(uri, &db, flags, NULL) != SQLITE_OK) {
		sqlite3_close(db);
		return NULL;
	}
	return db;
}

static void check_version(struct node *node, const char *path, uint32_t version)
{
	sqlite3 *db;
	char query[32];

	snprintf(query, sizeof query, "version=%u", version);
	db = open_version(path, query);
	cr_assert(db, "version %u cannot be opened", version);
	cr_assert(sql_int(db, "SELECT intval FROM vars WHERE name = 'data_version'") == version);
	cr_assert(sql_int(db, "SELECT count(*) FROM pragma_integrity_check "
			      "WHERE integrity_check = 'ok'") == 1);
	if (version == node->version)
		cr_assert(sql_int(db, "SELECT total(length(note)) FROM busy") ==
			  sql_int(node->db, "SELECT total(length(note)) FROM busy"));
	sqlite3_close(db);
}

static void begin(struct node *node)
{
	node_begin(node, 4);
	node_busy(node, 30);
	ok(bk_keyframes_build(node->writer, why()));
	node_busy(node, 2); /* the keyframes are synced: no torn tail */
}

Test(extension, opens_any_version)
{
	struct node node;
	sqlite3 *db;

	begin(&node);
	for (uint32_t version = 1; version <= node.version; version++)
		check_version(&node, node.path, version);
	db = open_version(node.path, "");
	cr_assert(sql_int(db, "SELECT intval FROM vars") == node.version, "the newest");
	cr_assert(sqlite3_exec(db, "DELETE FROM vars", NULL, NULL, NULL) == SQLITE_READONLY);
	sqlite3_close(db);
	cr_assert(!open_version(node.path, "version=99"));
	cr_assert(!open_version(node.path, "version=x"));
	cr_assert(!open_version(node.path, "version=1&at=now"));
	cr_assert(!open_version(node.path, "at=2999-01-01"));
	db = open_version(node.path, "at=now");
	cr_assert(sql_int(db, "SELECT intval FROM vars") == node.version, "now");
	sqlite3_close(db);
	node_end(&node);
}

static int calls;

static void reach_out(sqlite3_context *context, int count, sqlite3_value **args)
{
	(void)count;
	(void)args;
	calls++;
	sqlite3_result_int(context, 7);
}

/* A view of the log calls a function of the program's, as the shell has edit(): not through us. */
Test(extension, does_not_trust_the_schema)
{
	struct node node;
	sqlite3 *db, *other;

	begin(&node);
	node_change(&node, "CREATE VIEW channels AS SELECT reach_out() AS id");
	db = open_version(node.path, "");
	cr_assert(db);
	sqlite3_create_function(db, "reach_out", 0, SQLITE_UTF8, NULL, reach_out, NULL, NULL);
	cr_assert(sqlite3_exec(db, "SELECT * FROM channels", NULL, NULL, NULL) == SQLITE_ERROR);
	cr_assert(calls == 0 && strstr(sqlite3_errmsg(db), "unsafe use of reach_out"), "%s",
		sqlite3_errmsg(db));
	cr_assert(sql_int(db, "SELECT reach_out()") == 7);
	sqlite3_close(db);
	/* Connections that are not on a log stay as they are. */
	other = sql_open(":memory:");
	sqlite3_create_function(other, "reach_out", 0, SQLITE_UTF8, NULL, reach_out, NULL, NULL);
	sql_run(other, "CREATE VIEW channels AS SELECT reach_out() AS id");
	cr_assert(sql_int(other, "SELECT id FROM channels") == 7);
	sqlite3_close(other);
	/* But where a log is attached to them. */
	other = sql_open(scratch("other"));
	sqlite3_create_function(other, "reach_out", 0, SQLITE_UTF8, NULL, reach_out, NULL, NULL);
	sql_run(other, "ATTACH 'file:%s?vfs=backup' AS log", node.path);
	calls = 0;
	cr_assert(sqlite3_exec(other, "SELECT * FROM log.channels", NULL, NULL, NULL) ==
		  SQLITE_ERROR);
	cr_assert(calls == 0 && strstr(sqlite3_errmsg(other), "unsafe use of reach_out"), "%s",
		sqlite3_errmsg(other));
	sqlite3_close(other);
	node_end(&node);
}

/* All of the process shares SQLite's limits, and the process is a stranger's. */
Test(extension, leaves_the_process_alone)
{
	struct node node;

	begin(&node);
	check_version(&node, node.path, node.version);
	cr_assert(sqlite3_hard_heap_limit64(-1) == 0 && sqlite3_soft_heap_limit64(-1) == 0);
	node_end(&node);
}

/* Damage in keyframes is passed over, whether it is met when the image is opened or when a page is
 * read: a version that a keyframe holds replays nothing. */
Test(extension, passes_over_damage)
{
	struct node node;
	struct forge forge;

	begin(&node);
	forge_load(&forge, node.path);
	for (int nth = -1; nth >= -3; nth--)
		memset(forge_frame(&forge, forge_find(&forge, PAGES, nth)) + AT_PAYLOAD, 0xee, 30);
	forge_save(&forge, scratch("bad"));
	for (uint32_t version = 1; version <= node.version; version++)
		check_version(&node, scratch("bad"), version);
	forge_done(&forge);
	node_end(&node);
}

/* Where a change is lost too, a damaged page is a failure, and no other answer. */
Test(extension, damage_that_cannot_be_passed_over)
{
	struct node node;
	struct forge forge;
	unsigned failed = 0;

	begin(&node);
	forge_load(&forge, node.path);
	for (int nth = -1; nth >= -3; nth--)
		memset(forge_frame(&forge, forge_find(&forge, PAGES, nth)) + AT_PAYLOAD, 0xee, 30);
	forge_frame(&forge, forge_find(&forge, CHANGE, 2))[AT_PAYLOAD + 20] ^= 1;
	forge_frame(&forge, forge_find(&forge, CHANGE, 18))[AT_PAYLOAD + 20] ^= 1;
	forge_save(&forge, scratch("bad"));
	for (uint32_t version = 1; version <= node.version; version++) {
		char query[32];
		sqlite3 *db;

		snprintf(query, sizeof query, "version=%u", version);
		db = open_version(scratch("bad"), query);
		if (!db || sqlite3_exec(db, "SELECT sum(length(note)) FROM busy", NULL, NULL,
				   NULL) != SQLITE_OK)
			failed++;
		else
			cr_assert(sql_int(db, "SELECT intval FROM vars") == version);
		sqlite3_close(db);
	}
	cr_assert(failed && failed < node.version, "%u of %u", failed, node.version);
	forge_done(&forge);
	node_end(&node);
}

/* The tables of a log's past are what the library says. */
Test(extension, tables)
{
	struct node node;
	char sql[5000];
	sqlite3 *db, *loader;

	begin(&node);
	node_change(&node, "CREATE TABLE t(k TEXT PRIMARY KEY, v)",
		"INSERT INTO t VALUES('a\"b', x'0aff'), ('c', 1.5), ('d', NULL)");
	node_change(&node, "UPDATE t SET v = 7 WHERE k = 'c'", "DELETE FROM t WHERE k = 'd'");
	db = open_version(node.path, "");
	cr_assert(sql_int(db, "SELECT count(*) FROM backup_log") == node.version + 1);
	cr_assert(sql_int(db, "SELECT max(version) FROM backup_log") == node.version);
	cr_assert(sql_int(db, "SELECT note = 'snapshot' FROM backup_log ORDER BY version") == 1);
	cr_assert(sql_int(db,
			  "SELECT count(*) FROM backup_at('t', 'head~1') WHERE json_valid(row)") ==
		  3);
	cr_assert(sql_int(db, "SELECT row ->> 'v' = '0aff' FROM backup_at('T', 'head') WHERE row "
			      "->> 'k' = 'a\"b'") == 1);
	cr_assert(sql_int(db, "SELECT count(*) FROM backup_diff('t', 'head~1', 'head')") == 2);
	cr_assert(sql_int(db, "SELECT after ->> 'v' FROM backup_diff('t', 'head~1', 'head') WHERE "
			      "change = 'changed' AND key ->> 'k' = 'c'") == 7);
	cr_assert(sql_int(db, "SELECT count(*) FROM backup_history('t')") == 5);
	cr_assert(sql_int(db, "SELECT group_concat(change) = 'added,removed' FROM "
			      "backup_history('t', 'd')") == 1);
	cr_assert(sql_int(db, "SELECT count(*) FROM backup_at('t', 'head~1') a JOIN "
			      "backup_at('t', 'head') b ON a.row ->> 'k' = b.row ->> 'k'") == 2,
		"a join over time");
	cr_assert(sqlite3_exec(db, "SELECT * FROM backup_at('t')", NULL, NULL, NULL) != SQLITE_OK);
	cr_assert(sqlite3_exec(db, "SELECT * FROM backup_at('t', 999)", NULL, NULL, NULL) !=
			  SQLITE_OK &&
		  strstr(sqlite3_errmsg(db), "999"));
	cr_assert(sqlite3_exec(db, "SELECT * FROM backup_at('\x1b[2J', 'head')", NULL, NULL,
			  NULL) != SQLITE_OK);
	cr_assert(strstr(sqlite3_errmsg(db), "\\x1b[2J"), "%s", sqlite3_errmsg(db));
	sqlite3_close(db);
	/* On another database the log is named. */
	loader = sql_open(":memory:");
	cr_assert(sqlite3_db_config(loader, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 1, NULL) ==
		  SQLITE_OK);
	cr_assert(sqlite3_load_extension(loader, BK_EXTENSION, NULL, NULL) == SQLITE_OK);
	snprintf(sql, sizeof sql, "SELECT count(*) FROM backup_history('t', 'd', '%s')", node.path);
	cr_assert(sql_int(loader, sql) == 2);
	cr_assert(sqlite3_exec(loader, "SELECT * FROM backup_log", NULL, NULL, NULL) != SQLITE_OK);
	sqlite3_close(loader);
	node_end(&node);
}

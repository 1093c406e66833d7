/* test_replay.c - running changes on a pagestore (docs/decisions.md, "Replay rules"). */
#include "bed.h"
#include <bk/entry.h>

SUITE(replay);

/* "One change, one transaction": its statements see each other; it is committed at its end. */
Test(replay, one_change_is_one_transaction)
{
	struct bed bed;

	bed_begin(&bed);
	ok(run(&bed, 0, "CREATE TABLE t (x)", "INSERT INTO t VALUES (1); INSERT INTO t VALUES (2);",
		""));
	cr_assert(bed_value(&bed, "SELECT sum(x) FROM t") == 3 &&
		  sqlite3_get_autocommit(bed.replay.sandbox.db));
	ok(run(&bed, 0, "PRAGMA defer_foreign_keys = ON",
		"CREATE TABLE c (t INTEGER REFERENCES p (id)); CREATE TABLE p (id INTEGER PRIMARY "
		"KEY)",
		"INSERT INTO c VALUES (9)", "INSERT INTO p VALUES (9)"));
	bed_end(&bed);
}

/* "foreign_keys is ON for the connection: cascades are not in the SQL" */
Test(replay, deletes_cascade)
{
	struct bed bed;

	bed_begin(&bed);
	ok(run(&bed, 0, "CREATE TABLE parent (id INTEGER PRIMARY KEY)",
		"CREATE TABLE child (p REFERENCES parent (id) ON DELETE CASCADE)",
		"INSERT INTO parent VALUES (1), (2)", "INSERT INTO child VALUES (1), (1), (2)"));
	ok(run(&bed, 0, "DELETE FROM parent WHERE id = 1"));
	cr_assert(bed_value(&bed, "SELECT count(*) FROM child") == 1);
	fails(BK_E_SQL, run(&bed, 0, "INSERT INTO child VALUES (77)"));
	says("FOREIGN KEY constraint failed");
	bed_end(&bed);
}

/* "The pragma has no effect inside a transaction: run it outside, or the rebuild of a table
 * cascades": with FK_OFF nothing cascades; with the pragma inside a change everything does. */
Test(replay, a_table_is_rebuilt)
{
	for (unsigned off = 0; off < 2; off++) {
		struct bed bed;

		bed_begin(&bed);
		ok(run(&bed, 0, "CREATE TABLE parent (id INTEGER PRIMARY KEY)",
			"CREATE TABLE child (p REFERENCES parent (id) ON DELETE CASCADE)",
			"INSERT INTO parent VALUES (1), (2)",
			"INSERT INTO child VALUES (1), (1), (2)"));
		ok(run(&bed, CHANGE_LONE, "PRAGMA foreign_keys = OFF"));
		ok(run(&bed, off ? CHANGE_FK_OFF : 0, "PRAGMA foreign_keys = OFF",
			"CREATE TABLE new_parent (id INTEGER PRIMARY KEY, more)",
			"INSERT INTO new_parent (id) SELECT id FROM parent", "DROP TABLE parent",
			"ALTER TABLE new_parent RENAME TO parent"));
		cr_assert(bed_value(&bed, "SELECT count(*) FROM child") == (off ? 3 : 0));
		cr_assert(bed_value(&bed, "SELECT count(*) FROM parent") == 2);
		ok(run(&bed, 0, "DELETE FROM parent WHERE id = 2"));
		cr_assert(
			bed_value(&bed, "SELECT count(*) FROM child") == (off ? 2 : 0), "on again");
		bed_end(&bed);
	}
}

/* docs/format.md, 4, LONE: of what it does, only what is in the database is left to be done. */
Test(replay, a_lone_pragma)
{
	static const char *const none[] = {"PRAGMA foreign_keys = OFF", "PRAGMA journal_mode = WAL",
		"PRAGMA foreign_keys = OFF; CREATE TABLE t (x)", "PRAGMA auto_vacuum = FULL",
		"/* before */ PRAGMA page_size = 512 -- behind", "PRAGMA optimize",
		"PRAGMA integrity_check"};
	struct bed bed;

	bed_begin(&bed);
	for (size_t i = 0; i < COUNT_OF(none); i++)
		ok(run(&bed, CHANGE_LONE, none[i]));
	cr_assert(bed.overlay.used == 0 && bed.overlay.store.page_count == 0);
	ok(run(&bed, 0, "CREATE TABLE t (x)"));
	ok(run(&bed, CHANGE_LONE, "PRAGMA main.user_version(7)"));
	ok(run(&bed, CHANGE_LONE, "PRAGMA application_id = '99'"));
	cr_assert(bed_value(&bed, "SELECT user_version FROM pragma_user_version") == 7);
	cr_assert(bed_value(&bed, "SELECT application_id FROM pragma_application_id") == 99);
	fails(BK_E_SQL, run(&bed, CHANGE_LONE | CHANGE_UNLIKE, "PRAGMA optimize"));
	bed_end(&bed);
}

/* "The VFS's clock stands at the change's own time, its random source is fixed: a statement that
 * reads the clock … replays the same each time." */
Test(replay, clock_and_randomness_repeat)
{
	static const char *const sql[] = {
		"CREATE TABLE t (at DEFAULT CURRENT_TIMESTAMP, r DEFAULT (random()), b)",
		"INSERT INTO t (b) VALUES (randomblob(100))",
		"INSERT INTO t (b) VALUES (strftime('%s', 'now'))",
		"INSERT INTO t SELECT 1, r, 2 FROM t ORDER BY random()", NULL};
	struct bed beds[2];
	uint8_t pages[2][4096];

	for (unsigned i = 0; i < 2; i++) {
		bed_begin(&beds[i]);
		if (i) /* what came before on this connection does not count */
			ok(run(&beds[i], 0, "SELECT random()"));
		beds[i].version = 40;
		ok(bed_run_list(&beds[i], 0, TEST_NOW_US + 1500000, sql));
		cr_assert(bed_value(&beds[i],
			"SELECT at = '2026-11-22 07:00:01' FROM t WHERE typeof(b) = 'blob'"));
		cr_assert(bed_value(&beds[i], "SELECT count(DISTINCT r) FROM t") == 2);
	}
	cr_assert(beds[0].overlay.store.page_count == beds[1].overlay.store.page_count);
	for (uint32_t page = 1; page <= beds[0].overlay.store.page_count; page++) {
		for (unsigned i = 0; i < 2; i++)
			ok(beds[i].overlay.store.read(
				&beds[i].overlay.store, page, pages[i], why()));
		cr_assert(memcmp(pages[0], pages[1], 4096) == 0, "page %u", page);
	}
	bed_end(&beds[0]);
	bed_end(&beds[1]);
}

/* "Statements may carry STRICT". */
Test(replay, strict_tables)
{
	struct bed bed;

	bed_begin(&bed);
	ok(run(&bed, 0, "CREATE TABLE t (x INTEGER, y BLOB) STRICT",
		"INSERT INTO t VALUES (1, x'00ff')"));
	fails(BK_E_SQL, run(&bed, 0, "INSERT INTO t VALUES ('no number', NULL)"));
	bed_end(&bed);
}

/* What a savepoint takes back is as it was; the pages that were written since among it. */
Test(replay, savepoints_are_rolled_back)
{
	struct bed bed;

	bed_begin_as(&bed, NULL, true);
	ok(run(&bed, 0, "CREATE TABLE t (x)", "INSERT INTO t VALUES (zeroblob(9000))"));
	ok(run(&bed, 0, "SAVEPOINT s", "INSERT INTO t SELECT zeroblob(20000) FROM t",
		"UPDATE t SET x = 7", " rollback to s", "INSERT INTO t VALUES (8)", "RELEASE s"));
	cr_assert(bed_value(&bed, "SELECT count(*) * 100000 + sum(length(x)) FROM t") == 209001);
	ok(run(&bed, 0, "INSERT INTO t VALUES (zeroblob(9000))"));
	cr_assert(bed_value(&bed, "SELECT count(*) FROM t") == 3);
	cr_assert(bed_value(&bed, "SELECT integrity_check = 'ok' FROM pragma_integrity_check"));
	bed_end(&bed);
}

/* docs/format.md, 4: the state of the node's connection stands in the change's flags. */
Test(replay, the_state_of_the_connection)
{
	struct bed bed;

	bed_begin(&bed);
	ok(run(&bed, 0, "CREATE TABLE p (id INTEGER PRIMARY KEY, x)",
		"CREATE VIEW v AS SELECT p.x FROM p", "CREATE TABLE n (x)",
		"CREATE TRIGGER g AFTER INSERT ON n WHEN new.x < 5 BEGIN INSERT INTO n VALUES "
		"(new.x "
		"+ 1); END"));
	ok(run(&bed, 0, "PRAGMA legacy_alter_table = ON", "PRAGMA recursive_triggers = ON",
		"INSERT INTO n VALUES (1)"));
	cr_assert(bed_value(&bed, "SELECT count(*) FROM n") == 5,
		"it counts from its own statement on");
	ok(run(&bed, BK_ENTRY_RECURSIVE, "INSERT INTO n VALUES (1)"));
	ok(run(&bed, BK_ENTRY_LEGACY_ALTER, "ALTER TABLE p RENAME TO q",
		"INSERT INTO n VALUES (1)"));
	cr_assert(bed_value(&bed, "SELECT count(*) FROM n") == 12);
	cr_assert(
		bed_value(&bed, "SELECT sql LIKE '% FROM p' FROM sqlite_schema WHERE name = 'v'"));
	ok(run(&bed, BK_ENTRY_LEGACY_ALTER, "ALTER TABLE q RENAME TO p"));
	ok(run(&bed, 0, "ALTER TABLE p RENAME TO q"));
	cr_assert(bed_value(
		&bed, "SELECT sql LIKE '% FROM \"q\"' FROM sqlite_schema WHERE name = 'v'"));
	ok(run(&bed, 0, "CREATE TABLE k (x CHECK (x > 5))", "PRAGMA ignore_check_constraints = ON",
		"INSERT INTO k VALUES (1)"));
	ok(run(&bed, BK_ENTRY_IGNORE_CHECK | BK_ENTRY_CASE_LIKE, "INSERT INTO k VALUES ('a')",
		"DELETE FROM k WHERE x LIKE 'A'", "INSERT INTO k VALUES (2)"));
	cr_assert(bed_value(&bed, "SELECT count(*) FROM k") == 3);
	ok(run(&bed, BK_ENTRY_REVERSE, "CREATE TABLE r AS SELECT x FROM k"));
	cr_assert(bed_value(&bed, "SELECT x FROM r WHERE rowid = 1") == 2);
	fails(BK_E_SQL, run(&bed, 0, "INSERT INTO k VALUES (3)"));
	says("CHECK constraint failed");
	bed_end(&bed);
}

/* "Fails with BK_E_SQL, naming the version and the statement": its beginning, of a long one. */
Test(replay, a_failure_names_the_statement)
{
	struct bed bed;
	char sql[1000];

	bed_begin(&bed);
	bed.version = 4710;
	memset(sql, 'x', sizeof sql);
	memcpy(sql, "INSERT INTO nowhere VALUES ('", 29);
	strcpy(sql + sizeof sql - 3, "')");
	fails(BK_E_SQL,
		run(&bed, 0, "CREATE TABLE t (x)", "INSERT INTO t VALUES (1)", sql, "SELECT 1"));
	says("version 4711: statement 3 of 4 fails in replay: ");
	says("no such table: nowhere: INSERT nowhere");
	cr_assert(!strstr(why()->msg, "xx"), "a value is told: %s", why()->msg);
	bed_end(&bed);
}

/* A deferred constraint fails at the commit. */
Test(replay, a_commit_that_fails)
{
	struct bed bed;

	bed_begin(&bed);
	ok(run(&bed, 0, "CREATE TABLE p (id INTEGER PRIMARY KEY)",
		"CREATE TABLE c (x REFERENCES p (id) DEFERRABLE INITIALLY DEFERRED)"));
	fails(BK_E_SQL, run(&bed, 0, "INSERT INTO c VALUES (3)"));
	says("version 2");
	says("FOREIGN KEY constraint failed");
	bed_end(&bed);
}

/* What the pages say is told, not what SQLite makes of it. */
Test(replay, a_store_that_fails)
{
	struct bed bed;

	bed_begin(&bed);
	bed.overlay.memory_max = 1;
	test_io_fail(&bed.io, OP_OPEN_TEMP, 1, -28);
	fails(BK_E_IO, run(&bed, 0, "CREATE TABLE t (x)"));
	cr_assert(why()->sys_errno == 28);
	bed_end(&bed);
}

/* "vars.data_version of the database; 0 where it has none." */
Test(replay, data_versions)
{
	static const struct {
		const char *sql;
		uint32_t version;
	} cases[] = {
		{"SELECT 1", 0},
		{"CREATE TABLE vars (name, val)", 0},
		{"CREATE TABLE vars (name, intval)", 0},
		{"CREATE TABLE vars AS SELECT 'data_version' AS name, 77 AS intval", 77},
		{"CREATE TABLE vars AS SELECT 'data_version' AS name, 4294967295 AS intval",
			UINT32_MAX},
		{"CREATE TABLE vars AS SELECT 'data_version' AS name, 4294967296 AS intval", 0},
		{"CREATE TABLE vars AS SELECT 'other' AS name, 77 AS intval", 0},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct bed bed;
		uint32_t version = 1;

		bed_begin(&bed);
		ok(run(&bed, 0, cases[i].sql));
		ok(bk_replay_version(&bed.replay, &version, why()));
		cr_assert(version == cases[i].version, "case %zu: %u", i, version);
		bed_end(&bed);
	}
}

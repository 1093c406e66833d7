/* test_reach.c - what SQL of a change may reach, and what it may take (replay.h). */
#include "bed.h"

SUITE(reach);

/* replay.h: "it reaches nothing but the pagestore" and cannot leave its transaction. */
Test(reach, refused_statements)
{
	static const char *const statements[] = {
		"ATTACH 'VICTIM' AS other",
		"ATTACH ':memory:' AS other",
		"DETACH main",
		"VACUUM",
		"VACUUM INTO 'VICTIM'",
		"BEGIN",
		"COMMIT",
		"END",
		"ROLLBACK",
		"RELEASE s",
		"SELECT load_extension('VICTIM')",
		"SELECT LOAD_EXTENSION('VICTIM', 'entry')",
		"SELECT fts3_tokenizer('simple')",
		"CREATE VIRTUAL TABLE v USING dbstat",
		"CREATE VIRTUAL TABLE v USING csv('VICTIM')",
		"SELECT * FROM sqlite_dbpage",
		"SAVEPOINT s; INSERT INTO t VALUES (2); ROLLBACK TO s",
		"PRAGMA schema_version = 1",
		"PRAGMA writable_schema = ON; UPDATE sqlite_schema SET name = 'u'",
		"PRAGMA optimize",
		"PRAGMA key = 'x'",
		"INSERT INTO sqlite_schema VALUES ('table', 'x', 'x', 2, 'CREATE TABLE x (y)')",
		"UPDATE sqlite_schema SET sql = ''",
		"DELETE FROM sqlite_master",
		"no SQL at all",
		"SELECT",
		"INSERT INTO t VALUES ('unterminated",
		"DELETE FROM t; ATTACH 'VICTIM' AS other",
	};

	for (size_t i = 0; i < COUNT_OF(statements); i++) {
		struct bed bed;
		char sql[500];
		const char *at = strstr(statements[i], "VICTIM");

		bed_begin(&bed);
		ok(run(&bed, 0, "CREATE TABLE t (x)"));
		if (at)
			snprintf(sql, sizeof sql, "%.*s%s%s", (int)(at - statements[i]),
				statements[i], scratch("victim"), at + 6);
		else
			snprintf(sql, sizeof sql, "%s", statements[i]);
		cr_assert(code_is(run(&bed, 0, "INSERT INTO t VALUES (1)", sql), BK_E_SQL),
			"%s: %s", sql, why()->msg);
		says("version 2: statement 2 of 2 fails in replay");
		cr_assert(!has_file(scratch("victim")), "%s", sql);
		bed_end(&bed);
	}
}

/* What migrations use is allowed. */
Test(reach, allowed_statements)
{
	struct bed bed;

	bed_begin(&bed);
	ok(run(&bed, 0, "CREATE TABLE a (x INTEGER PRIMARY KEY AUTOINCREMENT, y TEXT)",
		"CREATE INDEX i ON a (y)", "ALTER TABLE a RENAME COLUMN y TO z",
		"ALTER TABLE a ADD COLUMN w DEFAULT 5", "ALTER TABLE a RENAME TO b",
		"CREATE TRIGGER g AFTER INSERT ON b BEGIN UPDATE b SET w = 6 WHERE x = new.x; END",
		"INSERT OR REPLACE INTO b (z) VALUES ('v')", "CREATE VIEW v AS SELECT * FROM b",
		"PRAGMA user_version = 9", "PRAGMA foreign_key_check", "PRAGMA table_info(b)",
		"UPDATE b SET z = upper(z) || hex(x'ff') || substr('abc', 2)", "DROP VIEW v",
		"DROP INDEX i", "REINDEX", "ANALYZE", "CREATE TEMP TABLE tmp AS SELECT * FROM b",
		"DROP TABLE tmp"));
	cr_assert(bed_value(&bed, "SELECT w FROM b") == 6);
	cr_assert(bed_value(&bed, "SELECT user_version FROM pragma_user_version") == 9);
	bed_end(&bed);
}

/* What stays within the database's own pages runs, whatever the SQLite: what it is made of differs
 * from one to another. */
Test(reach, statements_that_reach_no_further)
{
	static const char *const statements[] = {"SAVEPOINT s; INSERT INTO t VALUES (2); RELEASE s",
		"CREATE VIRTUAL TABLE v USING fts5(x); INSERT INTO v VALUES ('hello')",
		("CREATE VIRTUAL TABLE v USING fts4(x); INSERT INTO v VALUES ('hello'); DROP "
		 "TABLE v"),
		"CREATE VIRTUAL TABLE v USING rtree(i, a, b); INSERT INTO v VALUES (1, 2, 3)",
		"ALTER TABLE t ADD COLUMN y CHECK (y <> 3)", "ALTER TABLE s ADD COLUMN y INTEGER",
		"ALTER TABLE t ADD COLUMN z NOT NULL DEFAULT 4",
		"SELECT * FROM pragma_quick_check('t')", "PRAGMA main.integrity_check(t)",
		"SELECT * FROM pragma_journal_mode", "PRAGMA table_list", "PRAGMA freelist_count",
		"PRAGMA incremental_vacuum(3)", "PRAGMA auto_vacuum = FULL",
		"PRAGMA no_such_pragma = 1"};

	for (size_t i = 0; i < COUNT_OF(statements); i++) {
		struct bed bed;

		bed_begin_as(&bed, NULL, true);
		ok(run(&bed, 0, "CREATE TABLE t (x)", "CREATE TABLE s (x INTEGER) STRICT"));
		cr_assert(run(&bed, 0, "INSERT INTO t VALUES (1)", statements[i]) == BK_OK,
			"%s: %s", statements[i], why()->msg);
		cr_assert(!bk_replay_inexact(&bed.replay));
		bed_end(&bed);
	}
}

/* How the node's connection works is not the replay's: neither taken over, nor a failure. */
Test(reach, pragmas_that_change_no_result)
{
	static const char *const statements[] = {"PRAGMA journal_mode = DELETE",
		"PRAGMA temp_store_directory = '/'", "PRAGMA data_store_directory = '/'",
		"PRAGMA locking_mode = EXCLUSIVE", "PRAGMA trusted_schema = ON",
		"PRAGMA secure_delete = OFF", "PRAGMA cache_size = 1000000000",
		"PRAGMA mmap_size = 1000000000", "PRAGMA page_size = 512", "PRAGMA wal_checkpoint",
		"PRAGMA soft_heap_limit = 1", "PRAGMA hard_heap_limit = 1",
		"PRAGMA synchronous = 0", "PRAGMA query_only = ON", "PRAGMA max_page_count = 1",
		"PRAGMA shrink_memory"};
	struct bed bed;
	int value_of = 0;

	bed_begin_as(&bed, NULL, true);
	ok(run(&bed, 0, "CREATE TABLE t (x)"));
	for (size_t i = 0; i < COUNT_OF(statements); i++)
		cr_assert(run(&bed, 0, statements[i], "INSERT INTO t VALUES (1)") == BK_OK,
			"%s: %s", statements[i], why()->msg);
	cr_assert(bed_value(&bed, "SELECT cache_size FROM pragma_cache_size") == -8192);
	cr_assert(bed_value(&bed, "SELECT secure_delete FROM pragma_secure_delete") == 1);
	cr_assert(bed_value(&bed, "SELECT query_only FROM pragma_query_only") == 0);
	cr_assert(sqlite3_hard_heap_limit64(-1) == 0 && sqlite3_soft_heap_limit64(-1) == 0);
	cr_assert(!sqlite3_temp_directory && !sqlite3_data_directory);
	sqlite3_db_config(bed.replay.sandbox.db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, -1, &value_of);
	cr_assert(!value_of);
	bed_end(&bed);
}

/* A statement within a trigger or a view of the database reaches no further than one of a change.
 */
Test(reach, triggers_are_not_trusted)
{
	struct bed bed;

	bed_begin(&bed);
	ok(run(&bed, 0, "CREATE TABLE t (x)",
		"CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT load_extension('x'); END"));
	fails(BK_E_SQL, run(&bed, 0, "INSERT INTO t VALUES (1)"));
	bed_end(&bed);
}

/* "its steps and sizes are limited" */
Test(reach, steps_are_limited)
{
	struct bed bed;
	struct budget_limits limits = {.steps = 1000000};
	static const char endless[] =
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
		"SELECT count(*) FROM n";
	static const char some[] =
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT "
		"50000) SELECT count(*) FROM n";

	bed_begin_as(&bed, &limits, false);
	for (unsigned i = 0; i < 3; i++)
		ok(run(&bed, 0, some)); /* the limit is of one change */
	fails(BK_E_SQL, run(&bed, 0, "SELECT 1", endless));
	says("version 4: statement 2 of 2 fails in replay: it takes too long");
	bed_end(&bed);
	bed_begin_as(&bed, &limits, false);
	fails(BK_E_SQL, run(&bed, 0, some, some, some, some, some, some));
	says("it takes too long");
	bed_end(&bed);
}

Test(reach, sizes_are_limited)
{
	static const char *const statements[] = {"INSERT INTO t VALUES (zeroblob(1000001))",
		"INSERT INTO t VALUES (randomblob(1000001))",
		"INSERT INTO t VALUES (randomblob(9223372036854775807))",
		"INSERT INTO t SELECT group_concat(hex(zeroblob(400000))) FROM (VALUES (1), (2))"};
	struct budget_limits limits = {.length = 1000000};

	for (size_t i = 0; i < COUNT_OF(statements); i++) {
		struct bed bed;

		bed_begin_as(&bed, &limits, false);
		ok(run(&bed, 0, "CREATE TABLE t (x)", "INSERT INTO t VALUES (randomblob(900000))",
			"INSERT INTO t VALUES (randomblob(-5))"));
		cr_assert(bed_value(&bed, "SELECT max(length(x)) * 10 + min(length(x)) FROM t") ==
			  9000001);
		fails(BK_E_SQL, run(&bed, 0, statements[i]));
		says("too big");
		bed_end(&bed);
	}
}

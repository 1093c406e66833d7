/* test_replay.c - running changes on a pagestore (docs/decisions.md, "Replay rules"). */
#include "frame.h"
#include "overlay.h"
#include "replay.h"
#include "sql.h"
#include <bk/entry.h>

SUITE(replay);

struct bed {
	struct test_io io;
	struct overlay overlay;
	struct replay replay;
	struct budget budget;
	uint32_t version;
};

static void bed_begin_as(struct bed *bed, const struct budget_limits *limits, bool is_proof)
{
	struct replay_options options = {.budget = &bed->budget, .is_proof = is_proof};

	bk_budget_init(&bed->budget, limits);
	bed->version = 0;
	test_io_init(&bed->io);
	bk_overlay_init(&bed->overlay, &bed->io.io, "/tmp", (size_t)64 << 20);
	ok(bk_replay_open(&bed->replay, &bed->overlay.store, &bed->io.io, "/tmp", &options, why()));
}

static void bed_begin_limited(struct bed *bed, const struct budget_limits *limits)
{
	bed_begin_as(bed, limits, false);
}

static void bed_begin(struct bed *bed)
{
	bed_begin_as(bed, NULL, false);
}

static void bed_end(struct bed *bed)
{
	bk_replay_close(&bed->replay);
	bk_overlay_done(&bed->overlay);
}

/* One change of the statements in a list that NULL ends. */
static enum bk_code run_list(
	struct bed *bed, uint32_t must, int64_t time_us, const char *const *statements)
{
	struct bk_slice slices[20];
	struct bk_change change = {.version = ++bed->version, .statements = slices};

	for (; statements[change.statement_count]; change.statement_count++)
		slices[change.statement_count] =
			(struct bk_slice){statements[change.statement_count],
				strlen(statements[change.statement_count])};
	return bk_replay_change(&bed->replay, &change, must, time_us, why());
}

#define run(bed, must, ...)                                                                        \
	run_list(bed, must, TEST_NOW_US, (const char *const[]){__VA_ARGS__, NULL})

static int64_t value(struct bed *bed, const char *sql)
{
	int64_t found;

	bed->replay.is_ours = true;
	found = sql_int(bed->replay.sandbox.db, sql);
	bed->replay.is_ours = false;
	return found;
}

/* "One change, one transaction": its statements see each other; it is committed at its end. */
Test(replay, one_change_is_one_transaction)
{
	struct bed bed;

	bed_begin(&bed);
	ok(run(&bed, 0, "CREATE TABLE t (x)", "INSERT INTO t VALUES (1); INSERT INTO t VALUES (2);",
		""));
	cr_assert(value(&bed, "SELECT sum(x) FROM t") == 3 &&
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
	cr_assert(value(&bed, "SELECT count(*) FROM child") == 1);
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
		cr_assert(value(&bed, "SELECT count(*) FROM child") == (off ? 3 : 0));
		cr_assert(value(&bed, "SELECT count(*) FROM parent") == 2);
		ok(run(&bed, 0, "DELETE FROM parent WHERE id = 2"));
		cr_assert(value(&bed, "SELECT count(*) FROM child") == (off ? 2 : 0), "on again");
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
	cr_assert(value(&bed, "SELECT user_version FROM pragma_user_version") == 7);
	cr_assert(value(&bed, "SELECT application_id FROM pragma_application_id") == 99);
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
		ok(run_list(&beds[i], 0, TEST_NOW_US + 1500000, sql));
		cr_assert(value(&beds[i],
			"SELECT at = '2026-11-22 07:00:01' FROM t WHERE typeof(b) = 'blob'"));
		cr_assert(value(&beds[i], "SELECT count(DISTINCT r) FROM t") == 2);
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

/* replay.h: "it reaches nothing but the pagestore" and cannot leave its transaction. */
Test(replay, refused_statements)
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
Test(replay, allowed_statements)
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
	cr_assert(value(&bed, "SELECT w FROM b") == 6);
	cr_assert(value(&bed, "SELECT user_version FROM pragma_user_version") == 9);
	bed_end(&bed);
}

/* What stays within the database's own pages runs, whatever the SQLite: what it is made of differs
 * from one to another. */
Test(replay, statements_that_reach_no_further)
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
Test(replay, pragmas_that_change_no_result)
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
	cr_assert(value(&bed, "SELECT cache_size FROM pragma_cache_size") == -8192);
	cr_assert(value(&bed, "SELECT secure_delete FROM pragma_secure_delete") == 1);
	cr_assert(value(&bed, "SELECT query_only FROM pragma_query_only") == 0);
	cr_assert(sqlite3_hard_heap_limit64(-1) == 0 && sqlite3_soft_heap_limit64(-1) == 0);
	cr_assert(!sqlite3_temp_directory && !sqlite3_data_directory);
	sqlite3_db_config(bed.replay.sandbox.db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, -1, &value_of);
	cr_assert(!value_of);
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
	cr_assert(value(&bed, "SELECT count(*) * 100000 + sum(length(x)) FROM t") == 209001);
	ok(run(&bed, 0, "INSERT INTO t VALUES (zeroblob(9000))"));
	cr_assert(value(&bed, "SELECT count(*) FROM t") == 3);
	cr_assert(value(&bed, "SELECT integrity_check = 'ok' FROM pragma_integrity_check"));
	bed_end(&bed);
}

/* What the node got cannot be known: a replay that is to prove a change fails on it, any other
 * gives the same each time and tells of it. */
Test(replay, what_is_not_exact_is_noticed)
{
	static const struct {
		const char *sql, *why;
	} cases[] = {
		{"INSERT INTO t VALUES (random())", "random()"},
		{"INSERT INTO t SELECT randomblob(4) FROM t", "randomblob()"},
		{"INSERT INTO d (x) VALUES (1)", "random()"},
		{"INSERT INTO t SELECT 1 FROM t ORDER BY random()", "random()"},
		{"UPDATE t SET x = CURRENT_TIMESTAMP", "the clock"},
		{"INSERT INTO t VALUES (datetime('now'))", "the clock"},
		{"INSERT INTO t VALUES (last_insert_rowid())", "more than is in the database"},
		{"INSERT INTO t VALUES (sqlite_version())", "more than is in the database"},
		{"INSERT INTO t SELECT 1 FROM pragma_compile_options", "more than is in the"},
		{"CREATE TEMP TABLE u AS SELECT * FROM t", "a temporary table outlives it"},
	};

	for (size_t i = 0; i < COUNT_OF(cases) * 2; i++) {
		bool is_proof = i % 2;
		struct bed bed;
		enum bk_code code;

		bed_begin_as(&bed, NULL, is_proof);
		ok(run(&bed, 0, "CREATE TABLE t (x)", "INSERT INTO t VALUES (datetime(0))",
			"CREATE TABLE d (x, r DEFAULT (random()))"));
		cr_assert(!bk_replay_inexact(&bed.replay));
		code = run(&bed, 0, cases[i / 2].sql);
		if (is_proof) {
			fails(BK_E_SQL, code);
			says("version 2 cannot be replayed exactly");
			says(cases[i / 2].why);
		} else {
			ok(code);
			cr_assert(strstr(bk_replay_inexact(&bed.replay), cases[i / 2].why) &&
				  strstr(bk_replay_inexact(&bed.replay), "version 2"));
			ok(run(&bed, 0, "DELETE FROM t WHERE x = randomblob(5)"));
			cr_assert(strstr(bk_replay_inexact(&bed.replay), "version 2"), "the first");
		}
		bed_end(&bed);
	}
}

/* What uses a temporary table and drops it needs nothing else. */
Test(replay, temporary_tables_within_a_change)
{
	struct bed bed;

	bed_begin_as(&bed, NULL, true);
	ok(run(&bed, 0, "CREATE TABLE t (x)", "INSERT INTO t VALUES (5)",
		"CREATE TEMP TABLE u AS SELECT * FROM t", "INSERT INTO t SELECT x + 1 FROM u",
		"DROP TABLE u"));
	cr_assert(value(&bed, "SELECT sum(x) FROM t") == 11);
	bed_end(&bed);
}

/* Behind rowid 2^63-1 SQLite picks rowids by chance, and no statement says so. */
Test(replay, rowids_by_chance)
{
	static const char *const before[] = {"CREATE TABLE p (id INTEGER PRIMARY KEY, x)",
		"CREATE TABLE q (id INTEGER PRIMARY KEY)"};
	struct bed bed;

	bed_begin(&bed);
	ok(run(&bed, 0, before[0], before[1]));
	ok(run(&bed, 0, "INSERT INTO p (x) VALUES ('a')"));
	ok(run(&bed, 0, "INSERT INTO p VALUES (9223372036854775807, 'm')"));
	ok(run(&bed, 0, "INSERT INTO q VALUES (9223372036854775806)"));
	ok(run(&bed, 0, "INSERT INTO q VALUES (NULL)"));
	ok(run(&bed, 0, "DELETE FROM q WHERE id > 5", "UPDATE p SET x = 1"));
	fails(BK_E_SQL, run(&bed, 0, "INSERT INTO p (x) VALUES ('b')"));
	says("version 7 cannot be replayed exactly: the highest rowid of table p is taken");
	bed_end(&bed);
	/* A table that was full before, under another name. */
	bed_begin(&bed);
	ok(run(&bed, 0, before[0], before[1], "INSERT INTO q (id) VALUES (9223372036854775807)",
		"INSERT INTO p VALUES (1, 2)"));
	ok(run(&bed, 0, "DROP TABLE p", "ALTER TABLE q RENAME TO p"));
	fails(BK_E_SQL, run(&bed, 0, "INSERT INTO p VALUES (NULL)"));
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
	cr_assert(
		value(&bed, "SELECT count(*) FROM n") == 5, "it counts from its own statement on");
	ok(run(&bed, BK_ENTRY_RECURSIVE, "INSERT INTO n VALUES (1)"));
	ok(run(&bed, BK_ENTRY_LEGACY_ALTER, "ALTER TABLE p RENAME TO q",
		"INSERT INTO n VALUES (1)"));
	cr_assert(value(&bed, "SELECT count(*) FROM n") == 12);
	cr_assert(value(&bed, "SELECT sql LIKE '% FROM p' FROM sqlite_schema WHERE name = 'v'"));
	ok(run(&bed, BK_ENTRY_LEGACY_ALTER, "ALTER TABLE q RENAME TO p"));
	ok(run(&bed, 0, "ALTER TABLE p RENAME TO q"));
	cr_assert(
		value(&bed, "SELECT sql LIKE '% FROM \"q\"' FROM sqlite_schema WHERE name = 'v'"));
	ok(run(&bed, 0, "CREATE TABLE k (x CHECK (x > 5))", "PRAGMA ignore_check_constraints = ON",
		"INSERT INTO k VALUES (1)"));
	ok(run(&bed, BK_ENTRY_IGNORE_CHECK | BK_ENTRY_CASE_LIKE, "INSERT INTO k VALUES ('a')",
		"DELETE FROM k WHERE x LIKE 'A'", "INSERT INTO k VALUES (2)"));
	cr_assert(value(&bed, "SELECT count(*) FROM k") == 3);
	ok(run(&bed, BK_ENTRY_REVERSE, "CREATE TABLE r AS SELECT x FROM k"));
	cr_assert(value(&bed, "SELECT x FROM r WHERE rowid = 1") == 2);
	fails(BK_E_SQL, run(&bed, 0, "INSERT INTO k VALUES (3)"));
	says("CHECK constraint failed");
	bed_end(&bed);
}

Test(replay, states_that_it_does_not_know)
{
	struct bed bed;

	bed_begin(&bed);
	fails(BK_E_SQL, run(&bed, CHANGE_UNLIKE, "PRAGMA optimize"));
	says("version 1 cannot be replayed exactly: what its pragma did");
	fails(BK_E_SQL, run(&bed, BK_ENTRY_STATE | 0x80000, "SELECT 1"));
	says("version 2 cannot be replayed exactly: it ran in a state");
	bed_end(&bed);
}

/* A statement within a trigger or a view of the database reaches no further than one of a change.
 */
Test(replay, triggers_are_not_trusted)
{
	struct bed bed;

	bed_begin(&bed);
	ok(run(&bed, 0, "CREATE TABLE t (x)",
		"CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT load_extension('x'); END"));
	fails(BK_E_SQL, run(&bed, 0, "INSERT INTO t VALUES (1)"));
	bed_end(&bed);
}

/* "its steps and sizes are limited" */
Test(replay, steps_are_limited)
{
	struct bed bed;
	struct budget_limits limits = {.steps = 1000000};
	static const char endless[] =
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
		"SELECT count(*) FROM n";
	static const char some[] =
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT "
		"50000) SELECT count(*) FROM n";

	bed_begin_limited(&bed, &limits);
	for (unsigned i = 0; i < 3; i++)
		ok(run(&bed, 0, some)); /* the limit is of one change */
	fails(BK_E_SQL, run(&bed, 0, "SELECT 1", endless));
	says("version 4: statement 2 of 2 fails in replay: it takes too long");
	bed_end(&bed);
	bed_begin_limited(&bed, &limits);
	fails(BK_E_SQL, run(&bed, 0, some, some, some, some, some, some));
	says("it takes too long");
	bed_end(&bed);
}

Test(replay, sizes_are_limited)
{
	static const char *const statements[] = {"INSERT INTO t VALUES (zeroblob(1000001))",
		"INSERT INTO t VALUES (randomblob(1000001))",
		"INSERT INTO t VALUES (randomblob(9223372036854775807))",
		"INSERT INTO t SELECT group_concat(hex(zeroblob(400000))) FROM (VALUES (1), (2))"};
	struct budget_limits limits = {.length = 1000000};

	for (size_t i = 0; i < COUNT_OF(statements); i++) {
		struct bed bed;

		bed_begin_limited(&bed, &limits);
		ok(run(&bed, 0, "CREATE TABLE t (x)", "INSERT INTO t VALUES (randomblob(900000))",
			"INSERT INTO t VALUES (randomblob(-5))"));
		cr_assert(value(&bed, "SELECT max(length(x)) * 10 + min(length(x)) FROM t") ==
			  9000001);
		fails(BK_E_SQL, run(&bed, 0, statements[i]));
		says("too big");
		bed_end(&bed);
	}
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

/* test_replay.c - running changes on a pagestore (docs/decisions.md, "Replay rules"). */
#include "frame.h"
#include "overlay.h"
#include "replay.h"
#include "sql.h"

SUITE(replay);

struct bed {
	struct test_io io;
	struct overlay overlay;
	struct replay replay;
	uint32_t version;
};

static void bed_begin_limited(struct bed *bed, const struct replay_limits *limits)
{
	bed->version = 0;
	test_io_init(&bed->io);
	bk_overlay_init(&bed->overlay, &bed->io.io, "/tmp", (size_t)64 << 20);
	ok(bk_replay_open(&bed->replay, &bed->overlay.store, &bed->io.io, "/tmp", limits, why()));
}

static void bed_begin(struct bed *bed)
{
	bed_begin_limited(bed, NULL);
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
	found = sql_int(bed->replay.db, sql);
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
	cr_assert(
		value(&bed, "SELECT sum(x) FROM t") == 3 && sqlite3_get_autocommit(bed.replay.db));
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

/* docs/format.md, 4, LONE: it "changes no page". */
Test(replay, a_lone_pragma_changes_no_page)
{
	struct bed bed;

	bed_begin(&bed);
	ok(run(&bed, CHANGE_LONE, "PRAGMA user_version = 7"));
	cr_assert(bed.overlay.used == 0 && bed.overlay.store.page_count == 0);
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
			ok(run(&beds[i], CHANGE_LONE, "SELECT random()"));
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
		"SAVEPOINT s",
		"RELEASE s",
		"SELECT load_extension('VICTIM')",
		"SELECT LOAD_EXTENSION('VICTIM', 'entry')",
		"SELECT fts3_tokenizer('simple')",
		"CREATE VIRTUAL TABLE v USING fts5(x)",
		"CREATE VIRTUAL TABLE v USING dbstat",
		"PRAGMA writable_schema = ON",
		"PRAGMA journal_mode = DELETE",
		"PRAGMA temp_store_directory = '/'",
		"PRAGMA data_store_directory = '/'",
		"PRAGMA locking_mode = NORMAL",
		"PRAGMA trusted_schema = ON",
		"PRAGMA secure_delete = OFF",
		"PRAGMA cache_size = 1000000000",
		"PRAGMA mmap_size = 1000000000",
		"PRAGMA page_size = 512",
		"PRAGMA auto_vacuum = FULL",
		"PRAGMA wal_checkpoint",
		"PRAGMA soft_heap_limit = 1",
		"PRAGMA hard_heap_limit = 1",
		"INSERT INTO sqlite_schema VALUES ('table', 'x', 'x', 2, 'CREATE TABLE x (y)')",
		"UPDATE sqlite_schema SET sql = ''",
		"DELETE FROM sqlite_master",
		"SELECT * FROM pragma_journal_mode",
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
	struct replay_limits limits = {.steps_max = 1000000};
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
	struct replay_limits limits = {.length_max = 1000000};

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

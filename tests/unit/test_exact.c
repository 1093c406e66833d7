/* test_exact.c - what a replay cannot do as the node did it. */
#include "bed.h"
#include <bk/entry.h>

SUITE(exact);

/* What the node got cannot be known: a replay that is to prove a change fails on it, any other
 * gives the same each time and tells of it. */
Test(exact, what_is_not_exact_is_noticed)
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
Test(exact, temporary_tables_within_a_change)
{
	struct bed bed;

	bed_begin_as(&bed, NULL, true);
	ok(run(&bed, 0, "CREATE TABLE t (x)", "INSERT INTO t VALUES (5)",
		"CREATE TEMP TABLE u AS SELECT * FROM t", "INSERT INTO t SELECT x + 1 FROM u",
		"DROP TABLE u"));
	cr_assert(bed_value(&bed, "SELECT sum(x) FROM t") == 11);
	bed_end(&bed);
}

/* Behind rowid 2^63-1 SQLite picks rowids by chance, and no statement says so. */
Test(exact, rowids_by_chance)
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

Test(exact, states_that_it_does_not_know)
{
	struct bed bed;

	bed_begin(&bed);
	fails(BK_E_SQL, run(&bed, CHANGE_UNLIKE, "PRAGMA optimize"));
	says("version 1 cannot be replayed exactly: what its pragma did");
	fails(BK_E_SQL, run(&bed, BK_ENTRY_STATE | 0x80000, "SELECT 1"));
	says("version 2 cannot be replayed exactly: it ran in a state");
	bed_end(&bed);
}

/* test_prepared.c - statements that were prepared before (prepared.h): what becomes of a text is
 * the same as where each is prepared as it is. */
#include "bed.h"
#include <bk/entry.h>

SUITE(prepared);

/* Two databases: the statements of the second are prepared each time, since an empty one that
 * stands before them leaves them without a shape. */
static struct bed beds[2];

static void begin_both_as(bool is_proof)
{
	for (size_t i = 0; i < 2; i++)
		bed_begin_as(&beds[i], NULL, is_proof);
}

static void begin_both(void)
{
	begin_both_as(false);
}

static void end_both(void)
{
	for (size_t i = 0; i < 2; i++)
		bed_end(&beds[i]);
}

static void pages_are_the_same(const char *after)
{
	struct pagestore *a = &beds[0].overlay.store, *b = &beds[1].overlay.store;
	static uint8_t pages[2][PAGE_SIZE_MAX];

	cr_assert_eq(a->page_count, b->page_count, "%s", after);
	for (uint32_t i = 1; i <= a->page_count; i++) {
		ok(a->read(a, i, pages[0], why()));
		ok(b->read(b, i, pages[1], why()));
		cr_assert(memcmp(pages[0], pages[1], a->page_size) == 0, "page %u: %s", i, after);
	}
}

/* Runs SQL as a change on both, which comes to the same. */
static enum bk_code run_both(uint32_t must, const char *sql)
{
	static char said[sizeof why()->msg], plain[400];
	enum bk_code first = run(&beds[0], must, sql), second;

	snprintf(said, sizeof said, "%s", first ? why()->msg : "");
	cr_assert((size_t)snprintf(plain, sizeof plain, ";%s", sql) < sizeof plain);
	second = run(&beds[1], must, plain);
	cr_assert_eq(first, second, "%s: %s / %s", sql, said, why()->msg);
	if (first)
		cr_assert_str_eq(said, why()->msg);
	else
		pages_are_the_same(sql);
	return first;
}

#define both(must, ...)                                                                            \
	do {                                                                                       \
		static const char *const list[] = {__VA_ARGS__};                                   \
                                                                                                   \
		for (size_t at = 0; at < COUNT_OF(list); at++)                                     \
			ok(run_both(must, list[at]));                                              \
	} while (0)

/* FORM with VALUE for each @. */
static void fill(char *sql, size_t size, const char *form, const char *value)
{
	size_t used = 0;

	for (; *form; form++)
		used += (size_t)snprintf(sql + used, size - used, "%.*s",
			*form == '@' ? (int)strlen(value) : 1, *form == '@' ? value : form);
}

/* Each kind of value, in columns of each affinity, set, compared and added. */
Test(prepared, values_in_columns)
{
	static const char *const columns[] = {
		"INTEGER", "TEXT", "BLOB", "REAL", "NUMERIC", "", "INTEGER PRIMARY KEY"};
	static const char *const values[] = {"0", "1", "-1", "9223372036854775807",
		"-9223372036854775807", "4611686018427387904", "'1'", "' 1 '", "'1.0'", "'a'", "''",
		"'it''s'", "'\xc3\xbc'", "'\xff'", "x''", "x'31'", "x'00ff'", "NULL", "a", "b"};

	for (size_t c = 0; c < COUNT_OF(columns); c++) {
		char sql[200];

		begin_both();
		snprintf(sql, sizeof sql,
			"CREATE TABLE t (a %s, b, c DEFAULT (7)); CREATE INDEX ta ON t (b)",
			columns[c]);
		ok(run_both(0, sql));
		for (size_t v = 0; v < COUNT_OF(values); v++) {
			static const char *const forms[] = {
				"INSERT INTO t (b, c) VALUES (@, @)",
				"UPDATE t SET c=@, b=@ WHERE c = 7",
				"UPDATE t SET b=b+@ WHERE a<=@",
				"UPDATE t SET c=5 WHERE b=@ OR a > @",
				"UPDATE t SET b=COALESCE(b, @) WHERE a IS NOT @",
				"UPDATE t SET b=- @ WHERE c = - @",
				"DELETE FROM t WHERE b=@ AND c=@",
			};

			for (size_t f = 0; f < COUNT_OF(forms); f++) {
				fill(sql, sizeof sql, forms[f], values[v]);
				/* A column has no place in VALUES: a failure ends a replay. */
				if (f == 0 && v >= COUNT_OF(values) - 2)
					continue;
				ok(run_both(0, sql));
			}
		}
		end_both();
	}
}

/* The same texts, and others of their shapes, again and again, with more shapes than are kept. */
Test(prepared, more_than_are_kept)
{
	char sql[120];

	begin_both();
	ok(run_both(0, "CREATE TABLE t (id INTEGER PRIMARY KEY, a, b UNIQUE)"));
	for (int round = 0; round < 3; round++)
		for (int i = 0; i < PREPARED_MAX + 10; i++) {
			snprintf(sql, sizeof sql, "INSERT INTO t VALUES (%d, 'r', x'%04x')",
				round * 1000 + i, round * 1000 + i);
			ok(run_both(0, sql));
			snprintf(sql, sizeof sql, "UPDATE t SET a=%*d WHERE id=%d", i + 1, i,
				round * 1000 + i);
			ok(run_both(0, sql));
		}
	fails(BK_E_SQL, run_both(0, "INSERT INTO t VALUES (1, 'r', x'0001')"));
	says("UNIQUE constraint failed: t.id");
	end_both();
}

/* A statement that is kept meets a table, an index, a trigger, a view that has become another. */
Test(prepared, schema_that_moves)
{
	begin_both();
	both(0, "CREATE TABLE t (a, b); CREATE TABLE u (x)", "INSERT INTO t VALUES (1, 2)",
		"ALTER TABLE t ADD COLUMN c DEFAULT 9", "INSERT INTO t VALUES (3, 4, 5)",
		"UPDATE t SET a=1 WHERE b=2", "CREATE INDEX tb ON t (b)",
		"UPDATE t SET a=2 WHERE b=2", "INSERT INTO t VALUES (3, 4, 6)",
		"CREATE TRIGGER tr AFTER UPDATE ON t BEGIN INSERT INTO u VALUES (new.a); END",
		"UPDATE t SET a=3 WHERE b=2", "DROP TRIGGER tr", "UPDATE t SET a=4 WHERE b=2",
		"CREATE TRIGGER tr AFTER UPDATE ON t BEGIN "
		"INSERT INTO u SELECT count(*) FROM t; END",
		"UPDATE t SET a=5 WHERE b=2", "UPDATE t SET a=6 WHERE b=2",
		"DROP TABLE t; CREATE TABLE t (b TEXT, a INTEGER)", "INSERT INTO t VALUES (3, 4)",
		"UPDATE t SET a='7' WHERE b=3",
		"ALTER TABLE t RENAME TO v; CREATE VIEW t AS SELECT * FROM v",
		"CREATE TRIGGER iv INSTEAD OF UPDATE ON t BEGIN "
		"UPDATE v SET a = new.a + 1 WHERE b = old.b; END",
		"UPDATE t SET a='8' WHERE b=3", "UPDATE t SET a='9' WHERE b=3",
		"SAVEPOINT s; CREATE TABLE w (a); INSERT INTO w VALUES (1); RELEASE s",
		"INSERT INTO w VALUES (2)",
		"SAVEPOINT s; DROP TABLE w; CREATE TABLE w (a, b); INSERT INTO w VALUES (1, 2);",
		"DROP TABLE w; CREATE TABLE w (a TEXT)", "INSERT INTO w VALUES (2)");
	end_both();
}

/* What a change's flags say of the node's connection holds for a statement that is kept, too. */
Test(prepared, states_that_move)
{
	static const char keep[] = "UPDATE c SET x=7 WHERE p=1",
			  drop[] = "DELETE FROM p WHERE id=1";

	for (int round = 0; round < 2; round++) {
		begin_both();
		both(0, "CREATE TABLE p (id INTEGER PRIMARY KEY)",
			"CREATE TABLE c (p REFERENCES p (id) ON DELETE CASCADE, x CHECK (x < 9))",
			"CREATE TRIGGER r AFTER UPDATE ON c WHEN new.x < 8 BEGIN "
			"UPDATE c SET x = new.x + 1 WHERE p = new.p; END",
			"INSERT INTO p VALUES (1)", "INSERT INTO c VALUES (1, 0)", keep, drop,
			"INSERT INTO p VALUES (1)", "INSERT INTO c VALUES (1, 0)");
		ok(run_both(CHANGE_FK_OFF, drop));
		cr_assert_eq(bed_value(&beds[0], "SELECT count(*) FROM c"), 1);
		ok(run_both(0, "INSERT INTO p VALUES (1)"));
		ok(run_both(round ? BK_ENTRY_RECURSIVE : 0, keep));
		cr_assert_eq(bed_value(&beds[0], "SELECT x FROM c"), 8);
		ok(run_both(BK_ENTRY_IGNORE_CHECK, "UPDATE c SET x=50 WHERE p=1"));
		fails(BK_E_SQL, run_both(0, "UPDATE c SET x=51 WHERE p=1"));
		end_both();
	}
}

/* What a change asks of the past of a connection, of the clock, of chance is noticed each time. */
Test(prepared, what_is_not_exact)
{
	static const struct {
		const char *table;
		bool fails;
	} cases[] = {
		{"CREATE TABLE t (a, b DEFAULT (random()))", true},
		{"CREATE TABLE t (a, b DEFAULT (hex(randomblob(4))))", true},
		{"CREATE TABLE t (a, b DEFAULT CURRENT_TIMESTAMP)", true},
		{"CREATE TABLE t (a, b); CREATE TRIGGER r AFTER INSERT ON t BEGIN "
		 "UPDATE t SET b = changes(); END",
			true},
		{"CREATE TABLE t (a INTEGER PRIMARY KEY, b); "
		 "INSERT INTO t VALUES (9223372036854775807, 1)",
			true},
		{"CREATE TABLE t (a INTEGER PRIMARY KEY, b DEFAULT (abs(-7)))", false},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++)
		for (size_t before = 0; before < 3; before++) {
			begin_both_as(true);
			ok(run_both(0, cases[i].table));
			for (size_t k = 0; k < before; k++)
				ok(run_both(0, "UPDATE t SET a=a WHERE a=0"));
			cr_assert_eq(run_both(0, "INSERT INTO t (a) VALUES (NULL)"),
				cases[i].fails ? BK_E_SQL : BK_OK, "%s", cases[i].table);
			end_both();
		}
}

/* Statements that fail say so as they would have, with the names that are in them. */
Test(prepared, failures)
{
	static const char *const texts[] = {
		"INSERT INTO nowhere VALUES (1)",
		"INSERT INTO t VALUES (1)",
		"INSERT INTO t VALUES (NULL, 2)",
		"INSERT INTO t VALUES (a, 2)",
		"INSERT INTO t ('a') VALUES (1) )",
		"UPDATE t SET 'a' 1",
		"UPDATE t SET 5=1",
		"UPDATE t SET a=1 WHERE 't'.b.c=1 1",
		"UPDATE t SET a=f(1)",
		"UPDATE t SET a=1 WHERE",
		"DELETE FROM 'nowhere'",
		"INSERT INTO t VALUES (x'00', 5), (1, 5)",
	};

	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		begin_both();
		both(0, "CREATE TABLE t (a NOT NULL, b UNIQUE)");
		fails(BK_E_SQL, run_both(0, texts[i]));
		end_both();
	}
}

/* Names that SQLite takes in single quotes are no values. */
Test(prepared, names_in_quotes)
{
	begin_both();
	both(0, "CREATE TABLE t (a, b)", "INSERT INTO t ('a', 'b') VALUES ('a', 'b')",
		"UPDATE 't' SET 'a'='b' WHERE 'b'='b'", "UPDATE t SET a='c' WHERE 't'.a='b'",
		"DELETE FROM 't' WHERE b='b'");
	end_both();
}

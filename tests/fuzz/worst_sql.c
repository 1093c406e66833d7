/* worst_sql.c - logs whose SQL costs much: statements of changes, and what a schema runs when it is
 * only looked at. */
#include "worst.h"
#include <stdio.h>

#define BIG "WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r "
#define ROWS                                                                                       \
	"CREATE TABLE t (id INTEGER PRIMARY KEY, x BLOB);"                                         \
	"INSERT INTO t (x) " BIG "LIMIT 3000) SELECT i FROM r;"

/* A change of one statement over a table of 3000 rows. */
static void change(struct forger *f, const char *sql)
{
	worst_database(f, 4096, ROWS);
	worst_change(f, sql);
	worst_change(f, "UPDATE vars SET intval = 3 WHERE name = 'data_version'");
}

static void steps(struct forger *f)
{
	change(f, "INSERT INTO t (x) " BIG ") SELECT sum(i) FROM r");
}

/* Intervals of which each takes as long as one may: the keyframes alone are quick to read. */
static void intervals(struct forger *f)
{
	uint64_t change;

	worst_database(f, 4096, ROWS);
	worst_change(f, "SELECT 0");
	while (worst_left(f) > 1000) {
		change = f->change;
		worst_change(f, "SELECT count(*) FROM t a, t b, t c, t d");
		worst_delta(f, &change, 1);
	}
}

static void join(struct forger *f)
{
	change(f, "DELETE FROM t WHERE (SELECT count(*) FROM t a, t b, t c, t d)");
}

static void hex(struct forger *f)
{
	change(f, "DELETE FROM t WHERE length(hex(hex(zeroblob(20000000 + id)))) < 0");
}

static void glob(struct forger *f)
{
	change(f, "DELETE FROM t WHERE replace(hex(zeroblob(20000)), '0', 'a') LIKE "
		  "'%a%a%a%a%a%a%a%a%b' || id");
}

static void replace(struct forger *f)
{
	change(f, "UPDATE t SET x = length(replace(hex(zeroblob(1000000 + id)), '0', "
		  "'00000000'))");
}

static void print(struct forger *f)
{
	change(f, "UPDATE t SET x = length(printf('%.*c', 100000000, 'x') || id)");
}

static void instr(struct forger *f)
{
	change(f, "UPDATE t SET x = instr(zeroblob(3000000), zeroblob(1000000) || x'01' || id)");
}

static void spill(struct forger *f)
{
	change(f, "INSERT INTO t (x) " BIG ") SELECT zeroblob(100000 + i) FROM r");
}

static void sort(struct forger *f)
{
	change(f, "DELETE FROM t WHERE (SELECT hex(a.x) FROM t a, t b, t c ORDER BY a.x * b.x * "
		  "c.x + random(), b.x LIMIT 1 OFFSET 100000000)");
}

static void unions(struct forger *f)
{
	change(f, "INSERT INTO t (x) SELECT count(*) FROM (WITH RECURSIVE r(i) AS (SELECT 1 UNION "
		  "SELECT (i * 7 + 1) % 1000000007 FROM r) SELECT i FROM r)");
}

static void group(struct forger *f)
{
	change(f, "UPDATE t SET x = length((SELECT group_concat(hex(zeroblob(100000))) FROM t))");
}

static void json(struct forger *f)
{
	change(f, "UPDATE t SET x = (SELECT count(*) FROM json_each('[' || "
		  "replace(hex(zeroblob(2000000)), '0', '1,') || id || ']'))");
}

static void likes(struct forger *f)
{
	change(f, "UPDATE t SET x = (SELECT count(*) FROM t u WHERE u.x || hex(zeroblob(20000)) "
		  "LIKE '%1%1%1%1%1%' || t.x)");
}

static void trigger(struct forger *f)
{
	worst_database(f, 4096,
		ROWS "CREATE TRIGGER tr AFTER INSERT ON t BEGIN INSERT INTO t (x) SELECT x FROM t; "
		     "END");
	worst_change(f, "INSERT INTO t (x) VALUES (1)");
}

/* What is run by integrity_check, which evaluates CHECKs, expressions of indexes and generated
 * columns. */
static void check_steps(struct forger *f)
{
	worst_database(f, 4096,
		"CREATE TABLE c (a CHECK (a * 1000000000 > 0 AND length(hex(zeroblob(a * "
		"10000000))) > 0));"
		"PRAGMA ignore_check_constraints = ON;"
		"INSERT INTO c " BIG "LIMIT 3000) SELECT 1 + i % 3 FROM r");
}

static void check_like(struct forger *f)
{
	worst_database(f, 4096,
		"CREATE TABLE c (a CHECK (replace(hex(zeroblob(20000)), '0', 'a') NOT LIKE "
		"'%a%a%a%a%a%a%a%b'));"
		"PRAGMA ignore_check_constraints = ON;"
		"INSERT INTO c " BIG "LIMIT 20000) SELECT i FROM r");
}

static void generated(struct forger *f)
{
	worst_database(f, 4096,
		"CREATE TABLE g (a, b AS (hex(zeroblob(a * 10))), c AS (hex(b)), d AS (length(c || "
		"b)), CHECK (d > 0));"
		"INSERT INTO g (a) " BIG "LIMIT 3000) SELECT 1 + i % 20 FROM r;"
		"PRAGMA writable_schema = ON;"
		"UPDATE sqlite_schema SET sql = replace(sql, 'a * 10', 'a * 1000000')");
}

static void index_of(struct forger *f)
{
	worst_database(f, 4096,
		"CREATE TABLE g (a); INSERT INTO g (a) " BIG "LIMIT 3000) SELECT i % 2 FROM r;"
		"CREATE INDEX e ON g (length(hex(hex(zeroblob(a * 10)))));"
		"PRAGMA writable_schema = ON;"
		"UPDATE sqlite_schema SET sql = replace(sql, 'a * 10', 'a * 10000000')");
}

/* vars is asked of each database. */
static void vars_view(struct forger *f)
{
	worst_database(f, 4096,
		"DROP TABLE vars; CREATE VIEW vars AS " BIG
		") SELECT 'data_version' AS name, i AS intval, NULL AS blobval FROM r WHERE i < 0");
}

static void vars_generated(struct forger *f)
{
	worst_database(f, 4096,
		"DROP TABLE vars; CREATE TABLE vars (a, name AS (substr(hex(zeroblob(10 + a)), 1, "
		"1) || 'data_version'), intval AS (a), blobval AS (a));"
		"INSERT INTO vars (a) " BIG "LIMIT 1000) SELECT i FROM r;"
		"PRAGMA writable_schema = ON;"
		"UPDATE sqlite_schema SET sql = replace(sql, '10 + a', '100000000 + a')");
}

/* A million parts of a schema: it is read whenever a database is opened. */
static void schema(struct forger *f)
{
	worst_database(f, 4096,
		"PRAGMA writable_schema = ON;"
		"INSERT INTO sqlite_schema (type, name, tbl_name, rootpage, sql) " BIG
		"LIMIT 50000) SELECT 'view', 'v' || i, 'v' || i, 0, 'CREATE VIEW v' || i || ' AS "
		"SELECT 1' FROM r");
}

/* 340 MB of rows, which take nothing in the log. */
static void rows(struct forger *f)
{
	worst_database(f, 65536,
		"INSERT INTO vars (name, blobval) " BIG
		"LIMIT 5600) SELECT 'k' || i, zeroblob(60000) FROM r");
	worst_change(f, "UPDATE vars SET intval = 2 WHERE name = 'data_version'");
}

/* All of them are of another table then. */
static void renamed(struct forger *f)
{
	static const char head[] = "ALTER TABLE t RENAME TO u";
	static const char tail[] = "UPDATE vars SET intval = 2 WHERE name = 'data_version'";

	worst_database(f, 65536,
		"CREATE TABLE t (id INTEGER PRIMARY KEY, x BLOB);"
		"INSERT INTO t " BIG "LIMIT 5600) SELECT i, zeroblob(60000) FROM r");
	worst_fill(f, head, '\0', sizeof head + sizeof tail, tail, 2);
}

const struct worst worst_sql[] = {
	{"steps", "a recursion without an end", steps, 0},
	{"intervals", "3,000 keyframes, each after a change without an end", intervals, 0},
	{"join", "a join of all with all", join, 0},
	{"hex", "functions of large values", hex, 0},
	{"glob", "a pattern that backtracks", glob, 0},
	{"replace", "values that grow", replace, 0},
	{"print", "printf of a hundred million", print, 0},
	{"instr", "a search in quadratic time", instr, 0},
	{"spill", "rows without an end", spill, 0},
	{"sort", "a sort of more than the memory holds", sort, 0},
	{"unions", "a set without an end", unions, 0},
	{"group", "texts joined to one", group, 0},
	{"json", "a large JSON text, over and over", json, 0},
	{"likes", "patterns for each pair of rows", likes, 0},
	{"trigger", "a trigger that calls itself", trigger, 0},
	{"check-steps", "CHECKs of large values", check_steps, 0},
	{"check-like", "CHECKs that backtrack", check_like, 0},
	{"generated", "generated columns of large values", generated, 0},
	{"index-of", "an index of an expression of large values", index_of, 0},
	{"vars-view", "vars is a view without an end", vars_view, 0},
	{"vars-generated", "vars has generated columns", vars_generated, 0},
	{"rows", "5,600 rows of 60 KB", rows, 0},
	{"renamed", "the same, and their table gets another name", renamed, 0},
	{"schema", "a schema of 50,000 views", schema, 0},
	{NULL, NULL, NULL, 0},
};

/* test_sqltext.c - where statements begin in a text of SQL (sqltext.h). */
#include "sqltext.h"
#include "support.h"

SUITE(sqltext);

/* Where the pragma begins that is found, as the text from there on; "" if none is. */
Test(sqltext, pragmas)
{
	static const struct {
		const char *sql, *found;
	} cases[] = {
		{"", ""},
		{"SELECT 1", ""},
		{"PRAGMA a", "PRAGMA a"},
		{"  \t\n pragma a", "pragma a"},
		{"SELECT 1; PRAGMA a", "PRAGMA a"},
		{"SELECT 1;;\n-- x\n/* y */PrAgMa a", "PrAgMa a"},
		{"SELECT 'it''s; PRAGMA a'", ""},
		{"SELECT \"; PRAGMA a\"", ""},
		{"SELECT `; PRAGMA a`", ""},
		{"SELECT [; PRAGMA a]", ""},
		{"SELECT 1 -- ; PRAGMA a", ""},
		{"SELECT 1 /* ; PRAGMA a */ + pragma", ""},
		{"SELECT 1 /* x */ ; PRAGMA a", "PRAGMA a"},
		{"SELECT pragma; pragmas; PRAGMA_a; xPRAGMA", ""},
		{"SELECT 'unterminated; PRAGMA a", ""},
		{"INSERT INTO pragma VALUES (x'00')", ""},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const char *sql = cases[i].sql;
		const char *found = bk_sqltext_pragma(sql, sql + strlen(sql));

		cr_assert(strcmp(found ? found : "", cases[i].found) == 0, "%s: %s", sql, found);
	}
}

Test(sqltext, beginnings)
{
	static const char *const texts[] = {"X", " \n;X", "-- X\nX", "/* ; */ -- x\n ; X", "/**/X"};

	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		const char *end = texts[i] + strlen(texts[i]);

		cr_assert(bk_sqltext_begin(texts[i], end) == end - 1, "%s", texts[i]);
		cr_assert(bk_sqltext_begin(end, end) == end);
	}
}

/* What stands in a schema, and what it calls; "" if nothing. */
Test(sqltext, calls_of_a_schema)
{
	static const struct {
		const char *sql, *call;
		bool is_index;
	} cases[] = {
		{"CREATE TABLE vars(name VARCHAR(32), val VARCHAR(255), PRIMARY KEY(name))", "",
			false},
		{"CREATE TABLE t (a INTEGER REFERENCES u(id) ON DELETE CASCADE, b DEFAULT 0, "
		 "UNIQUE (a, b))",
			"", false},
		{"CREATE TABLE t (a DEFAULT (1 + (2)), CHECK (a IN (1, 2) AND NOT (a > 3) OR (a IS "
		 "NULL)))",
			"", false},
		{"CREATE TABLE t (a CHECK (a <> 'edit(1)' /* edit(2) */))", "", false},
		{"CREATE TABLE edit(a, b edit(3), c AS (CAST (a AS TEXT)))", "", false},
		{"CREATE TABLE t (a CHECK (edit('x', 'y')))", "edit", false},
		{"CREATE TABLE t (a check/* */((1 + edit /* */ ('x'))))", "edit", false},
		{"CREATE TABLE t (a, CONSTRAINT c CHECK(a IN (1)), CHECK (\"edit\"('x')))",
			"\"edit\"", false},
		{"CREATE TABLE t (a CHECK ([edit](1)))", "[edit]", false},
		{"CREATE TABLE t (a DEFAULT (edit('x')))", "edit", false},
		{"CREATE TABLE t (a GENERATED ALWAYS AS (hex(a)) STORED)", "hex", false},
		{"CREATE TABLE t (a, b AS (CASE WHEN (a) THEN (lower(a)) END))", "lower", false},
		{"CREATE INDEX i ON t(a, b) WHERE a NOT IN (9, 19)", "", true},
		{"CREATE UNIQUE INDEX \"i\" ON \"t\" (\"a\")", "", true},
		{"CREATE INDEX i ON t (lower(a))", "lower", true},
		{"CREATE INDEX i ON t (a) WHERE edit(a)", "edit", true},
		{"CREATE INDEX i ON t ((a + abs(b)))", "abs", true},
		{"CREATE TABLE t (a CHECK (edit", "", false},
		{"))((", "", false},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const char *sql = cases[i].sql;
		size_t size = 0;
		const char *call =
			bk_sqltext_call(sql, sql + strlen(sql), cases[i].is_index, &size);

		cr_assert(size == strlen(cases[i].call) &&
				  !memcmp(call ? call : "", cases[i].call, size),
			"%s: %.*s", sql, (int)size, call);
	}
}

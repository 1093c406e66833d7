/* test_statement.c - what may be said of a statement, and of why it failed (statement.h). */
#include "statement.h"
#include "support.h"

SUITE(statement);

Test(statement, names_kind_and_table_and_no_value)
{
	static const struct {
		const char *sql, *want;
	} cases[] = {
		{"UPDATE channels SET x='secret' WHERE id=1", "UPDATE channels"},
		{"update or ignore \"channels\" set x=1", "UPDATE channels"},
		{"INSERT INTO vars VALUES('bip32_key', x'00')", "INSERT vars"},
		{"insert or replace into [vars](a) values('secret')", "INSERT vars"},
		{"REPLACE INTO `vars` VALUES(1)", "REPLACE vars"},
		{"DELETE FROM payments WHERE preimage=x'00'", "DELETE payments"},
		{"/* secret */ -- secret\n ; DELETE FROM t", "DELETE t"},
		{"CREATE UNIQUE INDEX IF NOT EXISTS i ON t(a)", "CREATE UNIQUE INDEX i"},
		{"CREATE TEMP TABLE t(a DEFAULT 'secret')", "CREATE TEMP TABLE t"},
		{"CREATE VIRTUAL TABLE v USING fts5(a)", "CREATE VIRTUAL TABLE v"},
		{"ALTER TABLE t ADD COLUMN secret", "ALTER TABLE t"},
		{"DROP VIEW IF EXISTS w", "DROP VIEW w"},
		{"PRAGMA user_version=7", "PRAGMA user_version"},
		{"SAVEPOINT secret", "SAVEPOINT"},
		{"SELECT 'secret'", "SELECT"},
		{"UPDATE 'secret' SET a=1", "UPDATE"},
		{"UPDATE \"se'cret\" SET a=1", "UPDATE"},
		{"UPDATE \"secret", "UPDATE"},
		{"secret", "a statement"},
		{"'secret'", "a statement"},
		{"/* secret", "a statement"},
		{"--", "a statement"},
		{"-", "a statement"},
		{"", "a statement"},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct bk_slice sql = {cases[i].sql, strlen(cases[i].sql)};
		char name[BK_STATEMENT_TEXT];

		bk_statement_name(name, &sql);
		cr_assert(strcmp(name, cases[i].want) == 0, "%s: %s", cases[i].sql, name);
	}
}

/* A name that is longer than any table's is no table's. */
Test(statement, a_long_name)
{
	char text[400], name[BK_STATEMENT_TEXT];
	struct bk_slice sql = {text, 0};

	snprintf(text, sizeof text, "CREATE UNIQUE INDEX %0300d ON t(a)", 7);
	sql.size = strlen(text);
	bk_statement_name(name, &sql);
	cr_assert(strcmp(name, "CREATE UNIQUE INDEX") == 0, "%s", name);
}

Test(statement, says_why_without_values)
{
	static const struct {
		const char *message, *want;
	} cases[] = {
		{"not authorized", "not authorized"},
		{"no such table: channels", "no such table: channels"},
		{"no such function: f", "no such function: f"},
		{"UNIQUE constraint failed: vars.name", "UNIQUE constraint failed: vars.name"},
		{"near \"secret\": syntax error", "syntax error"},
		{"unrecognized token: \"'secret\"", "unrecognized token"},
		{"no such column: secret", "no such column"},
		{"CHECK constraint failed: a='secret'", "CHECK constraint failed"},
		{"no such table: a\"secret", "no such table: a"},
		{"table t already exists\n\033[31m", "table t already exists"},
		{"", "for no reason that can be told"},
		{"\033[2J\"secret\"", "for no reason that can be told"},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char why[BK_STATEMENT_WHY];

		bk_statement_why(why, cases[i].message);
		cr_assert(strcmp(why, cases[i].want) == 0, "%s: %s", cases[i].message, why);
	}
}

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

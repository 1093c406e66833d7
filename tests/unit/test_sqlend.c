/* test_sqlend.c - what stands between statements that are written out (base/sqlend.h). */
#include "sqlend.h"
#include "support.h"

SUITE(sqlend);

Test(sqlend, ends)
{
	static const struct {
		const char *sql, *end;
	} cases[] = {
		{"", ";\n\n"},
		{"SELECT 1", ";\n\n"},
		{"SELECT 1;", "\n\n\n"},
		{"SELECT 1; \n", "\n\n\n"},
		{"SELECT 1 -- why", "\n;\n"},
		{"SELECT 1 -- why;", "\n;\n"},
		{"SELECT 1; -- why", "\n;\n"},
		{"SELECT 1 -- why\n", ";\n\n"},
		{"SELECT 1; -- why\n", "\n\n\n"},
		{"--", "\n;\n"},
		{"SELECT 1 /* why", "*/;"},
		{"SELECT 1 /* why *", "*/;"},
		{"SELECT 1 /*/", "*/;"},
		{"SELECT 1 /* -- why", "*/;"},
		{"SELECT 1 /* why */", ";\n\n"},
		{"SELECT 1; /* why */", "\n\n\n"},
		{"SELECT 1 -- /* why", "\n;\n"},
		{"SELECT '-- no'", ";\n\n"},
		{"SELECT '/* no'", ";\n\n"},
		{"SELECT 'it''s -- no'", ";\n\n"},
		{"SELECT \"-- no\"", ";\n\n"},
		{"SELECT `/* no`", ";\n\n"},
		{"SELECT [/* no]", ";\n\n"},
		{"SELECT [a'b] -- why", "\n;\n"},
		{"SELECT 'a;'", ";\n\n"},
		{"SELECT 3 - 1 / 2 * 1", ";\n\n"},
		{"-", ";\n\n"},
		{"/", ";\n\n"},
	};

	/* In one piece, and byte by byte, one behind the other. */
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const char *sql = cases[i].sql;
		struct bk_sqlend end = {0};

		bk_sqlend_feed(&end, sql, strlen(sql));
		cr_assert(strcmp(bk_sqlend_finish(&end), cases[i].end) == 0, "case %zu", i);
		for (size_t at = 0; sql[at]; at++)
			bk_sqlend_feed(&end, sql + at, 1);
		cr_assert(strcmp(bk_sqlend_finish(&end), cases[i].end) == 0, "case %zu", i);
		cr_assert(strlen(cases[i].end) == BK_SQL_END);
	}
}

/* test_change.c - what can be told of a change without running it (bk/change.h). */
#include "support.h"
#include <bk/change.h>

SUITE(change);

static struct bk_change one(struct bk_slice *slice, const char *sql)
{
	*slice = (struct bk_slice){sql, strlen(sql)};
	return (struct bk_change){.version = 7, .statements = slice, .statement_count = 1};
}

/* docs/lightningd.md, "Start": what lightningd sends alone around a migration. */
Test(change, lone_pragmas)
{
	static const struct {
		const char *sql;
		bool is_pragma;
	} cases[] = {
		{"PRAGMA foreign_keys = OFF;", true},
		{" \n\tpragma  Foreign_Keys =\non ; \n", true},
		{"PRAGMA(x)", true},
		{"-- why\nPRAGMA foreign_keys = 0", true},
		{"/* PRAGMA * / */ /**/;; PRAGMA foreign_keys", true},
		{"PRAGMA", true},
		{"UPDATE vars SET intval = 1", false},
		{"PRAG", false},
		{"PRAGMATIC", false},
		{"'PRAGMA'", false},
		{"SELECT 1; PRAGMA foreign_keys = OFF", false},
		{"", false},
		{"-- PRAGMA foreign_keys = OFF", false},
		{"/* PRAGMA foreign_keys = OFF", false},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct bk_slice slice;
		struct bk_change change = one(&slice, cases[i].sql);

		cr_assert(bk_change_is_pragma(&change) == cases[i].is_pragma, "case %zu: %s", i,
			cases[i].sql);
	}
}

Test(change, a_pragma_among_others_is_not_lone)
{
	struct bk_slice slices[2] = {{"PRAGMA foreign_keys = OFF;", 26}, {"DELETE FROM t", 13}};
	struct bk_change change = {.statements = slices, .statement_count = 2};

	cr_assert(!bk_change_is_pragma(&change));
}

/* A statement is a slice, not a text: what stands behind its end does not count. */
Test(change, pragmas_end_where_the_slice_ends)
{
	struct bk_slice slice = {"PRAGMATIC", 6};
	struct bk_change change = {.statements = &slice, .statement_count = 1};

	cr_assert(bk_change_is_pragma(&change));
	slice.size = 7;
	cr_assert(!bk_change_is_pragma(&change));
	slice.size = 5;
	cr_assert(!bk_change_is_pragma(&change));
}

/* "at least one statement, none with a zero byte" */
Test(change, refuses_what_cannot_be_stored)
{
	struct bk_slice slices[3] = {{"SELECT 1", 8}, {"a\0b", 3}, {"", 0}};
	struct bk_change change = {.version = 7, .statements = slices};

	fails(BK_E_INVALID, bk_change_check(&change, why()));
	says("version 7");
	change.statement_count = 1;
	ok(bk_change_check(&change, why()));
	change.statement_count = 3;
	fails(BK_E_INVALID, bk_change_check(&change, why()));
	says("statement 2 of version 7");
	slices[1].size = 1;
	ok(bk_change_check(&change, why()));
}

/* docs/format.md, 9: "statements 2^24". */
Test(change, limits_the_statements)
{
	struct bk_slice *slices = calloc(BK_CHANGE_STATEMENTS_MAX, sizeof *slices);
	struct bk_change change = {
		.statements = slices, .statement_count = BK_CHANGE_STATEMENTS_MAX};

	cr_assert(slices);
	ok(bk_change_check(&change, why()));
	change.statement_count++;
	fails(BK_E_LIMIT, bk_change_check(&change, why()));
	free(slices);
}

/* docs/format.md, 9: "raw bytes 1 GiB", each statement's zero byte counted. */
Test(change, limits_the_bytes)
{
	const size_t size = (size_t)1 << 26;
	char *text = malloc(size);
	struct bk_slice slices[16];
	struct bk_change change = {.statements = slices, .statement_count = COUNT_OF(slices)};

	cr_assert(text);
	memset(text, 'x', size);
	for (size_t i = 0; i < COUNT_OF(slices); i++)
		slices[i] = (struct bk_slice){text, size - 1};
	ok(bk_change_check(&change, why()));
	slices[3].size++;
	fails(BK_E_LIMIT, bk_change_check(&change, why()));
	free(text);
}

/* test_lines.c - lines of key=value (docs/format.md, 6 and 11). */
#include "lines.h"
#include "support.h"

SUITE(lines);

static const char text[] = "program=the plugin\npid=17\nlog=00ff\nempty=\nlast=no end";

Test(lines, a_value_is_found_by_its_whole_key)
{
	static const struct {
		const char *key, *value;
	} cases[] = {{"program", "the plugin"}, {"pid", "17"}, {"log", "00ff"}, {"empty", ""},
		{"last", "no end"}};
	char value[32];

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		cr_assert(bk_line_value(text, sizeof text - 1, cases[i].key, value, sizeof value));
		cr_assert_str_eq(value, cases[i].value);
	}
	cr_assert(!bk_line_value(text, sizeof text - 1, "pi", value, sizeof value) && !*value);
	cr_assert(!bk_line_value(text, sizeof text - 1, "id", value, sizeof value));
	cr_assert(!bk_line_value(text, 0, "pid", value, sizeof value));
	cr_assert(!bk_line_value("pid", 3, "pid", value, sizeof value));
}

Test(lines, a_value_is_cut_to_its_room)
{
	char value[4];

	cr_assert(bk_line_value(text, sizeof text - 1, "program", value, sizeof value));
	cr_assert_str_eq(value, "the");
}

Test(lines, numbers)
{
	static const char *const wrong[] = {"n=", "n=-1", "n=1x", "n=18446744073709551616", "n= 1"};
	uint64_t number = 5;

	cr_assert(bk_line_number(text, sizeof text - 1, "pid", &number) && number == 17);
	cr_assert(bk_line_number("n=18446744073709551615", 22, "n", &number));
	cr_assert(number == UINT64_MAX);
	for (size_t i = 0; i < COUNT_OF(wrong); i++)
		cr_assert(
			!bk_line_number(wrong[i], strlen(wrong[i]), "n", &number), "%s", wrong[i]);
}

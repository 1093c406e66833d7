/* test_text.c - texts that came from elsewhere, on their way out (bk/text.h; RFC 3629). */
#include "support.h"
#include <bk/text.h>

SUITE(text);

static const struct row {
	const char *text, *want;
} rows[] = {
	{"", ""}, {"plain\n\t~", "plain\n\t~"},
	/* Whole characters of two, three and four bytes stay; first and last ones of each size. */
	{"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"},
	{"\xc2\xa0\xdf\xbf", "\xc2\xa0\xdf\xbf"},
	{"\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf",
		"\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf"},
	{"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"},
	/* Cut inside a character. */
	{"caf\xc3", "caf?"}, {"\xe2\x82", "??"}, {"\xf0\x9f\x98", "???"}, {"\xe2\x82x", "??x"},
	/* Never valid. */
	{"\xff\xfe\x80\xbf", "????"}, {"latin1: \xe9t\xe9", "latin1: ?t?"},
	{"\xc0\xaf\xc1\xbf", "????"},       /* longer than needed */
	{"\xe0\x9f\xbf", "???"},            /* likewise */
	{"\xf0\x8f\xbf\xbf", "????"},       /* likewise */
	{"\xed\xa0\x80", "???"},            /* a surrogate */
	{"\xf4\x90\x80\x80", "????"},       /* above U+10FFFF */
	{"\xf5\x80\x80\x80", "????"},       /* likewise */
	{"\xc3\xc3\xa9", "?\xc3\xa9"},      /* what follows a bad byte is looked at anew */
	{"\xe2\x82\xc3\xa9", "??\xc3\xa9"}, /* likewise */
};

Test(text, what_is_no_utf8_becomes_question_marks)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char *out = bk_json_text(rows[i].text, "");

		cr_assert(out);
		cr_assert(strcmp(out, rows[i].want) == 0, "row %zu: %s", i, out);
		free(out);
	}
}

#define ESC "\x1b"

static const struct row shown[] = {
	{"", ""},
	{"a table's name: \"caf\xc3\xa9\" \\ \xf0\x9f\x98\x80",
		"a table's name: \"caf\xc3\xa9\" \\ \xf0\x9f\x98\x80"},
	{"x" ESC "[31mNo damage found." ESC "]0;title\x07",
		"x\\x1b[31mNo damage found.\\x1b]0;title\\x07"},
	{"one\r\ntwo\tthree\x0b", "one\\r\\ntwo\\tthree\\x0b"},
	{"\x01\x1f\x7f~", "\\x01\\x1f\\x7f~"},
	/* C1: U+009B is what ESC [ is. The first character behind them. */
	{"\xc2\x80\xc2\x9b\xc2\x9f\xc2\xa0", "\\xc2\\x80\\xc2\\x9b\\xc2\\x9f\xc2\xa0"},
	/* Where the terminal takes Latin-1, a byte alone is. */
	{"\x9b"
	 "31m",
		"\\x9b31m"},
	{"cut \xe2\x82", "cut \\xe2\\x82"},
	/* Line separators, and what turns a line round; what stands beside them. */
	{"\xe2\x80\xa8\xe2\x80\xae", "\\xe2\\x80\\xa8\\xe2\\x80\\xae"},
	{"\xe2\x81\xa6\xe2\x81\xa9", "\\xe2\\x81\\xa6\\xe2\\x81\\xa9"},
	{"\xe2\x80\xa7\xe2\x80\xaf\xe2\x81\xa5\xe2\x81\xaa",
		"\xe2\x80\xa7\xe2\x80\xaf\xe2\x81\xa5\xe2\x81\xaa"},
};

Test(text, controls_are_shown)
{
	for (size_t i = 0; i < COUNT_OF(shown); i++) {
		char out[BK_SHOWN_SIZE(64)];

		cr_assert_eq(bk_show_controls(out, sizeof out, shown[i].text), out);
		cr_assert(strcmp(out, shown[i].want) == 0, "row %zu: %s", i, out);
	}
}

/* Cut between two characters, and every text in the room that is said to be enough. */
Test(text, shown_in_little_room)
{
	char out[BK_SHOWN_SIZE(4)];

	bk_show_controls(out, 6, "ab" ESC "cd");
	cr_assert(strcmp(out, "ab") == 0, "%s", out);
	bk_show_controls(out, 7, "ab" ESC "cd");
	cr_assert(strcmp(out, "ab\\x1b") == 0, "%s", out);
	bk_show_controls(out, 2, "\xc3\xa9");
	cr_assert(strcmp(out, "") == 0, "%s", out);
	bk_show_controls(out, 1, "a");
	cr_assert(strcmp(out, "") == 0, "%s", out);
	bk_show_controls(out, sizeof out, "\xff\xff\xff\xff");
	cr_assert(strcmp(out, "\\xff\\xff\\xff\\xff") == 0, "%s", out);
}

static const struct row json[] = {
	{"", "\n"},
	{"{\n\t\"a\":\t\"b\\u001b\"\n}", "{\n\t\"a\":\t\"b\\u001b\"\n}\n"},
	{"\"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\"",
		"\"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\"\n"},
	{"\"/mnt/\xff\xe9/x\"", "\"/mnt/?\?/x\"\n"},
	{"\"cut \xe2\x82", "\"cut ??\n"},
	{"\"\x7f\xc2\x9b\xe2\x80\xa8\"", "\"\\u007f\\u009b\\u2028\"\n"},
};

Test(text, json_is_utf8_without_controls)
{
	for (size_t i = 0; i < COUNT_OF(json); i++) {
		char *out = bk_json_text(json[i].text, "\n");

		cr_assert(out);
		cr_assert(strcmp(out, json[i].want) == 0, "row %zu: %s", i, out);
		free(out);
	}
}

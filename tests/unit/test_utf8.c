/* test_utf8.c - texts for lightningd, which takes valid UTF-8 only (plugin/wire/utf8.h; RFC 3629).
 */
#include "support.h"
#include "utf8.h"

SUITE(utf8);

static const struct row {
	const char *text, *want;
} rows[] = {
	{"", ""}, {"plain \x01\x7f", "plain \x01\x7f"},
	/* Whole characters of two, three and four bytes stay; first and last ones of each size. */
	{"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"},
	{"\xc2\x80\xdf\xbf", "\xc2\x80\xdf\xbf"},
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

Test(utf8, what_is_none_becomes_question_marks)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char text[64];

		snprintf(text, sizeof text, "%s", rows[i].text);
		utf8_mend(text, strlen(text));
		cr_assert(strcmp(text, rows[i].want) == 0, "row %zu: %s", i, text);
	}
}

/* test_moment.c - times as people write them (bk/moment.h). */
#include "support.h"
#include <bk/moment.h>

SUITE(moment);

#define NOW      (TEST_NOW_US + 123456) /* 2026-11-22 07:00:00.123456 */
#define SECOND   INT64_C(1000000)
#define HOUR     (3600 * SECOND)
#define MIDNIGHT (TEST_NOW_US - 7 * HOUR)

/* "a time as SQLite's date functions take it, in UTC … or a step from NOW_US" */
Test(moment, parses)
{
	static const struct {
		const char *text;
		int64_t time_us;
	} cases[] = {
		{"2026-11-22 07:00", TEST_NOW_US},
		{"2026-11-22T07:00:00Z", TEST_NOW_US},
		{"2026-11-22 07:00:00.250", TEST_NOW_US + 250000},
		{"2026-11-22T07:00:00.123456Z", NOW},
		{"2026-11-22 07:00:00.1239999+00:00", TEST_NOW_US + 123999},
		{"2026-11-22 09:00:00.999999 +02:00", TEST_NOW_US + 999999},
		{"2026-11-22", MIDNIGHT},
		{"2026-11-22 09:00+02:00", TEST_NOW_US},
		{"now", NOW},
		{"-2 hours", TEST_NOW_US + 123000 - 2 * HOUR},
		{"+90 minutes", TEST_NOW_US + 123000 + HOUR + HOUR / 2},
		{"-1 day", TEST_NOW_US + 123000 - 24 * HOUR},
		{"start of day", MIDNIGHT},
		{"1970-01-01", 0},
		{"1969-12-31 23:59:59", -SECOND},
		{"1969-12-31 23:59:59.999999", -1},
		{"0000-01-01", INT64_C(-62167219200) * SECOND},
		{"9999-12-31 23:59:59", INT64_C(253402300799) * SECOND},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		int64_t time_us = 4711;

		ok(bk_moment_parse(cases[i].text, NOW, &time_us, why()));
		cr_assert(time_us == cases[i].time_us, "%s is %lld", cases[i].text,
			(long long)time_us);
	}
}

/* "A bare number would be a Julian day, which nobody means." */
Test(moment, refuses)
{
	static const char *const texts[] = {"", " ", "yesterday", "2026-13-01", "2026-11-22 25:00",
		"2026", "1795330800", "2460000.5", "+5", "-5", " 5", "5 ", "1e3", "2.46e6", "NaN",
		"inf", "2 hours ago", "'; DROP TABLE t",
		"2026-11-22 "
		"07:00:00.0000000000000000000000000000000000000000000000000000000000000000000000"
		"00000000000000000"};

	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		int64_t time_us = 4711;

		cr_assert(code_is(bk_moment_parse(texts[i], NOW, &time_us, why()), BK_E_INVALID),
			"\"%s\" is %lld", texts[i], (long long)time_us);
		says("is no time: write");
		cr_assert(time_us == 4711);
	}
}

Test(moment, texts)
{
	static const struct {
		int64_t time_us;
		const char *exact, *seconds;
	} cases[] = {
		{NOW, "2026-11-22T07:00:00.123456Z", "2026-11-22T07:00:00Z"},
		{0, "1970-01-01T00:00:00.000000Z", "1970-01-01T00:00:00Z"},
		{-1, "1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59Z"},
		{-SECOND, "1969-12-31T23:59:59.000000Z", "1969-12-31T23:59:59Z"},
		{INT64_C(253402300799) * SECOND, "9999-12-31T23:59:59.000000Z",
			"9999-12-31T23:59:59Z"},
		{INT64_C(253402300800) * SECOND, "?", "?"},
		{INT64_C(-62167219200) * SECOND - 1, "?", "?"},
		{INT64_MAX, "?", "?"},
		{INT64_MIN, "?", "?"},
	};
	char text[BK_MOMENT_TEXT];

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		bk_moment_text(text, cases[i].time_us, false);
		cr_assert(strcmp(text, cases[i].exact) == 0, "case %zu: %s", i, text);
		bk_moment_text(text, cases[i].time_us, true);
		cr_assert(strcmp(text, cases[i].seconds) == 0, "case %zu: %s", i, text);
	}
}

/* What is written can be read. */
Test(moment, texts_come_back)
{
	uint64_t seed = test_seed();

	for (unsigned i = 0; i < 300; i++) {
		int64_t time_us = (int64_t)(random_next(&seed) % 4000000000000000), back = 0;
		char text[BK_MOMENT_TEXT];

		bk_moment_text(text, time_us, false);
		ok(bk_moment_parse(text, NOW, &back, why()));
		cr_assert(back == time_us, "%s is %lld, not %lld", text, (long long)back,
			(long long)time_us);
	}
}

/* "a time without a fraction stands for its whole second" */
Test(moment, ends)
{
	static const struct {
		const char *text;
		int64_t time_us;
	} cases[] = {
		{"2026-11-22T07:00:00Z", TEST_NOW_US + 999999},
		{"2026-11-22 07:00", TEST_NOW_US + 999999},
		{"2026-11-22", MIDNIGHT + 999999},
		{"2026-11-22 09:00+02:00", TEST_NOW_US + 999999},
		{"1969-12-31 23:59:59", -1},
		{"2026-11-22T07:00:00.5Z", TEST_NOW_US + 500000},
		{"2026-11-22T07:00:00.000Z", TEST_NOW_US},
		{"2026-11-22T07:00:00.123456Z", NOW},
		{"now", NOW},
		{"-2 hours", TEST_NOW_US + 123000 - 2 * HOUR},
		{"start of day", MIDNIGHT},
	};
	int64_t time_us = 4711;

	fails(BK_E_INVALID, bk_moment_parse_end("yesterday", NOW, &time_us, why()));
	cr_assert(time_us == 4711);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		ok(bk_moment_parse_end(cases[i].text, NOW, &time_us, why()));
		cr_assert(time_us == cases[i].time_us, "%s is %lld", cases[i].text,
			(long long)time_us);
	}
}

/* Whatever is written, with a fraction or without, given back as an end, takes in what it was
 * written for. */
Test(moment, texts_come_back_as_ends)
{
	uint64_t seed = test_seed();

	for (unsigned i = 0; i < 300; i++) {
		int64_t time_us = (int64_t)(random_next(&seed) % 4000000000000000), back = 0;
		char text[BK_MOMENT_TEXT];

		bk_moment_text(text, time_us, i % 2);
		ok(bk_moment_parse_end(text, NOW, &back, why()));
		cr_assert(back >= time_us && back - time_us < SECOND, "%s is %lld, not %lld", text,
			(long long)back, (long long)time_us);
	}
}

Test(moment, ages)
{
	static const struct {
		int64_t seconds;
		const char *text;
	} cases[] = {{0, "0 seconds ago"}, {3, "3 seconds ago"}, {119, "119 seconds ago"},
		{120, "2 minutes ago"}, {7199, "119 minutes ago"}, {7200, "2 hours ago"},
		{172799, "47 hours ago"}, {172800, "2 days ago"}, {86400 * 400, "400 days ago"},
		{-5, "5 seconds in the future: a clock is wrong"},
		{-7200, "2 hours in the future: a clock is wrong"}};
	char text[BK_MOMENT_TEXT];

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		bk_moment_age(text, NOW, NOW + cases[i].seconds * SECOND);
		cr_assert(strcmp(text, cases[i].text) == 0, "case %zu: %s", i, text);
	}
	bk_moment_age(text, NOW + SECOND - 1, NOW);
	cr_assert(strcmp(text, "0 seconds ago") == 0, "%s", text);
	bk_moment_age(text, 0, INT64_MAX);
	cr_assert(strcmp(text, "106751991 days ago") == 0, "%s", text);
	bk_moment_age(text, INT64_MAX, INT64_MIN);
	cr_assert(strcmp(text, "213503982 days in the future: a clock is wrong") == 0, "%s", text);
}

/* test_moment.c - times as people write them (bk/moment.h). */
#include "support.h"
#include <bk/moment.h>

SUITE(moment);

#define NOW      (TEST_NOW_US + 123456) /* 2026-11-22 07:00:00.123456 */
#define SECOND   INT64_C(1000000)
#define HOUR     (3600 * SECOND)
#define MIDNIGHT (TEST_NOW_US - 7 * HOUR)

/* Each form of bk/moment.h. */
Test(moment, parses)
{
	static const struct {
		const char *text;
		int64_t time_us;
	} cases[] = {
		{"2026-11-22 07:00", TEST_NOW_US},
		{"2026-11-22T07:00:00Z", TEST_NOW_US},
		{"2026-11-22t07:00:00z", TEST_NOW_US},
		{" 2026-11-22  07:00\t", TEST_NOW_US},
		{"2026-11-22T07", TEST_NOW_US},
		{"2026-11-22 7:00", TEST_NOW_US},
		{"2026-11-22 07:00:00.250", TEST_NOW_US + 250000},
		{"2026-11-22 07:00:00,25", TEST_NOW_US + 250000},
		{"2026-11-22T07:00:00.123456Z", NOW},
		{"2026-11-22 07:00:00.1239999+00:00", TEST_NOW_US + 123999},
		{"2026-11-22 09:00:00.999999 +02:00", TEST_NOW_US + 999999},
		{"2026-11-22", MIDNIGHT},
		{"2026-11-22 09:00+02:00", TEST_NOW_US},
		{"2026-11-22 01:30 -0530", TEST_NOW_US},
		{"2026-11-22 09:00+02", TEST_NOW_US},
		{"2026-11-22 07:00 UTC", TEST_NOW_US},
		{"20261122T070000Z", TEST_NOW_US},
		{"20261122T070000.123456Z", NOW},
		{"20261122T0700", TEST_NOW_US},
		{"20261122T0900+0200", TEST_NOW_US},
		{"20261122T07", TEST_NOW_US},
		{"20261122 07:00", TEST_NOW_US},
		{"20261122070000", TEST_NOW_US},
		{"202611220700", TEST_NOW_US},
		{"20261122", MIDNIGHT},
		{"1795330800", TEST_NOW_US},
		{"@1795330800", TEST_NOW_US},
		{"1795330800.123456", NOW},
		{"@1795330800.5", TEST_NOW_US + 500000},
		{"@0", 0},
		{"@-1", -SECOND},
		{"1795330800123", TEST_NOW_US + 123000},
		{"1795330800123456", NOW},
		{"now", NOW},
		{"NOW", NOW},
		{"today", MIDNIGHT},
		{"yesterday", MIDNIGHT - 24 * HOUR},
		{"Yesterday 23:59:59", MIDNIGHT - SECOND},
		{"today 06:00", MIDNIGHT + 6 * HOUR},
		{"yesterday 01:00+02:00", MIDNIGHT - 25 * HOUR},
		{"start of day", MIDNIGHT},
		{"start of month", MIDNIGHT - INT64_C(21) * 24 * HOUR},
		{"start of year", INT64_C(1767225600) * SECOND},
		{"06:59", TEST_NOW_US - 60 * SECOND},
		{"7:00", TEST_NOW_US},
		{"07:00:00.123456", NOW},
		{"07:00:00.123457", NOW + 1 - 24 * HOUR},
		{"23:59:59", MIDNIGHT - SECOND},
		{"08:59 +02:00", TEST_NOW_US - 60 * SECOND},
		{"00:30+02:00", MIDNIGHT - 2 * HOUR + HOUR / 2},
		{"-2 hours", NOW - 2 * HOUR},
		{"2 hours", NOW - 2 * HOUR},
		{"2 hours ago", NOW - 2 * HOUR},
		{"2h", NOW - 2 * HOUR},
		{"2H ago", NOW - 2 * HOUR},
		{"1 hour", NOW - HOUR},
		{"an hour ago", NOW - HOUR},
		{"a week", NOW - INT64_C(7) * 24 * HOUR},
		{"30 min", NOW - HOUR / 2},
		{"90s", NOW - 90 * SECOND},
		{"0.5 seconds", NOW - SECOND / 2},
		{"1.5 hours", NOW - HOUR - HOUR / 2},
		{"1h30m", NOW - HOUR - HOUR / 2},
		{"1 hour 30 minutes ago", NOW - HOUR - HOUR / 2},
		{"1 day, 2 hours and 1 second", NOW - 26 * HOUR - SECOND},
		{"+90 minutes", NOW + HOUR + HOUR / 2},
		{"-1 day", NOW - 24 * HOUR},
		{"1 month", NOW - INT64_C(31) * 24 * HOUR},
		{"9 months ago", NOW - INT64_C(273) * 24 * HOUR},
		{"-1 year", NOW - INT64_C(365) * 24 * HOUR},
		{"2000 years", INT64_C(-61318573200) * SECOND + 123456},
		{"1970-01-01", 0},
		{"1969-12-31 23:59:59", -SECOND},
		{"1969-12-31 23:59:59.999999", -1},
		{"2024-02-29", INT64_C(1709164800) * SECOND},
		{"2000-02-29", INT64_C(951782400) * SECOND},
		{"1901-12-13 20:45:51", INT64_C(-2147483649) * SECOND},
		{"2038-01-19 03:14:08", INT64_C(2147483648) * SECOND},
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

/* A day that a month has not is its last one. */
Test(moment, months_end)
{
	static const struct {
		const char *now, *step, *then;
	} cases[] = {
		{"2026-03-31 12:00", "1 month", "2026-02-28 12:00"},
		{"2024-03-31 12:00", "1 month", "2024-02-29 12:00"},
		{"2024-02-29 12:00", "1 year", "2023-02-28 12:00"},
		{"2026-01-15 12:00", "1 month", "2025-12-15 12:00"},
		{"2026-01-15 12:00", "13 months 1 day", "2024-12-14 12:00"},
		{"2026-12-31 12:00", "+2 months", "2027-02-28 12:00"},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		int64_t now_us, then_us, time_us;

		ok(bk_moment_parse(cases[i].now, NOW, &now_us, why()));
		ok(bk_moment_parse(cases[i].then, NOW, &then_us, why()));
		ok(bk_moment_parse(cases[i].step, now_us, &time_us, why()));
		cr_assert(time_us == then_us, "case %zu: %lld", i, (long long)time_us);
	}
}

/* Bare numbers that are neither dates nor Unix time are nothing that anybody means. */
Test(moment, refuses)
{
	static const char *const texts[] = {"", " ", "last summer", "2026-13-01", "2026-00-01",
		"2026-02-29", "1900-02-29", "2026-11-00", "2026-11-22 25:00", "2026-11-22 24:00",
		"2026-11-22 07:60", "2026-11-22 07:00:60", "2026-11-22 07:0",
		"2026-11-22 07:", "2026-11-22 7", "2026-11-2207:00", "2026-11-22 07:00 -2 hours",
		"2026-11-22 07:00+24:00", "2026-11-22 07:00 CET", "2026-11-22 07:00:00.",
		"2026-11-22T", "2026-1122", "202611-22", "20261122T070", "2026", "202611",
		"20261322", "12345678901234", "123456789012", "2460000.5", "1795330800123.5", "@",
		"@-", "@x", "123456789012345678", "+5", "-5", " 5", "5 ", "1e3", "2.46e6", "NaN",
		"inf", "0700", "7", "7:", ":", "24:00", "23:59:60", "2 hours ago ago",
		"-2 hours ago", "+2 hours ago", "--2 hours", "2 hours -1 hour", "2", "h",
		"2 fortnights", "1.5 months", "2.h", "an", "a", "hours", "now now", "today 8",
		"yesterday8:00", "start of", "start of weekday", "999999999999 weeks",
		"9999999 days", "99999 years", "9999 years 9999 years", "2027 years", "+8000 years",
		"@253402300800", "@-62167219201", "10000-01-01", "-0001-01-01", "'; DROP TABLE t",
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

/* "if TIME_US … is in a later second than LATEST_US" */
Test(moment, the_past)
{
	ok(bk_moment_check_past("now", NOW, NOW, why()));
	ok(bk_moment_check_past("x", TEST_NOW_US + 999999, NOW, why()));
	ok(bk_moment_check_past("x", INT64_MIN, INT64_MAX, why()));
	fails(BK_E_INVALID, bk_moment_check_past("+1 hour", TEST_NOW_US + HOUR, NOW, why()));
	says("\"+1 hour\" means 2026-11-22T08:00:00Z, which is yet to come");
	fails(BK_E_INVALID, bk_moment_check_past("x", TEST_NOW_US + SECOND, NOW, why()));
	fails(BK_E_INVALID, bk_moment_check_past("x", INT64_MAX, INT64_MIN, why()));
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

	for (unsigned i = 0; i < 3000; i++) {
		int64_t time_us = (int64_t)(random_next(&seed) % 315569520000000000) -
				  INT64_C(62167219200) * SECOND;
		int64_t back = 0;
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
		{"-2 hours", NOW - 2 * HOUR},
		{"2h", NOW - 2 * HOUR},
		{"start of day", MIDNIGHT},
		{"23:59:59", MIDNIGHT - 1},
		{"20261122T070000Z", TEST_NOW_US + 999999},
		{"1795330800", TEST_NOW_US + 999999},
		{"1795330800.5", TEST_NOW_US + 500000},
		{"1795330800123", TEST_NOW_US + 123999},
		{"1795330800123456", NOW},
	};
	int64_t time_us = 4711;

	fails(BK_E_INVALID, bk_moment_parse_end("some day", NOW, &time_us, why()));
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
	} cases[] = {{0, "0 seconds ago"}, {1, "1 second ago"}, {3, "3 seconds ago"},
		{119, "119 seconds ago"}, {120, "2 minutes ago"}, {7199, "119 minutes ago"},
		{7200, "2 hours ago"}, {172799, "47 hours ago"}, {172800, "2 days ago"},
		{86400 * 400, "400 days ago"}, {-5, "5 seconds in the future: a clock is wrong"},
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

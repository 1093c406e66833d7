/* moment.c - times as texts. */
#include "calendar.h"
#include <bk/moment.h>
#include <stdio.h>
#include <string.h>

void bk_moment_text(char *out, int64_t time_us, bool seconds)
{
	int64_t since_0, second;
	struct date date;
	int length;

	if (time_us < CALENDAR_MIN_US || time_us > CALENDAR_MAX_US) {
		strcpy(out, "?");
		return;
	}
	since_0 = time_us - CALENDAR_MIN_US;
	date = bk_date_of_days(since_0 / DAY_US + CALENDAR_MIN_US / DAY_US);
	second = since_0 % DAY_US / SECOND_US;
	length = snprintf(out, BK_MOMENT_TEXT, "%04d-%02d-%02dT%02d:%02d:%02d", date.year,
		date.month, date.day, (int)(second / 3600), (int)(second / 60 % 60),
		(int)(second % 60));
	if (!seconds)
		length += snprintf(out + length, 8, ".%06d", (int)(since_0 % SECOND_US));
	strcpy(out + length, "Z");
}

enum bk_code bk_moment_check_past(
	const char *text, int64_t time_us, int64_t latest_us, struct bk_error *err)
{
	char meant[BK_MOMENT_TEXT];

	/* Without overflow at either end of what 64 bits hold. */
	if (time_us <= latest_us || time_us / SECOND_US == latest_us / SECOND_US)
		return BK_OK;
	bk_moment_text(meant, time_us, true);
	return bk_fail(err, BK_E_INVALID, 0,
		"\"%.60s\" means %s, which is yet to come: a time that has passed is wanted", text,
		meant);
}

void bk_moment_age(char *out, int64_t a_us, int64_t b_us)
{
	static const struct {
		int64_t seconds;
		const char *name;
	} units[] = {{86400 * 2, "days"}, {3600 * 2, "hours"}, {60 * 2, "minutes"}, {0, "seconds"}};
	static const int64_t sizes[] = {86400, 3600, 60, 1};
	bool is_past = b_us > a_us;
	/* The distance of two times can be more than either holds. */
	uint64_t apart_us =
		is_past ? (uint64_t)b_us - (uint64_t)a_us : (uint64_t)a_us - (uint64_t)b_us;
	int64_t age = (int64_t)(apart_us / 1000000);
	size_t i = 0;

	while (age < units[i].seconds)
		i++;
	snprintf(out, BK_MOMENT_TEXT, "%lld %s %s", (long long)(age / sizes[i]),
		age == 1 ? "second" : units[i].name,
		is_past || !age ? "ago" : "in the future: a clock is wrong");
}

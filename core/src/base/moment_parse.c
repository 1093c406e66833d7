/* moment_parse.c - times as people write them (bk/moment.h), read. */
#include "calendar.h"
#include <bk/moment.h>
#include <ctype.h>
#include <stddef.h>
#include <string.h>

/* A text longer than this is no time. */
#define MOMENT_TEXT_MAX 100

#define MINUTE_US (60 * SECOND_US)
#define HOUR_US   (60 * MINUTE_US)

/* A step of more leads out of the calendar from anywhere in it. */
#define STEP_US_MAX     (CALENDAR_MAX_US - CALENDAR_MIN_US)
#define STEP_MONTHS_MAX ((YEAR_MAX + 1) * 12)

/* What is being read: a text in small letters, with single spaces. */
struct reading {
	const char *at;
	int64_t now_us;
	int64_t time_us;
	int64_t rest_us; /* what the time, as it is written, may stand for beyond time_us */
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Passes over WORD; false if it does not come next. */
static bool take(struct reading *r, const char *word)
{
	size_t length = strlen(word);

	if (strncmp(r->at, word, length) != 0)
		return false;
	r->at += length;
	return true;
}

/* Reads LEAST to MOST digits, 18 at most. */
static bool take_number(struct reading *r, size_t least, size_t most, int64_t *out)
{
	size_t length = 0;
	int64_t number = 0;

	while (length < most && is_digit(r->at[length]))
		number = number * 10 + (r->at[length++] - '0');
	if (length < least)
		return false;
	r->at += length;
	*out = number;
	return true;
}

/* Reads a fraction, if one comes next, in millionths; further digits do not count. False if there
 * is a point without digits. */
static bool take_fraction(struct reading *r, int64_t *millionths, bool *is_there)
{
	*millionths = 0;
	*is_there = take(r, ".") || take(r, ",");
	if (!*is_there)
		return true;
	if (!is_digit(*r->at))
		return false;
	for (int64_t unit = 100000; is_digit(*r->at); unit /= 10)
		*millionths += unit * (*r->at++ - '0');
	return true;
}

/* Days since 1970 at TIME_US. */
static int64_t day_of(int64_t time_us)
{
	return (time_us - CALENDAR_MIN_US) / DAY_US + CALENDAR_MIN_US / DAY_US;
}

/* Hours, minutes, seconds, a fraction: 7:00, 070000.5. Seconds may lack; without colons, which only
 * a date before it allows, minutes too. */
static bool take_clock(struct reading *r, bool has_date, int64_t *clock_us)
{
	int64_t hour, minute = 0, second = 0, fraction = 0;
	bool has_colons = r->at[0] && (r->at[1] == ':' || (is_digit(r->at[1]) && r->at[2] == ':'));
	bool has_fraction = false;

	if ((!has_colons && !has_date) || !take_number(r, has_colons ? 1 : 2, 2, &hour))
		return false;
	take(r, ":");
	if (!take_number(r, 2, 2, &minute) && has_colons)
		return false;
	if (has_colons ? take(r, ":") : is_digit(*r->at)) {
		if (!take_number(r, 2, 2, &second) || !take_fraction(r, &fraction, &has_fraction))
			return false;
	}
	r->rest_us = has_fraction ? 0 : SECOND_US - 1;
	*clock_us = hour * HOUR_US + minute * MINUTE_US + second * SECOND_US + fraction;
	return hour < 24 && minute < 60 && second < 60;
}

/* How far a zone is before UTC; none means UTC. */
static bool take_zone(struct reading *r, int64_t *ahead_us)
{
	int64_t hours, minutes = 0;
	bool is_behind;

	*ahead_us = 0;
	take(r, " ");
	if (!*r->at || take(r, "z") || take(r, "utc") || take(r, "gmt"))
		return true;
	is_behind = take(r, "-");
	if ((!is_behind && !take(r, "+")) || !take_number(r, 2, 2, &hours))
		return false;
	if (take(r, ":") || is_digit(*r->at))
		if (!take_number(r, 2, 2, &minutes))
			return false;
	*ahead_us = (hours * HOUR_US + minutes * MINUTE_US) * (is_behind ? -1 : 1);
	return hours < 24 && minutes < 60;
}

/* A year, a month, a day: 2026-11-22, 20261122. */
static bool take_date(struct reading *r, int64_t *days)
{
	int64_t year, month, day;
	struct date date;
	bool has_lines;

	if (!take_number(r, 4, 4, &year))
		return false;
	has_lines = take(r, "-");
	if (!take_number(r, 2, 2, &month) || (has_lines && !take(r, "-")) ||
		!take_number(r, 2, 2, &day))
		return false;
	date = (struct date){.year = (int)year, .month = (int)month, .day = (int)day};
	if (!bk_date_is_valid(&date))
		return false;
	*days = bk_date_days(&date);
	return true;
}

static bool read_date(struct reading *r)
{
	int64_t days, clock_us = 0, ahead_us = 0;
	const char *begin = r->at;

	if (!take_date(r, &days))
		return false;
	r->rest_us = SECOND_US - 1;
	if (*r->at) {
		if (!take(r, "t") && !take(r, " ") && begin[4] == '-')
			return false;
		if (!take_clock(r, true, &clock_us) || !take_zone(r, &ahead_us))
			return false;
	}
	r->time_us = days * DAY_US + clock_us - ahead_us;
	return true;
}

/* A time of day: today's, or yesterday's where today's is yet to come. */
static bool read_clock(struct reading *r)
{
	int64_t clock_us, ahead_us;

	if (!take_clock(r, false, &clock_us) || !take_zone(r, &ahead_us))
		return false;
	r->time_us = day_of(r->now_us + ahead_us) * DAY_US + clock_us - ahead_us;
	if (r->time_us > r->now_us)
		r->time_us -= DAY_US;
	return true;
}

/* Behind the word for a day, which began at MIDNIGHT_US: a time of day or nothing. */
static bool read_day(struct reading *r, int64_t midnight_us)
{
	int64_t clock_us = 0, ahead_us = 0;

	r->rest_us = SECOND_US - 1;
	if (take(r, " ") && (!take_clock(r, false, &clock_us) || !take_zone(r, &ahead_us)))
		return false;
	r->time_us = midnight_us + clock_us - ahead_us;
	return true;
}

static bool read_start(struct reading *r)
{
	struct date date = bk_date_of_days(day_of(r->now_us));

	if (take(r, "month"))
		date.day = 1;
	else if (take(r, "year"))
		date.day = date.month = 1;
	else if (!take(r, "day"))
		return false;
	r->time_us = bk_date_days(&date) * DAY_US;
	return true;
}

static bool read_word(struct reading *r)
{
	int64_t midnight_us = day_of(r->now_us) * DAY_US;

	if (take(r, "today"))
		return read_day(r, midnight_us);
	if (take(r, "yesterday"))
		return read_day(r, midnight_us - DAY_US);
	if (take(r, "start of "))
		return read_start(r);
	r->time_us = r->now_us;
	return take(r, "now");
}

/* Unix time: how many digits it has tells its unit, as all of them lie in the years from 1973 on.
 * Fewer could be a year or a date. */
static bool read_unix(struct reading *r)
{
	static const struct {
		size_t least, most;
		int64_t unit_us;
	} forms[] = {{9, 11, SECOND_US}, {13, 13, 1000}, {15, 17, 1}};
	bool is_marked = take(r, "@"), is_before = is_marked && take(r, "-"), has_fraction;
	size_t length = strspn(r->at, "0123456789"), i = 0;
	int64_t number, fraction;

	while (i < sizeof forms / sizeof *forms &&
		(length < forms[i].least || length > forms[i].most))
		i++;
	if (is_marked && length < forms[0].least)
		i = 0;
	if (i == sizeof forms / sizeof *forms || !take_number(r, 1, 18, &number) ||
		!take_fraction(r, &fraction, &has_fraction) || (i && has_fraction))
		return false;
	r->rest_us = has_fraction ? 0 : forms[i].unit_us - 1;
	r->time_us = (number * forms[i].unit_us + fraction) * (is_before ? -1 : 1);
	return true;
}

/* A unit of a step: of so many microseconds, or of so many months. */
struct unit {
	const char *names; /* each behind a space, and the last before one */
	int64_t us, months;
};

static const struct unit units[] = {
	{" s sec secs second seconds ", SECOND_US, 0},
	{" m min mins minute minutes ", MINUTE_US, 0},
	{" h hr hrs hour hours ", HOUR_US, 0},
	{" d day days ", DAY_US, 0},
	{" w week weeks ", 7 * DAY_US, 0},
	{" mo month months ", 0, 1},
	{" y yr yrs year years ", 0, 12},
};

#define UNIT_COUNT     (sizeof units / sizeof *units)
#define UNIT_NAME_SIZE 16

static const struct unit *take_unit(struct reading *r)
{
	size_t length = strspn(r->at, "abcdefghijklmnopqrstuvwxyz");
	char name[UNIT_NAME_SIZE] = " ";

	if (!length || length + 2 >= sizeof name)
		return NULL;
	memcpy(name + 1, r->at, length);
	name[length + 1] = ' ';
	r->at += length;
	for (size_t i = 0; i < UNIT_COUNT; i++)
		if (strstr(units[i].names, name))
			return &units[i];
	return NULL;
}

struct step {
	int64_t us, months;
};

/* One count and its unit: "2 hours", "1.5h", "an hour". */
static bool take_step(struct reading *r, struct step *step)
{
	int64_t count = 1, fraction = 0;
	const struct unit *unit;
	bool has_fraction;

	if (!take(r, "an ") && !take(r, "a ")) {
		if (!take_number(r, 1, 12, &count) || !take_fraction(r, &fraction, &has_fraction))
			return false;
		take(r, " ");
	}
	unit = take_unit(r);
	if (!unit || (unit->months && fraction) || (unit->us && count > STEP_US_MAX / unit->us))
		return false;
	step->us += unit->us * count + unit->us / 1000000 * fraction;
	step->months += unit->months * count;
	return step->us <= STEP_US_MAX && step->months <= STEP_MONTHS_MAX;
}

static bool add_step(struct reading *r, const struct step *step, int sign)
{
	int64_t day = day_of(r->now_us);
	struct date date = bk_date_of_days(day);

	if (!bk_date_add_months(&date, step->months * sign))
		return false;
	r->time_us = r->now_us + (bk_date_days(&date) - day) * DAY_US + step->us * sign;
	return true;
}

/* Steps from now: "2 hours", "1h 30m ago", "-1 month"; "+1 hour" is to come. */
static bool read_steps(struct reading *r)
{
	bool is_behind = take(r, "-"), is_ahead = !is_behind && take(r, "+"), is_more = true;
	struct step step = {0};

	while (is_more) {
		if (!take_step(r, &step))
			return false;
		if (!is_behind && !is_ahead && take(r, " ago"))
			break;
		if (take(r, ","))
			take(r, " ");
		else if (!take(r, " and "))
			take(r, " ");
		is_more = *r->at;
	}
	return add_step(r, &step, is_ahead ? 1 : -1);
}

/* Copies TEXT in small letters, with single spaces and none around it. */
static bool plain_copy(char *out, const char *text)
{
	size_t used = 0;

	for (; *text; text++) {
		bool is_space = strchr(" \t\r\n", *text);

		if (is_space && (!used || out[used - 1] == ' '))
			continue;
		if (used == MOMENT_TEXT_MAX)
			return false;
		out[used++] = is_space ? ' ' : (char)tolower((unsigned char)*text);
	}
	if (used && out[used - 1] == ' ')
		used--;
	out[used] = '\0';
	return used;
}

/* Reads TEXT into R->time_us and R->rest_us. */
static bool parse(const char *text, int64_t now_us, struct reading *r)
{
	static bool (*const readers[])(struct reading *) = {
		read_word, read_unix, read_date, read_clock, read_steps};
	char plain[MOMENT_TEXT_MAX + 1];

	if (!plain_copy(plain, text) || now_us < CALENDAR_MIN_US || now_us > CALENDAR_MAX_US)
		return false;
	for (size_t i = 0; i < sizeof readers / sizeof *readers; i++) {
		*r = (struct reading){.at = plain, .now_us = now_us};
		if (readers[i](r) && !*r->at)
			return r->time_us >= CALENDAR_MIN_US && r->time_us <= CALENDAR_MAX_US;
	}
	return false;
}

static enum bk_code no_time(const char *text, struct bk_error *err)
{
	return bk_fail(err, BK_E_INVALID, 0,
		"\"%.60s\" is no time: write \"2026-11-22 07:00\" (UTC), \"23:59\", \"2 hours\" "
		"(ago), \"yesterday\", or Unix time",
		text);
}

enum bk_code bk_moment_parse(
	const char *text, int64_t now_us, int64_t *time_us, struct bk_error *err)
{
	struct reading r;

	if (!parse(text, now_us, &r))
		return no_time(text, err);
	*time_us = r.time_us;
	return BK_OK;
}

enum bk_code bk_moment_parse_end(
	const char *text, int64_t now_us, int64_t *time_us, struct bk_error *err)
{
	struct reading r;

	if (!parse(text, now_us, &r))
		return no_time(text, err);
	*time_us = r.time_us + r.rest_us;
	return BK_OK;
}

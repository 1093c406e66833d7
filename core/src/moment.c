/* moment.c - times as people write them. */
#include <bk/moment.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* 1970-01-01 as a Julian day, and a day. */
#define JULIAN_EPOCH 2440587.5
#define DAY_US       86400e6

/* A text longer than this is no time; SQLite would still read all of it. */
#define MOMENT_TEXT_MAX 100

/* What SQLite makes of SQL, which gives a Julian day or NULL. */
static int julian_day(sqlite3 *db, const char *sql, const char *text, double now, double *out)
{
	sqlite3_stmt *statement = NULL;
	int found = 0;

	if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
		return 0;
	sqlite3_bind_text(statement, 1, text, -1, SQLITE_STATIC);
	sqlite3_bind_double(statement, 2, now);
	if (sqlite3_step(statement) == SQLITE_ROW &&
		sqlite3_column_type(statement, 0) == SQLITE_FLOAT) {
		*out = sqlite3_column_double(statement, 0);
		found = 1;
	}
	sqlite3_finalize(statement);
	return found;
}

/* A bare number would be a Julian day, which nobody means. Nothing at all counts as one. */
static int is_number(const char *text)
{
	char *end;

	strtod(text, &end);
	return end[strspn(end, " \t\r\n")] == '\0';
}

enum bk_code bk_moment_parse(
	const char *text, int64_t now_us, int64_t *time_us, struct bk_error *err)
{
	double now = JULIAN_EPOCH + (double)now_us / DAY_US, day = 0;
	sqlite3 *db = NULL;
	int found = 0;

	if (strlen(text) <= MOMENT_TEXT_MAX && !is_number(text) &&
		sqlite3_open_v2(":memory:", &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
			NULL) == SQLITE_OK) {
		if (strcmp(text, "now") == 0)
			day = now, found = 1;
		else
			found = julian_day(db, "SELECT julianday(?1)", text, now, &day) ||
				julian_day(db, "SELECT julianday(?2, ?1)", text, now, &day);
	}
	sqlite3_close(db);
	if (!found)
		return bk_fail(err, BK_E_INVALID, 0,
			"\"%.60s\" is no time: write \"2026-11-22 07:00\" (UTC) or \"-2 hours\"",
			text);
	/* SQLite keeps milliseconds; a Julian day as a double is a little off. */
	day = (day - JULIAN_EPOCH) * DAY_US / 1000;
	*time_us = (int64_t)(day < 0 ? day - 0.5 : day + 0.5) * 1000;
	return BK_OK;
}

void bk_moment_text(char *out, int64_t time_us, int seconds)
{
	int64_t second = time_us / 1000000, fraction = time_us % 1000000;
	struct tm tm;
	time_t t;

	if (fraction < 0) {
		fraction += 1000000;
		second--;
	}
	t = (time_t)second;
	if (!gmtime_r(&t, &tm) || tm.tm_year < -1900 || tm.tm_year > 9999 - 1900) {
		strcpy(out, "?");
		return;
	}
	/* strftime's %Y does not pad a year before 1000. */
	snprintf(out, 5, "%04u", (unsigned)(tm.tm_year + 1900) % 10000);
	strftime(out + 4, BK_MOMENT_TEXT - 4, "-%m-%dT%H:%M:%S", &tm);
	if (seconds)
		strcat(out, "Z");
	else
		snprintf(out + strlen(out), 9, ".%06dZ", (int)fraction);
}

void bk_moment_age(char *out, int64_t a_us, int64_t b_us)
{
	static const struct {
		int64_t seconds;
		const char *name;
	} units[] = {{86400 * 2, "days"}, {3600 * 2, "hours"}, {60 * 2, "minutes"}, {0, "seconds"}};
	static const int64_t sizes[] = {86400, 3600, 60, 1};
	/* The distance of two times can be more than either holds. */
	uint64_t apart_us = b_us > a_us ? (uint64_t)b_us - (uint64_t)a_us : 0;
	int64_t age = (int64_t)(apart_us / 1000000);
	size_t i = 0;

	while (age < units[i].seconds)
		i++;
	snprintf(out, BK_MOMENT_TEXT, "%lld %s", (long long)(age / sizes[i]), units[i].name);
}

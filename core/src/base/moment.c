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
#define SECOND_US    INT64_C(1000000)

/* A text longer than this is no time; SQLite would still read all of it. */
#define MOMENT_TEXT_MAX 100

/* What SQLite makes of SQL, which gives a Julian day or NULL. */
static bool julian_day(sqlite3 *db, const char *sql, const char *text, double now, double *out)
{
	sqlite3_stmt *statement = NULL;
	bool found = false;

	if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
		return false;
	sqlite3_bind_text(statement, 1, text, -1, SQLITE_STATIC);
	sqlite3_bind_double(statement, 2, now);
	if (sqlite3_step(statement) == SQLITE_ROW &&
		sqlite3_column_type(statement, 0) == SQLITE_FLOAT) {
		*out = sqlite3_column_double(statement, 0);
		found = true;
	}
	sqlite3_finalize(statement);
	return found;
}

/* A bare number would be a Julian day, which nobody means. Nothing at all counts as one. */
static bool is_number(const char *text)
{
	char *end;

	strtod(text, &end);
	return end[strspn(end, " \t\r\n")] == '\0';
}

static int64_t julian_us(double day)
{
	/* SQLite keeps milliseconds; a Julian day as a double is a little off. */
	day = (day - JULIAN_EPOCH) * DAY_US / 1000;
	return (int64_t)(day < 0 ? day - 0.5 : day + 0.5) * 1000;
}

/* The first fraction of TEXT: where its point is, and where it ends; NULL if there is none. */
static const char *fraction_of(const char *text, const char **end)
{
	const char *point = strchr(text, '.');

	if (!point)
		return NULL;
	*end = point + 1 + strspn(point + 1, "0123456789");
	return *end > point + 1 ? point : NULL;
}

static int64_t fraction_us(const char *point, const char *end)
{
	int64_t us = 0;

	for (int i = 1; i <= 6; i++)
		us = us * 10 + (point + i < end ? point[i] - '0' : 0);
	return us;
}

/* Reads a date or a time of day. SQLite rounds to milliseconds, so it gets the text without the
 * fraction, which is added exactly. */
static bool parse_date(sqlite3 *db, const char *text, int64_t *time_us, bool *has_fraction)
{
	static const char whole[] = "SELECT julianday(?1)";
	char stripped[MOMENT_TEXT_MAX + 1];
	const char *end = NULL, *point = fraction_of(text, &end);
	double day;

	/* What SQLite does not take as a whole, it does not take without its fraction. */
	if (!julian_day(db, whole, text, 0, &day))
		return false;
	*has_fraction = point != NULL;
	if (point) {
		snprintf(stripped, sizeof stripped, "%.*s%s", (int)(point - text), text, end);
		if (!julian_day(db, whole, stripped, 0, &day))
			return false;
	}
	*time_us = julian_us(day) + (point ? fraction_us(point, end) : 0);
	return true;
}

/* Clears *IS_EXACT where TEXT is a date or a time of day without a fraction. */
static bool parse(const char *text, int64_t now_us, int64_t *time_us, bool *is_exact)
{
	sqlite3 *db = NULL;
	double day;
	bool found;

	*is_exact = true;
	if (strcmp(text, "now") == 0) {
		*time_us = now_us;
		return true;
	}
	if (strlen(text) > MOMENT_TEXT_MAX || is_number(text))
		return false;
	found = sqlite3_open_v2(":memory:", &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
			NULL) == SQLITE_OK;
	if (found && !parse_date(db, text, time_us, is_exact)) {
		found = julian_day(db, "SELECT julianday(?2, ?1)", text,
			JULIAN_EPOCH + (double)now_us / DAY_US, &day);
		if (found)
			*time_us = julian_us(day);
	}
	sqlite3_close(db);
	return found;
}

static enum bk_code no_time(const char *text, struct bk_error *err)
{
	return bk_fail(err, BK_E_INVALID, 0,
		"\"%.60s\" is no time: write \"2026-11-22 07:00\" (UTC) or \"-2 hours\"", text);
}

enum bk_code bk_moment_parse(
	const char *text, int64_t now_us, int64_t *time_us, struct bk_error *err)
{
	bool is_exact;

	return parse(text, now_us, time_us, &is_exact) ? BK_OK : no_time(text, err);
}

enum bk_code bk_moment_parse_end(
	const char *text, int64_t now_us, int64_t *time_us, struct bk_error *err)
{
	bool is_exact;

	if (!parse(text, now_us, time_us, &is_exact))
		return no_time(text, err);
	if (!is_exact)
		*time_us += SECOND_US - 1;
	return BK_OK;
}

void bk_moment_text(char *out, int64_t time_us, bool seconds)
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
	bool is_past = b_us > a_us;
	/* The distance of two times can be more than either holds. */
	uint64_t apart_us =
		is_past ? (uint64_t)b_us - (uint64_t)a_us : (uint64_t)a_us - (uint64_t)b_us;
	int64_t age = (int64_t)(apart_us / 1000000);
	size_t i = 0;

	while (age < units[i].seconds)
		i++;
	snprintf(out, BK_MOMENT_TEXT, "%lld %s %s", (long long)(age / sizes[i]), units[i].name,
		is_past || !age ? "ago" : "in the future: a clock is wrong");
}

/* calendar.c - dates and days since 1970. */
#include "calendar.h"

/* Counted from 0000-03-01, a year's leap day is its last, and 400 years are alike. */
#define ERA_DAYS           146097
#define MARCH_0_TO_1970    719468
#define DAYS_BEFORE(month) ((153 * (month) + 2) / 5) /* of the year from March, month from 0 */

static int days_in(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return days[month - 1] + (month == 2 && is_leap);
}

bool bk_date_is_valid(const struct date *date)
{
	return date->year >= 0 && date->year <= YEAR_MAX && date->month >= 1 && date->month <= 12 &&
	       date->day >= 1 && date->day <= days_in(date->year, date->month);
}

int64_t bk_date_days(const struct date *date)
{
	/* January and February belong to the year before; an era more keeps all above 0. */
	int64_t year = date->year + 400 - (date->month <= 2);
	int64_t month = (date->month + 9) % 12;

	return year * 365 + year / 4 - year / 100 + year / 400 + DAYS_BEFORE(month) + date->day -
	       1 - MARCH_0_TO_1970 - ERA_DAYS;
}

struct date bk_date_of_days(int64_t days)
{
	int64_t day = days + MARCH_0_TO_1970 + ERA_DAYS, era = day / ERA_DAYS;
	int64_t of_era = day % ERA_DAYS;
	int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (year * 365 + year / 4 - year / 100);
	int64_t month = (5 * of_year + 2) / 153;
	bool is_next = month >= 10;

	return (struct date){
		.year = (int)(era * 400 - 400 + year + is_next),
		.month = (int)(month + (is_next ? -9 : 3)),
		.day = (int)(of_year - DAYS_BEFORE(month) + 1),
	};
}

bool bk_date_add_months(struct date *date, int64_t months)
{
	int64_t month = (int64_t)date->year * 12 + date->month - 1 + months;
	int last;

	if (month < 0 || month / 12 > YEAR_MAX)
		return false;
	date->year = (int)(month / 12);
	date->month = (int)(month % 12 + 1);
	last = days_in(date->year, date->month);
	if (date->day > last)
		date->day = last;
	return true;
}

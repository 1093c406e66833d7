/* calendar.h - dates and days since 1970, by the Gregorian calendar, for the years 0 to 9999. */
#ifndef CALENDAR_H
#define CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

#define DAY_US    (INT64_C(86400) * 1000000)
#define SECOND_US INT64_C(1000000)

#define YEAR_MAX 9999

/* Microseconds since 1970: the first and the last of those years. */
#define CALENDAR_MIN_US (INT64_C(-62167219200) * SECOND_US)
#define CALENDAR_MAX_US (INT64_C(253402300800) * SECOND_US - 1)

struct date {
	int year, month, day; /* month and day from 1 */
};

/* Whether there is such a date. */
bool bk_date_is_valid(const struct date *date);

/* Days since 1970 of DATE, which is valid. */
int64_t bk_date_days(const struct date *date);

/* The date of a day in those years. */
struct date bk_date_of_days(int64_t days);

/* Moves DATE by MONTHS, where there is no such day to the last of that month. False if that is out
 * of those years; DATE is then as before. */
bool bk_date_add_months(struct date *date, int64_t months);

#endif

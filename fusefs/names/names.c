/* names.c - the names in the mount, and what they mean. */
#include "names.h"
#include <bk/moment.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define HOUR_LAST  (DAY_LAST * HOURS_A_DAY + HOURS_A_DAY - 1)
#define DIGITS_MAX 10 /* of a u32 */

/* Parts of "2026-11-22T07:12:45.123456Z". */
#define DAY_LENGTH   10
#define CLOCK_AT     11
#define CLOCK_LENGTH 15
#define HOUR_LENGTH  2

void name_of_version(char *out, uint32_t version, const char *suffix)
{
	snprintf(out, NAME_SIZE, "%07" PRIu32 "%s", version, suffix);
}

void name_of_bucket(char *out, uint32_t bucket)
{
	snprintf(out, NAME_SIZE, "%04" PRIu32, bucket);
}

void name_of_day(char *out, uint32_t day)
{
	char text[BK_MOMENT_TEXT];

	bk_moment_text(text, (int64_t)day * HOURS_A_DAY * HOUR_US, 1);
	snprintf(out, NAME_SIZE, "%.*s", DAY_LENGTH, text);
}

void name_of_hour(char *out, uint32_t hour)
{
	snprintf(out, NAME_SIZE, "%02" PRIu32, hour % HOURS_A_DAY);
}

void name_of_time_link(char *out, const struct bk_entry *entry, uint32_t hour)
{
	int64_t begin_us = (int64_t)hour * HOUR_US, time_us = entry->time_us;
	char text[BK_MOMENT_TEXT];

	if (time_us < begin_us)
		time_us = begin_us;
	if (time_us >= begin_us + HOUR_US)
		time_us = begin_us + HOUR_US - 1;
	bk_moment_text(text, time_us, 0);
	snprintf(out, NAME_SIZE, "%.*s-%07" PRIu32 IMAGE_SUFFIX, CLOCK_LENGTH, text + CLOCK_AT,
		entry->version);
}

/* Reads LENGTH decimal digits, no more than MAX. */
static bool read_number(const char *text, size_t length, uint32_t max, uint32_t *out)
{
	uint64_t number = 0;

	if (!length || length > DIGITS_MAX || strspn(text, "0123456789") < length)
		return false;
	for (size_t i = 0; i < length; i++)
		number = number * 10 + (uint64_t)(text[i] - '0');
	*out = (uint32_t)number;
	return number <= max;
}

/* The length of NAME without SUFFIX; 0 if it does not end in it. */
static size_t length_before(const char *name, const char *suffix)
{
	size_t length = strlen(name), tail = strlen(suffix);

	return length > tail && strcmp(name + length - tail, suffix) == 0 ? length - tail : 0;
}

bool name_to_version(const char *name, const char *suffix, uint32_t *version)
{
	return read_number(name, length_before(name, suffix), UINT32_MAX, version);
}

bool name_to_bucket(const char *name, uint32_t *bucket)
{
	return read_number(name, strlen(name), BUCKET_LAST, bucket);
}

bool name_to_day(const char *name, uint32_t *day)
{
	char back[NAME_SIZE];
	int64_t time_us;

	if (strlen(name) != DAY_LENGTH || bk_moment_parse(name, 0, &time_us, NULL) || time_us < 0)
		return false;
	*day = hour_of_time(time_us) / HOURS_A_DAY;
	name_of_day(back, *day);
	return strcmp(back, name) == 0;
}

bool name_to_hour(const char *name, uint32_t day, uint32_t *hour)
{
	uint32_t within;

	if (strlen(name) != HOUR_LENGTH ||
		!read_number(name, HOUR_LENGTH, HOURS_A_DAY - 1, &within))
		return false;
	*hour = day * HOURS_A_DAY + within;
	return true;
}

bool name_to_time_link(const char *name, uint32_t *version)
{
	size_t length = strlen(name);

	return length > CLOCK_LENGTH && name[CLOCK_LENGTH] == '-' &&
	       name_to_version(name + CLOCK_LENGTH + 1, IMAGE_SUFFIX, version);
}

bool name_to_moment(const char *name, int64_t now_us, int64_t *time_us)
{
	size_t length = length_before(name, IMAGE_SUFFIX);
	char text[256]; /* no name is longer */

	if (!length)
		length = strlen(name);
	if (length >= sizeof text)
		return false;
	memcpy(text, name, length);
	text[length] = '\0';
	return bk_moment_parse_end(text, now_us, time_us, NULL) == BK_OK;
}

uint32_t hour_of_time(int64_t time_us)
{
	int64_t hour = time_us / HOUR_US;

	if (time_us < 0)
		return 0;
	return hour < HOUR_LAST ? (uint32_t)hour : HOUR_LAST;
}

int64_t hour_begin_us(uint32_t hour)
{
	return hour ? (int64_t)hour * HOUR_US : INT64_MIN;
}

int64_t hour_end_us(uint32_t hour)
{
	return hour < HOUR_LAST ? (int64_t)(hour + 1) * HOUR_US : INT64_MAX;
}

void link_target(char *out, enum node_kind kind, uint32_t number)
{
	const char *up = kind == NODE_LATEST    ? "versions/"
			 : kind == NODE_AT_LINK ? "../versions/"
						: "../../../versions/";
	char bucket[NAME_SIZE], version[NAME_SIZE];

	if (kind == NODE_IMAGE_BUCKET_ALIAS || kind == NODE_SQL_BUCKET_ALIAS) {
		name_of_bucket(out, number);
		return;
	}
	name_of_version(version, number, kind == NODE_SQL_ALIAS ? SQL_SUFFIX : IMAGE_SUFFIX);
	if (kind == NODE_IMAGE_ALIAS || kind == NODE_SQL_ALIAS) {
		strcpy(out, version);
		return;
	}
	name_of_bucket(bucket, bucket_of(number));
	snprintf(out, NAME_SIZE, "%s%.10s/%.20s", up, bucket, version);
}

/* names.h - the names in the mount, and what they mean. */
#ifndef NAMES_H
#define NAMES_H

#include "node.h"
#include <bk/entry.h>
#include <stdbool.h>
#include <stdint.h>

#define NAME_SIZE 64 /* room for any name of ours, or target of a link */

#define IMAGE_SUFFIX ".sqlite3"
#define SQL_SUFFIX   ".sql"

/* Versions lie in buckets of a thousand. */
#define BUCKET_VERSIONS 1000u
#define BUCKET_LAST     (UINT32_MAX / BUCKET_VERSIONS)

#define HOUR_US     ((int64_t)3600 * 1000000)
#define HOURS_A_DAY 24u
#define DAY_LAST    2932896u /* 9999-12-31 */

static inline uint32_t bucket_of(uint32_t version)
{
	return version / BUCKET_VERSIONS;
}

static inline uint32_t bucket_last(uint32_t bucket)
{
	return bucket < BUCKET_LAST ? bucket * BUCKET_VERSIONS + BUCKET_VERSIONS - 1 : UINT32_MAX;
}

/* As they are listed: with zeros in front up to seven digits, for a bucket four, so that names sort
 * like versions up to 9,999,999. */
void name_of_version(char *out, uint32_t version, const char *suffix);
void name_of_bucket(char *out, uint32_t bucket);
void name_of_day(char *out, uint32_t day);
void name_of_hour(char *out, uint32_t hour); /* hours since 1970 */

/* A link of an hour: "07:12:45.123456-1234567.sqlite3". The time is that of ENTRY, or the end of
 * HOUR if it came after (clocks step). */
void name_of_time_link(char *out, const struct bk_entry *entry, uint32_t hour);

/* Reads a version with any zeros in front, ten digits in all; false if NAME is none. */
bool name_to_version(const char *name, const char *suffix, uint32_t *version);
bool name_to_bucket(const char *name, uint32_t *bucket);
bool name_to_day(const char *name, uint32_t *day);
bool name_to_hour(const char *name, uint32_t day, uint32_t *hour);

/* The version in a time link's name; whether it is the right name must be asked of the log. */
bool name_to_time_link(const char *name, uint32_t *version);

/* Reads a name in at/: a time, with or without the suffix. False for nonsense. */
bool name_to_moment(const char *name, int64_t now_us, int64_t *time_us);

/* The day and hour that TIME_US lies in; times before 1970 and after 9999 count as the first and
 * the last hour. */
uint32_t hour_of_time(int64_t time_us);

/* When HOUR begins and ends; the first begins, and the last ends, out of all time. */
int64_t hour_begin_us(uint32_t hour);
int64_t hour_end_us(uint32_t hour);

/* Where a link of KIND to NUMBER (a version or a bucket) leads. */
void link_target(char *out, enum node_kind kind, uint32_t number);

#endif

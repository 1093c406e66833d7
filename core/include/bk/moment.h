/* moment.h - times as people write them. */
#ifndef BK_MOMENT_H
#define BK_MOMENT_H

#include <bk/error.h>
#include <stdbool.h>
#include <stdint.h>

/* Reads TEXT, a time as SQLite's date functions take it, in UTC ("2026-11-22 07:00",
 * "2026-11-22T07:00:00Z", "now") or a step from NOW_US ("-2 hours", "start of day"), into
 * microseconds since 1970. Fails with BK_E_INVALID. */
BK_MUST_CHECK enum bk_code bk_moment_parse(
	const char *text, int64_t now_us, int64_t *time_us, struct bk_error *err);

/* The same for the end of a range, "not after TEXT". A time of day or date without a fraction
 * stands for its whole second, up to .999999: texts that leave the fraction out (bk_moment_text
 * with SECONDS) then take in what they were written for. "now", steps and times with a fraction are
 * exact, as above. */
BK_MUST_CHECK enum bk_code bk_moment_parse_end(
	const char *text, int64_t now_us, int64_t *time_us, struct bk_error *err);

#define BK_MOMENT_TEXT 64

/* Writes TIME_US as "2026-11-22T07:00:00.123456Z"; SECONDS leaves the fraction out. OUT has room
 * for BK_MOMENT_TEXT bytes. A time out of the years 0 to 9999 gives "?". */
void bk_moment_text(char *out, int64_t time_us, bool seconds);

/* Writes how long A is before B: "3 seconds ago", "2 hours ago", "5 days ago"; where A is after B,
 * that a clock is wrong. OUT as above. */
void bk_moment_age(char *out, int64_t a_us, int64_t b_us);

#endif

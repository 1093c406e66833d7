/* moment.h - times as people write them.
 *
 * All are UTC, unless they say another zone, and of the years 0 to 9999:
 *
 *   2026-11-22 07:00:00.5   a date, a time of day behind it or not; also with T between them, with
 *   20261122T070000Z        Z or +02:00 behind them, and compact
 *   23:59:59, 7:00          the newest such time of day that has come
 *   today, yesterday        their midnights, or with a time of day behind it
 *   start of day            of month, of year: the beginning of the current one
 *   now
 *   2 hours, 1h30m          so long ago; the same with "ago", or with - before it. With + it is to
 *                           come. Units: seconds, minutes, hours, days, weeks, months, years
 *   1795330800, @1795330800 Unix time, also in milliseconds (13 digits) and microseconds (16) */
#ifndef BK_MOMENT_H
#define BK_MOMENT_H

#include <bk/error.h>
#include <stdbool.h>
#include <stdint.h>

/* Reads TEXT as above, as somebody writes it at NOW_US, into microseconds since 1970. Fails with
 * BK_E_INVALID. */
BK_MUST_CHECK enum bk_code bk_moment_parse(
	const char *text, int64_t now_us, int64_t *time_us, struct bk_error *err);

/* The same for the end of a range, "not after TEXT". A time of day, a date or Unix time without a
 * fraction stands for its whole second, up to .999999 (in milliseconds for the whole of one): texts
 * that leave the fraction out (bk_moment_text with SECONDS) then take in what they were written
 * for. "now", steps and times with a fraction are exact, as above. */
BK_MUST_CHECK enum bk_code bk_moment_parse_end(
	const char *text, int64_t now_us, int64_t *time_us, struct bk_error *err);

/* Where the past is meant: fails with BK_E_INVALID, saying what was understood, if TIME_US, which
 * TEXT was read as, is in a later second than LATEST_US. */
BK_MUST_CHECK enum bk_code bk_moment_check_past(
	const char *text, int64_t time_us, int64_t latest_us, struct bk_error *err);

#define BK_MOMENT_TEXT 64

/* Writes TIME_US as "2026-11-22T07:00:00.123456Z"; SECONDS leaves the fraction out. OUT has room
 * for BK_MOMENT_TEXT bytes. A time out of the years 0 to 9999 gives "?". */
void bk_moment_text(char *out, int64_t time_us, bool seconds);

/* Writes how long A is before B: "3 seconds ago", "2 hours ago", "5 days ago"; where A is after B,
 * that a clock is wrong. OUT as above. */
void bk_moment_age(char *out, int64_t a_us, int64_t b_us);

#endif

/* plotdata.h - a log in numbers, for a picture of it: how it grew, when versions came, what those
 * of an age take. */
#ifndef PLOTDATA_H
#define PLOTDATA_H

#include <bk/log.h>

#define PLOTDATA_POINTS 400
#define PLOTDATA_BARS   100
#define PLOTDATA_AGES   6

struct plotdata {
	int64_t begin_us, end_us; /* of what the log holds */
	/* How large the log was, at equal steps from BEGIN to END. */
	uint64_t bytes[PLOTDATA_POINTS];
	/* Versions that came in each of BARS steps of BAR_US, the last of which ends behind
	 * END_US. */
	unsigned bars;
	int64_t bar_us, bars_begin_us;
	uint64_t versions[PLOTDATA_BARS];
	/* Bytes of the log that are changes, and all else, by the age of what they hold. */
	uint64_t changes[PLOTDATA_AGES], rest[PLOTDATA_AGES];
};

extern const char *const plotdata_ages[PLOTDATA_AGES]; /* in words */

/* Reads LOG. What damage hides is left out. Fails as bk_listing_next does, but for that. */
BK_MUST_CHECK enum bk_code plotdata_read(
	struct plotdata *out, struct bk_log *log, struct bk_error *err);

#endif

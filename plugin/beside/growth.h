/* growth.h - how fast a log grows, told from what it grew while we watched.
 *
 * Full snapshots do not count: they are large, and rare. Nor does the age of the log: its first
 * keyframe is one of them.
 *
 * Calling sequence: growth_begin; any growth_skip, growth_for_a_day. */
#ifndef GROWTH_H
#define GROWTH_H

#include <stdint.h>

/* The least that a day is taken to need, in bytes. */
#define SPACE_BYTES_MIN ((uint64_t)64 << 20)

/* The bytes that a day needs where GROWN bytes came in OBSERVED_US microseconds. At least
 * SPACE_BYTES_MIN, and no more where that was less than an hour: a minute says nothing of a day.
 * growth_for_a_day's own; here for its test. */
uint64_t space_for_a_day(uint64_t grown, int64_t observed_us);

struct growth {
	uint64_t start_bytes;
	int64_t start_us;
	uint64_t day_bytes; /* what the last whole day needed; 0 before there was one */
};

/* The log is at LOG_BYTES; NOW_US comes from a clock that does not step. */
void growth_begin(struct growth *growth, uint64_t log_bytes, int64_t now_us);

/* BYTES of the log are a snapshot. */
void growth_skip(struct growth *growth, uint64_t bytes);

/* The bytes that the next day needs: as the day before, or as it looks since then if that is more.
 * 0 before anything was measured. */
uint64_t growth_for_a_day(struct growth *growth, uint64_t log_bytes, int64_t now_us);

#endif

/* growth.c - how fast a log grows. */
#include "growth.h"

#define HOUR_US ((int64_t)3600 * 1000000)
#define DAY_US  (24 * HOUR_US)

uint64_t space_for_a_day(uint64_t grown, int64_t observed_us)
{
	if (observed_us < HOUR_US)
		return 0;
	return (uint64_t)((double)grown * (double)DAY_US / (double)observed_us);
}

void growth_begin(struct growth *growth, uint64_t log_bytes, int64_t now_us)
{
	growth->start_bytes = log_bytes;
	growth->start_us = now_us;
}

void growth_skip(struct growth *growth, uint64_t bytes)
{
	growth->start_bytes += bytes;
}

uint64_t growth_for_a_day(struct growth *growth, uint64_t log_bytes, int64_t now_us)
{
	/* A snapshot that failed may have been cut off again. */
	uint64_t grown = log_bytes > growth->start_bytes ? log_bytes - growth->start_bytes : 0;
	int64_t observed_us = now_us - growth->start_us;
	uint64_t need = space_for_a_day(grown, observed_us);

	if (observed_us >= DAY_US) {
		growth->day_bytes = need;
		growth_begin(growth, log_bytes, now_us);
	}
	return need > growth->day_bytes ? need : growth->day_bytes;
}

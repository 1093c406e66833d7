/* space.h - warning before the disk that the log is on is full.
 *
 * A thread of its own looks now and then: asking a network mount for its free space can hang, and
 * neither a change nor the watch may wait for that. */
#ifndef SPACE_H
#define SPACE_H

#include <bk/error.h>
#include <bk/writer.h>

struct space;

/* WRITER must outlive it. */
BK_MUST_CHECK enum bk_code space_start(
	struct space **out, struct bk_writer *writer, struct bk_error *err);
void space_stop(struct space *space); /* takes NULL */

/* How many bytes a day's growth needs, from a log of LOG_BYTES that was at DAY_AGO_BYTES a day ago;
 * or, with a log younger than a day, made CREATED_US ago with nothing in it. At least
 * SPACE_BYTES_MIN. */
uint64_t space_for_a_day(uint64_t log_bytes, uint64_t day_ago_bytes, int64_t age_us);

#define SPACE_BYTES_MIN ((uint64_t)64 << 20)

#endif

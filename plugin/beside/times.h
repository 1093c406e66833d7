/* times.h - how long lightningd waited for each change, counted, and noted once a minute in
 * backup.times beside backup.lock, for backup-cli status (hooktimes.h).
 *
 * Counting takes a moment and waits for nothing that writes. */
#ifndef TIMES_H
#define TIMES_H

#include <bk/error.h>
#include <bk/io.h>
#include <stdint.h>

struct times;

/* Starts the thread that writes. Fails with BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code times_start(
	struct times **out, const struct bk_io *io, struct bk_error *err);

/* Ends it; what was counted since it wrote last is written. Takes NULL. */
void times_stop(struct times *times);

/* Now, in microseconds of a clock that does not step. */
int64_t times_now_us(void);

/* A change was answered that came at BEGAN_US. Takes NULL. */
void times_count(struct times *times, int64_t began_us);

#endif

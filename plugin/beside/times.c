/* times.c - how long lightningd waited for each change. */
#include "times.h"
#include "hooktimes.h"
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#define WRITE_SECONDS 60

struct times {
	const struct bk_io *io;
	pthread_t thread;
	pthread_mutex_t mutex; /* over what follows; never held while anything is written */
	pthread_cond_t changed;
	bool is_stopping;
	struct hooktimes counted;
};

int64_t times_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void times_count(struct times *times, int64_t began_us)
{
	int64_t took_us = times_now_us() - began_us;

	if (!times)
		return;
	pthread_mutex_lock(&times->mutex);
	hooktimes_add(&times->counted, took_us);
	pthread_mutex_unlock(&times->mutex);
}

/* Nothing hangs on it: what cannot be written is tried again a minute later. */
static void write_down(struct times *times, struct hooktimes *counted)
{
	struct bk_error ignored;

	counted->at_us = times->io->ops->now_us(times->io->ctx);
	(void)!hooktimes_write(times->io, HOOKTIMES_NAME, counted, &ignored);
}

static void wait_a_minute(struct times *times)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += WRITE_SECONDS;
	while (!times->is_stopping &&
		pthread_cond_timedwait(&times->changed, &times->mutex, &until) == 0)
		;
}

static void *times_run(void *arg)
{
	struct times *times = arg;
	uint64_t written = 0;
	bool is_last;

	do {
		struct hooktimes counted;

		pthread_mutex_lock(&times->mutex);
		wait_a_minute(times);
		counted = times->counted;
		is_last = times->is_stopping;
		pthread_mutex_unlock(&times->mutex);
		if (counted.count != written)
			write_down(times, &counted);
		written = counted.count;
	} while (!is_last);
	return NULL;
}

enum bk_code times_start(struct times **out, const struct bk_io *io, struct bk_error *err)
{
	struct times *times = calloc(1, sizeof *times);
	pthread_condattr_t attr;
	int rc;

	if (!times)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a thread");
	times->io = io;
	times->counted.since_us = io->ops->now_us(io->ctx);
	pthread_mutex_init(&times->mutex, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&times->changed, &attr);
	pthread_condattr_destroy(&attr);
	rc = pthread_create(&times->thread, NULL, times_run, times);
	if (rc) {
		free(times);
		return bk_fail(err, BK_E_NOMEM, rc, "cannot start a thread");
	}
	*out = times;
	return BK_OK;
}

void times_stop(struct times *times)
{
	if (!times)
		return;
	pthread_mutex_lock(&times->mutex);
	times->is_stopping = true;
	pthread_cond_signal(&times->changed);
	pthread_mutex_unlock(&times->mutex);
	pthread_join(times->thread, NULL);
	pthread_cond_destroy(&times->changed);
	pthread_mutex_destroy(&times->mutex);
	free(times);
}

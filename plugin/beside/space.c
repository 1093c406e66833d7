/* space.c - warning before the disk that the log is on is full. */
#include "space.h"
#include "growth.h"
#include "out.h"
#include <bk/log.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define LOOK_SECONDS 60
#define TELL_SECONDS 3600

/* So little is nearly nothing, however slowly the log grows. */
#define LOW_BYTES ((uint64_t)8 << 20)

struct space {
	struct bk_writer *writer;
	const struct names *names;
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	bool is_stopping;
	bool has_told;
	struct timespec told; /* CLOCK_MONOTONIC */
	struct growth growth;
	bool in_snapshot;
	unsigned snapshots;      /* begun */
	uint64_t snapshot_start; /* bytes of the log before the one under way */
};

static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static uint64_t log_bytes(const struct space *space)
{
	struct bk_log_status status = {0};

	return bk_log_status(bk_writer_log(space->writer), &status, NULL) ? 0 : status.log_bytes;
}

/* What is free, and what a day needs; false if that cannot be told just now. With the mutex held,
 * which is let go meanwhile: the first question can hang. */
static bool look(struct space *space, uint64_t *free_bytes, uint64_t *need)
{
	unsigned snapshots = space->snapshots;
	struct bk_error ignored;
	uint64_t bytes;
	bool good;

	pthread_mutex_unlock(&space->mutex);
	good = !bk_writer_free_space(space->writer, free_bytes, &ignored);
	bytes = log_bytes(space);
	pthread_mutex_lock(&space->mutex);
	if (!good || !bytes || space->in_snapshot || space->snapshots != snapshots)
		return false;
	*need = growth_for_a_day(&space->growth, bytes, now_us());
	return true;
}

static void tell(struct space *space, uint64_t free_bytes, uint64_t need)
{
	struct timespec now;
	char day[64] = "";

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (space->has_told && now.tv_sec - space->told.tv_sec < TELL_SECONDS)
		return;
	space->has_told = true;
	space->told = now;
	if (need)
		snprintf(day, sizeof day, ", and a day takes about %llu MB",
			(unsigned long long)((need + 999999) / 1000000));
	out_log(LEVEL_UNUSUAL,
		"the disk of the backup is nearly full: %llu MB are free%s. When it is full, "
		"lightningd stops. Make space on it, or, with lightningd stopped, begin a new log "
		"on another disk: %s file:///path/on/another/disk/file.bkp",
		(unsigned long long)(free_bytes / 1000000), day, space->names->init);
}

static void *space_run(void *arg)
{
	struct space *space = arg;

	pthread_mutex_lock(&space->mutex);
	while (!space->is_stopping) {
		uint64_t free_bytes, need;
		struct timespec until;

		if (look(space, &free_bytes, &need) &&
			(free_bytes < need || free_bytes < LOW_BYTES))
			tell(space, free_bytes, need);
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_sec += LOOK_SECONDS;
		while (!space->is_stopping &&
			pthread_cond_timedwait(&space->changed, &space->mutex, &until) == 0)
			;
	}
	pthread_mutex_unlock(&space->mutex);
	return NULL;
}

enum bk_code space_start(struct space **out, struct bk_writer *writer, const struct names *names,
	struct bk_error *err)
{
	struct space *space = calloc(1, sizeof *space);
	pthread_condattr_t attr;
	int rc;

	if (!space)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a thread");
	space->writer = writer;
	space->names = names;
	growth_begin(&space->growth, log_bytes(space), now_us());
	pthread_mutex_init(&space->mutex, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&space->changed, &attr);
	pthread_condattr_destroy(&attr);
	rc = pthread_create(&space->thread, NULL, space_run, space);
	if (rc) {
		free(space);
		return bk_fail(err, BK_E_NOMEM, rc, "cannot start a thread");
	}
	*out = space;
	return BK_OK;
}

void space_stop(struct space *space)
{
	if (!space)
		return;
	pthread_mutex_lock(&space->mutex);
	space->is_stopping = true;
	pthread_cond_signal(&space->changed);
	pthread_mutex_unlock(&space->mutex);
	pthread_join(space->thread, NULL);
	pthread_cond_destroy(&space->changed);
	pthread_mutex_destroy(&space->mutex);
	free(space);
}

void space_snapshot_begin(struct space *space)
{
	if (!space)
		return;
	pthread_mutex_lock(&space->mutex);
	space->in_snapshot = true;
	space->snapshots++;
	space->snapshot_start = log_bytes(space);
	pthread_mutex_unlock(&space->mutex);
}

void space_snapshot_end(struct space *space)
{
	uint64_t bytes;

	if (!space)
		return;
	pthread_mutex_lock(&space->mutex);
	bytes = log_bytes(space);
	if (bytes > space->snapshot_start)
		growth_skip(&space->growth, bytes - space->snapshot_start);
	space->in_snapshot = false;
	pthread_mutex_unlock(&space->mutex);
}

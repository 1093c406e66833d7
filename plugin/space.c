/* space.c - warning before the disk that the log is on is full. */
#include "space.h"
#include "out.h"
#include <bk/history.h>
#include <bk/io.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define LOOK_SECONDS 60
#define TELL_SECONDS 3600
#define DAY_US       ((int64_t)86400 * 1000000)

/* Of a younger log nothing is known about a day. */
#define AGE_MIN_US ((int64_t)3600 * 1000000)

struct space {
	struct bk_writer *writer;
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	bool is_stopping;
	bool has_told;
	struct timespec told; /* CLOCK_MONOTONIC */
};

uint64_t space_for_a_day(uint64_t log_bytes, uint64_t day_ago_bytes, int64_t age_us)
{
	uint64_t need = log_bytes - day_ago_bytes;

	if (age_us < AGE_MIN_US)
		return SPACE_BYTES_MIN;
	if (age_us < DAY_US)
		need = (uint64_t)((double)need * (double)DAY_US / (double)age_us);
	return need > SPACE_BYTES_MIN ? need : SPACE_BYTES_MIN;
}

static enum bk_code look(
	struct space *space, uint64_t *free_bytes, uint64_t *need, struct bk_error *err)
{
	const struct bk_io *io = bk_io_posix();
	struct bk_log *log = bk_writer_log(space->writer);
	int64_t now = io->ops->now_us(io->ctx);
	struct bk_log_status status;
	struct bk_entry day_ago = {0};
	enum bk_code code = bk_writer_free_space(space->writer, free_bytes, err);

	if (!code)
		code = bk_log_status(log, &status, err);
	if (!code)
		code = bk_history_find_time(log, now - DAY_US, &day_ago, err);
	if (code == BK_E_MISSING)
		code = BK_OK;
	if (!code)
		*need = space_for_a_day(status.log_bytes, day_ago.offset, now - status.created_us);
	return code;
}

static void tell(struct space *space, uint64_t free_bytes, uint64_t need)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (space->has_told && now.tv_sec - space->told.tv_sec < TELL_SECONDS)
		return;
	space->has_told = true;
	space->told = now;
	out_log(LEVEL_UNUSUAL,
		"the disk of the backup is nearly full: %llu MB are free, and a day takes about "
		"%llu "
		"MB. When it is full, lightningd stops. Make space on it, or begin a new log on "
		"another disk: backup-cli init --lightning-dir . URL",
		(unsigned long long)(free_bytes / 1000000), (unsigned long long)(need / 1000000));
}

static void *space_run(void *arg)
{
	struct space *space = arg;

	pthread_mutex_lock(&space->mutex);
	while (!space->is_stopping) {
		uint64_t free_bytes, need;
		struct timespec until;
		struct bk_error err;

		pthread_mutex_unlock(&space->mutex);
		if (!look(space, &free_bytes, &need, &err) && free_bytes < need)
			tell(space, free_bytes, need);
		pthread_mutex_lock(&space->mutex);
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_sec += LOOK_SECONDS;
		while (!space->is_stopping &&
			pthread_cond_timedwait(&space->changed, &space->mutex, &until) == 0)
			;
	}
	pthread_mutex_unlock(&space->mutex);
	return NULL;
}

enum bk_code space_start(struct space **out, struct bk_writer *writer, struct bk_error *err)
{
	struct space *space = calloc(1, sizeof *space);
	pthread_condattr_t attr;
	int rc;

	if (!space)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a thread");
	space->writer = writer;
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

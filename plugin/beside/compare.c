/* compare.c - comparing a large database beside the node. */
#include "compare.h"
#include <bk/process.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

/* The node is quiet when nothing has come for so long. */
#define QUIET_MS     1000
#define QUIET_MS_MAX 60000

#define NICE 10

struct compare {
	struct bk_log *log;
	const char *database;
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	bool is_stopping;
	bool is_paused;  /* a db_write is under way */
	bool is_copying; /* with a lock on the database */
	bool is_done;
	int64_t quiet_since; /* milliseconds */
	unsigned quiet_ms;
	struct bk_against_result result;
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool is_wanted(void *ctx)
{
	struct compare *compare = ctx;
	bool wanted;

	pthread_mutex_lock(&compare->mutex);
	wanted = !compare->is_stopping && !(compare->is_copying && compare->is_paused);
	pthread_mutex_unlock(&compare->mutex);
	return wanted;
}

static void end_copy(struct compare *compare)
{
	pthread_mutex_lock(&compare->mutex);
	compare->is_copying = false;
	pthread_cond_broadcast(&compare->changed);
	pthread_mutex_unlock(&compare->mutex);
}

/* The first page that is compared tells that the copy is there. */
static void progress(void *ctx, uint64_t done, uint64_t total)
{
	(void)total;
	if (done == 1)
		end_copy(ctx);
}

/* Waits for a quiet moment, and takes it. False at the end. */
static bool wait_for_quiet(struct compare *compare)
{
	bool is_stopping;

	pthread_mutex_lock(&compare->mutex);
	for (;;) {
		int64_t at = compare->quiet_since + compare->quiet_ms;
		struct timespec until = {
			.tv_sec = at / 1000, .tv_nsec = (long)(at % 1000 * 1000000)};

		is_stopping = compare->is_stopping;
		if (is_stopping || (!compare->is_paused && now_ms() >= at))
			break;
		if (compare->is_paused)
			pthread_cond_wait(&compare->changed, &compare->mutex);
		else
			pthread_cond_timedwait(&compare->changed, &compare->mutex, &until);
	}
	compare->is_copying = !is_stopping;
	pthread_mutex_unlock(&compare->mutex);
	return !is_stopping;
}

static void *compare_run(void *arg)
{
	struct compare *compare = arg;
	struct bk_against_options options = {
		.progress = progress, .is_wanted = is_wanted, .ctx = compare};
	struct bk_against_result result;
	struct bk_error ignored;
	enum bk_code code = BK_E_BUSY;

	bk_process_lower_thread(NICE);
	while (code && wait_for_quiet(compare)) {
		code = bk_verify_against(
			compare->log, compare->database, &options, &result, &ignored);
		end_copy(compare);
		if (!code && !result.is_held)
			code = BK_E_MISSING;
		pthread_mutex_lock(&compare->mutex);
		if (!code)
			compare->result = result;
		compare->is_done = !code;
		compare->quiet_since = now_ms();
		if (compare->quiet_ms < QUIET_MS_MAX && code != BK_E_BUSY)
			compare->quiet_ms *= 2;
		pthread_mutex_unlock(&compare->mutex);
	}
	return NULL;
}

enum bk_code compare_start(
	struct compare **out, struct bk_log *log, const char *database, struct bk_error *err)
{
	struct compare *compare = calloc(1, sizeof *compare);
	pthread_condattr_t attr;
	int rc;

	if (!compare)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a thread");
	compare->log = log;
	compare->database = database;
	compare->quiet_since = now_ms();
	compare->quiet_ms = QUIET_MS;
	compare->is_paused = true; /* it is started within a db_write */
	pthread_mutex_init(&compare->mutex, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&compare->changed, &attr);
	pthread_condattr_destroy(&attr);
	rc = pthread_create(&compare->thread, NULL, compare_run, compare);
	if (rc) {
		free(compare);
		return bk_fail(err, BK_E_NOMEM, rc, "cannot start a thread");
	}
	*out = compare;
	return BK_OK;
}

void compare_stop(struct compare *compare)
{
	if (!compare)
		return;
	pthread_mutex_lock(&compare->mutex);
	compare->is_stopping = true;
	pthread_cond_broadcast(&compare->changed);
	pthread_mutex_unlock(&compare->mutex);
	pthread_join(compare->thread, NULL);
	pthread_cond_destroy(&compare->changed);
	pthread_mutex_destroy(&compare->mutex);
	free(compare);
}

void compare_pause(struct compare *compare)
{
	if (!compare)
		return;
	pthread_mutex_lock(&compare->mutex);
	compare->is_paused = true;
	while (compare->is_copying)
		pthread_cond_wait(&compare->changed, &compare->mutex);
	pthread_mutex_unlock(&compare->mutex);
}

void compare_go_on(struct compare *compare)
{
	if (!compare)
		return;
	pthread_mutex_lock(&compare->mutex);
	compare->is_paused = false;
	compare->quiet_since = now_ms();
	pthread_cond_broadcast(&compare->changed);
	pthread_mutex_unlock(&compare->mutex);
}

bool compare_result(struct compare *compare, struct bk_against_result *result)
{
	bool is_done;

	if (!compare)
		return false;
	pthread_mutex_lock(&compare->mutex);
	is_done = compare->is_done;
	if (is_done)
		*result = compare->result;
	pthread_mutex_unlock(&compare->mutex);
	return is_done;
}

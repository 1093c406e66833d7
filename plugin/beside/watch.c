/* watch.c - saying what a db_write waits for, when it waits long. */
#include "watch.h"
#include "out.h"
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

struct watch {
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	bool is_stopping;
	const char *what;      /* NULL: nothing is waited for */
	struct timespec since; /* CLOCK_MONOTONIC */
	unsigned told;         /* how often it was said */
};

static long seconds_since(const struct timespec *then)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (long)(now.tv_sec - then->tv_sec);
}

/* When to look next: the clock runs on while nothing is waited for, which saves waking up the
 * thread at every call. */
static void wait_a_little(struct watch *watch)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += 1;
	pthread_cond_timedwait(&watch->changed, &watch->mutex, &until);
}

static void *watch_run(void *arg)
{
	struct watch *watch = arg;

	pthread_mutex_lock(&watch->mutex);
	while (!watch->is_stopping) {
		long waited = watch->what ? seconds_since(&watch->since) : 0;
		long due = WATCH_FIRST_SECONDS + (long)watch->told * WATCH_AGAIN_SECONDS;

		if (watch->what && waited >= due) {
			watch->told++;
			out_log(LEVEL_UNUSUAL,
				"waiting for %ld seconds now: %s. lightningd waits with us, and "
				"goes "
				"on when it is over. If it is not: see whether that place answers",
				waited, watch->what);
		}
		wait_a_little(watch);
	}
	pthread_mutex_unlock(&watch->mutex);
	return NULL;
}

enum bk_code watch_start(struct watch **out, struct bk_error *err)
{
	struct watch *watch = calloc(1, sizeof *watch);
	pthread_condattr_t attr;
	int rc;

	if (!watch)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a thread");
	pthread_mutex_init(&watch->mutex, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&watch->changed, &attr);
	pthread_condattr_destroy(&attr);
	rc = pthread_create(&watch->thread, NULL, watch_run, watch);
	if (rc) {
		free(watch);
		return bk_fail(err, BK_E_NOMEM, rc, "cannot start a thread");
	}
	*out = watch;
	return BK_OK;
}

void watch_stop(struct watch *watch)
{
	if (!watch)
		return;
	pthread_mutex_lock(&watch->mutex);
	watch->is_stopping = true;
	pthread_cond_signal(&watch->changed);
	pthread_mutex_unlock(&watch->mutex);
	pthread_join(watch->thread, NULL);
	pthread_cond_destroy(&watch->changed);
	pthread_mutex_destroy(&watch->mutex);
	free(watch);
}

void watch_begin(struct watch *watch, const char *what)
{
	pthread_mutex_lock(&watch->mutex);
	watch->what = what;
	watch->told = 0;
	clock_gettime(CLOCK_MONOTONIC, &watch->since);
	pthread_mutex_unlock(&watch->mutex);
}

void watch_change(struct watch *watch, const char *what)
{
	pthread_mutex_lock(&watch->mutex);
	if (watch->what)
		watch->what = what;
	pthread_mutex_unlock(&watch->mutex);
}

void watch_end(struct watch *watch)
{
	unsigned told;

	pthread_mutex_lock(&watch->mutex);
	told = watch->told;
	watch->what = NULL;
	pthread_mutex_unlock(&watch->mutex);
	if (told)
		out_log(LEVEL_UNUSUAL, "the wait is over: going on after %ld seconds",
			seconds_since(&watch->since));
}

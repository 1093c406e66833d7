/* judge.c - whether the newest version can be restored. */
#include "judge.h"
#include <bk/process.h>
#include <errno.h>
#include <time.h>

/* How often it looks whether there is something new to judge. */
#define POLL_MS 500

/* It rests for so many times what a verdict took. */
#define REST_TIMES 20

#define NICE_MOST 19

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool is_wanted(void *ctx)
{
	struct judge *judge = ctx;
	bool is_ending;

	pthread_mutex_lock(&judge->mutex);
	is_ending = judge->is_ending;
	pthread_mutex_unlock(&judge->mutex);
	return !is_ending;
}

/* Whether the head of SOURCE may stand on other pages than the one that was judged, or is better
 * off than that one. */
static bool is_due(struct judge *judge, struct source *source)
{
	const struct bk_verdict *last = &judge->last.verdict;
	struct bk_log_status status;

	if (now_ms() < judge->rest_until_ms || bk_log_status(source->log, &status, NULL))
		return false;
	if (judge->has_looked && judge->generation == source->generation &&
		judge->keyframes == status.keyframes &&
		(last->answer == BK_VERDICT_YES || last->version == status.version))
		return false;
	judge->generation = source->generation;
	judge->keyframes = status.keyframes;
	return true;
}

/* A log that was cut or replaced meanwhile says nothing of the one that is there now. */
static void ask(struct judge *judge, struct source *source)
{
	struct bk_verdict_options options = {
		.is_quick = true, .is_wanted = is_wanted, .ctx = judge};
	const struct bk_io *io = judge->sources->io;
	struct judgement found = {.is_known = true};
	struct bk_error ignored;
	int64_t began = now_ms();

	judge->has_looked = !bk_verdict_head(source->log, &options, &found.verdict, &ignored) &&
			    (found.verdict.answer == BK_VERDICT_YES || source_stands(source));
	if (judge->has_looked) {
		found.time_us = io->ops->now_us(io->ctx);
		pthread_mutex_lock(&judge->mutex);
		judge->last = found;
		pthread_mutex_unlock(&judge->mutex);
	}
	judge->rest_until_ms = now_ms() + REST_TIMES * (now_ms() - began);
}

/* Waits for the next look; false if there is to be none. */
static bool wait_for_next(struct judge *judge)
{
	int64_t at = now_ms() + POLL_MS;
	struct timespec until = {
		.tv_sec = (time_t)(at / 1000), .tv_nsec = (long)(at % 1000 * 1000000)};
	bool is_ending;
	int rc = 0;

	pthread_mutex_lock(&judge->mutex);
	while (!judge->is_ending && rc != ETIMEDOUT)
		rc = pthread_cond_timedwait(&judge->ending, &judge->mutex, &until);
	is_ending = judge->is_ending;
	pthread_mutex_unlock(&judge->mutex);
	return !is_ending;
}

static void *judge_run(void *arg)
{
	struct judge *judge = arg;

	bk_process_lower_thread(NICE_MOST);
	do {
		struct source *source = sources_get(judge->sources);

		if (is_due(judge, source))
			ask(judge, source);
		source_put(source);
	} while (wait_for_next(judge));
	return NULL;
}

void judge_init(struct judge *judge, struct sources *sources)
{
	pthread_condattr_t attr;

	*judge = (struct judge){.sources = sources};
	pthread_mutex_init(&judge->mutex, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&judge->ending, &attr);
	pthread_condattr_destroy(&attr);
}

void judge_done(struct judge *judge)
{
	pthread_cond_destroy(&judge->ending);
	pthread_mutex_destroy(&judge->mutex);
}

enum bk_code judge_start(struct judge *judge, struct bk_error *err)
{
	int rc = pthread_create(&judge->thread, NULL, judge_run, judge);

	judge->is_running = !rc;
	return rc ? bk_fail(err, BK_E_NOMEM, rc, "cannot start a thread") : BK_OK;
}

void judge_end(struct judge *judge)
{
	if (!judge->is_running)
		return;
	pthread_mutex_lock(&judge->mutex);
	judge->is_ending = true;
	pthread_cond_signal(&judge->ending);
	pthread_mutex_unlock(&judge->mutex);
	pthread_join(judge->thread, NULL);
	judge->is_running = false;
}

void judge_last(struct judge *judge, struct judgement *out)
{
	pthread_mutex_lock(&judge->mutex);
	*out = judge->last;
	pthread_mutex_unlock(&judge->mutex);
}

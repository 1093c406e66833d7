/* compaction.c - the log is compacted beside the changes. */
#include "compaction.h"
#include "catchup.h"
#include "due.h"
#include "out.h"
#include "outcome.h"
#include <bk/process.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define NICE 19

/* Between two looks whether a successor is there, or one is due. */
#define LOOK_MS 2000

/* So long a successor stays offered before it catches up again, and in all. */
#define OFFER_MS   250
#define GIVE_UP_MS (INT64_C(600) * 1000)

#define TELL_MS 60000

enum step {
	STEP_NONE,
	STEP_READY,  /* `successor` may be taken */
	STEP_TAKING, /* by the thread that changes come from */
	STEP_TAKEN,
	STEP_FAILED, /* `failure` says why */
};

struct compaction {
	struct compaction_options options;
	pthread_t thread;

	/* The thread's own. */
	struct catchup catchup;
	struct due due;
	int64_t told_at;
	bool has_started; /* that was said */
	bool is_refused;  /* what stands at the successor's name is none of ours */

	/* Held by either thread for some instructions only. */
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	bool is_stopping;
	cJSON *asked; /* ids of requests, an array */
	enum step step;
	struct bk_successor *successor;
	struct bk_error failure;
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* With the mutex held. */
static void wait_until(struct compaction *c, int64_t at)
{
	struct timespec until = {.tv_sec = at / 1000, .tv_nsec = (long)(at % 1000 * 1000000)};

	pthread_cond_timedwait(&c->changed, &c->mutex, &until);
}

static bool is_wanted(void *ctx)
{
	struct compaction *c = ctx;
	bool is_stopping;

	pthread_mutex_lock(&c->mutex);
	is_stopping = c->is_stopping;
	pthread_mutex_unlock(&c->mutex);
	return !is_stopping;
}

static uint64_t log_bytes(const struct compaction *c)
{
	const struct bk_io *io = c->options.io;
	struct bk_io_stat st;

	return io->ops->stat_path(io->ctx, c->options.path, &st) < 0 ? 0 : st.size;
}

/* Answers all who have asked, with RESULT, or what FAILED. */
static void answer(struct compaction *c, const struct builder_result *result, const char *failed)
{
	cJSON *asked;

	pthread_mutex_lock(&c->mutex);
	asked = c->asked;
	c->asked = NULL;
	pthread_mutex_unlock(&c->mutex);
	outcome_answer(asked, result, failed);
}

/* A bk_progress_fn: the first word of it is that it has begun. */
static void tell_progress(void *ctx, uint64_t done, uint64_t total)
{
	struct compaction *c = ctx;
	int64_t now = now_ms();

	if (!c->has_started)
		out_log(LEVEL_INFO, "Starting compaction");
	else if (now - c->told_at < TELL_MS)
		return;
	else
		out_log(LEVEL_INFO, "compacting the log: %llu of %llu MB",
			(unsigned long long)done / 1000000, (unsigned long long)total / 1000000);
	c->has_started = true;
	c->told_at = now;
}

/* Offers SUCCESSOR to the thread that changes come from. BK_E_BUSY: it was not taken yet. */
static enum bk_code offer(
	struct compaction *c, struct bk_successor *successor, struct bk_error *err)
{
	int64_t until = now_ms() + OFFER_MS;
	enum step step;

	pthread_mutex_lock(&c->mutex);
	c->successor = successor;
	c->step = STEP_READY;
	pthread_mutex_unlock(&c->mutex);
	c->options.ready(c->options.ctx);
	pthread_mutex_lock(&c->mutex);
	while (c->step == STEP_TAKING ||
		(c->step == STEP_READY && !c->is_stopping && now_ms() < until))
		wait_until(c, until > now_ms() ? until : now_ms() + OFFER_MS);
	step = c->step;
	c->step = STEP_NONE;
	c->successor = NULL;
	pthread_mutex_unlock(&c->mutex);
	if (step == STEP_TAKEN)
		return BK_OK;
	return step == STEP_FAILED ? bk_fail_as(err, &c->failure)
				   : bk_fail(err, BK_E_BUSY, 0, "the log is in use");
}

/* Has SUCCESSOR catch up and taken, however long changes come too fast, or something else has to be
 * settled first. */
static enum bk_code hand_over(
	struct compaction *c, struct bk_successor *successor, struct bk_error *err)
{
	int64_t until = now_ms() + GIVE_UP_MS;
	enum bk_code code;

	do {
		code = catchup_do(&c->catchup, successor, err);
		if (!code && !is_wanted(c))
			code = bk_fail(err, BK_E_CANCELLED, 0, "the log was closed meanwhile");
		if (!code)
			code = offer(c, successor, err);
	} while (code == BK_E_BUSY && now_ms() < until);
	return code;
}

/* The finished successor takes the log's place. *IS_OURS: it was one. */
static enum bk_code take(struct compaction *c, bool *is_ours, struct bk_error *err)
{
	struct bk_successor *successor = NULL;
	enum bk_code code = catchup_open(&c->catchup, err);

	*is_ours = false;
	if (code)
		return code;
	code = bk_successor_open(&successor, c->catchup.log, err);
	*is_ours = !code;
	if (!code)
		code = hand_over(c, successor, err);
	bk_successor_close(successor);
	catchup_close(&c->catchup);
	if (!code)
		c->options.taken(c->options.ctx);
	else if (*is_ours)
		bk_successor_remove(c->options.io, c->options.path);
	return code;
}

static void note_done(struct compaction *c, const struct builder_result *result)
{
	outcome_tell(result);
	due_done(&c->due, log_bytes(c));
}

/* A compaction that nobody asked for is tried again, more and more rarely. */
static void note_failed(struct compaction *c, const struct bk_error *why, bool is_again)
{
	if (why->code != BK_E_CANCELLED)
		outcome_tell_failed(why, is_again ? due_failed(&c->due, now_ms()) : 0);
}

static void compact(struct compaction *c, const struct bk_policy *policy, bool is_asked)
{
	const struct builder_task task = {.path = c->options.path,
		.policy = *policy,
		.if_due = !is_asked,
		.is_wanted = is_wanted,
		.progress = tell_progress,
		.ctx = c};
	struct builder_result result;
	struct bk_error err;
	bool is_ours;
	enum bk_code code;

	c->has_started = false;
	due_looked(&c->due, log_bytes(c), now_ms());
	code = builder_run(c->options.io, &task, &result, &err);
	if (!code && result.is_needless)
		return;
	if (!code)
		code = take(c, &is_ours, &err);
	if (!code)
		note_done(c, &result);
	else if (is_asked || code != BK_E_BUSY) /* else by another, whose it is */
		note_failed(c, &err, !is_asked);
	answer(c, &result, code ? err.msg : NULL);
}

/* A successor stands there that somebody else has built. */
static void take_found(struct compaction *c)
{
	struct bk_error err;
	bool is_ours;
	enum bk_code code = take(c, &is_ours, &err);

	if (!code)
		note_done(c, NULL);
	else if (is_ours)
		note_failed(c, &err, false);
	else if (code != BK_E_BUSY && code != BK_E_MISSING && code != BK_E_CANCELLED) {
		c->is_refused = true;
		out_log(LEVEL_UNUSUAL,
			"what stands beside the log as its successor is not used: %s", err.msg);
	}
}

/* Waits until it is time to look. False at the end. */
static bool wait_a_little(struct compaction *c, bool *is_asked)
{
	int64_t until = now_ms() + LOOK_MS;
	bool is_stopping;

	pthread_mutex_lock(&c->mutex);
	while (!c->is_stopping && !c->asked && now_ms() < until)
		wait_until(c, until);
	is_stopping = c->is_stopping;
	*is_asked = c->asked;
	pthread_mutex_unlock(&c->mutex);
	return !is_stopping;
}

static void *compaction_run(void *arg)
{
	struct compaction *c = arg;
	struct bk_policy policy;
	bool is_asked;

	bk_process_lower_thread(NICE);
	bk_process_offer(); /* it has a handle of its own on the log */
	while (wait_a_little(c, &is_asked)) {
		bool is_there = bk_successor_is_there(c->options.io, c->options.path);

		c->options.look(c->options.ctx);
		c->is_refused &= is_there;
		if (is_there && !c->is_refused && !is_asked) {
			take_found(c);
			continue;
		}
		if (!c->options.policy(c->options.ctx, &policy))
			policy = (struct bk_policy){0};
		if (is_asked || due_is(&c->due, &policy, log_bytes(c), now_ms()))
			compact(c, &policy, is_asked);
	}
	return NULL;
}

static void prepare(struct compaction *c, const struct compaction_options *options)
{
	pthread_condattr_t attr;

	c->options = *options;
	c->catchup = (struct catchup){.io = options->io,
		.path = options->path,
		.mirrors = options->mirrors,
		.is_wanted = is_wanted,
		.ctx = c};
	due_init(&c->due, now_ms());
	pthread_mutex_init(&c->mutex, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&c->changed, &attr);
	pthread_condattr_destroy(&attr);
}

enum bk_code compaction_start(
	struct compaction **out, const struct compaction_options *options, struct bk_error *err)
{
	struct compaction *c = calloc(1, sizeof *c);
	int rc;

	if (!c)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a thread");
	prepare(c, options);
	rc = pthread_create(&c->thread, NULL, compaction_run, c);
	if (rc) {
		free(c);
		return bk_fail(err, BK_E_NOMEM, rc, "cannot start a thread");
	}
	*out = c;
	return BK_OK;
}

void compaction_stop(struct compaction *c)
{
	if (!c)
		return;
	pthread_mutex_lock(&c->mutex);
	c->is_stopping = true;
	pthread_cond_broadcast(&c->changed);
	pthread_mutex_unlock(&c->mutex);
	pthread_join(c->thread, NULL);
	answer(c, NULL, "the log was closed before it was compacted");
	pthread_cond_destroy(&c->changed);
	pthread_mutex_destroy(&c->mutex);
	free(c);
}

void compaction_ask(struct compaction *c, const cJSON *id)
{
	bool is_kept;

	if (!c) {
		out_error(
			id, OUT_ERROR_FAILED, "no log is open: lightningd has sent no change yet");
		return;
	}
	pthread_mutex_lock(&c->mutex);
	is_kept = outcome_ask(&c->asked, id);
	pthread_cond_broadcast(&c->changed);
	pthread_mutex_unlock(&c->mutex);
	if (!is_kept)
		out_error(id, OUT_ERROR_FAILED, "no memory to compact the log");
}

struct bk_successor *compaction_begin_take(struct compaction *c)
{
	struct bk_successor *successor = NULL;

	/* A thread that holds it may have lost its turn: it is offered again. */
	if (!c || pthread_mutex_trylock(&c->mutex) != 0)
		return NULL;
	if (c->step == STEP_READY) {
		c->step = STEP_TAKING;
		successor = c->successor;
	}
	pthread_mutex_unlock(&c->mutex);
	return successor;
}

void compaction_end_take(struct compaction *c, const struct bk_error *failure)
{
	pthread_mutex_lock(&c->mutex);
	c->step = failure->code ? STEP_FAILED : STEP_TAKEN;
	c->failure = *failure;
	pthread_cond_broadcast(&c->changed);
	pthread_mutex_unlock(&c->mutex);
}

/* follower.c - a thread that proves what was acknowledged, and notes what the node's database shows
 * committed. */
#include "proof.h"
#include <bk/follower.h>
#include <bk/live.h>
#include <bk/process.h>
#include <stdlib.h>
#include <time.h>

#define QUIET_MS      200
#define SEEN_MS       1000
#define SEEN_AGAIN_MS 10000
#define LOOK_MS_MAX   5000 /* between two looks, while the node's database shows nothing new */

/* A keyframe that failed is tried again when so many intervals more have closed, at most. */
#define RETRY_STREAMS_MAX 16

/* While changes keep coming it looks so often by itself: to wake it costs who waits for a change up
 * to 15 us, where another processor must be called. */
#define BUSY_MS 50
#define NAP_NS  2000000

#define LAG_US_MAX INT64_C(1000000)
#define NICE       10 /* not more: the hook waits for a mutex that a thread without its turn holds */

struct bk_follower {
	struct bk_writer *writer;
	struct bk_follower_options options;
	pthread_t thread;

	/* The thread's own. */
	struct proof proof;
	struct bk_live *live;
	uint64_t changes;    /* the writer's, when last looked at, */
	int64_t quiet_since; /* and when they became so many; milliseconds */
	int64_t look_at;     /* when the database is looked at next */
	int64_t look_ms;     /* how long after the look before */
	int64_t noted_at;    /* when the log noted what was seen */
	bool has_noted;

	/* Under the log's mutex. */
	bool is_stopping;
	uint64_t seen;    /* offset of the change that the database was seen to be at */
	bool is_expected; /* once the head is committed, the database is this file, so often */
	uint64_t inode;   /* committed to: */
	uint32_t counter;
	uint64_t stuck_above; /* nothing can be proven above this keyframe: a snapshot is needed */
	uint64_t wait_replay; /* nothing is replayed before the writer has begun so many streams */
	uint64_t wait_keyframe; /* no keyframe is written before that */
	uint64_t retry_streams; /* for how many streams the next failure waits */
	struct bk_follower_status status;
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* What is to be replayed or written next. With the log's mutex held. */
static void plan_work(struct bk_follower *follower, struct proof_plan *plan)
{
	const struct bk_writer *writer = follower->writer;
	const struct state *state = &writer->log->state;

	plan->step = PROOF_NOTHING;
	if (writer->failure.code || writer->is_full_due ||
		follower->stuck_above == state->keyframe || writer->streams < follower->wait_replay)
		return;
	bk_proof_plan(&follower->proof, writer->streams >= follower->wait_keyframe, plan);
}

/* A change that came at TIME_US was proven, and so many wait BEHIND it. With the log's mutex held.
 */
static void note_lag(struct bk_follower *follower, uint64_t behind, int64_t time_us)
{
	struct bk_follower_status *status = &follower->status;
	int64_t lag_us = bk_writer_now_us(follower->writer) - time_us;

	status->behind = behind;
	if (behind > status->behind_max)
		status->behind_max = behind;
	if (lag_us > status->lag_us_max && lag_us < LAG_US_MAX)
		status->lag_us_max = lag_us;
}

static void note_proof(struct bk_follower *follower, const struct proof_plan *plan)
{
	struct bk_log *log = follower->writer->log;
	const struct proof *proof = &follower->proof;

	pthread_mutex_lock(&log->mutex);
	if (plan->step == PROOF_REPLAY) {
		size_t count = log->state.tail_count;

		follower->status.proven = proof->image->version;
		note_lag(follower, count > proof->done ? count - proof->done : 0,
			plan->entry.time_us);
	} else if (plan->step == PROOF_KEYFRAME) {
		follower->retry_streams = 1;
		follower->wait_keyframe = 0;
	}
	pthread_mutex_unlock(&log->mutex);
}

/* A step that was planned above the keyframe BELOW has failed. */
static void note_failure(struct bk_follower *follower, const struct proof_plan *plan,
	uint64_t below, const struct bk_error *err)
{
	struct bk_writer *writer = follower->writer;
	bool is_news;

	pthread_mutex_lock(&writer->log->mutex);
	/* What a snapshot has overtaken is no failure. */
	is_news = err->code != BK_E_BUSY && writer->log->state.keyframe == below;
	if (is_news && (err->code == BK_E_SQL || err->code == BK_E_DAMAGE)) {
		follower->stuck_above = below;
	} else if (is_news) {
		uint64_t until = writer->streams + follower->retry_streams;

		if (plan->step == PROOF_KEYFRAME)
			follower->wait_keyframe = until;
		else
			follower->wait_replay = until;
		if (follower->retry_streams < RETRY_STREAMS_MAX)
			follower->retry_streams *= 2;
	}
	pthread_mutex_unlock(&writer->log->mutex);
	if (is_news && follower->options.notify)
		follower->options.notify(follower->options.ctx, err);
}

/* Whether the database is to be looked at, now or at *AT. With the log's mutex held. */
static bool plan_look(struct bk_follower *follower, int64_t now, int64_t *at)
{
	const struct bk_writer *writer = follower->writer;
	const struct state *state = &writer->log->state;
	const struct bk_entry *last =
		state->tail_count ? &state->tail[state->tail_count - 1] : NULL;
	bool is_seen = bk_state_is_committed(state) || last->offset <= follower->seen;

	if (follower->changes != writer->changes) {
		follower->changes = writer->changes;
		follower->quiet_since = now;
		follower->look_ms = follower->options.quiet_ms;
		follower->look_at = now + follower->look_ms;
	}
	*at = INT64_MAX;
	if (!follower->live || state->facts.has_seen || writer->failure.code || !writer->changes)
		return false;
	*at = follower->look_at;
	if (is_seen && *at < follower->quiet_since + follower->options.seen_ms)
		*at = follower->quiet_since + follower->options.seen_ms;
	if (is_seen && follower->has_noted &&
		*at < follower->noted_at + follower->options.seen_again_ms)
		*at = follower->noted_at + follower->options.seen_again_ms;
	return now >= *at;
}

/* Notes in the log that the head, VERSION with CHANGES, was seen committed, and makes that durable.
 * While a keyframe is written it can wait. */
static void note_seen(struct bk_follower *follower, uint32_t version, uint64_t changes,
	const struct bk_stamp *stamp)
{
	struct bk_writer *writer = follower->writer;
	struct bk_error ignored;
	bool is_head = false;
	enum bk_code code;

	if (pthread_mutex_trylock(&writer->build_mutex) != 0)
		return;
	code = bk_writer_put_seen(writer, version, changes, stamp, &is_head, &ignored);
	pthread_mutex_unlock(&writer->build_mutex);
	if (!code && is_head)
		code = bk_writer_sync_aside(writer, &ignored);
	follower->has_noted = true;
	follower->noted_at = now_ms();
}

/* Whether the database, as it was FOUND, holds the head and nothing of anybody else's. With the
 * log's mutex held. */
static bool is_as_expected(const struct bk_follower *follower, const struct bk_look *found)
{
	return follower->is_expected && found->has_stamp && found->stamp.inode == follower->inode &&
	       found->stamp.counter == follower->counter;
}

/* Whether enough time has passed to note again what was seen. */
static bool is_note_due(const struct bk_follower *follower, int64_t now)
{
	return now >= follower->quiet_since + (int64_t)follower->options.seen_ms &&
	       (!follower->has_noted ||
		       now >= follower->noted_at + (int64_t)follower->options.seen_again_ms);
}

/* Looks whether the node's database is at the head. */
static void look(struct bk_follower *follower)
{
	struct bk_writer *writer = follower->writer;
	const struct state *state = &writer->log->state;
	struct bk_look found = {0};
	struct bk_error ignored;
	uint64_t changes;
	bool is_there = !bk_live_look(follower->live, 0, &found, &ignored), is_as_left = false;
	int64_t now = now_ms();

	pthread_mutex_lock(&writer->log->mutex);
	is_there &= found.version == state->version && follower->changes == writer->changes;
	changes = writer->changes;
	if (is_there) {
		is_as_left = is_as_expected(follower, &found);
		if (state->tail_count)
			follower->seen = state->tail[state->tail_count - 1].offset;
	}
	pthread_mutex_unlock(&writer->log->mutex);
	if (is_as_left && is_note_due(follower, now))
		note_seen(follower, found.version, changes, &found.stamp);
	if (!is_as_left && follower->look_ms < LOOK_MS_MAX)
		follower->look_ms *= 2;
	follower->look_at = now + follower->look_ms;
}

static void nap(struct bk_follower *follower)
{
	const struct timespec pause = {.tv_nsec = NAP_NS};

	pthread_mutex_unlock(&follower->writer->log->mutex);
	nanosleep(&pause, NULL);
	pthread_mutex_lock(&follower->writer->log->mutex);
}

/* Waits for the mutex's condition, or until the time AT. */
static void wait_until(struct bk_follower *follower, int64_t now, int64_t at)
{
	struct bk_writer *writer = follower->writer;
	struct timespec until = {.tv_sec = at / 1000, .tv_nsec = (long)(at % 1000 * 1000000)};

	if (now < follower->quiet_since + BUSY_MS)
		nap(follower);
	else if (at == INT64_MAX)
		pthread_cond_wait(&writer->grown, &writer->log->mutex);
	else
		pthread_cond_timedwait(&writer->grown, &writer->log->mutex, &until);
}

/* Waits until there is something to do: a PLAN, or else a look. False at the end. */
static bool wait_for_work(struct bk_follower *follower, struct proof_plan *plan, uint64_t *below)
{
	struct bk_log *log = follower->writer->log;
	bool is_stopping;

	pthread_mutex_lock(&log->mutex);
	for (;;) {
		int64_t now = now_ms(), at;

		plan_work(follower, plan);
		is_stopping = follower->is_stopping;
		if (is_stopping || plan_look(follower, now, &at) || plan->step != PROOF_NOTHING)
			break;
		wait_until(follower, now, at);
	}
	*below = log->state.keyframe;
	pthread_mutex_unlock(&log->mutex);
	return !is_stopping;
}

static void *follower_run(void *arg)
{
	struct bk_follower *follower = arg;
	struct proof_plan plan;
	uint64_t below;

	/* Who lightningd waits for must get a processor at once, whenever it wakes. */
	bk_process_nice_thread(NICE);
	while (wait_for_work(follower, &plan, &below)) {
		struct bk_error err;

		if (plan.step == PROOF_NOTHING)
			look(follower);
		else if (bk_proof_do(&follower->proof, &plan, &err))
			note_failure(follower, &plan, below, &err);
		else
			note_proof(follower, &plan);
	}
	return NULL;
}

static unsigned or_default(unsigned value, unsigned otherwise)
{
	return value ? value : otherwise;
}

static void prepare(struct bk_follower *follower, struct bk_writer *writer,
	const struct bk_follower_options *options)
{
	follower->writer = writer;
	if (options)
		follower->options = *options;
	follower->options.quiet_ms = or_default(follower->options.quiet_ms, QUIET_MS);
	follower->options.seen_ms = or_default(follower->options.seen_ms, SEEN_MS);
	follower->options.seen_again_ms =
		or_default(follower->options.seen_again_ms, SEEN_AGAIN_MS);
	follower->retry_streams = 1;
	follower->status.proven = writer->log->state.keyframe_version;
	bk_proof_init(&follower->proof, writer);
}

enum bk_code bk_follower_start(struct bk_follower **out, struct bk_writer *writer,
	const struct bk_follower_options *options, struct bk_error *err)
{
	struct bk_follower *follower = calloc(1, sizeof *follower);
	int rc;

	if (!follower)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a follower");
	prepare(follower, writer, options);
	if (follower->options.database)
		follower->live = bk_live_new(follower->options.database);
	if (follower->options.database && !follower->live) {
		free(follower);
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a follower");
	}
	rc = pthread_create(&follower->thread, NULL, follower_run, follower);
	if (rc) {
		bk_live_free(follower->live);
		free(follower);
		return bk_fail(err, BK_E_NOMEM, rc, "cannot start a thread");
	}
	*out = follower;
	return BK_OK;
}

void bk_follower_stop(struct bk_follower *follower)
{
	if (!follower)
		return;
	pthread_mutex_lock(&follower->writer->log->mutex);
	follower->is_stopping = true;
	pthread_cond_signal(&follower->writer->grown);
	pthread_mutex_unlock(&follower->writer->log->mutex);
	pthread_join(follower->thread, NULL);
	bk_proof_done(&follower->proof);
	bk_live_free(follower->live);
	free(follower);
}

void bk_follower_expect(
	struct bk_follower *follower, bool is_known, uint64_t inode, uint32_t counter)
{
	if (!follower)
		return;
	pthread_mutex_lock(&follower->writer->log->mutex);
	follower->is_expected = is_known;
	follower->inode = inode;
	follower->counter = counter;
	pthread_mutex_unlock(&follower->writer->log->mutex);
}

bool bk_follower_needs_snapshot(struct bk_follower *follower)
{
	struct bk_log *log = follower->writer->log;
	bool needs;

	pthread_mutex_lock(&log->mutex);
	needs = follower->stuck_above && follower->stuck_above == log->state.keyframe;
	pthread_mutex_unlock(&log->mutex);
	return needs;
}

void bk_follower_status(struct bk_follower *follower, struct bk_follower_status *status)
{
	struct bk_log *log = follower->writer->log;

	pthread_mutex_lock(&log->mutex);
	*status = follower->status;
	if (!log->state.tail_count)
		status->proven = log->state.keyframe_version;
	pthread_mutex_unlock(&log->mutex);
}

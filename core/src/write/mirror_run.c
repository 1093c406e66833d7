/* mirror_run.c - a mirror's thread: finds out where the place stands, brings it level, keeps it so.
 */
#include "mirrors.h"
#include "place_url.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PIECE      ((size_t)256 << 10)
#define SYNC_BYTES ((uint64_t)4 << 20) /* a mirror that is far behind syncs as often */

/* A place that is away is tried again after so long, doubled each time. */
#define RETRY_MS     100u
#define RETRY_MAX_MS 60000u

/* A place is tended to when so long has passed since something was sent. */
#define TEND_MS 2000u

static bool is_ending(struct mirror *mirror)
{
	bool ending;

	pthread_mutex_lock(&mirror->all->mutex);
	ending = bk_mirror_is_ending(mirror);
	pthread_mutex_unlock(&mirror->all->mutex);
	return ending;
}

static bool is_wanted(struct mirror *mirror)
{
	bool wanted;

	pthread_mutex_lock(&mirror->all->mutex);
	wanted = bk_mirror_is_current(mirror);
	pthread_mutex_unlock(&mirror->all->mutex);
	return wanted;
}

static void tell_away(const struct mirror *mirror, const struct bk_error *err)
{
	if (bk_mirror_may_pass(err->code))
		bk_mirrors_tell(mirror->all, BK_MIRRORS_TOLD, "the mirror %s is away: %s",
			mirror->url, err->msg);
	else
		bk_mirrors_tell(mirror->all, BK_MIRRORS_REFUSED,
			"the mirror %s cannot take the log: %s", mirror->url, err->msg);
}

/* MIRROR is in STATE now; ERR says why, where it is away or refuses. */
static void enter_state(
	struct mirror *mirror, enum bk_mirror_state state, const struct bk_error *err)
{
	struct bk_mirrors *all = mirror->all;
	enum bk_mirror_state before;
	bool is_known;

	pthread_mutex_lock(&all->mutex);
	/* With a log that was just succeeded it is not. */
	if (state == BK_MIRROR_LEVEL && !bk_mirror_is_current(mirror)) {
		pthread_mutex_unlock(&all->mutex);
		return;
	}
	before = mirror->state;
	is_known = mirror->is_asked && state == before &&
		   (!err || bk_mirror_may_pass(err->code) == bk_mirror_may_pass(mirror->why.code));
	mirror->state = state;
	mirror->is_asked = true;
	mirror->why = err ? *err : (struct bk_error){.code = BK_OK};
	pthread_cond_broadcast(&all->progress);
	pthread_mutex_unlock(&all->mutex);
	if (is_known)
		return;
	if (state == BK_MIRROR_AWAY)
		tell_away(mirror, err);
	else if (state == BK_MIRROR_REFUSES)
		bk_mirrors_tell(all, BK_MIRRORS_REFUSED, "the mirror %s refuses the log: %s",
			mirror->url, err->msg);
	else if (state == BK_MIRROR_LEVEL && before != BK_MIRROR_BEHIND)
		bk_mirrors_tell(all, BK_MIRRORS_TOLD, "the mirror %s is level", mirror->url);
	else if (state == BK_MIRROR_LEVEL)
		bk_mirrors_tell(all, BK_MIRRORS_TOLD, "the mirror %s has caught up", mirror->url);
}

/* Waits for the log to be ready; false if there is nothing to do any more. */
static bool wait_attached(struct mirror *mirror)
{
	struct bk_mirrors *all = mirror->all;
	bool go_on;

	pthread_mutex_lock(&all->mutex);
	while (!all->is_attached && !bk_mirror_is_ending(mirror))
		pthread_cond_wait(&all->work, &all->mutex);
	go_on = !bk_mirror_is_ending(mirror);
	pthread_mutex_unlock(&all->mutex);
	return go_on;
}

static enum bk_code ask(struct mirror *mirror, struct place_head *head, struct bk_error *err)
{
	enum bk_code code = BK_OK;

	if (!mirror->place)
		code = bk_place_open(&mirror->place, mirror->all->io, mirror->url, err);
	if (!code)
		code = mirror->place->ops->head(mirror->place, head, err);
	if (code)
		return code;
	pthread_mutex_lock(&mirror->all->mutex);
	mirror->head = *head;
	mirror->is_asked = true;
	pthread_cond_broadcast(&mirror->all->progress);
	pthread_mutex_unlock(&mirror->all->mutex);
	return BK_OK;
}

/* As far as it is sent now. A coming log first takes the name: what is in flight is given to the
 * log only, for a power cut of ours may take it from us, and then we ask for it there. With the
 * mutex held. */
static uint64_t goal_of(const struct mirror *mirror)
{
	return mirror->is_coming ? mirror->all->whole : mirror->all->target;
}

/* What is to be sent waits for more, where the place asks for that and nobody waits for it. With the
 * mutex held. */
static void gather(struct mirror *mirror)
{
	struct bk_mirrors *all = mirror->all;
	int rc = mirror->place->gather_ms && !bk_mirrors_takes_flight(all) ? 0 : ETIMEDOUT;

	while (rc == 0 && bk_mirror_is_current(mirror) && goal_of(mirror) - mirror->sent < SYNC_BYTES)
		rc = pthread_cond_timedwait(&all->work, &all->mutex, &mirror->gather_until);
	mirror->gather_until = bk_mirrors_until(mirror->place->gather_ms);
}

static bool has_work(const struct mirror *mirror)
{
	return !bk_mirror_is_current(mirror) || goal_of(mirror) > mirror->sent ||
	       bk_mirror_has_ahead(mirror);
}

/* Waits for more to send than up to `sent`, or of a successor; false at the end. *IS_QUIET: nothing
 * of that came, and the place is to be tended to. */
static bool wait_for_more(struct mirror *mirror, uint64_t *target, bool *is_quiet)
{
	struct bk_mirrors *all = mirror->all;
	bool is_tended = mirror->place->ops->tend && mirror->tend_at.tv_sec, go_on;
	int rc = 0;

	pthread_mutex_lock(&all->mutex);
	while (!has_work(mirror) && rc != ETIMEDOUT) {
		rc = is_tended ? pthread_cond_timedwait(&all->work, &all->mutex, &mirror->tend_at)
			       : pthread_cond_wait(&all->work, &all->mutex);
		mirror->gather_until = bk_mirrors_until(mirror->place->gather_ms);
	}
	*is_quiet = !has_work(mirror);
	if (goal_of(mirror) > mirror->sent)
		gather(mirror);
	go_on = bk_mirror_is_current(mirror);
	*target = goal_of(mirror);
	pthread_mutex_unlock(&all->mutex);
	return go_on;
}

/* The place does something for its own order. */
static enum bk_code tend(struct mirror *mirror, struct bk_error *err)
{
	uint32_t wait_ms;
	enum bk_code code = mirror->place->ops->tend(mirror->place, &wait_ms, err);

	mirror->tend_at = (struct timespec){0};
	if (!code && wait_ms != UINT32_MAX)
		mirror->tend_at = bk_mirrors_until(wait_ms);
	return code;
}

/* Sends the next piece before TARGET, synced where it ends there. */
static enum bk_code send_piece(struct mirror *mirror, uint64_t target, struct bk_error *err)
{
	size_t size = target - mirror->sent < PIECE ? (size_t)(target - mirror->sent) : PIECE, got;
	bool sync = mirror->sent + size == target || mirror->unsynced + size >= SYNC_BYTES;
	enum bk_code code =
		bk_file_read(&mirror->primary, mirror->piece, size, mirror->sent, &got, err);

	if (!code && got < size)
		code = bk_fail(err, BK_E_IO, 0, "%s became shorter", mirror->primary.path);
	if (!code)
		code = mirror->place->ops->append(mirror->place, mirror->log.id, mirror->sent,
			mirror->piece, size, sync, err);
	if (code)
		return code;
	mirror->sent += size;
	bk_mirror_note_ours(mirror, mirror->sent);
	mirror->unsynced = sync ? 0 : mirror->unsynced + size;
	return BK_OK;
}

/* The place has all up to TARGET on stable storage. */
static enum bk_code reached(struct mirror *mirror, uint64_t target, struct bk_error *err)
{
	struct bk_mirrors *all = mirror->all;
	enum bk_code code = BK_OK;
	bool was_coming = mirror->is_coming, is_news;

	if (was_coming)
		code = mirror->place->ops->commit(mirror->place, mirror->log.id, err);
	if (code)
		return code;
	mirror->is_coming = false;
	if (!mirror->tend_at.tv_sec)
		mirror->tend_at = bk_mirrors_until(TEND_MS);
	pthread_mutex_lock(&all->mutex);
	is_news = bk_mirror_is_current(mirror);
	if (is_news)
		mirror->durable = target;
	is_news &= mirror->state != BK_MIRROR_LEVEL && !(was_coming && target < all->target);
	pthread_cond_broadcast(&all->progress);
	pthread_mutex_unlock(&all->mutex);
	if (is_news)
		enter_state(mirror, BK_MIRROR_LEVEL, NULL);
	return BK_OK;
}

static enum bk_code send_up_to(struct mirror *mirror, uint64_t target, struct bk_error *err)
{
	enum bk_code code = BK_OK;

	while (!code && mirror->sent < target && is_wanted(mirror))
		code = send_piece(mirror, target, err);
	if (!code && mirror->sent == target)
		code = reached(mirror, target, err);
	return code;
}

/* Nothing is sent: but what the place shows may not be on its stable storage. */
static enum bk_code settle(struct mirror *mirror, struct bk_error *err)
{
	uint64_t target;
	bool current;
	enum bk_code code = mirror->place->ops->append(
		mirror->place, mirror->log.id, mirror->sent, NULL, 0, true, err);

	pthread_mutex_lock(&mirror->all->mutex);
	target = goal_of(mirror);
	current = bk_mirror_is_current(mirror);
	pthread_mutex_unlock(&mirror->all->mutex);
	if (code || !current || mirror->sent != target)
		return code;
	return reached(mirror, target, err);
}

/* Takes over what the log is now. */
static enum bk_code take_log(struct mirror *mirror, struct bk_error *err)
{
	struct bk_mirrors *all = mirror->all;
	char *path;
	bool is_open;
	enum bk_code code = BK_OK;

	pthread_mutex_lock(&all->mutex);
	is_open = mirror->primary.fd >= 0 && mirror->turn == all->turn;
	mirror->turn = all->turn;
	mirror->log = all->log;
	memcpy(mirror->header, all->header, LOG_HEADER_SIZE);
	path = all->path ? strdup(all->path) : NULL;
	pthread_mutex_unlock(&all->mutex);
	if (!is_open)
		bk_file_close(&mirror->primary);
	if (!path)
		code = bk_fail(err, BK_E_NOMEM, 0, "no memory to follow the log");
	else if (!is_open)
		code = bk_mirror_open_log(&mirror->primary, all->io, path, mirror->header, err);
	free(path);
	return code;
}

/* Follows the log until there is an end or a failure, or a successor in its place. */
static enum bk_code follow(struct mirror *mirror, struct bk_error *err)
{
	struct place_head head;
	uint64_t target;
	bool is_quiet;
	enum bk_code code;

	bk_mirror_drop_ahead(mirror);
	mirror->gather_until = bk_mirrors_until(0); /* what comes meanwhile has waited enough */
	code = ask(mirror, &head, err);
	if (code || !wait_attached(mirror))
		return code;
	code = take_log(mirror, err);
	if (!code)
		code = bk_mirror_resume(mirror, &head, err);
	if (code)
		return code;
	mirror->unsynced = 0;
	mirror->tend_at = (struct timespec){0};
	enter_state(mirror, BK_MIRROR_BEHIND, NULL);
	code = settle(mirror, err);
	while (!code && wait_for_more(mirror, &target, &is_quiet))
		code = is_quiet                ? tend(mirror, err)
		       : target > mirror->sent ? send_up_to(mirror, target, err)
					       : bk_mirror_send_ahead(mirror, err);
	return code;
}

static void hang_up(struct mirror *mirror)
{
	if (mirror->place)
		mirror->place->ops->close(mirror->place);
	mirror->place = NULL;
}

/* Waits before it tries again; longer, the more often it was in vain. */
static void back_off(struct mirror *mirror, uint32_t ms)
{
	struct bk_mirrors *all = mirror->all;
	struct timespec until = bk_mirrors_until(ms);
	int rc = 0;

	pthread_mutex_lock(&all->mutex);
	while (!bk_mirror_is_ending(mirror) && rc == 0)
		rc = pthread_cond_timedwait(&all->work, &all->mutex, &until);
	pthread_mutex_unlock(&all->mutex);
}

static bool was_level(struct mirror *mirror)
{
	bool level;

	pthread_mutex_lock(&mirror->all->mutex);
	level = mirror->state == BK_MIRROR_LEVEL;
	pthread_mutex_unlock(&mirror->all->mutex);
	return level;
}

static void run(struct mirror *mirror)
{
	uint32_t wait_ms = RETRY_MS;

	while (!is_ending(mirror)) {
		struct bk_error err;
		enum bk_code code = follow(mirror, &err);

		/* What takes the log's place goes over the same line, for a change may wait. */
		if (!code)
			continue;
		hang_up(mirror);
		if (was_level(mirror))
			wait_ms = RETRY_MS;
		enter_state(mirror, code == BK_E_UNSAFE ? BK_MIRROR_REFUSES : BK_MIRROR_AWAY, &err);
		back_off(mirror, wait_ms);
		wait_ms = wait_ms * 2 < RETRY_MAX_MS ? wait_ms * 2 : RETRY_MAX_MS;
	}
	bk_mirror_drop_ahead(mirror);
	hang_up(mirror);
}

static void *run_thread(void *arg)
{
	struct mirror *mirror = arg;
	struct bk_mirrors *all = mirror->all;
	struct bk_error err;

	mirror->piece = malloc(PIECE);
	if (mirror->piece) {
		run(mirror);
	} else {
		bk_fail(&err, BK_E_NOMEM, 0, "no memory to follow the log");
		enter_state(mirror, BK_MIRROR_AWAY, &err);
	}
	free(mirror->piece);
	mirror->piece = NULL;
	bk_file_close(&mirror->primary);
	pthread_mutex_lock(&all->mutex);
	mirror->is_running = false;
	pthread_cond_broadcast(&all->progress);
	pthread_mutex_unlock(&all->mutex);
	return NULL;
}

enum bk_code bk_mirror_start(struct mirror *mirror, struct bk_error *err)
{
	int rc = pthread_create(&mirror->thread, NULL, run_thread, mirror);

	if (rc)
		return bk_fail(err, BK_E_NOMEM, rc, "cannot start a thread");
	mirror->is_started = mirror->is_running = true;
	return BK_OK;
}

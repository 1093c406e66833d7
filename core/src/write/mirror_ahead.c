/* mirror_ahead.c - mirrors get a successor before it takes the log's place, as their coming log
 * (docs/mirror.md, 2): a quorum is not without them then. */
#include "mirrors.h"
#include <stdlib.h>
#include <string.h>

/* What is sent between two changes. Each piece is synced: what goes wrong with it is told at once,
 * and never the answer to a change. */
#define PIECE ((size_t)64 << 10)

/* Between two looks whether it is still wanted; so long nothing may move, at most. */
#define LOOK_MS  200u
#define STALL_MS 60000u

/* A place may fail so often before some of it arrives again. */
#define FAILURES_MAX 3

bool bk_mirror_has_ahead(const struct mirror *mirror)
{
	const struct ahead *ahead = &mirror->all->ahead;

	return ahead->path && mirror->state == BK_MIRROR_LEVEL && !mirror->ahead_why.code &&
	       mirror->ahead_durable < ahead->target;
}

void bk_mirror_drop_ahead(struct mirror *mirror)
{
	bk_file_close(&mirror->ahead);
	mirror->ahead_number = 0;
	/* Whether the place has it yet is found out anew. */
	pthread_mutex_lock(&mirror->all->mutex);
	mirror->ahead_durable = 0;
	pthread_mutex_unlock(&mirror->all->mutex);
}

/* Opens the successor, finds out how much of it the place has, and begins it there. */
static enum bk_code begin(struct mirror *mirror, const struct ahead *ahead, struct bk_error *err)
{
	struct place *place = mirror->place;
	struct place_head head;
	enum bk_code code = bk_mirror_open_log(
		&mirror->ahead, mirror->all->io, ahead->path, ahead->header, err);

	if (!code)
		code = place->ops->begin(place, ahead->header, PLACE_SUCCEEDS, err);
	if (!code)
		code = place->ops->head(place, &head, err);
	if (!code &&
		(!head.coming.is_there || memcmp(head.coming.id, ahead->log.id, LOG_ID_SIZE) != 0))
		code = bk_fail(err, BK_E_UNSAFE, 0, "it does not take the successor");
	if (code)
		return code;
	mirror->ahead_number = ahead->number;
	mirror->ahead_sent = head.coming.end;
	return BK_OK;
}

static enum bk_code send_piece(
	struct mirror *mirror, const struct ahead *ahead, struct bk_error *err)
{
	uint64_t left = ahead->target > mirror->ahead_sent ? ahead->target - mirror->ahead_sent : 0;
	size_t size = left < PIECE ? (size_t)left : PIECE, got;
	enum bk_code code =
		bk_file_read(&mirror->ahead, mirror->piece, size, mirror->ahead_sent, &got, err);

	if (!code && got < size)
		code = bk_fail(err, BK_E_IO, 0, "%s became shorter", ahead->path);
	if (!code)
		code = mirror->place->ops->append(mirror->place, ahead->log.id, mirror->ahead_sent,
			mirror->piece, size, true, err);
	if (!code)
		mirror->ahead_sent += size;
	return code;
}

/* What became of a piece of the successor NUMBER. With the mutex held. */
static void note(struct mirror *mirror, uint64_t number, const struct bk_error *err)
{
	if (mirror->all->ahead.number != number)
		return;
	if (!err) {
		mirror->ahead_durable = mirror->ahead_sent;
		mirror->ahead_failures = 0;
	} else if (!bk_mirror_may_pass(err->code) || ++mirror->ahead_failures >= FAILURES_MAX) {
		mirror->ahead_why = *err;
	}
}

enum bk_code bk_mirror_send_ahead(struct mirror *mirror, struct bk_error *err)
{
	struct bk_mirrors *all = mirror->all;
	struct ahead ahead;
	enum bk_code code = BK_OK;

	pthread_mutex_lock(&all->mutex);
	ahead = all->ahead;
	ahead.path = all->ahead.path ? strdup(all->ahead.path) : NULL;
	pthread_mutex_unlock(&all->mutex);
	if (!ahead.path)
		return BK_OK; /* given up meanwhile; without memory it is tried again */
	if (mirror->ahead_number != ahead.number) {
		bk_mirror_drop_ahead(mirror);
		code = begin(mirror, &ahead, err);
	}
	if (!code)
		code = send_piece(mirror, &ahead, err);
	free(ahead.path);
	pthread_mutex_lock(&all->mutex);
	note(mirror, ahead.number, code ? err : NULL);
	pthread_cond_broadcast(&all->progress);
	pthread_mutex_unlock(&all->mutex);
	/* The log is not the worse for it; but the line may be. */
	return bk_mirror_may_pass(code) ? code : BK_OK;
}

/* Offers it to the mirrors: another than the one before, or the same that grew. */
static enum bk_code offer(struct bk_mirrors *mirrors, const struct log_header *log,
	const uint8_t *header, const char *path, uint64_t end, struct bk_error *err)
{
	struct ahead *ahead = &mirrors->ahead;
	char *copy = strdup(path);
	bool is_another;

	if (!copy)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a path");
	pthread_mutex_lock(&mirrors->mutex);
	is_another = !ahead->path || memcmp(ahead->log.id, log->id, LOG_ID_SIZE) != 0;
	free(ahead->path);
	ahead->path = copy;
	ahead->log = *log;
	memcpy(ahead->header, header, LOG_HEADER_SIZE);
	ahead->target = end;
	if (is_another)
		ahead->number++;
	for (unsigned i = 0; i < mirrors->count && is_another; i++) {
		mirrors->list[i]->ahead_durable = 0;
		mirrors->list[i]->ahead_failures = 0;
		mirrors->list[i]->ahead_why = (struct bk_error){.code = BK_OK};
	}
	pthread_cond_broadcast(&mirrors->work);
	pthread_mutex_unlock(&mirrors->mutex);
	return BK_OK;
}

/* With the mutex held, as those below. */
static bool has_quorum(const struct bk_mirrors *mirrors, uint64_t end)
{
	unsigned count = 1;

	for (unsigned i = 0; i < mirrors->count; i++) {
		const struct mirror *mirror = mirrors->list[i];

		count += mirror->state == BK_MIRROR_LEVEL && mirror->ahead_durable >= end;
	}
	return count >= mirrors->quorum;
}

static uint64_t sent_in_all(const struct bk_mirrors *mirrors)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < mirrors->count; i++)
		sum += mirrors->list[i]->ahead_durable;
	return sum;
}

/* Fails where so many cannot take it that there can be no quorum. */
static enum bk_code check_hope(const struct bk_mirrors *mirrors, struct bk_error *err)
{
	const struct mirror *one = NULL;
	unsigned count = 1;

	for (unsigned i = 0; i < mirrors->count; i++) {
		const struct mirror *mirror = mirrors->list[i];

		if (mirror->ahead_why.code)
			one = mirror;
		else
			count++;
	}
	if (count >= mirrors->quorum)
		return BK_OK;
	return bk_fail(err, one->ahead_why.code, 0,
		"the mirror %.200s, which the quorum needs, cannot take the successor: %.250s",
		one->url, one->ahead_why.msg);
}

static bool is_before(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec < b->tv_sec : a->tv_nsec < b->tv_nsec;
}

/* Waits a moment, with the mutex let go to ask whether it is WANTED. */
static enum bk_code wait_a_moment(
	struct bk_mirrors *mirrors, const struct mirrors_wanted *wanted, struct bk_error *err)
{
	struct timespec until = bk_mirrors_until(LOOK_MS);
	enum bk_code code = BK_OK;

	pthread_cond_timedwait(&mirrors->progress, &mirrors->mutex, &until);
	pthread_mutex_unlock(&mirrors->mutex);
	if (wanted->is_wanted && !wanted->is_wanted(wanted->ctx))
		code = bk_fail(err, BK_E_CANCELLED, 0, "the compaction was given up");
	pthread_mutex_lock(&mirrors->mutex);
	return code;
}

/* Waits until the quorum has it up to END. What mirrors do beside it, and what one that comes and
 * goes sends once more, is not taken for progress. */
static enum bk_code wait_for_quorum(struct bk_mirrors *mirrors, uint64_t end,
	const struct mirrors_wanted *wanted, struct bk_error *err)
{
	uint32_t stall_ms = mirrors->outage_ms < STALL_MS ? mirrors->outage_ms : STALL_MS;
	struct timespec until = bk_mirrors_until(stall_ms);
	uint64_t most = sent_in_all(mirrors);
	enum bk_code code = BK_OK;

	while (!code && !has_quorum(mirrors, end)) {
		struct timespec now = bk_mirrors_until(0);

		if (sent_in_all(mirrors) > most) {
			most = sent_in_all(mirrors);
			until = bk_mirrors_until(stall_ms);
		}
		code = check_hope(mirrors, err);
		if (!code && !is_before(&now, &until))
			code = bk_fail(err, BK_E_IO, 0,
				"mirrors that the quorum needs are away, and have not taken the "
				"successor");
		if (!code)
			code = wait_a_moment(mirrors, wanted, err);
	}
	return code;
}

enum bk_code bk_mirrors_send_ahead(struct bk_mirrors *mirrors, const struct log_header *log,
	const uint8_t *header, const char *path, uint64_t end, const struct mirrors_wanted *wanted,
	struct bk_error *err)
{
	enum bk_code code = offer(mirrors, log, header, path, end, err);

	if (code)
		return code;
	pthread_mutex_lock(&mirrors->mutex);
	code = wait_for_quorum(mirrors, end, wanted, err);
	pthread_mutex_unlock(&mirrors->mutex);
	return code;
}

bool bk_mirrors_have_ahead(struct bk_mirrors *mirrors, const uint8_t *id, uint64_t end)
{
	bool have;

	pthread_mutex_lock(&mirrors->mutex);
	have = mirrors->quorum < 2 ||
	       (mirrors->ahead.path && memcmp(mirrors->ahead.log.id, id, LOG_ID_SIZE) == 0 &&
		       has_quorum(mirrors, end));
	pthread_mutex_unlock(&mirrors->mutex);
	return have;
}

void bk_mirrors_end_ahead(struct bk_mirrors *mirrors)
{
	pthread_mutex_lock(&mirrors->mutex);
	free(mirrors->ahead.path);
	mirrors->ahead.path = NULL;
	pthread_mutex_unlock(&mirrors->mutex);
}

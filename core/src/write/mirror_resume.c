/* mirror_resume.c - where a mirror goes on with the log, or why it may not. */
#include "mirrors.h"
#include <string.h>

bool bk_mirror_is_ending(const struct mirror *mirror)
{
	return mirror->all->is_stopping || mirror->is_dropped;
}

bool bk_mirror_is_current(const struct mirror *mirror)
{
	return !bk_mirror_is_ending(mirror) && mirror->turn == mirror->all->turn;
}

/* Whether the log goes on behind OFFSET with a frame that follows one of SUM: else what the place
 * has is no beginning of it, and a few bytes more might not show that. */
static enum bk_code check_next(const struct mirror *mirror, uint64_t offset, uint64_t sum,
	bool *follows, struct bk_error *err)
{
	uint8_t bytes[FRAME_HEAD_SIZE];
	struct frame_head head;
	size_t got;
	enum bk_code code = bk_file_read(&mirror->primary, bytes, sizeof bytes, offset, &got, err);

	*follows = !code && got == sizeof bytes && bk_frame_plausible(&head, bytes) &&
		   head.chain == (uint32_t)sum;
	return code;
}

/* Whether the place may go on where its LOG stands, as far as that can be told without sending
 * anything: the place itself refuses what does not chain. */
static enum bk_code check_head(
	struct mirror *mirror, const struct place_log *log, struct bk_error *err)
{
	struct bk_mirrors *all = mirror->all;
	char word[MIRROR_WORD];
	uint64_t target, sum;
	bool current, follows;
	enum bk_code code = BK_OK;

	pthread_mutex_lock(&all->mutex);
	target = mirror->is_coming ? all->whole : all->target;
	sum = mirror->is_coming ? all->whole_sum : all->target_sum;
	current = bk_mirror_is_current(mirror);
	pthread_mutex_unlock(&all->mutex);
	if (!current)
		return BK_OK;
	follows = log->end == target && log->sum == sum;
	if (log->end < target)
		code = check_next(mirror, log->end, log->sum, &follows, err);
	if (!code && !follows)
		return bk_fail(err, BK_E_UNSAFE, 0,
			"at offset %llu it holds something else than this log does: another "
			"writer went on with it. If this log is the right one: backup-cli mirror "
			"reset %s",
			(unsigned long long)(log->end < target ? log->end : target),
			bk_mirror_word(mirror, word));
	if (!code)
		bk_mirror_note_ours(mirror, log->end);
	return code;
}

static enum bk_code check_empty(const struct mirror *mirror, struct bk_error *err)
{
	char word[MIRROR_WORD];

	if (!*mirror->held)
		return BK_OK;
	return bk_fail(err, BK_E_UNSAFE, 0,
		"it held the log %s once, and is empty now. If that is as it should be: backup-cli "
		"mirror reset %s",
		mirror->held, bk_mirror_word(mirror, word));
}

enum bk_code bk_mirror_resume(
	struct mirror *mirror, const struct place_head *head, struct bk_error *err)
{
	const struct place_log *log = &head->now;
	const uint8_t *id = mirror->log.id;
	enum bk_code code = BK_OK;

	mirror->is_coming = false;
	if (!log->is_there)
		code = check_empty(mirror, err);
	if (!code && log->is_there && memcmp(log->id, id, LOG_ID_SIZE) == 0) {
		mirror->sent = log->end;
		return check_head(mirror, log, err);
	}
	if (!code)
		code = bk_mirror_check_descent(mirror, head, err);
	if (!code)
		code = mirror->place->ops->begin(
			mirror->place, mirror->header, PLACE_SUCCEEDS, err);
	if (code)
		return code;
	mirror->is_coming = log->is_there;
	mirror->sent = LOG_HEADER_SIZE;
	if (!head->coming.is_there || memcmp(head->coming.id, id, LOG_ID_SIZE) != 0)
		return BK_OK;
	mirror->sent = head->coming.end;
	return check_head(mirror, &head->coming, err);
}

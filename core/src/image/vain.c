/* vain.c - replays that failed, so that none is tried again. */
#include "vain.h"

void bk_vain_note(
	struct bk_log *log, uint64_t keyframe, uint64_t change, const struct bk_error *why)
{
	struct vain *vain;

	pthread_mutex_lock(&log->mutex);
	vain = &log->vain[log->vain_next++ % VAIN_KEPT];
	*vain = (struct vain){keyframe, change, log->state.end, *why};
	pthread_mutex_unlock(&log->mutex);
}

enum bk_code bk_vain_check(
	struct bk_log *log, uint64_t keyframe, uint64_t change, struct bk_error *err)
{
	enum bk_code code = BK_OK;

	pthread_mutex_lock(&log->mutex);
	for (size_t i = 0; i < VAIN_KEPT && !code; i++) {
		const struct vain *vain = &log->vain[i];

		/* In a log that has grown there is more to spend, and a rewind may have come. */
		if (vain->end == log->state.end && keyframe <= vain->keyframe &&
			change >= vain->change)
			code = bk_fail_as(err, &vain->why);
	}
	pthread_mutex_unlock(&log->mutex);
	return code;
}

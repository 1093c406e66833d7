/* verify_part.c - a share of a log's frames, so that each is read again in so many days.
 *
 * What stands between the ends of two keyframes' intervals belongs to the part that the lower one's
 * ordinal gives: that never changes, however the log grows. */
#include "verify_passes.h"
#include <stdlib.h>

/* Where what stands on a keyframe begins: at its interval's end. */
struct stretch {
	uint64_t begin;
	uint64_t keyframe; /* its offset; 0: the stretch before the first keyframe's */
	uint64_t ordinal;
};

struct stretches {
	struct stretch *list; /* the newest first */
	size_t count, capacity;
};

static enum bk_code add(struct stretches *all, const struct stretch *stretch, struct bk_error *err)
{
	if (all->count == all->capacity) {
		size_t capacity = all->capacity ? all->capacity * 2 : 256;
		struct stretch *grown = realloc(all->list, capacity * sizeof *grown);

		if (!grown)
			return bk_fail(err, BK_E_NOMEM, 0, "no memory for %zu keyframes", capacity);
		all->list = grown;
		all->capacity = capacity;
	}
	all->list[all->count++] = *stretch;
	return BK_OK;
}

/* The keyframe at OFFSET, or where that cannot be read the newest one before it: what stands
 * between them is then one stretch. */
static enum bk_code keyframe_at(
	struct verify *verify, uint64_t offset, struct keyframe **kf, struct bk_error *err)
{
	enum bk_code code = bk_log_keyframe(verify->log, offset, kf, err);

	if (code != BK_E_DAMAGE)
		return code;
	bk_verify_finding(verify, offset, "%s", err->msg);
	return bk_log_keyframe_before(verify->log, offset, kf, err);
}

/* All of them, down to the log's first frame. */
static enum bk_code find_all(struct verify *verify, struct stretches *all, struct bk_error *err)
{
	uint64_t offset = verify->log->state.keyframe;
	struct stretch first = {.begin = LOG_HEADER_SIZE};
	enum bk_code code = BK_OK;

	while (!code && offset) {
		struct stretch stretch;
		struct keyframe *kf;

		code = keyframe_at(verify, offset, &kf, err);
		if (code)
			break;
		stretch = (struct stretch){kf->next, kf->offset, kf->ordinal + 1};
		offset = kf->previous;
		bk_log_unpin(verify->log, kf);
		code = add(all, &stretch, err);
	}
	/* What cannot be read was told: the rest is one stretch. */
	if (code == BK_E_DAMAGE)
		code = BK_OK;
	return code ? code : add(all, &first, err);
}

static enum bk_code walk(
	struct verify *verify, const struct stretch *stretch, uint64_t end, struct bk_error *err)
{
	struct keyframe *kf = NULL;
	enum bk_code code = BK_OK;

	if (stretch->keyframe)
		code = bk_log_keyframe(verify->log, stretch->keyframe, &kf, err);
	if (!code)
		code = bk_verify_walk(verify, kf, end, err);
	bk_log_unpin(verify->log, kf);
	if (end > stretch->begin)
		verify->result->bytes += end - stretch->begin;
	return code;
}

enum bk_code bk_verify_part(struct verify *verify, struct bk_error *err)
{
	const struct bk_verify_options *options = verify->options;
	struct stretches all = {.list = NULL};
	enum bk_code code = find_all(verify, &all, err);

	for (size_t i = all.count; i-- > 0 && !code;) {
		uint64_t end = i ? all.list[i - 1].begin : verify->log->state.end;

		if (!i || all.list[i].ordinal % options->parts == options->part - 1)
			code = walk(verify, &all.list[i], end, err);
	}
	free(all.list);
	return code;
}

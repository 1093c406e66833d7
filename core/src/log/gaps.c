/* gaps.c - what no log had of the versions between two that a compaction kept. */
#include "codec.h"
#include "facts.h"
#include "lines.h"
#include "log.h"
#include <bk/listing.h>

/* Takes FRAME, of code 4 (docs/format.md, 11), as a gap. */
static void take_gap(const struct frame *frame, bk_gap_between_fn *take, void *ctx)
{
	const char *text = (const char *)frame->payload + 4;
	size_t size = frame->head.size - 4;
	uint64_t from, to;

	if (bk_load_u32(frame->payload) == EVENT_GAP && bk_line_number(text, size, "from", &from) &&
		bk_line_number(text, size, "to", &to) && from <= UINT32_MAX && to <= UINT32_MAX)
		take(ctx, (uint32_t)from, (uint32_t)to);
}

/* Behind the keyframe before stand the events, then the pages of this one. */
static enum bk_code read_events(struct bk_log *log, uint64_t offset, uint64_t limit,
	bk_gap_between_fn *take, void *ctx, struct bk_error *err)
{
	struct frame frame;
	struct walk walk;
	bool more = true;
	enum bk_code code = BK_OK;

	bk_walk_init(&walk, &log->lf, WALK_CHUNK_ONE);
	while (!code && more && offset < limit) {
		code = bk_walk_frame(&walk, offset, &frame, err);
		more = !code && frame.head.kind == FRAME_EVENT && frame.head.size >= 4;
		if (more) {
			take_gap(&frame, take, ctx);
			offset = bk_frame_end(&frame);
		}
	}
	bk_walk_done(&walk);
	return code;
}

enum bk_code bk_log_gaps_before(struct bk_log *log, const struct bk_entry *kept,
	bk_gap_between_fn *take, void *ctx, struct bk_error *err)
{
	struct keyframe *kf, *before = NULL;
	enum bk_code code;

	if (!(kept->flags & BK_ENTRY_KEPT))
		return BK_OK;
	code = bk_log_keyframe(log, kept->offset, &kf, err);
	if (code)
		return code;
	if (kf->previous)
		code = bk_log_keyframe(log, kf->previous, &before, err);
	if (!code)
		code = read_events(
			log, before ? before->end : LOG_HEADER_SIZE, kf->offset, take, ctx, err);
	bk_log_unpin(log, before);
	bk_log_unpin(log, kf);
	return code;
}

/* verify_frames.c - all checksums and the chain, and what the frames say of each other. */
#include "codec.h"
#include "decoder.h"
#include "facts.h"
#include "lines.h"
#include "verify_passes.h"
#include <bk/version.h>
#include <stdlib.h>

#define PROGRESS_BYTES ((uint64_t)1 << 20)

/* One pass over the frames. */
struct pass {
	struct verify *verify;
	struct walk walk;
	struct state state; /* of what was passed; its tail starts at the last keyframe's `next` */
	struct decoder decoder;
	bool has_keyframe;
	bool stream_broken; /* no change can be decoded before the next stream */
	bool list_broken;   /* changes are missing in the tail */
	bool heals;         /* the next full keyframe: a change could not be replayed */
	bool is_part;       /* not all frames are passed: keyframes list others */
};

static void pass_broken(struct pass *pass)
{
	pass->state.is_loose = true;
	pass->stream_broken = true;
	pass->list_broken = true;
}

/* That the change decompresses, and follows the one before by its history. */
static enum bk_code check_change(struct pass *pass, const struct frame *frame, struct bk_error *err)
{
	struct bk_entry entry = {.offset = frame->offset, .version = frame->head.version};
	enum bk_code code;

	if (pass->stream_broken && !(frame->head.must & CHANGE_STREAM))
		return BK_OK; /* what made it so was told */
	if (pass->stream_broken)
		pass->decoder.history_unknown = true;
	pass->stream_broken = false;
	code = bk_decoder_stream(&pass->decoder, &entry, NULL, NULL, err);
	if (code != BK_E_DAMAGE)
		return code;
	bk_verify_finding(pass->verify, frame->offset, "%s", err->msg);
	pass_broken(pass);
	return BK_OK;
}

static void check_rewind(struct pass *pass, const struct frame *frame)
{
	if (!pass->stream_broken)
		pass->decoder.history = bk_load_u64(frame->payload);
}

/* That a keyframe lists exactly the changes of its interval. */
static bool lists_agree(const struct pass *pass, const struct keyframe *kf)
{
	size_t i;

	for (i = 0; i < pass->state.tail_count && pass->state.tail[i].offset < kf->next; i++) {
		const struct bk_entry *there = &pass->state.tail[i], *listed = &kf->entries[i];

		if (i >= kf->entry_count || there->offset != listed->offset ||
			there->version != listed->version || there->time_us != listed->time_us ||
			there->flags != listed->flags || there->statements != listed->statements ||
			there->sql_bytes != listed->sql_bytes ||
			there->log_bytes != listed->log_bytes)
			return false;
	}
	return i == kf->entry_count;
}

/* Adds OFFSET to a list that grows. */
static enum bk_code remember(
	uint64_t **list, size_t *count, size_t *capacity, uint64_t offset, struct bk_error *err)
{
	if (*count == *capacity) {
		size_t wanted = *capacity ? *capacity * 2 : 256;
		uint64_t *offsets = realloc(*list, wanted * sizeof *offsets);

		if (!offsets)
			return bk_fail(err, BK_E_NOMEM, 0, "no memory for %zu keyframes", wanted);
		*list = offsets;
		*capacity = wanted;
	}
	(*list)[(*count)++] = offset;
	return BK_OK;
}

static enum bk_code remember_keyframe(
	struct pass *pass, const struct keyframe *kf, struct bk_error *err)
{
	struct verify *verify = pass->verify;
	enum bk_code code = remember(&verify->keyframes, &verify->keyframe_count,
		&verify->keyframe_capacity, kf->offset, err);

	if (!code && kf->is_full && pass->heals)
		code = remember(&verify->healing, &verify->healing_count, &verify->healing_capacity,
			kf->offset, err);
	if (kf->is_full)
		pass->heals = false;
	return code;
}

static enum bk_code check_keyframe(
	struct pass *pass, const struct frame *frame, struct bk_error *err)
{
	struct verify *verify = pass->verify;
	struct keyframe *kf;
	enum bk_code code =
		bk_keyframe_decode(&kf, &frame->head, frame->offset, frame->payload, err);

	if (code == BK_E_DAMAGE) {
		bk_verify_finding(verify, frame->offset, "%s", err->msg);
		return BK_OK;
	}
	if (code)
		return code;
	if (!pass->is_part && !pass->list_broken && !lists_agree(pass, kf))
		bk_verify_finding(verify, frame->offset,
			"the keyframe of version %u does not list the changes that are there",
			kf->version);
	if (!pass->is_part && kf->is_full && !kf->is_carried && !pass->stream_broken &&
		kf->history != bk_history_of_full(kf, pass->decoder.history))
		bk_verify_finding(verify, frame->offset,
			"the full keyframe of version %u does not follow what is before it",
			kf->version);
	if (bk_keyframe_is_entry(kf)) {
		pass->decoder.history = kf->history;
		pass->stream_broken = false;
	}
	pass->list_broken = false;
	pass->has_keyframe = true;
	/* One that stands on changes which were not passed says nothing of those that were. */
	if (!pass->is_part || bk_keyframe_is_entry(kf))
		bk_state_take_keyframe(&pass->state, kf);
	code = remember_keyframe(pass, kf, err);
	verify->result->keyframes++;
	bk_keyframe_free(&kf->cached);
	return code;
}

static enum bk_code check_map(struct pass *pass, const struct frame *frame, struct bk_error *err)
{
	struct pagemap *map;
	bool is_sealed = pass->verify->log->lf.header.is_sealed;
	enum bk_code code = bk_pagemap_decode(&map, frame->offset,
		bk_place_limit(is_sealed, frame->offset), frame->payload, frame->head.size, err);

	if (code == BK_E_DAMAGE) {
		bk_verify_finding(pass->verify, frame->offset, "%s", err->msg);
		return BK_OK;
	}
	if (!code)
		bk_pagemap_free(&map->cached);
	return code;
}

/* Tells of a snapshot that was taken to make the backup whole again, and why. */
static void tell_gap(struct pass *pass, const struct frame *frame)
{
	const struct bk_verify_options *options = pass->verify->options;
	uint32_t event = bk_load_u32(frame->payload);
	const char *text = (const char *)frame->payload + 4;
	uint64_t from, to;

	if ((event != EVENT_GAP && event != EVENT_REPLAY_FAILED) ||
		!bk_line_number(text, frame->head.size - 4, "from", &from) ||
		!bk_line_number(text, frame->head.size - 4, "to", &to) || from > UINT32_MAX ||
		to > UINT32_MAX)
		return;
	pass->heals = event == EVENT_REPLAY_FAILED;
	pass->verify->result->gaps++;
	if (options->gap)
		options->gap(options->ctx,
			event == EVENT_GAP ? BK_GAP_UNWATCHED : BK_GAP_UNREPLAYABLE, (uint32_t)from,
			(uint32_t)to);
}

static enum bk_code check_frame(struct pass *pass, const struct frame *frame, struct bk_error *err)
{
	enum bk_code code = bk_state_take(&pass->state, frame, err);

	if (code == BK_E_DAMAGE) {
		bk_verify_finding(pass->verify, frame->offset, "%s", err->msg);
		pass->state.end = bk_frame_end(frame);
		pass->state.last_sum = frame->head.sum;
		pass_broken(pass);
		return BK_OK;
	}
	if (code)
		return code;
	pass->verify->result->frames++;
	switch (frame->head.kind) {
	case FRAME_CHANGE:
		if (!pass->verify->has_change)
			pass->verify->first_version = frame->head.version;
		pass->verify->has_change = true;
		pass->verify->result->changes++;
		pass->state.is_loose = false;
		return check_change(pass, frame, err);
	case FRAME_REWIND:
		check_rewind(pass, frame);
		return BK_OK;
	case FRAME_KEYFRAME:
		return check_keyframe(pass, frame, err);
	case FRAME_MAP:
		return check_map(pass, frame, err);
	case FRAME_EVENT:
		tell_gap(pass, frame);
		return BK_OK;
	default:
		return BK_OK;
	}
}

/* Reads the frame at the state's end, or, with a finding, the next one that is valid. */
static enum bk_code next_frame(
	struct pass *pass, uint64_t limit, struct frame *frame, bool *found, struct bk_error *err)
{
	uint64_t offset = pass->state.end, next;
	bool zeros;
	enum bk_code code = bk_walk_frame(&pass->walk, offset, frame, err);

	*found = !code;
	if (!code && frame->head.chain != (uint32_t)pass->state.last_sum) {
		bk_verify_finding(pass->verify, offset,
			"the frame at offset %llu does not follow the one before it",
			(unsigned long long)offset);
		pass_broken(pass);
	}
	if (code != BK_E_DAMAGE)
		return code;
	code = bk_walk_resync(&pass->walk, offset, limit, &next, err);
	if (code)
		return code;
	code = bk_walk_zeros(&pass->walk, offset, &zeros, err);
	if (code)
		return code;
	bk_verify_finding(pass->verify, offset,
		zeros ? "zeros begin in the %llu bytes from %llu on, and frames follow: a copy "
			"that was "
			"taken while the log grew"
		      : "no valid frame stands in the %llu bytes from %llu on",
		(unsigned long long)(next - offset), (unsigned long long)offset);
	pass_broken(pass);
	pass->state.end = next;
	*found = next < limit;
	return *found ? bk_walk_frame(&pass->walk, next, frame, err) : BK_OK;
}

static enum bk_code walk_all(struct pass *pass, uint64_t end, struct bk_error *err)
{
	uint64_t told = 0;
	enum bk_code code = BK_OK;

	bk_verify_progress(pass->verify, 0, end);
	while (!code && pass->state.end < end) {
		struct frame frame;
		bool found;

		code = next_frame(pass, end, &frame, &found, err);
		if (!code && found)
			code = check_frame(pass, &frame, err);
		if (code == BK_E_LIMIT) {
			bk_verify_finding(pass->verify, pass->state.end, "%s", err->msg);
			return BK_OK;
		}
		if (pass->state.end - told >= PROGRESS_BYTES) {
			told = pass->state.end;
			bk_verify_progress(pass->verify, told, end);
		}
	}
	if (!code && pass->verify->log->state.damaged_at == end)
		bk_verify_finding(pass->verify, end,
			"what stands behind offset %llu is no frame, and too much of it looks like "
			"one to "
			"be searched",
			(unsigned long long)end);
	if (!code && !pass->has_keyframe && !pass->is_part)
		bk_verify_finding(pass->verify, LOG_HEADER_SIZE, "the log has no keyframe");
	return code;
}

/* At the log's first frame. */
static void begin_at_header(struct pass *pass, const struct bk_log *log)
{
	struct bk_error ignored;
	struct frame first;

	pass->state.end = LOG_HEADER_SIZE;
	pass->state.last_sum = log->lf.header.sum;
	/* With the header's sum gone, the first frame's chain cannot be checked. */
	if (log->lf.header_damaged &&
		!bk_walk_frame(&pass->walk, LOG_HEADER_SIZE, &first, &ignored))
		pass->state.last_sum = first.head.chain;
}

enum bk_code bk_verify_walk(
	struct verify *verify, const struct keyframe *kf, uint64_t end, struct bk_error *err)
{
	struct bk_log *log = verify->log;
	struct pass pass = {.verify = verify, .is_part = verify->options->parts};
	enum bk_code code = bk_decoder_init(&pass.decoder, log, kf ? kf->history : 0, err);

	if (code)
		return code;
	bk_walk_init(&pass.walk, &log->lf, WALK_CHUNK_MANY);
	if (kf)
		code = bk_log_state_behind(log, kf, &pass.state, err);
	else
		begin_at_header(&pass, log);
	if (!code)
		code = walk_all(&pass, end, err);
	bk_walk_done(&pass.walk);
	bk_decoder_done(&pass.decoder);
	bk_state_done(&pass.state);
	return code;
}

enum bk_code bk_verify_frames(struct verify *verify, struct bk_error *err)
{
	struct bk_log *log = verify->log;

	if (log->lf.header_damaged)
		bk_verify_finding(
			verify, 0, "the header is damaged; the log's id was found in an event");
	verify->result->bytes = log->state.end;
	return bk_verify_walk(verify, NULL, log->state.end, err);
}

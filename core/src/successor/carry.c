/* carry.c - frames of one log put into another as they are. */
#include "carry.h"
#include "codec.h"
#include "pagestore.h"
#include <stdlib.h>
#include <string.h>

#define SYNC_BYTES     ((uint64_t)1 << 20)
#define PROGRESS_BYTES ((uint64_t)4 << 20)
#define NOTED_MAX      1024

void bk_carry_init(
	struct carry *carry, struct bk_log *from, struct bk_writer *to, uint64_t at, uint64_t sum)
{
	*carry = (struct carry){.from = from,
		.to = to,
		.at = at,
		.sum = (uint32_t)sum,
		.mark = at,
		.mark_sum = (uint32_t)sum};
	bk_walk_init(&carry->walk, &from->lf, WALK_CHUNK_MANY);
}

void bk_carry_done(struct carry *carry)
{
	bk_walk_done(&carry->walk);
}

enum bk_code bk_carry_sync(struct bk_writer *to, struct bk_error *err)
{
	return to->log->state.end - to->durable > SYNC_BYTES ? bk_writer_sync(to, err) : BK_OK;
}

static enum bk_code does_not_follow(
	const struct carry *carry, uint64_t offset, const char *what, struct bk_error *err)
{
	return bk_fail(err, BK_E_DAMAGE, 0, "%s is damaged at offset %llu: %s",
		carry->from->lf.file.path, (unsigned long long)offset, what);
}

/* Puts FRAME as it is. */
static enum bk_code carry_frame(
	struct carry *carry, const struct frame *frame, struct bk_error *err)
{
	const struct frame_head *head = &frame->head;
	struct put put = {.kind = head->kind,
		.must = head->must,
		.may = head->may,
		.version = head->version,
		.time_us = head->time_us};
	uint64_t offset;
	enum bk_code code = bk_put_begin(&carry->to->frame, err);

	if (!code)
		code = bk_buf_append(&carry->to->frame, frame->payload, head->size, err);
	return code ? code : bk_writer_put(carry->to, &put, &carry->to->frame, &offset, err);
}

/* Puts a slot of the same key once more: it may have been added since the first ones were put. */
static enum bk_code carry_slot(struct carry *carry, const struct frame *frame, struct bk_error *err)
{
	struct bk_seal *seal;
	enum bk_code code;

	if (!bk_logkey_same(carry->from->lf.key, carry->to->log->lf.key) ||
		!bk_slot_is_right(frame->payload, frame->head.size))
		return BK_OK;
	code = bk_seal_of_key(&seal, carry->to->log->lf.key, err);
	if (code)
		return code;
	code = bk_seal_add(seal, frame->payload, err);
	if (!code)
		code = bk_writer_put_slots(carry->to, seal, err);
	bk_seal_free(seal);
	return code;
}

static enum bk_code carry_rewind(
	struct carry *carry, const struct frame *frame, struct bk_error *err)
{
	uint64_t history;
	enum bk_code code;

	if (frame->head.size != PAYLOAD_REWIND_SIZE)
		return does_not_follow(carry, frame->offset, "a rewind makes no sense", err);
	history = bk_load_u64(frame->payload);
	code = bk_writer_rewind_at(carry->to, frame->head.version, frame->head.time_us, err);
	if (code == BK_E_INVALID || (!code && carry->to->log->state.history != history))
		return does_not_follow(carry, frame->offset, "a rewind makes no sense", err);
	return code;
}

/* What the keyframe KF of FROM says of its interval, as entries of TO's tail, which the caller
 * frees. */
static enum bk_code entries_of(
	struct carry *carry, const struct keyframe *kf, struct bk_entry **out, struct bk_error *err)
{
	const struct state *state = &carry->to->log->state;
	struct bk_entry *entries = malloc((kf->entry_count + 1) * sizeof *entries);
	bool right = entries && kf->entry_count <= state->tail_count;

	if (!entries)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a keyframe's list");
	for (size_t i = 0; i < kf->entry_count && right; i++) {
		const struct bk_entry *there = &state->tail[i];

		entries[i] = kf->entries[i];
		right = there->version == entries[i].version &&
			there->time_us == entries[i].time_us && there->flags == entries[i].flags;
		entries[i].offset = there->offset;
		entries[i].log_bytes = there->log_bytes; /* another where one of them is sealed */
	}
	if (!right) {
		free(entries);
		return does_not_follow(carry, kf->offset, "a keyframe lists other changes", err);
	}
	*out = entries;
	return BK_OK;
}

/* Stores all pages of IMAGE. */
static enum bk_code store_all(struct build *build, struct bk_image *image, struct bk_error *err)
{
	uint32_t count = bk_image_page_count(image);
	uint8_t page_bytes[PAGE_SIZE_MAX];
	enum bk_code code = BK_OK;

	for (uint32_t page = 1; page <= count && !code; page++) {
		if (page == bk_lock_page(build->page_size))
			continue;
		code = bk_image_read_page(image, page, page_bytes, err);
		if (!code)
			code = bk_build_page(build, page, page_bytes, NULL, err);
	}
	return code;
}

/* Stores the pages of IMAGE that MAP lists behind the offset PREVIOUS. */
static enum bk_code store_mapped(struct build *build, const struct pagemap *map, uint64_t previous,
	struct bk_image *image, struct bk_image *below, struct bk_error *err)
{
	uint8_t page_bytes[PAGE_SIZE_MAX];
	enum bk_code code = BK_OK;

	for (uint32_t i = 0; i < map->count && !code; i++) {
		/* A merged map lists what the keyframes before store, too. */
		if (map->offsets[i] < previous || map->pages[i] > bk_image_page_count(image))
			continue;
		code = bk_image_read_page(image, map->pages[i], page_bytes, err);
		if (!code)
			code = bk_build_changed(
				build, below, map->pages[i], page_bytes, true, NULL, err);
	}
	return code;
}

/* Reads the pages that KF notes as read only, for the trail of BELOW: what cannot be read is left
 * out, as it is but a hint. */
static void read_noted(const struct keyframe *kf, struct bk_image *below)
{
	uint32_t pages[NOTED_MAX];
	uint8_t page_bytes[PAGE_SIZE_MAX];
	size_t count = bk_trail_pages(kf, pages, NOTED_MAX, &below->trail->is_blind);

	for (size_t i = 0; i < count; i++) {
		struct bk_error ignored;
		struct record record;
		uint64_t offset;

		if (pages[i] <= below->index.levels[0].kf->page_count)
			(void)!bk_image_read_below(
				below, pages[i], page_bytes, &record, &offset, &ignored);
	}
}

/* TRAIL: what is read of what stands before it. */
static enum bk_code store_delta(struct build *build, struct bk_log *from, const struct keyframe *kf,
	struct bk_image *image, struct trail *trail, struct bk_error *err)
{
	struct bk_image *below;
	enum bk_code code =
		bk_image_open_keyframe(&below, build->writer->log, build->below, NULL, err);

	if (code)
		return code;
	below->trail = trail;
	for (size_t i = 0; i < kf->map_count && !code; i++) {
		struct pagemap *map;

		code = bk_log_pagemap(from, kf, i, &map, err);
		if (code)
			break;
		code = store_mapped(build, map, kf->previous, image, below, err);
		bk_log_unpin(from, map);
	}
	if (!code)
		read_noted(kf, below);
	bk_trail_add_index(trail, &below->index);
	bk_image_close(below);
	return code;
}

static void describe(struct build_result *result, const struct carry *carry,
	const struct keyframe *kf, const struct bk_entry *entries)
{
	const struct state *state = &carry->to->log->state;

	*result = (struct build_result){.version = kf->version,
		.page_size = kf->page_size,
		.page_count = kf->page_count,
		.time_us = kf->time_us,
		.history = kf->is_full && !kf->is_carried ? state->history : kf->history,
		.pages_sum = kf->pages_sum,
		.session = state->session,
		.entries = entries,
		.entry_count = kf->entry_count};
	/* It ends with the change that opens the next one. */
	if (!bk_keyframe_is_entry(kf) && kf->entry_count < state->tail_count)
		result->next = state->tail[kf->entry_count].offset;
}

/* Builds what KF of FROM, with IMAGE, is in TO. */
static enum bk_code build_like(struct carry *carry, const struct keyframe *kf,
	struct bk_image *image, const struct bk_entry *entries, struct bk_error *err)
{
	struct build_result result;
	struct trail trail = {0};
	struct build build;
	enum bk_code code;

	describe(&result, carry, kf, entries);
	if (!bk_keyframe_is_entry(kf) && !result.next)
		return does_not_follow(carry, kf->offset, "a keyframe has no end", err);
	code = bk_build_begin(&build, carry->to, kf->is_full, err);
	if (code)
		return code;
	build.is_carried = kf->is_carried;
	build.is_thinned = kf->is_thinned;
	build.version = kf->version;
	build.page_size = kf->page_size;
	code = kf->is_full ? store_all(&build, image, err)
			   : store_delta(&build, carry->from, kf, image, &trail, err);
	result.trail = &trail;
	if (!code)
		code = bk_build_finish(&build, &result, err);
	bk_trail_done(&trail);
	bk_build_done(&build);
	return code;
}

static enum bk_code carry_keyframe(
	struct carry *carry, uint64_t offset, const struct carry_how *how, struct bk_error *err)
{
	struct bk_image *image = NULL;
	struct bk_entry *entries = NULL;
	struct keyframe *kf;
	enum bk_code code = bk_log_keyframe(carry->from, offset, &kf, err);

	if (code)
		return code;
	if (how->without_keyframes ? bk_keyframe_is_entry(kf) : carry->has_skipped) {
		code = bk_fail(err, BK_E_BUSY, 0, "a keyframe came that is to be carried first");
	} else if (how->without_keyframes) {
		carry->has_skipped = true;
	} else {
		code = entries_of(carry, kf, &entries, err);
		if (!code)
			code = bk_image_open_keyframe(&image, carry->from, kf, NULL, err);
		if (!code)
			code = build_like(carry, kf, image, entries, err);
		if (!code && bk_keyframe_is_entry(kf) &&
			carry->to->log->state.history != kf->history)
			code = does_not_follow(
				carry, offset, "a full keyframe does not follow", err);
	}
	bk_image_close(image);
	free(entries);
	bk_log_unpin(carry->from, kf);
	return code;
}

static enum bk_code carry_one(struct carry *carry, const struct frame *frame,
	const struct carry_how *how, struct bk_error *err)
{
	switch (frame->head.kind) {
	case FRAME_CHANGE:
	case FRAME_EVENT:
		return carry_frame(carry, frame, err);
	case FRAME_REWIND:
		return carry_rewind(carry, frame, err);
	case FRAME_SLOT:
		return carry_slot(carry, frame, err);
	case FRAME_KEYFRAME:
		if (frame->offset <= carry->after)
			return BK_OK;
		return carry_keyframe(carry, frame->offset, how, err);
	case FRAME_SUCCEEDED:
		return bk_fail(err, BK_E_UNSAFE, 0,
			"%s was succeeded by another log: name that one",
			carry->from->lf.file.path);
	default:
		return BK_OK;
	}
}

/* Reads the frame at carry->at, carries it and moves on. */
static enum bk_code step(struct carry *carry, const struct carry_how *how, struct bk_error *err)
{
	struct frame frame;
	uint64_t end;
	uint32_t sum;
	uint8_t kind;
	enum bk_code code = bk_walk_frame(&carry->walk, carry->at, &frame, err);

	if (!code && frame.head.chain != carry->sum)
		code = does_not_follow(carry, carry->at, "the frame does not follow", err);
	if (code)
		return code;
	kind = frame.head.kind;
	end = bk_frame_end(&frame);
	sum = (uint32_t)frame.head.sum;
	code = carry_one(carry, &frame, how, err);
	if (code)
		return code;
	carry->at = end;
	carry->sum = sum;
	/* The pages of a keyframe that fails are cut off again. */
	if (kind != FRAME_PAGES && kind != FRAME_MAP) {
		carry->mark = end;
		carry->mark_sum = sum;
	}
	return BK_OK;
}

enum bk_code bk_carry_to(
	struct carry *carry, uint64_t limit, const struct carry_how *how, struct bk_error *err)
{
	uint64_t told = carry->mark;
	enum bk_code code = BK_OK;

	carry->at = carry->mark;
	carry->sum = carry->mark_sum;

	/* What was read ahead may be what the log has not finished yet. */
	bk_buf_clear(&carry->walk.buf, WALK_CHUNK_MANY);
	while (!code && carry->at < limit) {
		if (how->is_cancelled && how->is_cancelled(how->ctx))
			return bk_fail(err, BK_E_BUSY, 0, "the compaction was given up");
		code = step(carry, how, err);
		if (!code && !how->without_keyframes)
			code = bk_carry_sync(carry->to, err);
		if (how->progress && carry->at - told >= PROGRESS_BYTES) {
			told = carry->at;
			how->progress(how->ctx, carry->at, limit);
		}
	}
	return code;
}

enum bk_code bk_carry_check(const struct carry *carry, struct bk_error *err)
{
	const struct state *from = &carry->from->state, *to = &carry->to->log->state;

	if (carry->at == from->end && carry->sum == (uint32_t)from->last_sum &&
		from->version == to->version && from->history == to->history &&
		strcmp(from->facts.doubt, to->facts.doubt) == 0)
		return BK_OK;
	return bk_fail(err, BK_E_DAMAGE, 0,
		"the successor of %s stands at version %u, and the log at %u: it is not used",
		carry->from->lf.file.path, to->version, from->version);
}

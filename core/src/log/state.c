/* state.c - what a log's frames say, taken together. */
#include "state.h"
#include "codec.h"
#include <stdlib.h>
#include <string.h>

void bk_state_done(struct state *state)
{
	free(state->tail);
	*state = (struct state){0};
}

static enum bk_code tail_add(
	struct state *state, const struct bk_entry *entry, struct bk_error *err)
{
	if (state->tail_count == state->tail_capacity) {
		size_t capacity = state->tail_capacity ? state->tail_capacity * 2 : 256;
		struct bk_entry *tail = realloc(state->tail, capacity * sizeof *tail);

		if (!tail)
			return bk_fail(err, BK_E_NOMEM, 0, "no memory for %zu changes", capacity);
		state->tail = tail;
		state->tail_capacity = capacity;
	}
	state->tail[state->tail_count++] = *entry;
	return BK_OK;
}

static enum bk_code no_sense(const struct frame *frame, struct bk_error *err)
{
	return bk_fail(err, BK_E_DAMAGE, 0,
		"the log is damaged at offset %llu: a frame of kind %u makes no sense there",
		(unsigned long long)frame->offset, frame->head.kind);
}

/* A change leads to the next version, or repeats the one before (docs/format.md, 4). That may be a
 * struck one which a keyframe took out of the tail: it is then one more, too. */
static bool version_follows(const struct state *state, const struct frame_head *head)
{
	uint32_t step = head->version - state->version;

	return state->is_loose || step == 1 || (step == 0 && (head->must & CHANGE_LONE));
}

static enum bk_code take_change(
	struct state *state, const struct frame *frame, struct bk_error *err)
{
	struct change_head change;
	struct bk_entry entry = {
		.offset = frame->offset,
		.time_us = frame->head.time_us,
		.version = frame->head.version,
		.flags = frame->head.must |
			 (frame->head.must & CHANGE_STATE
					 ? (frame->head.may & 0xffu) << CHANGE_STATE_SHIFT
					 : 0),
		.log_bytes = (uint32_t)bk_frame_size(&frame->head),
	};
	enum bk_code code;

	if (!bk_change_head_decode(&change, &frame->head, frame->payload) ||
		!version_follows(state, &frame->head))
		return no_sense(frame, err);
	entry.statements = change.statements;
	entry.sql_bytes = change.raw;
	code = tail_add(state, &entry, err);
	if (code)
		return code;
	state->version = entry.version;
	state->history = change.history;
	bk_facts_take_change(&state->facts);
	if (!(entry.flags & BK_ENTRY_LONE))
		state->time_us = entry.time_us;
	return BK_OK;
}

/* The time of the newest change that stands, or of the keyframe below the tail. */
static int64_t head_time(const struct state *state)
{
	for (size_t i = state->tail_count; i-- > 0;)
		if (!(state->tail[i].flags & (BK_ENTRY_STRUCK | BK_ENTRY_LONE)))
			return state->tail[i].time_us;
	return state->keyframe_time_us;
}

/* The version of what stands before offset FIRST. */
static uint32_t version_at(const struct state *state, uint64_t first)
{
	for (size_t i = state->tail_count; i-- > 0;)
		if (state->tail[i].offset < first && bk_entry_stands(&state->tail[i]))
			return state->tail[i].version;
	return state->keyframe_version;
}

static enum bk_code take_rewind(
	struct state *state, const struct frame *frame, struct bk_error *err)
{
	uint64_t first;
	size_t i = state->tail_count;

	if (frame->head.size != PAYLOAD_REWIND_SIZE)
		return no_sense(frame, err);
	first = bk_load_u64(frame->payload + 8);
	/* What a keyframe stands on is never struck (docs/format.md, 10). */
	if (first >= frame->offset ||
		(!state->is_loose && frame->head.version != version_at(state, first)))
		return no_sense(frame, err);
	while (i > 0 && state->tail[i - 1].offset >= first)
		state->tail[--i].flags |= BK_ENTRY_STRUCK;
	state->version = frame->head.version;
	state->history = bk_load_u64(frame->payload);
	state->time_us = head_time(state);
	bk_facts_take_change(&state->facts);
	return BK_OK;
}

static enum bk_code take_succeeded(
	struct state *state, const struct frame *frame, struct bk_error *err)
{
	if (frame->head.size != PAYLOAD_REWIND_SIZE)
		return no_sense(frame, err);
	state->facts.is_succeeded = true;
	memcpy(state->facts.successor, frame->payload, LOG_ID_SIZE);
	return BK_OK;
}

static enum bk_code take_event(struct state *state, const struct frame *frame, struct bk_error *err)
{
	uint32_t event;

	if (frame->head.size < 4)
		return no_sense(frame, err);
	event = bk_load_u32(frame->payload);
	/* Where damage was passed over, an event still tells what the log stood at. */
	if (state->is_loose)
		state->version = frame->head.version;
	if (event != EVENT_COMPACTED)
		state->is_closed = event == EVENT_CLOSED;
	bk_facts_take_event(&state->facts, event, (const char *)frame->payload + 4,
		frame->head.size - 4, frame->head.version, state->version);
	if (event == EVENT_OPENED)
		state->session = frame->offset;
	return BK_OK;
}

enum bk_code bk_state_take(struct state *state, const struct frame *frame, struct bk_error *err)
{
	enum bk_code code = BK_OK;

	switch (frame->head.kind) {
	case FRAME_CHANGE:
		code = take_change(state, frame, err);
		break;
	case FRAME_REWIND:
		code = take_rewind(state, frame, err);
		break;
	case FRAME_EVENT:
		code = take_event(state, frame, err);
		break;
	case FRAME_SUCCEEDED:
		code = take_succeeded(state, frame, err);
		break;
	}
	if (code)
		return code;
	if (frame->head.kind == FRAME_CHANGE || frame->head.kind == FRAME_REWIND ||
		frame->head.kind == FRAME_EVENT)
		state->head_unsure = false;
	state->last = frame->offset;
	state->end = bk_frame_end(frame);
	state->last_sum = frame->head.sum;
	return BK_OK;
}

void bk_state_take_keyframe(struct state *state, const struct keyframe *kf)
{
	size_t listed = 0;

	while (listed < state->tail_count && state->tail[listed].offset < kf->next)
		listed++;
	state->tail_count -= listed;
	if (listed && state->tail_count)
		memmove(state->tail, state->tail + listed, state->tail_count * sizeof *state->tail);
	state->keyframe = kf->offset;
	state->keyframe_next = kf->next;
	state->keyframe_ordinal = kf->ordinal;
	state->keyframe_count = kf->count;
	state->keyframe_version = kf->version;
	state->keyframe_time_us = kf->time_us;
	if (bk_keyframe_is_entry(kf))
		state->head_unsure = false;
	bk_facts_take_keyframe(&state->facts, kf);
	if (!state->tail_count) {
		state->version = kf->version;
		state->history = kf->history;
		state->time_us = state->keyframe_time_us;
	}
}

bool bk_state_closed_interval(const struct state *state, uint64_t *next, size_t *count)
{
	bool any = false;

	for (size_t i = 0; i < state->tail_count; i++) {
		if (any && (state->tail[i].flags & CHANGE_STREAM)) {
			*next = state->tail[i].offset;
			*count = i;
			return true;
		}
		any |= bk_entry_stands(&state->tail[i]);
	}
	return false;
}

/* A change that came behind, if only to be struck out, and a lone pragma, tell that lightningd had
 * committed what stands before. A keyframe holds nothing else. */
bool bk_state_is_committed(const struct state *state)
{
	const struct bk_entry *last =
		state->tail_count ? &state->tail[state->tail_count - 1] : NULL;

	return state->facts.has_seen || !last || !bk_entry_stands(last) ||
	       last->flags & BK_ENTRY_LONE;
}

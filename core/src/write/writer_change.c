/* writer_change.c - changes appended to a log, and struck out again. */
#include "codec.h"
#include "writer.h"
#include <bk/version.h>
#include <stdio.h>

/* What state CHANGE leaves the node's connection in. */
static enum bk_code follow_pragmas(struct bk_writer *writer, const struct bk_change *change,
	bool is_lone, struct probe_result *after, struct bk_error *err)
{
	enum bk_code code = BK_OK;

	*after = (struct probe_result){.state = writer->state};
	if (!bk_probe_is_needed(change))
		return BK_OK;
	if (!writer->probe)
		code = bk_probe_open(&writer->probe, err);
	return code ? code : bk_probe_change(writer->probe, change, is_lone, after, err);
}

/* After a failure it is that which is told. */
static enum bk_code does_not_follow(
	struct bk_writer *writer, const struct bk_change *change, struct bk_error *err)
{
	bool has_failed;

	pthread_mutex_lock(&writer->log->mutex);
	has_failed = writer->failure.code;
	pthread_mutex_unlock(&writer->log->mutex);
	if (has_failed)
		return bk_fail_as(err, &writer->failure);
	return bk_fail(err, BK_E_INVALID, 0,
		"version %u does not follow version %u, which the log is at", change->version,
		writer->log->state.version);
}

/* The flags of CHANGE, and what comes AFTER it. */
static enum bk_code change_flags(struct bk_writer *writer, const struct bk_change *change,
	struct put *put, struct probe_result *after, struct bk_error *err)
{
	uint32_t head = writer->log->state.version;
	bool is_lone = change->version == head && bk_change_is_pragma(change);
	enum bk_code code;

	if (!is_lone && change->version != head + 1)
		return does_not_follow(writer, change, err);
	code = follow_pragmas(writer, change, is_lone, after, err);
	put->must = (uint8_t)(writer->state & CHANGE_FLAGS);
	put->may = (uint16_t)((writer->state & CHANGE_STATE_MASK) >> CHANGE_STATE_SHIFT);
	if (put->may)
		put->must |= CHANGE_STATE;
	if (is_lone)
		put->must |= after->is_unlike ? CHANGE_LONE | CHANGE_UNLIKE : CHANGE_LONE;
	return code;
}

/* Encodes and puts CHANGE, and sets *OFFSET. Whatever fails here, the next change must start a
 * stream. */
static enum bk_code put_change(struct bk_writer *writer, const struct bk_change *change,
	struct put *put, uint64_t *offset, struct bk_error *err)
{
	bool starts = !writer->stream_changes;
	struct change_head head;
	enum bk_code code = bk_put_begin(&writer->frame, err);

	put->must |= starts ? CHANGE_STREAM : 0;
	put->version = change->version;
	put->time_us = bk_writer_now_us(writer);
	if (!code)
		code = bk_encoder_write(&writer->encoder, change, starts,
			writer->log->state.history, &writer->frame, &head, err);
	if (code)
		return code;
	code = bk_writer_put(writer, put, &writer->frame, offset, err);
	if (code) {
		bk_writer_fail(writer, err);
		return code;
	}
	writer->stream_changes++;
	writer->stream_bytes = (starts ? 0 : writer->stream_bytes) + head.raw;
	if (writer->stream_changes >= writer->stream_changes_max ||
		writer->stream_bytes >= writer->stream_bytes_max)
		writer->stream_changes = 0;
	return BK_OK;
}

/* Gives the change that was put to the mirrors, if they take what is in flight; sets *END to where
 * the log ends with it. */
static void give(struct bk_writer *writer, uint64_t *end)
{
	struct bk_log *log = writer->log;
	bool takes = bk_mirrors_takes_flight(writer->mirrors);
	uint64_t sum;

	pthread_mutex_lock(&log->mutex);
	*end = log->state.end;
	sum = log->state.last_sum;
	if (takes)
		writer->given = *end;
	pthread_mutex_unlock(&log->mutex);
	if (takes)
		bk_mirrors_give(writer->mirrors, *end, sum);
}

/* Whether the log says that the quorum was missed, perhaps by a session before this one. */
static bool says_missed(const struct bk_writer *writer)
{
	bool is_missed;

	pthread_mutex_lock(&writer->log->mutex);
	is_missed = writer->log->state.facts.is_missed;
	pthread_mutex_unlock(&writer->log->mutex);
	return is_missed;
}

/* Notes that from VERSION on the quorum IS_MISSED, or is met again. */
static enum bk_code note_quorum(
	struct bk_writer *writer, uint32_t version, bool is_missed, struct bk_error *err)
{
	char text[64];
	enum bk_code code;

	snprintf(text, sizeof text, "%s=%u\nplaces=%u\n", is_missed ? "from" : "until", version,
		bk_mirrors_quorum(writer->mirrors));
	code = bk_writer_event(writer, EVENT_QUORUM, text, err);
	return code ? code : bk_writer_sync(writer, err);
}

/* Waits until the mirrors have the change that stands between FROM and END. */
static enum bk_code wait_for_mirrors(struct bk_writer *writer, uint32_t version, uint64_t from,
	uint64_t end, struct bk_error *err)
{
	enum mirrors_wait what;
	enum bk_code code = bk_mirrors_wait(writer->mirrors, from, end, version, &what, err);
	bool is_missed = what == MIRRORS_MISSED || what == MIRRORS_MISS;

	if (!code && is_missed != says_missed(writer))
		code = note_quorum(writer, version, is_missed, err);
	if (code)
		bk_writer_fail(writer, err);
	return code;
}

static void set_awaited(struct bk_writer *writer, bool is_awaited)
{
	pthread_mutex_lock(&writer->log->mutex);
	writer->is_awaited = is_awaited;
	if (!is_awaited) {
		writer->answered++;
		pthread_cond_broadcast(&writer->passed);
	}
	pthread_mutex_unlock(&writer->log->mutex);
}

/* The log is synced, while the mirrors are given the change. */
static enum bk_code make_durable(
	struct bk_writer *writer, uint32_t version, uint64_t from, struct bk_error *err)
{
	uint64_t end = 0;
	enum bk_code code;

	if (writer->mirrors)
		give(writer, &end);
	code = bk_writer_sync(writer, err);
	set_awaited(writer, false);
	if (!code && writer->mirrors)
		code = wait_for_mirrors(writer, version, from, end, err);
	return code;
}

enum bk_code bk_writer_append(
	struct bk_writer *writer, const struct bk_change *change, struct bk_error *err)
{
	struct probe_result after;
	struct put put = {.kind = FRAME_CHANGE};
	uint64_t from;
	enum bk_code code = bk_change_check(change, err);

	if (!code)
		code = change_flags(writer, change, &put, &after, err);
	if (code)
		return code;
	set_awaited(writer, true);
	code = put_change(writer, change, &put, &from, err);
	if (code) {
		set_awaited(writer, false);
		writer->stream_changes = 0;
		return code;
	}
	/* A follower replays it while we wait for the disk. */
	pthread_cond_signal(&writer->grown);
	code = make_durable(writer, change->version, from, err);
	if (!code)
		writer->state = after.state;
	return code;
}

/* The first of the changes that stand after VERSION, all of them in the tail. */
static bool find_struck(const struct bk_writer *writer, uint32_t version, uint64_t *first)
{
	const struct state *state = &writer->log->state;
	bool found = false;

	for (size_t i = state->tail_count; i-- > 0;) {
		const struct bk_entry *entry = &state->tail[i];

		if (!bk_entry_stands(entry))
			continue;
		if (!bk_version_after(entry->version, version))
			break;
		*first = entry->offset;
		found = true;
	}
	return found;
}

/* The history at the change that stands before FIRST, or at the keyframe. */
static enum bk_code history_before(
	const struct bk_writer *writer, uint64_t first, uint64_t *history, struct bk_error *err)
{
	const struct state *state = &writer->log->state;
	struct keyframe *kf;
	struct frame frame;
	struct walk walk;
	struct change_head head;
	enum bk_code code;

	for (size_t i = state->tail_count; i-- > 0;) {
		const struct bk_entry *entry = &state->tail[i];

		if (!bk_entry_stands(entry) || entry->offset >= first)
			continue;
		bk_walk_init(&walk, &writer->log->lf, WALK_CHUNK_ONE);
		code = bk_walk_frame(&walk, entry->offset, &frame, err);
		if (!code && bk_change_head_decode(&head, &frame.head, frame.payload))
			*history = head.history;
		bk_walk_done(&walk);
		return code;
	}
	code = bk_log_keyframe(writer->log, state->keyframe, &kf, err);
	if (code)
		return code;
	*history = kf->history;
	bk_log_unpin(writer->log, kf);
	return BK_OK;
}

enum bk_code bk_writer_rewind(struct bk_writer *writer, uint32_t version, struct bk_error *err)
{
	return bk_writer_rewind_at(writer, version, bk_writer_now_us(writer), err);
}

enum bk_code bk_writer_rewind_at(
	struct bk_writer *writer, uint32_t version, int64_t time_us, struct bk_error *err)
{
	struct put put = {.kind = FRAME_REWIND, .version = version, .time_us = time_us};
	uint8_t payload[PAYLOAD_REWIND_SIZE];
	uint64_t first = 0, history = 0, offset;
	uint32_t head = writer->log->state.version;
	enum bk_code code = BK_E_INVALID;

	pthread_mutex_lock(&writer->log->mutex);
	if (version == head - 1 && find_struck(writer, version, &first))
		code = history_before(writer, first, &history, err);
	else
		bk_fail(err, code, 0, "the log is at version %u and cannot go back to version %u",
			head, version);
	pthread_mutex_unlock(&writer->log->mutex);
	if (!code)
		code = bk_put_begin(&writer->frame, err);
	bk_put_u64(bk_put_u64(payload, history), first);
	if (!code)
		code = bk_buf_append(&writer->frame, payload, sizeof payload, err);
	if (!code)
		code = bk_writer_put(writer, &put, &writer->frame, &offset, err);
	writer->stream_changes = 0;
	return code;
}

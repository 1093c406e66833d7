/* log.c - opening a log, following it, and its decoded parts. */
#include "log.h"
#include "measure.h"
#include <bk/version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Decoded keyframes and page maps kept: the maps of a database of 20 GB take 60 MiB, which
 * images pin as they need them; this is what stays when nobody does. */
#define LOG_CACHE_BYTES ((size_t)8 << 20)

enum bk_code log_new(struct bk_log **out, struct logfile *lf, struct bk_error *err)
{
	struct bk_log *log = calloc(1, sizeof *log);

	if (!log)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory to open %s", lf->file.path);
	log->lf = *lf;
	cache_init(&log->cache, LOG_CACHE_BYTES);
	pthread_mutex_init(&log->mutex, NULL);
	pthread_mutex_init(&log->measure_mutex, NULL);
	*out = log;
	return BK_OK;
}

void bk_log_close(struct bk_log *log)
{
	if (!log)
		return;
	measure_free(log->measure);
	while (log->readers) {
		struct record_reader *next = log->readers->next;

		record_reader_free(log->readers);
		log->readers = next;
	}
	cache_done(&log->cache);
	state_done(&log->state);
	logfile_close(&log->lf);
	pthread_mutex_destroy(&log->measure_mutex);
	pthread_mutex_destroy(&log->mutex);
	free(log);
}

/* Reads the frame at OFFSET, which must be of KIND. */
static enum bk_code read_kind(struct bk_log *log, struct walk *walk, uint64_t offset,
	enum frame_kind kind, struct frame *frame, struct bk_error *err)
{
	enum bk_code code = walk_frame(walk, offset, frame, err);

	if (!code && frame->head.kind != kind)
		return bk_fail(err, BK_E_DAMAGE, 0,
			"%s is damaged at offset %llu: a frame of kind %d should be there",
			log->lf.file.path, (unsigned long long)offset, (int)kind);
	return code;
}

enum bk_code log_keyframe(
	struct bk_log *log, uint64_t offset, struct keyframe **out, struct bk_error *err)
{
	struct keyframe *kf = cache_get(&log->cache, offset);
	struct frame frame;
	struct walk walk;
	enum bk_code code = BK_OK;

	if (!kf) {
		walk_init(&walk, &log->lf, WALK_CHUNK_ONE);
		code = read_kind(log, &walk, offset, FRAME_KEYFRAME, &frame, err);
		if (!code)
			code = keyframe_decode(&kf, &frame.head, offset, frame.payload, err);
		walk_done(&walk);
		if (code)
			return code;
		kf = cache_put(&log->cache, &kf->cached);
	}
	*out = kf;
	return code;
}

enum bk_code log_pagemap(
	struct bk_log *log, uint64_t offset, struct pagemap **out, struct bk_error *err)
{
	struct pagemap *map = cache_get(&log->cache, offset);
	struct frame frame;
	struct walk walk;
	enum bk_code code = BK_OK;

	if (!map) {
		walk_init(&walk, &log->lf, WALK_CHUNK_ONE);
		code = read_kind(log, &walk, offset, FRAME_MAP, &frame, err);
		if (!code)
			code = pagemap_decode(&map, offset, frame.payload, frame.head.size, err);
		walk_done(&walk);
		if (code)
			return code;
		map = cache_put(&log->cache, &map->cached);
	}
	*out = map;
	return code;
}

void log_unpin(struct bk_log *log, void *object)
{
	cache_release(&log->cache, object);
}

struct record_reader *log_reader_take(struct bk_log *log)
{
	struct record_reader *reader;

	pthread_mutex_lock(&log->mutex);
	reader = log->readers;
	if (reader)
		log->readers = reader->next;
	pthread_mutex_unlock(&log->mutex);
	return reader ? reader : record_reader_new();
}

void log_reader_give(struct bk_log *log, struct record_reader *reader)
{
	if (!reader)
		return;
	pthread_mutex_lock(&log->mutex);
	reader->next = log->readers;
	log->readers = reader;
	pthread_mutex_unlock(&log->mutex);
}

/* What to do at a frame that is not valid or not chained. */
enum on_bad {
	BAD_ENDS,  /* the writer has not finished there yet: stop without failure */
	BAD_FAILS, /* a writer refuses the log */
	BAD_SKIPS, /* a reader goes on behind it */
};

/* Takes one frame into STATE. */
static enum bk_code take_frame(
	struct bk_log *log, struct state *state, const struct frame *frame, struct bk_error *err)
{
	struct keyframe *kf;
	enum bk_code code = state_take(state, frame, err);

	if (code || frame->head.kind != FRAME_KEYFRAME || frame->offset <= state->keyframe)
		return code;
	code = log_keyframe(log, frame->offset, &kf, err);
	if (code)
		return code;
	state_take_keyframe(state, kf);
	log_unpin(log, kf);
	return BK_OK;
}

/* Reads the frame at STATE->end and checks that it follows the one before. */
static enum bk_code next_frame(struct bk_log *log, const struct state *state, struct walk *walk,
	struct frame *frame, struct bk_error *err)
{
	enum bk_code code = walk_frame(walk, state->end, frame, err);

	if (!code && frame->head.chain != (uint32_t)state->last_sum)
		return bk_fail(err, BK_E_DAMAGE, 0,
			"%s is damaged at offset %llu: the frame does not follow the one before",
			log->lf.file.path, (unsigned long long)state->end);
	return code;
}

/* Moves STATE to the next valid frame behind the damage at its end, or to LIMIT. */
static enum bk_code skip_damage(struct state *state, struct walk *walk, uint64_t limit,
	struct frame *frame, bool *found, struct bk_error *err)
{
	enum bk_code code = walk_frame(walk, state->end, frame, err);

	if (!state->damaged_at)
		state->damaged_at = state->end;
	state->is_loose = true;
	state->head_unsure = true;
	*found = !code; /* valid itself, but not chained: it counts */
	if (code != BK_E_DAMAGE)
		return code;
	code = walk_resync(walk, state->end, limit, &state->end, err);
	*found = !code && state->end < limit;
	return *found ? walk_frame(walk, state->end, frame, err) : code;
}

/* Takes the frames from STATE->end up to LIMIT into STATE. */
static enum bk_code take_frames(struct bk_log *log, struct state *state, uint64_t limit,
	enum on_bad on_bad, struct bk_error *err)
{
	enum bk_code code = BK_OK;
	struct walk walk;

	walk_init(&walk, &log->lf, WALK_CHUNK_MANY);
	while (!code && state->end < limit) {
		struct frame frame;
		bool found = true;

		code = next_frame(log, state, &walk, &frame, err);
		if (code == BK_E_DAMAGE && on_bad == BAD_ENDS) {
			code = BK_OK;
			break;
		}
		if (code == BK_E_DAMAGE && on_bad == BAD_SKIPS)
			code = skip_damage(state, &walk, limit, &frame, &found, err);
		if (!code && found)
			code = take_frame(log, state, &frame, err);
	}
	walk_done(&walk);
	return code;
}

/* The sum of the frame (or header) that ends where the one at OFFSET begins is not stored; the
 * chain field of the frame at OFFSET is as much of it as is needed. */
static enum bk_code sum_before(
	struct bk_log *log, uint64_t offset, uint64_t *sum, struct bk_error *err)
{
	struct frame frame;
	struct walk walk;
	enum bk_code code;

	walk_init(&walk, &log->lf, WALK_CHUNK_ONE);
	code = walk_frame(&walk, offset, &frame, err);
	walk_done(&walk);
	if (!code)
		*sum = frame.head.chain;
	return code;
}

/* As log_keyframe_before says; a writer does not pass over damage. */
static enum bk_code keyframe_before(struct bk_log *log, uint64_t limit, enum on_bad on_bad,
	struct keyframe **out, struct bk_error *err)
{
	struct frame_head head;
	uint64_t at;

	for (;;) {
		enum bk_code code = logfile_last_before(&log->lf, limit, &head, &at, err);

		if (code)
			return code;
		if (head.kind != FRAME_KEYFRAME)
			at = head.keyframe;
		if (!at || at >= limit)
			return bk_fail(err, BK_E_DAMAGE, 0,
				"%s is damaged: no keyframe can be read before offset %llu",
				log->lf.file.path, (unsigned long long)limit);
		code = log_keyframe(log, at, out, err);
		if (code != BK_E_DAMAGE || on_bad == BAD_FAILS)
			return code;
		limit = at;
	}
}

enum bk_code log_keyframe_before(
	struct bk_log *log, uint64_t limit, struct keyframe **out, struct bk_error *err)
{
	pthread_mutex_lock(&log->mutex);
	if (limit > log->state.end)
		limit = log->state.end;
	pthread_mutex_unlock(&log->mutex);
	return keyframe_before(log, limit, BAD_SKIPS, out, err);
}

/* Puts STATE behind KF: the next frame to take is the first of its tail. */
static enum bk_code state_behind(struct bk_log *log, struct state *state, const struct keyframe *kf,
	enum on_bad on_bad, struct bk_error *err)
{
	enum bk_code code = sum_before(log, kf->next, &state->last_sum, err);

	if (code == BK_E_DAMAGE && on_bad == BAD_SKIPS)
		code = BK_OK; /* met again, and passed over, when it is taken */
	state_take_keyframe(state, kf);
	state->session = kf->session;
	state->end = kf->next;
	return code;
}

enum bk_code log_changes_behind(struct bk_log *log, const struct keyframe *kf, uint32_t version,
	struct bk_entry **entries, size_t *count, struct bk_error *err)
{
	const uint64_t step = (uint64_t)1 << 20;
	struct state state = {0};
	uint64_t end;
	enum bk_code code = state_behind(log, &state, kf, BAD_SKIPS, err);

	pthread_mutex_lock(&log->mutex);
	end = log->state.end;
	pthread_mutex_unlock(&log->mutex);
	state.keyframe = UINT64_MAX; /* later ones take nothing out of the tail */
	state.is_loose = true;
	while (!code && state.end < end && !bk_version_after(state.version, version)) {
		uint64_t limit = end - state.end > step ? state.end + step : end;

		code = take_frames(log, &state, limit, BAD_SKIPS, err);
	}
	if (code) {
		state_done(&state);
		return code;
	}
	*entries = state.tail;
	*count = state.tail_count;
	return BK_OK;
}

static enum bk_code load_state(struct bk_log *log, const struct log_end *end, enum on_bad on_bad,
	struct state *state, struct bk_error *err)
{
	struct keyframe *kf = NULL;
	enum bk_code code = keyframe_before(log, end->end, on_bad, &kf, err);

	if (code)
		return code;
	code = state_behind(log, state, kf, on_bad, err);
	log_unpin(log, kf);
	if (!code)
		code = take_frames(log, state, end->end, on_bad, err);
	return code;
}

enum bk_code log_load(struct bk_log *log, struct log_end *end, struct bk_error *err)
{
	enum on_bad on_bad = log->is_writer ? BAD_FAILS : BAD_SKIPS;
	struct state state = {0};
	enum bk_code code = logfile_find_end(&log->lf, end, err);

	if (!code)
		code = load_state(log, end, on_bad, &state, err);
	if (code) {
		state_done(&state);
		return code;
	}
	log->state = state;
	log->file_end = end->file_end;
	return BK_OK;
}

enum bk_code bk_log_open(
	struct bk_log **out, const struct bk_io *io, const char *path, struct bk_error *err)
{
	struct bk_log *log = NULL;
	struct log_end end;
	struct logfile lf;
	enum bk_code code = logfile_open(&lf, io, path, BK_IO_READ, err);

	if (code)
		return code;
	code = log_new(&log, &lf, err);
	if (code) {
		logfile_close(&lf);
		return code;
	}
	code = log_load(log, &end, err);
	if (code) {
		bk_log_close(log);
		return code;
	}
	*out = log;
	return BK_OK;
}

static bool is_same_file(struct bk_log *log, const struct bk_io_stat *ours)
{
	const struct bk_io *io = log->lf.file.io;
	struct bk_io_stat there;

	if (io->ops->stat_path(io->ctx, log->lf.file.path, &there) < 0)
		return true; /* away for the moment: what is open stays readable */
	return there.device == ours->device && there.inode == ours->inode;
}

/* Takes in what stands behind the state's end. */
static enum bk_code follow(struct bk_log *log, uint64_t file_end, struct bk_error *err)
{
	uint64_t before = log->state.end;
	struct log_end end;
	enum bk_code code = take_frames(log, &log->state, file_end, BAD_ENDS, err);

	if (code || log->state.end != before)
		return code;
	/* Nothing to take, though the file is longer: a write under way, or damage with valid
	 * frames behind it? */
	code = logfile_find_end(&log->lf, &end, err);
	if (!code && end.end > before)
		code = take_frames(log, &log->state, end.end, BAD_SKIPS, err);
	return code;
}

enum bk_code bk_log_refresh(struct bk_log *log, enum bk_log_news *news, struct bk_error *err)
{
	struct bk_io_stat st;
	uint64_t before;
	enum bk_code code;

	*news = BK_LOG_SAME;
	if (log->is_writer)
		return BK_OK;
	code = file_stat(&log->lf.file, &st, err);
	if (code)
		return code;
	pthread_mutex_lock(&log->mutex);
	before = log->state.end;
	if (st.size > before)
		code = follow(log, st.size, err);
	if (!code) {
		log->file_end = st.size;
		if (log->state.end != before)
			*news = BK_LOG_GREW;
		else if (st.size < before || !is_same_file(log, &st))
			*news = BK_LOG_REPLACED;
	}
	pthread_mutex_unlock(&log->mutex);
	return code;
}

void log_id_text(const struct bk_log *log, char *out)
{
	for (size_t i = 0; i < LOG_ID_SIZE; i++)
		sprintf(out + 2 * i, "%02x", log->lf.header.id[i]);
}

enum bk_code bk_log_status(struct bk_log *log, struct bk_log_status *out, struct bk_error *err)
{
	struct bk_log_status status = {.created_us = log->lf.header.created_us};
	struct keyframe *kf = NULL;
	uint64_t keyframe;
	enum bk_code code;

	log_id_text(log, status.id);
	pthread_mutex_lock(&log->mutex);
	keyframe = log->state.keyframe;
	status.version = log->state.version;
	status.time_us = log->state.time_us;
	status.history = log->state.history;
	status.log_bytes = log->state.end;
	if (log->file_end > log->state.end)
		status.torn_bytes = log->file_end - log->state.end;
	status.keyframes = log->state.keyframe_ordinal + 1;
	status.changes = log->state.keyframe_count;
	status.is_closed = log->state.is_closed;
	status.damaged_at = log->state.damaged_at;
	status.head_unsure = log->state.head_unsure;
	for (size_t i = 0; i < log->state.tail_count; i++)
		status.unkeyframed += entry_stands(&log->state.tail[i]);
	pthread_mutex_unlock(&log->mutex);
	code = log_keyframe(log, keyframe, &kf, err);
	if (code)
		return code;
	status.changes += status.unkeyframed;
	status.page_size = kf->page_size;
	status.page_count = kf->page_count;
	status.is_empty = !kf->page_count && !status.changes;
	log_unpin(log, kf);
	*out = status;
	return BK_OK;
}

enum bk_code bk_log_session(struct bk_log *log, char *text, size_t size, struct bk_error *err)
{
	struct frame frame;
	struct walk walk;
	uint64_t session;
	size_t length;
	enum bk_code code;

	pthread_mutex_lock(&log->mutex);
	session = log->state.session;
	pthread_mutex_unlock(&log->mutex);
	*text = '\0';
	if (!session)
		return BK_OK;
	walk_init(&walk, &log->lf, WALK_CHUNK_ONE);
	code = read_kind(log, &walk, session, FRAME_EVENT, &frame, err);
	if (!code && frame.head.size >= 4) {
		length = frame.head.size - 4 < size ? frame.head.size - 4 : size - 1;
		memcpy(text, frame.payload + 4, length);
		text[length] = '\0';
	}
	walk_done(&walk);
	return code;
}

const char *bk_log_path(const struct bk_log *log)
{
	return log->lf.file.path;
}

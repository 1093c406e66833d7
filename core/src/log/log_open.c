/* log_open.c - opening a log and following it: its frames are taken into its state. */
#include "log.h"
#include <bk/version.h>
#include <string.h>

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
	struct keyframe *kf = NULL;
	enum bk_code code = BK_OK;

	/* First what may fail: a frame is taken whole or not at all. */
	if (frame->head.kind == FRAME_KEYFRAME && frame->offset > state->keyframe)
		code = bk_log_keyframe(log, frame->offset, &kf, err);
	if (!code)
		code = bk_state_take(state, frame, err);
	if (!code && kf)
		bk_state_take_keyframe(state, kf);
	bk_log_unpin(log, kf);
	return code;
}

/* Reads the frame at STATE->end and checks that it follows the one before. */
static enum bk_code next_frame(struct bk_log *log, const struct state *state, struct walk *walk,
	struct frame *frame, struct bk_error *err)
{
	enum bk_code code = bk_walk_frame(walk, state->end, frame, err);

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
	enum bk_code code = bk_walk_frame(walk, state->end, frame, err);

	if (!state->damaged_at)
		state->damaged_at = state->end;
	state->is_loose = true;
	state->head_unsure = true;
	*found = !code; /* valid itself, but not chained: it counts */
	if (code != BK_E_DAMAGE)
		return code;
	code = bk_walk_resync(walk, state->end, limit, &state->end, err);
	*found = !code && state->end < limit;
	return *found ? bk_walk_frame(walk, state->end, frame, err) : code;
}

/* Takes the frames from STATE->end up to LIMIT into STATE. */
static enum bk_code take_frames(struct bk_log *log, struct state *state, uint64_t limit,
	enum on_bad on_bad, struct bk_error *err)
{
	enum bk_code code = BK_OK;
	struct walk walk;

	bk_walk_init(&walk, &log->lf, WALK_CHUNK_MANY);
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
	bk_walk_done(&walk);
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

	bk_walk_init(&walk, &log->lf, WALK_CHUNK_ONE);
	code = bk_walk_frame(&walk, offset, &frame, err);
	bk_walk_done(&walk);
	if (!code)
		*sum = frame.head.chain;
	return code;
}

/* As bk_log_keyframe_before says; a writer does not pass over damage. */
static enum bk_code keyframe_before(struct bk_log *log, uint64_t limit, enum on_bad on_bad,
	struct keyframe **out, struct bk_error *err)
{
	struct frame_head head;
	uint64_t at;

	for (;;) {
		enum bk_code code = bk_logfile_last_before(&log->lf, limit, &head, &at, err);

		if (code)
			return code;
		if (head.kind != FRAME_KEYFRAME)
			at = head.keyframe;
		if (!at || at >= limit)
			return bk_fail(err, BK_E_DAMAGE, 0,
				"%s is damaged: no keyframe can be read before offset %llu",
				log->lf.file.path, (unsigned long long)limit);
		code = bk_log_keyframe(log, at, out, err);
		if (code != BK_E_DAMAGE || on_bad == BAD_FAILS)
			return code;
		limit = at;
	}
}

enum bk_code bk_log_keyframe_before(
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
	bk_state_take_keyframe(state, kf);
	bk_facts_take_notes(&state->facts, kf->notes);
	state->session = kf->session;
	state->end = kf->next;
	return code;
}

/* Up to END, or to where a version after VERSION (NULL: any) comes. */
static enum bk_code collect_changes(struct bk_log *log, const struct keyframe *kf,
	const uint32_t *version, uint64_t end, struct bk_entry **entries, size_t *count,
	struct bk_error *err)
{
	const uint64_t step = (uint64_t)1 << 20;
	struct state state = {0};
	enum bk_code code = state_behind(log, &state, kf, BAD_SKIPS, err);

	pthread_mutex_lock(&log->mutex);
	if (end > log->state.end)
		end = log->state.end;
	pthread_mutex_unlock(&log->mutex);
	state.keyframe = UINT64_MAX; /* later ones take nothing out of the tail */
	state.is_loose = true;
	while (!code && state.end < end &&
		!(version && bk_version_after(state.version, *version))) {
		uint64_t limit = end - state.end > step ? state.end + step : end;

		code = take_frames(log, &state, limit, BAD_SKIPS, err);
	}
	if (code) {
		bk_state_done(&state);
		return code;
	}
	*entries = state.tail;
	*count = state.tail_count;
	return BK_OK;
}

enum bk_code bk_log_changes_behind(struct bk_log *log, const struct keyframe *kf, uint32_t version,
	struct bk_entry **entries, size_t *count, struct bk_error *err)
{
	return collect_changes(log, kf, &version, UINT64_MAX, entries, count, err);
}

enum bk_code bk_log_changes_between(struct bk_log *log, const struct keyframe *kf, uint64_t end,
	struct bk_entry **entries, size_t *count, struct bk_error *err)
{
	return collect_changes(log, kf, NULL, end, entries, count, err);
}

static enum bk_code load_state(struct bk_log *log, const struct log_end *end, enum on_bad on_bad,
	struct state *state, struct bk_error *err)
{
	struct keyframe *kf = NULL;
	enum bk_code code = keyframe_before(log, end->end, on_bad, &kf, err);

	if (code)
		return code;
	code = state_behind(log, state, kf, on_bad, err);
	bk_log_unpin(log, kf);
	if (!code)
		code = take_frames(log, state, end->end, on_bad, err);
	return code;
}

enum bk_code bk_log_load(struct bk_log *log, struct log_end *end, struct bk_error *err)
{
	enum on_bad on_bad = log->is_writer ? BAD_FAILS : BAD_SKIPS;
	struct state state = {0};
	enum bk_code code = bk_logfile_find_end(&log->lf, end, err);

	if (!code)
		code = load_state(log, end, on_bad, &state, err);
	if (code) {
		bk_state_done(&state);
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
	enum bk_code code = bk_logfile_open(&lf, io, path, BK_IO_READ, err);

	if (code)
		return code;
	code = bk_log_new(&log, &lf, err);
	if (code) {
		bk_logfile_close(&lf);
		return code;
	}
	code = bk_log_load(log, &end, err);
	if (code) {
		bk_log_close(log);
		return code;
	}
	*out = log;
	return BK_OK;
}

/* What stands at the log's path, while the open file is OURS. */
static enum bk_log_news look_at_path(const struct bk_log *log, const struct bk_io_stat *ours)
{
	const struct bk_io *io = log->lf.file.io;
	struct bk_io_stat there;

	if (io->ops->stat_path(io->ctx, log->lf.file.path, &there) < 0)
		return BK_LOG_GONE;
	return there.device == ours->device && there.inode == ours->inode ? BK_LOG_SAME
									  : BK_LOG_REPLACED;
}

/* Whether the file's header is now that of another log. One that is damaged is nobody's. */
static enum bk_code is_other_log(const struct bk_log *log, bool *other, struct bk_error *err)
{
	uint8_t bytes[LOG_HEADER_SIZE];
	struct log_header header;
	size_t size;
	enum bk_code code = bk_file_read(&log->lf.file, bytes, sizeof bytes, 0, &size, err);

	if (code)
		return code;
	*other = !bk_header_decode(&header, bytes, size, log->lf.file.path, NULL) &&
		 memcmp(header.id, log->lf.header.id, LOG_ID_SIZE) != 0;
	return BK_OK;
}

/* Takes in what stands behind the state's end. */
static enum bk_code follow(
	struct bk_log *log, uint64_t file_end, enum bk_log_news *news, struct bk_error *err)
{
	uint64_t before = log->state.end;
	struct log_end end;
	bool other = false;
	enum bk_code code = take_frames(log, &log->state, file_end, BAD_ENDS, err);

	if (code || log->state.end != before)
		return code;
	/* Nothing to take, though the file is longer: another log over this one's bytes, a write
	 * under way, or damage with valid frames behind it? */
	if (file_end != log->file_end)
		code = is_other_log(log, &other, err);
	if (code || other) {
		*news = BK_LOG_REPLACED;
		return code;
	}
	code = bk_logfile_find_end(&log->lf, &end, err);
	if (!code && end.end > before)
		code = take_frames(log, &log->state, end.end, BAD_SKIPS, err);
	return code;
}

enum bk_code bk_log_refresh(struct bk_log *log, enum bk_log_news *news, struct bk_error *err)
{
	enum bk_log_news found = BK_LOG_SAME;
	struct bk_io_stat st;
	uint64_t before;
	enum bk_code code;

	*news = BK_LOG_SAME;
	if (log->is_writer)
		return BK_OK;
	code = bk_file_stat(&log->lf.file, &st, err);
	if (code)
		return code;
	pthread_mutex_lock(&log->mutex);
	before = log->state.end;
	if (st.size > before)
		code = follow(log, st.size, &found, err);
	else if (st.size < before)
		found = BK_LOG_REPLACED;
	/* The size of another log's file is not noted: whoever asks again is told again. */
	if (!code && found == BK_LOG_SAME) {
		log->file_end = st.size;
		found = log->state.end != before ? BK_LOG_GREW : look_at_path(log, &st);
	}
	pthread_mutex_unlock(&log->mutex);
	if (!code)
		*news = found;
	return code;
}

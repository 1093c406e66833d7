/* log_open.c - opening a log: its frames are taken into its state. */
#include "slots.h"
#include "take.h"
#include <bk/version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

		code = bk_log_take(log, &state, limit, BAD_SKIPS_ZEROS, err);
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

enum bk_code bk_log_state_behind(
	struct bk_log *log, const struct keyframe *kf, struct state *state, struct bk_error *err)
{
	return state_behind(log, state, kf, BAD_SKIPS, err);
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
		code = bk_log_take(log, state, end->end, on_bad, err);
	/* Where the frames from the front lead to another last one, that from the end stands in it: a
	 * writer would cut into it, or go on behind it. (A reader may meet that where a writer cut it
	 * off again, and takes what follows it when it looks again.) */
	if (!code && on_bad == BAD_FAILS && state->last != end->last)
		code = bk_fail(err, BK_E_DAMAGE, 0,
			"%s is damaged: one of the frames at offsets %llu and %llu stands in the "
			"other",
			log->lf.file.path, (unsigned long long)state->last,
			(unsigned long long)end->last);
	return code;
}

/* Where the log ends. For a reader, what stands at its end may be too much to search: then it ends
 * before the first frame that is not valid, as far as can be told. */
static enum bk_code find_end(
	struct bk_log *log, struct log_end *end, bool *unsearched, struct bk_error *err)
{
	enum bk_code code = bk_logfile_find_end(&log->lf, end, err);

	*unsearched = code == BK_E_LIMIT && !log->is_writer;
	return *unsearched ? bk_logfile_walk_to_end(&log->lf, end, err) : code;
}

enum bk_code bk_log_load(struct bk_log *log, struct log_end *end, struct bk_error *err)
{
	enum on_bad on_bad = log->is_writer ? BAD_FAILS : BAD_SKIPS;
	struct state state = {0};
	bool unsearched;
	enum bk_code code = find_end(log, end, &unsearched, err);

	if (!code)
		code = load_state(log, end, on_bad, &state, err);
	if (code) {
		bk_state_done(&state);
		return code;
	}
	if (unsearched && !state.damaged_at) {
		state.damaged_at = end->end;
		state.damaged_chain = (uint32_t)state.last_sum;
		state.head_unsure = true;
	}
	log->state = state;
	log->file_end = end->file_end;
	log->tail_end = end->tail_end;
	return BK_OK;
}

static enum bk_code open_at(
	struct bk_log **out, const struct bk_io *io, const char *path, struct bk_error *err)
{
	struct bk_log *log = NULL;
	struct log_end end;
	struct logfile lf;
	enum bk_code code = bk_logfile_open(&lf, io, path, BK_IO_READ, err);

	if (code)
		return code;
	code = bk_logfile_unseal(&lf, err);
	if (!code)
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

/* Opens the log at PATH if it is the successor that LOG names; NULL if it is not. */
static struct bk_log *open_successor(const struct bk_log *log, const char *path)
{
	struct bk_log *successor;
	struct bk_error ignored;

	if (open_at(&successor, log->lf.file.io, path, &ignored))
		return NULL;
	if (memcmp(successor->lf.header.id, log->state.facts.successor, LOG_ID_SIZE) == 0)
		return successor;
	bk_log_close(successor);
	return NULL;
}

/* LOG was succeeded. Its successor stands beside it where the switch was cut short, or has taken
 * its name just now, and holds what came since: *OUT is that one, or LOG where it is not there. */
static enum bk_code follow_succession(struct bk_log **out, struct bk_log *log, struct bk_error *err)
{
	const char *path = log->lf.file.path;
	char *name, *home = strdup(path);

	if (!home || asprintf(&name, "%s" LOG_SUCCESSOR_SUFFIX, path) < 0) {
		free(home);
		return bk_fail(err, BK_E_NOMEM, 0, "no memory to open %s", path);
	}
	*out = open_successor(log, name);
	free(name);
	if (*out)
		(*out)->home = home;
	else
		free(home);
	if (!*out)
		*out = open_successor(log, path);
	if (!*out)
		*out = log;
	return BK_OK;
}

enum bk_code bk_log_open(
	struct bk_log **out, const struct bk_io *io, const char *path, struct bk_error *err)
{
	struct bk_log *log, *found = NULL;
	enum bk_code code = open_at(&log, io, path, err);

	if (code)
		return code;
	if (log->state.facts.is_succeeded) {
		code = follow_succession(&found, log, err);
		if (code || found != log)
			bk_log_close(log);
		log = found;
	}
	if (!code)
		*out = log;
	return code;
}

enum bk_code bk_log_open_again(struct bk_log **out, const struct bk_log *log, struct bk_error *err)
{
	return bk_log_open(out, log->lf.file.io, log->home ? log->home : log->lf.file.path, err);
}

/* proof.c - a log's changes replayed as they come, and their keyframes. */
#include "proof.h"
#include "build.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Room on the disk beside what a keyframe's pages may take: its lists, and the changes to come. */
#define ROOM_BYTES ((uint64_t)1 << 20)

void bk_proof_init(struct proof *proof, struct bk_writer *writer)
{
	*proof = (struct proof){.writer = writer};
}

/* Back to nothing. */
static void forget(struct proof *proof)
{
	if (proof->is_advancing)
		bk_advance_close(&proof->advance);
	bk_image_close(proof->image);
	bk_trail_done(&proof->trail);
	if (proof->below)
		bk_log_unpin(proof->writer->log, proof->below);
	proof->is_advancing = false;
	proof->image = NULL;
	proof->below = NULL;
	proof->done = 0;
}

void bk_proof_done(struct proof *proof)
{
	forget(proof);
	free(proof->entries);
	proof->entries = NULL;
	proof->capacity = 0;
}

/* Whether the image is no longer one of the log: it stands on another keyframe than the newest, or
 * on a change that was struck out after all. */
static bool is_stale(const struct proof *proof, const struct state *state)
{
	const struct bk_entry *last = proof->done ? &proof->entries[proof->done - 1] : NULL;

	if (proof->below->offset != state->keyframe || proof->done > state->tail_count)
		return true;
	return last &&
	       (last->offset != state->tail[proof->done - 1].offset ||
		       bk_entry_stands(last) != bk_entry_stands(&state->tail[proof->done - 1]));
}

void bk_proof_plan(const struct proof *proof, bool keyframes, struct proof_plan *plan)
{
	const struct state *state = &proof->writer->log->state;
	size_t count, limit = state->tail_count;
	bool is_closed = keyframes && bk_state_closed_interval(state, &plan->next, &count);

	if (is_closed)
		limit = count;
	plan->step = PROOF_NOTHING;
	if (!limit)
		return;
	plan->session = state->session;
	if (!proof->image || is_stale(proof, state) || (is_closed && proof->done > count)) {
		plan->step = PROOF_OPEN;
	} else if (proof->done < limit) {
		plan->step = PROOF_REPLAY;
		plan->entry = state->tail[proof->done];
	} else if (is_closed) {
		plan->step = PROOF_KEYFRAME;
	}
}

static enum bk_code open_newest(struct proof *proof, struct bk_error *err)
{
	/* What depends on chance, or on what a connection did before, is no proof. */
	const struct replay_options options = {.is_proof = true};
	struct bk_log *log = proof->writer->log;
	uint64_t offset;
	enum bk_code code;

	forget(proof);
	pthread_mutex_lock(&log->mutex);
	offset = log->state.keyframe;
	pthread_mutex_unlock(&log->mutex);
	code = bk_log_keyframe(log, offset, &proof->below, err);
	if (!code)
		code = bk_image_open_keyframe(&proof->image, log, proof->below, NULL, err);
	if (!code)
		proof->image->trail = &proof->trail;
	if (!code)
		code = bk_advance_open(&proof->advance, proof->image, &options, err);
	proof->is_advancing = !code;
	return code;
}

static enum bk_code keep_entry(
	struct proof *proof, const struct bk_entry *entry, struct bk_error *err)
{
	struct bk_entry *entries;
	size_t capacity = proof->capacity ? proof->capacity * 2 : 256;

	if (proof->done == proof->capacity) {
		entries = realloc(proof->entries, capacity * sizeof *entries);
		if (!entries)
			return bk_fail(err, BK_E_NOMEM, 0, "no memory for %zu changes", capacity);
		proof->entries = entries;
		proof->capacity = capacity;
	}
	proof->entries[proof->done] = *entry;
	return BK_OK;
}

static enum bk_code replay(struct proof *proof, const struct bk_entry *entry, struct bk_error *err)
{
	enum bk_code code = keep_entry(proof, entry, err);

	if (code)
		return code;
	/* Each change has a budget of its own: the image lives for long. */
	bk_budget_renew(&proof->image->budget);
	bk_advance_forget(&proof->advance);
	code = bk_advance_by(&proof->advance, &proof->entries[proof->done], err);
	if (!code && bk_entry_stands(entry) && !(entry->flags & BK_ENTRY_LONE))
		code = bk_advance_check(&proof->advance, err);
	if (!code)
		proof->done++;
	return code;
}

/* Stores one page that was written; also one that is again what it was, since who passes over an
 * interval by what was stored would not see it else (docs/format.md, 6). That costs some bytes. */
static enum bk_code store_page(
	struct build *build, struct bk_image *image, uint32_t page, struct bk_error *err)
{
	uint8_t now[PAGE_SIZE_MAX];
	enum bk_code code = bk_image_read_page(image, page, now, err);

	return code ? code : bk_build_changed(build, image, page, now, true, NULL, err);
}

/* A keyframe that did not fit would leave its pages behind, on a full disk. Where the room cannot
 * be told, writing finds out. */
static enum bk_code check_room(struct build *build, size_t pages, struct bk_error *err)
{
	uint64_t need = (uint64_t)pages * build->page_size + ROOM_BYTES, free_bytes;
	struct bk_error ignored;

	if (bk_writer_free_space(build->writer, &free_bytes, &ignored) || free_bytes >= need)
		return BK_OK;
	return bk_fail(err, BK_E_IO, ENOSPC,
		"a keyframe may take %llu KB, and the disk of %s has %llu KB free",
		(unsigned long long)need / 1000, build->writer->log->lf.file.path,
		(unsigned long long)free_bytes / 1000);
}

static enum bk_code store_dirty(struct build *build, struct bk_image *image, struct bk_error *err)
{
	size_t count;
	uint32_t *pages = bk_overlay_dirty(&image->overlay, &count);
	enum bk_code code;

	if (!pages)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for the list of pages");
	build->page_size = bk_image_page_size(image);
	code = check_room(build, count, err);
	for (size_t i = 0; i < count && !code; i++)
		code = store_page(build, image, pages[i], err);
	free(pages);
	return code;
}

/* When the version of the last change that stands came. */
static int64_t time_of_last(const struct proof *proof)
{
	for (size_t i = proof->done; i-- > 0;)
		if (!(proof->entries[i].flags & (BK_ENTRY_STRUCK | BK_ENTRY_LONE)))
			return proof->entries[i].time_us;
	return proof->below->time_us;
}

/* Whose log it is, where that was not known when the keyframes below were written. */
static enum bk_code find_node(struct proof *proof, char *node, struct bk_error *err)
{
	struct bk_log *log = proof->writer->log;
	bool is_known;

	*node = '\0';
	pthread_mutex_lock(&log->mutex);
	is_known = *log->state.facts.node;
	pthread_mutex_unlock(&log->mutex);
	return is_known ? BK_OK
			: bk_replay_node_id(&proof->advance.replay, node, BK_NODE_TEXT, err);
}

static enum bk_code build_keyframe(struct proof *proof, struct build *build,
	const struct proof_plan *plan, struct bk_error *err)
{
	struct bk_image *image = proof->image;
	char node[BK_NODE_TEXT];
	struct build_result result = {
		.version = image->version,
		.page_size = bk_image_page_size(image),
		.page_count = bk_image_page_count(image),
		.time_us = time_of_last(proof),
		.next = plan->next,
		.history = image->history,
		.session = plan->session,
		.entries = proof->entries,
		.entry_count = proof->done,
		.node = node,
		.trail = &proof->trail,
	};
	enum bk_code code = find_node(proof, node, err);

	if (code)
		return code;
	build->version = image->version;
	image->trail = NULL; /* who replays does not read what is read from here on */
	code = store_dirty(build, image, err);
	bk_trail_add_index(&proof->trail, &image->index);
	return code ? code : bk_build_finish(build, &result, err);
}

static enum bk_code write_keyframe(
	struct proof *proof, const struct proof_plan *plan, struct bk_error *err)
{
	struct build build;
	enum bk_code code = bk_build_begin(&build, proof->writer, false, err);

	if (code)
		return code;
	/* From here on no snapshot can come between the keyframe below and the interval. */
	if (build.below->offset != proof->below->offset)
		code = bk_fail(err, BK_E_BUSY, 0, "another keyframe was written meanwhile");
	else
		code = build_keyframe(proof, &build, plan, err);
	bk_build_done(&build);
	return code;
}

enum bk_code bk_proof_do(struct proof *proof, const struct proof_plan *plan, struct bk_error *err)
{
	enum bk_code code = BK_OK;

	switch (plan->step) {
	case PROOF_NOTHING:
		break;
	case PROOF_OPEN:
		code = open_newest(proof, err);
		break;
	case PROOF_REPLAY:
		code = replay(proof, &plan->entry, err);
		break;
	case PROOF_KEYFRAME:
		/* What was replayed stays good where it fails: only the keyframe is missing. */
		return write_keyframe(proof, plan, err);
	}
	if (code)
		forget(proof);
	return code;
}

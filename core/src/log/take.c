/* take.c - a log's frames, taken into a state. */
#include "take.h"

/* Keyframes follow one another: from one that does not, later readers would start astray. */
static enum bk_code check_order(
	const struct state *state, const struct keyframe *kf, struct bk_error *err)
{
	if (state->is_loose ||
		(kf->previous == state->keyframe && kf->ordinal == state->keyframe_ordinal + 1))
		return BK_OK;
	return bk_fail(err, BK_E_DAMAGE, 0,
		"the log is damaged at offset %llu: the keyframe there does not follow the one "
		"before",
		(unsigned long long)kf->offset);
}

/* Takes one frame into STATE. */
static enum bk_code take_frame(
	struct bk_log *log, struct state *state, const struct frame *frame, struct bk_error *err)
{
	struct keyframe *kf = NULL;
	enum bk_code code = BK_OK;

	/* First what may fail: a frame is taken whole or not at all. */
	if (frame->head.kind == FRAME_KEYFRAME && frame->offset > state->keyframe)
		code = bk_log_keyframe(log, frame->offset, &kf, err);
	if (!code && kf)
		code = check_order(state, kf, err);
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

	if (!state->damaged_at) {
		state->damaged_at = state->end;
		state->damaged_chain = (uint32_t)state->last_sum;
	}
	state->is_loose = true;
	state->head_unsure = true;
	*found = !code; /* valid itself, but not chained: it counts */
	if (code != BK_E_DAMAGE)
		return code;
	code = bk_walk_resync(walk, state->end, limit, &state->end, err);
	*found = !code && state->end < limit;
	return *found ? bk_walk_frame(walk, state->end, frame, err) : code;
}

/* No good frame stands at STATE->end, as ERR says. *FOUND: one that stands behind it; *ENDS: there
 * is none, and that is no failure. */
static enum bk_code meet_bad(struct state *state, struct walk *walk, uint64_t limit,
	enum on_bad on_bad, struct frame *frame, bool *found, bool *ends, struct bk_error *err)
{
	bool zeros = false;
	enum bk_code code;

	*found = false;
	*ends = on_bad == BAD_ENDS;
	if (*ends)
		return BK_OK;
	code = bk_walk_zeros(walk, state->end, &zeros, err);
	if (code)
		return code;
	if (on_bad == BAD_FAILS && zeros)
		return bk_fail(err, BK_E_DAMAGE, 0,
			"%s is a copy that was taken while the log grew: zeros begin at offset "
			"%llu, and "
			"frames stand behind them. It can be read up to there; to write to it, "
			"copy the "
			"log again, with backup-cli copy",
			walk->lf->file.path, (unsigned long long)state->end);
	if (on_bad == BAD_FAILS)
		return BK_E_DAMAGE;
	*ends = on_bad == BAD_SKIPS && zeros;
	if (*ends)
		state->zeros_at = state->end;
	return *ends ? BK_OK : skip_damage(state, walk, limit, frame, found, err);
}

enum bk_code bk_log_take(struct bk_log *log, struct state *state, uint64_t limit,
	enum on_bad on_bad, struct bk_error *err)
{
	enum bk_code code = BK_OK;
	bool ends = false;
	struct walk walk;

	bk_walk_init(&walk, &log->lf, WALK_CHUNK_MANY);
	while (!code && !ends && state->end < limit) {
		struct frame frame;
		bool found = true;

		code = next_frame(log, state, &walk, &frame, err);
		if (code == BK_E_DAMAGE)
			code = meet_bad(state, &walk, limit, on_bad, &frame, &found, &ends, err);
		if (!code && found)
			code = take_frame(log, state, &frame, err);
	}
	bk_walk_done(&walk);
	return code;
}

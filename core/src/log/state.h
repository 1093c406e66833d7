/* state.h - what a log's frames say, taken together: its head, and the changes that no keyframe
 * lists yet (the tail).
 *
 * A state is folded from frames in their order, by the reader that opens or follows a log and
 * by the writer after each append alike. */
#ifndef BK_STATE_H
#define BK_STATE_H

#include "changeframe.h"
#include "facts.h"
#include "logfile.h"

struct state {
	uint64_t end;      /* behind the last frame */
	uint64_t last;     /* offset of the last frame; 0: none was taken yet */
	uint64_t last_sum; /* of the last frame: the next one is chained to it */

	/* The newest keyframe; none (0) only while a log is being made. */
	uint64_t keyframe, keyframe_next, keyframe_ordinal, keyframe_count;
	uint32_t keyframe_version;
	int64_t keyframe_time_us;

	uint32_t version; /* of the head */
	int64_t time_us;  /* of the head */
	uint64_t history; /* at the head */
	uint64_t session; /* offset of the newest EVENT_OPENED; 0: none */
	bool is_closed;   /* the last session ended with EVENT_CLOSED */
	struct facts facts;

	/* Damage met between keyframe_next and the end, and passed over by a reader. What
	 * depends on it shows when it is replayed: the history does not fit. */
	uint64_t damaged_at;    /* offset of the first; 0: none */
	uint32_t damaged_chain; /* what a frame there should be chained to; 0: not known */
	bool is_loose;    /* after that, or where keyframes are not taken: versions need not follow
			   * each other */
	bool head_unsure; /* nothing behind it tells what version the log stands at */

	/* Zero bytes that begin here end the log, though frames stand behind them: it was copied
	 * while it grew; 0: no such thing was met. */
	uint64_t zeros_at;

	/* The CHANGE frames from keyframe_next on, struck ones too. */
	struct bk_entry *tail;
	size_t tail_count, tail_capacity;
};

void bk_state_done(struct state *state);

/* Takes in KF as the newest keyframe, dropping from the tail what it lists. */
void bk_state_take_keyframe(struct state *state, const struct keyframe *kf);

/* Takes in FRAME, which is valid and stands behind what was taken in last. KEYFRAME frames
 * only move the end: their content comes through bk_state_take_keyframe.
 * Fails with BK_E_DAMAGE if the frame makes no sense here, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_state_take(
	struct state *state, const struct frame *frame, struct bk_error *err);

/* The interval at the start of the tail that a later stream has closed: sets *NEXT to where
 * it ends and *COUNT to its entries. False if there is none yet. */
bool bk_state_closed_interval(const struct state *state, uint64_t *next, size_t *count);

/* Whether the newest change of STATE was committed for certain: what came behind it says so, or
 * there is none behind a keyframe. */
bool bk_state_is_committed(const struct state *state);

#endif

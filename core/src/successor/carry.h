/* carry.h - frames of one log put into another as they are: what both stand for then is the same.
 *
 * CHANGE and EVENT frames keep their payloads, a REWIND strikes the same changes, and a KEYFRAME is
 * built anew from the source's own pages, without a replay. What is not a frame of those is made
 * anew (PAGES, MAP).
 *
 * Calling sequence: bk_carry_init; any bk_carry_to; bk_carry_done. */
#ifndef BK_CARRY_H
#define BK_CARRY_H

#include "build.h"

struct carry {
	struct bk_log *from;
	struct bk_writer *to;
	uint64_t at;   /* what stands before it in FROM is in TO */
	uint32_t sum;  /* low half of the sum of the frame that ends there */
	uint64_t mark; /* the same behind the last frame that was not a keyframe's page or map */
	uint32_t mark_sum;
	uint64_t after;   /* keyframes up to this offset are in TO already */
	bool has_skipped; /* a keyframe was left out: no later one can be carried */
	struct walk walk;
};

/* FROM and TO are borrowed: from AT on, behind a frame of SUM. */
void bk_carry_init(
	struct carry *carry, struct bk_log *from, struct bk_writer *to, uint64_t at, uint64_t sum);
/* The keyframe at OFFSET is in TO, though what is carried begins before it. */
static inline void bk_carry_after(struct carry *carry, uint64_t offset)
{
	carry->after = offset;
}

void bk_carry_done(struct carry *carry);

struct carry_how {
	bool without_keyframes; /* delta ones are left out: TO's follower makes them. A full one
				 * fails with BK_E_BUSY */
	bool (*is_cancelled)(void *ctx); /* may be NULL: asked at each frame, ends with BK_E_BUSY */
	bk_progress_fn *progress;        /* of FROM's bytes; may be NULL */
	void *ctx;
};

/* Carries the frames before LIMIT, where one ends. Fails with BK_E_DAMAGE if they do not follow,
 * BK_E_FORMAT, BK_E_IO, BK_E_NOMEM; as bk_build_finish does. */
BK_MUST_CHECK enum bk_code bk_carry_to(
	struct carry *carry, uint64_t limit, const struct carry_how *how, struct bk_error *err);

/* Whether both stand for the same: else fails with BK_E_DAMAGE. Nobody may append meanwhile. */
BK_MUST_CHECK enum bk_code bk_carry_check(const struct carry *carry, struct bk_error *err);

/* Syncs TO once so much was put that is not. */
BK_MUST_CHECK enum bk_code bk_carry_sync(struct bk_writer *to, struct bk_error *err);

#endif

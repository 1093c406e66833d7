/* proof.h - a log's changes replayed as they are committed, one by one, and the delta keyframes
 * that come of it: the work of a follower (bk/follower.h), without its thread.
 *
 * Calling sequence: bk_proof_init; bk_proof_plan with the log's mutex held, then bk_proof_do
 * without it, as often as there is something to do; bk_proof_done. After a failure it begins anew
 * with the newest keyframe.
 *
 * Memory: an overlay's, which spills (overlay.h), the list of the changes behind the newest
 * keyframe, and 80 KiB of what was read (trail.h). */
#ifndef BK_PROOF_H
#define BK_PROOF_H

#include "image.h"
#include "writer.h"

struct proof {
	struct bk_writer *writer;
	struct keyframe *below; /* pinned: what the image stands on; NULL: there is none */
	struct bk_image *image;
	struct trail trail; /* of IMAGE */
	struct advance advance;
	bool is_advancing; /* ADVANCE is open */

	/* The first DONE changes of the log's tail, which were replayed; with their page counts. */
	struct bk_entry *entries;
	size_t done, capacity;
};

enum proof_step {
	PROOF_NOTHING,
	PROOF_OPEN,     /* begin at the newest keyframe */
	PROOF_REPLAY,   /* the next change */
	PROOF_KEYFRAME, /* of what was replayed */
};

struct proof_plan {
	enum proof_step step;
	struct bk_entry entry;  /* with PROOF_REPLAY */
	uint64_t next, session; /* with PROOF_KEYFRAME */
};

void bk_proof_init(struct proof *proof, struct bk_writer *writer);
void bk_proof_done(struct proof *proof);

/* What is to be done next, where keyframes are wanted or not. With the log's mutex held. */
void bk_proof_plan(const struct proof *proof, bool keyframes, struct proof_plan *plan);

/* Does it. Fails with BK_E_SQL or BK_E_DAMAGE if the change cannot be replayed, with BK_E_BUSY if
 * another keyframe came meanwhile (which is no failure), BK_E_IO, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_proof_do(
	struct proof *proof, const struct proof_plan *plan, struct bk_error *err);

#endif

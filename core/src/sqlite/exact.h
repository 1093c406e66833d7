/* exact.h - whether what a change did in replay is what it did on the node.
 *
 * Calling sequence: for each change bk_exact_begin, its statements, bk_exact_check.
 *
 * Threads: one. */
#ifndef BK_EXACT_H
#define BK_EXACT_H

#include "chance.h"
#include "fullrowid.h"
#include "sandbox.h"
#include <bk/change.h>

struct exact {
	bool is_proof; /* what is not exact fails */
	bool has_temp; /* the change made something temporary */
	struct chance chance;
	struct fullrowid full;
	char inexact[160]; /* the first change that was not exact, and why */
};

/* Says that CHANGE cannot be replayed exactly, and WHY. */
enum bk_code bk_exact_fail(const struct bk_change *change, const char *why, struct bk_error *err);

void bk_exact_begin(struct exact *exact, struct sandbox *sandbox, const struct bk_change *change);

/* Whether what CHANGE did is what it did on the node, before it is committed: notes it in
 * exact->inexact, or fails with BK_E_SQL where the replay is a proof, or would not even give the
 * same again. */
BK_MUST_CHECK enum bk_code bk_exact_check(struct exact *exact, struct sandbox *sandbox,
	const struct bk_change *change, struct bk_error *err);

#endif

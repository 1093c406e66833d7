/* exact.h - whether what a change did in replay is what it did on the node.
 *
 * Threads: one. */
#ifndef BK_EXACT_H
#define BK_EXACT_H

#include "replaying.h"

/* Says that CHANGE cannot be replayed exactly, and WHY. */
enum bk_code bk_exact_fail(const struct bk_change *change, const char *why, struct bk_error *err);

/* Whether what CHANGE did is what it did on the node, before it is committed: notes it in
 * replay->inexact, or fails with BK_E_SQL where the replay is a proof, or would not even give the
 * same again. */
BK_MUST_CHECK enum bk_code bk_exact_check(
	struct replay *replay, const struct bk_change *change, struct bk_error *err);

#endif

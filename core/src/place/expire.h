/* expire.h - predecessors in a store, kept for a time by the store's own clock, and removed then,
 * with the successors that were offered for their turn and not taken (docs/objects.md, 4).
 *
 * Threads: one. */
#ifndef BK_EXPIRE_H
#define BK_EXPIRE_H

#include "turns.h"

struct expire {
	struct objects *objects; /* borrowed */
	int64_t look_ms;         /* when to look next; 0: at once */
	bool is_kept;            /* nothing may be removed */
	struct bk_buf names;     /* what is to be removed, in this order, a line each */
	size_t done;             /* bytes of that */
};

void bk_expire_init(struct expire *expire, struct objects *objects);
void bk_expire_done(struct expire *expire);

/* Looks, or removes one object; *WAIT_MS as place.h's tend has it. Fails as objects.h does. */
BK_MUST_CHECK enum bk_code bk_expire_tend(
	struct expire *expire, uint32_t *wait_ms, struct bk_error *err);

#endif

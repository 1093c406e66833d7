/* pageset.h - a set of pages.
 *
 * Threads: one. */
#ifndef BK_PAGESET_H
#define BK_PAGESET_H

#include <bk/error.h>
#include <stdbool.h>
#include <stdint.h>

struct pageset {
	uint8_t *bits;
	uint32_t count; /* pages that it may hold, from 1 */
};

/* An empty set of the pages up to COUNT. Fails with BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_pageset_init(
	struct pageset *set, uint32_t count, struct bk_error *err);
void bk_pageset_done(struct pageset *set);

static inline void bk_pageset_add(struct pageset *set, uint32_t page)
{
	if (page && page <= set->count)
		set->bits[page / 8] |= (uint8_t)(1u << page % 8);
}

/* What is beyond those that it may hold counts as in it. */
static inline bool bk_pageset_has(const struct pageset *set, uint32_t page)
{
	return page > set->count || (set->bits[page / 8] >> page % 8 & 1);
}

#endif

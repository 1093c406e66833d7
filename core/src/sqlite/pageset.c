/* pageset.c - a set of pages. */
#include "pageset.h"
#include <stdlib.h>

enum bk_code bk_pageset_init(struct pageset *set, uint32_t count, struct bk_error *err)
{
	set->bits = calloc((size_t)count / 8 + 1, 1);
	set->count = count;
	return set->bits ? BK_OK : bk_fail(err, BK_E_NOMEM, 0, "no memory for a set of pages");
}

void bk_pageset_done(struct pageset *set)
{
	free(set->bits);
	set->bits = NULL;
}

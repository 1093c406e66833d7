/* nearest.h - the name that a word was meant to be: "did you mean …?" */
#ifndef BK_NEAREST_H
#define BK_NEAREST_H

#include <stdbool.h>
#include <stddef.h>

/* The one of NAMES, which NULL ends, that WORD was meant to be: at most two letters off, and not
 * most of the name. NULL: none is like it. */
const char *bk_nearest(const char *word, const char *const *names);

/* The same of names that come one by one: whether NAME is nearer to WORD than what *BEST, BK_NEAR
 * at first, is of, and then *BEST of it. */
#define BK_NEAR 3
bool bk_nearer(const char *word, const char *name, size_t *best);

#endif

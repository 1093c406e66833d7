/* secret.h - memory for what nobody else may read: locked, left out of core dumps, guarded on both
 * sides, and wiped when it is given back. */
#ifndef BK_SECRET_H
#define BK_SECRET_H

#include <stddef.h>

/* SIZE bytes of zeros; NULL: no memory. */
void *bk_secret_new(size_t size);
void bk_secret_free(void *secret); /* takes NULL */

/* Overwrites what stood elsewhere for a moment: on a stack, in a buffer. */
void bk_secret_wipe(void *bytes, size_t size);

#endif

/* mounts.h - places with a file system of their own: small, read-only, or one that hangs. */
#ifndef MOUNTS_H
#define MOUNTS_H

#include "world.h"

/* Mounts of this test are nobody else's, and go with it. False, with a word about it, where that is
 * not allowed. */
bool mounts_allowed(void);

/* Makes a directory NAME for WORLD's log to be in, and returns its path. */
const char *mounts_place(struct world *world, const char *name);

#endif

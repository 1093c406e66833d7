/* sound.h - whether SQLite finds nothing wrong with a database, by several threads.
 *
 * integrity_check over the whole database is one statement, and one thread's. What it finds is
 * found as well by quick_check over the whole (pages used twice or never, the free list, each
 * tree's shape) and by integrity_check over each table (its rows against its indexes). A sound
 * database, as almost all are, is known to be so in less time; of any other only that it must be
 * looked at as a whole. */
#ifndef BK_SOUND_H
#define BK_SOUND_H

#include "sandbox.h"

/* A smaller one is looked at sooner than threads are started. */
#define SOUND_BYTES_MIN ((uint64_t)1 << 20)

/* Whether integrity_check and foreign_key_check find nothing in the store of SANDBOX. False also
 * where that could not be found out, within a part of the sandbox's budget, or where it is not
 * worth while: in a store without peek, whose pages cost more than a look at them. Then they must
 * be run. */
bool bk_sound_is(struct sandbox *sandbox);

#endif

/* chance.h - what is random in SQL, the same in each replay.
 *
 * Threads: one. */
#ifndef BK_CHANCE_H
#define BK_CHANCE_H

#include "replay.h"

/* Gives REPLAY's connection functions random() and randomblob() that draw on replay->random, and
 * tell replay->chance of it. Returns a SQLite result code. */
int bk_chance_install(struct replay *replay);

#endif

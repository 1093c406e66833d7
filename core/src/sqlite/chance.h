/* chance.h - what is random in SQL, the same in each replay.
 *
 * Threads: one. */
#ifndef BK_CHANCE_H
#define BK_CHANCE_H

#include <sqlite3.h>
#include <stdint.h>

struct chance {
	uint64_t random;  /* what random() gives next */
	const char *what; /* what was drawn on that the node had otherwise; NULL: nothing */
};

/* Gives DB functions random() and randomblob() that draw on CHANCE, which outlives DB, and tell it
 * of that. Returns a SQLite result code. */
int bk_chance_install(sqlite3 *db, struct chance *chance);

#endif

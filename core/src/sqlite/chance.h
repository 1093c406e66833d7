/* chance.h - what is random in SQL, the same in each replay.
 *
 * Threads: one. */
#ifndef BK_CHANCE_H
#define BK_CHANCE_H

#include <sqlite3.h>
#include <stdint.h>

struct chance {
	sqlite3 *db;
	uint64_t next;   /* what is drawn next comes of it */
	const char *why; /* what was not as the node had it; NULL */
};

/* Gives DB functions random() and randomblob() that draw on CHANCE, which must outlive it, and tell
 * it so. Returns a SQLite result code. */
int bk_chance_install(struct chance *chance, sqlite3 *db);

#endif

/* fullrowid.h - tables whose highest rowid is taken: SQLite gives their new rows rowids at random.
 *
 * A statement does not say which, so no replay can find them. Where a row with rowid 2^63-1 stands
 * is asked once a table, when a change first adds a row to it, and watched from then on.
 *
 * Calling sequence: bk_fullrowid_watch, then for each change bk_fullrowid_begin, its statements,
 * bk_fullrowid_find; bk_fullrowid_done.
 *
 * Threads: one. */
#ifndef BK_FULLROWID_H
#define BK_FULLROWID_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>

struct fullrowid_table {
	char *name;
	bool is_known; /* whether it was asked */
	bool is_full;
	bool has_new; /* the change added a row, other than the one with the highest rowid */
};

struct fullrowid {
	sqlite3 *db;
	struct fullrowid_table *tables;
	size_t count;
	size_t last;  /* the table that was met last */
	bool is_lost; /* no memory for them */
};

void bk_fullrowid_watch(struct fullrowid *full, sqlite3 *db);
void bk_fullrowid_done(struct fullrowid *full);

/* Forgets what is known of the tables: their names may mean others now. */
void bk_fullrowid_forget(struct fullrowid *full);

void bk_fullrowid_begin(struct fullrowid *full);

/* Sets *NAME to a table to which rows with random rowids may have been added since, or NULL.
 * Returns a SQLite result code. */
int bk_fullrowid_find(struct fullrowid *full, const char **name);

#endif

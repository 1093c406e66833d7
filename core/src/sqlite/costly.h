/* costly.h - functions of SQLite whose work grows with the product of their arguments, bounded.
 *
 * SQLite asks the budget between steps of its machine, and a function is one step. These are
 * counted before they run; what they give is still SQLite's own, on a connection beside.
 *
 * Threads: one. */
#ifndef BK_COSTLY_H
#define BK_COSTLY_H

#include "budget.h"

#define COSTLY_FUNCTIONS 5

/* A pattern of LIKE or GLOB, in bytes; where a statement has one, a value of it; and how many of
 * them a statement may have. They cannot be counted as the others are: SQLite plans with them. */
#define COSTLY_PATTERN 100
#define COSTLY_SUBJECT (1 << 20)
#define COSTLY_LIKES   20

struct costly {
	struct budget *budget;
	sqlite3 *beside; /* opened at the first call */
	sqlite3_stmt *calls[COSTLY_FUNCTIONS];
	unsigned likes; /* in the statement being prepared */
	bool is_alter;  /* that is ALTER TABLE, which uses some of its own, on the schema */
};

/* Installs them on DB. COSTLY must outlive it. Returns a SQLite result code. */
int bk_costly_install(struct costly *costly, struct budget *budget, sqlite3 *db);
void bk_costly_done(struct costly *costly);

/* Counts a reference to the function NAME in a statement of DB; false if there are too many. */
bool bk_costly_allow(struct costly *costly, sqlite3 *db, const char *name);

#endif

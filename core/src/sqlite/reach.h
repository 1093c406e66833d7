/* reach.h - what SQL that a stranger may have written is let do.
 *
 * It is decided by what a statement can reach: files, other databases, extensions, the process.
 * What stays within the database's own pages is let through, whatever it is called, since each
 * SQLite takes steps of its own within a statement (ALTER TABLE runs pragmas and SELECTs), and
 * others in each release.
 *
 * Threads: any; nothing is kept. */
#ifndef BK_REACH_H
#define BK_REACH_H

#include <stdbool.h>

enum reach {
	REACH_PAGES,   /* the database's own pages, or nothing */
	REACH_NOTHING, /* a pragma that changes what no statement gives: to be passed over */
	REACH_STATE,   /* connection state that later statements depend on, and replay has */
	REACH_UNLIKE,  /* connection state, or a deed, that replay does not have the like of */
	REACH_OUT,     /* out of the database */
};

/* What the pragma NAME reaches with a value, or without. */
enum reach bk_reach_pragma(const char *name, bool has_value);

/* What an action of SQLite's authorizer reaches, with its first two arguments. */
enum reach bk_reach_action(int action, const char *first, const char *second);

/* Whether what the function or table NAME gives depends on more than its arguments and the
 * database: on the connection's past, or on the SQLite that runs it. */
bool bk_reach_is_of_connection(const char *name);

#endif

/* backuptables.h - tables of a log's past, for SELECT. */
#ifndef BACKUPTABLES_H
#define BACKUPTABLES_H

#include <sqlite3ext.h>

/* Gives DB the tables backup_log, backup_at, backup_diff, backup_history. Returns a SQLite result
 * code. */
int backuptables_register(sqlite3 *db);

#endif

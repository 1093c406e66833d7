/* connstate.h - what of a connection's state its later statements depend on.
 *
 * It is told in flags of enum bk_entry_flag: BK_ENTRY_FK_OFF, _LEGACY_ALTER, _RECURSIVE, which a
 * replay can have too, and BK_ENTRY_UNLIKE for all that it cannot. */
#ifndef BK_CONNSTATE_H
#define BK_CONNSTATE_H

#include <bk/entry.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#define CONNSTATE_FLAGS                                                                            \
	((uint32_t)BK_ENTRY_FK_OFF | BK_ENTRY_LEGACY_ALTER | BK_ENTRY_RECURSIVE | BK_ENTRY_UNLIKE)

/* Reads it. Returns a SQLite result code. DB has no authorizer that refuses pragmas. */
int bk_connstate_read(sqlite3 *db, uint32_t *flags);

/* Whether bk_connstate_read would tell what the pragma NAME did. */
bool bk_connstate_tells(const char *name);

/* Sets it, outside a transaction; the state it has is HAVE. Returns a SQLite result code. */
int bk_connstate_set(sqlite3 *db, uint32_t have, uint32_t flags);

#endif

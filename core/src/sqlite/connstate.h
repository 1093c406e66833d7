/* connstate.h - what of a connection's state its later statements depend on.
 *
 * It is told in flags of enum bk_entry_flag: BK_ENTRY_FK_OFF and those from 0x1000 on. A flag of
 * those that is none of CONNSTATE_FLAGS is of a state that this release does not know. */
#ifndef BK_CONNSTATE_H
#define BK_CONNSTATE_H

#include <bk/entry.h>
#include <sqlite3.h>
#include <stdint.h>

#define CONNSTATE_FLAGS                                                                            \
	((uint32_t)BK_ENTRY_FK_OFF | BK_ENTRY_LEGACY_ALTER | BK_ENTRY_RECURSIVE |                  \
		BK_ENTRY_IGNORE_CHECK | BK_ENTRY_CASE_LIKE | BK_ENTRY_REVERSE |                    \
		BK_ENTRY_NO_AUTOINDEX)

/* Whether the node's connection was in a state that is not among CONNSTATE_FLAGS. */
static inline int bk_connstate_is_unknown(uint32_t flags)
{
	return ((flags & ~(uint32_t)0xfff) & ~CONNSTATE_FLAGS) != 0;
}

/* Reads it. Returns a SQLite result code. DB has no authorizer that refuses pragmas. */
int bk_connstate_read(sqlite3 *db, uint32_t *flags);

/* Sets it, outside a transaction; the state it has is HAVE. Returns a SQLite result code. */
int bk_connstate_set(sqlite3 *db, uint32_t have, uint32_t flags);

#endif

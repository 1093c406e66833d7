/* restore_dest.h - where goes what restore writes. DEST is the destination that was named: the
 * database's name, or the directory that it goes to. */
#ifndef RESTORE_DEST_H
#define RESTORE_DEST_H

#include <bk/log.h>

/* From now on files are made as the user whose directory DEST is in (owner.h). The log is open by
 * now. */
BK_MUST_CHECK enum bk_code restore_dest_enter(const char *dest, struct bk_error *err);

/* In an empty directory no node is. While a plugin holds the log, which IO reaches, what goes there
 * is a copy to look at, and its name says so: scripts that try a backup out do that. *COPY, which
 * the caller frees, is the file of VERSION; NULL where it is as ever. */
BK_MUST_CHECK enum bk_code restore_dest_copy(char **copy, struct bk_log *log,
	const struct bk_io *io, const char *dest, uint32_t version, struct bk_error *err);

/* Where the node's hsm_secret goes; the caller frees it. Fails with BK_E_EXISTS where something
 * stands there. */
BK_MUST_CHECK enum bk_code restore_dest_secret(char **path, const char *dest, struct bk_error *err);

#endif

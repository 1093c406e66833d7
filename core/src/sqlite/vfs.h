/* vfs.h - a SQLite VFS whose only database is a pagestore.
 *
 * No file system is behind it: journals do not exist, what SQLite keeps in temporary files goes to
 * unlinked ones, the clock stands where it was set and the random source is fixed, so a
 * replay gives the same pages each time (docs/decisions.md, "Replay rules").
 *
 * Calling sequence: bk_vfs_init, bk_vfs_connect, use of the connection, sqlite3_close.
 *
 * Threads: one connection, one thread. */
#ifndef BK_VFS_H
#define BK_VFS_H

#include "pagestore.h"
#include <bk/io.h>
#include <sqlite3.h>
#include <stdbool.h>

struct budget;

struct vfs {
	sqlite3_vfs base;
	struct pagestore *store;
	const struct bk_io *io;
	const char *spill_dir;
	int64_t now_us;
	bool clock_was_read;
	struct budget *budget; /* what temporary files draw on; may be NULL */
	struct bk_error error; /* the first failure of the store; code BK_OK while there is none */
	char name[40];
};

void bk_vfs_init(
	struct vfs *vfs, struct pagestore *store, const struct bk_io *io, const char *spill_dir);

/* Opens a connection on the pagestore. Fails with BK_E_SQL, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_vfs_connect(struct vfs *vfs, sqlite3 **db, struct bk_error *err);

/* Fills ERR from what the store said, or else from what SQLite says of DB. */
enum bk_code bk_vfs_fail(
	const struct vfs *vfs, sqlite3 *db, struct bk_error *err, const char *doing);

#endif

/* vfs_file.h - the files of a VFS: what all have in common, and those that are temporary.
 *
 * A temporary file is made at its first write, unlinked, and draws on the budget. */
#ifndef BK_VFS_FILE_H
#define BK_VFS_FILE_H

#include "file.h"
#include "vfs.h"

struct temp_file {
	sqlite3_file base;
	struct vfs *vfs;
	struct file file; /* opened at the first write */
	uint64_t size;
};

extern const sqlite3_io_methods bk_vfs_temp_methods;

/* Keeps ERR for bk_vfs_fail, if it is the first. Returns SQLITE_CODE, or that there is no memory.
 */
int bk_vfs_remember(struct vfs *vfs, const struct bk_error *err, int sqlite_code);

/* What SQLite asks of any file. */
int bk_vfs_nothing(sqlite3_file *file, int flags);
int bk_vfs_no_reserved_lock(sqlite3_file *file, int *out);
int bk_vfs_no_file_control(sqlite3_file *file, int op, void *arg);
int bk_vfs_sector_size(sqlite3_file *file);
int bk_vfs_characteristics(sqlite3_file *file);

#endif

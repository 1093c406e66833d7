/* mountpoint.h - whether a mount may go where it was asked to. */
#ifndef MOUNTPOINT_H
#define MOUNTPOINT_H

#include <bk/error.h>
#include <stdbool.h>

/* As the kernel calls our mounts, behind "fuse.". */
#define MOUNT_SUBTYPE "backup-fuse"

/* Sets *RESOLVED, which the caller frees, to the real path of the directory MOUNTPOINT, if it is
 * neither the folder of the log at LOG_PATH (NULL: it is on another computer), nor holds it, nor
 * lies in it (nor that of a link on the way there), no backup is mounted there, and it is empty,
 * unless NONEMPTY. Fails with BK_E_MISSING, BK_E_INVALID, BK_E_UNSAFE, BK_E_BUSY for a mount that
 * stands there, or that died and was left there, BK_E_IO, BK_E_NOMEM.
 */
BK_MUST_CHECK enum bk_code mountpoint_check(char **resolved, const char *mountpoint,
	const char *log_path, bool nonempty, struct bk_error *err);

/* Fails with BK_E_INVALID where LOG_PATH is a directory and MOUNTPOINT a file: they were given in
 * the wrong order. */
BK_MUST_CHECK enum bk_code mountpoint_check_order(
	const char *log_path, const char *mountpoint, struct bk_error *err);

#endif

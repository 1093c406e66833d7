/* handed.h - a mount that is made by one process and served by another, which needs no privilege.
 *
 * The first, run by root, mounts and hands the mount to the service manager, which keeps it for the
 * second: FDSTORE and LISTEN_FDS of sd_notify(3) and sd_listen_fds(3). So what reads the log may be
 * locked in, also with a view of the file system of its own, and the mount is there for all. */
#ifndef HANDED_H
#define HANDED_H

#include "options.h"
#include <bk/error.h>
#include <stdbool.h>

/* Mounts at the mountpoint of OPTIONS for their user, and hands that to the service manager. Fails
 * with BK_E_INVALID where there is no such manager or user, or as mountpoint_check does, BK_E_IO.
 */
BK_MUST_CHECK enum bk_code handed_give(const struct options *options, struct bk_error *err);

/* The mount that this process was handed, for good; -1: none. It does not answer, to anybody,
 * before it is served. Fails with BK_E_INVALID where what was handed is no descriptor of /dev/fuse.
 */
BK_MUST_CHECK enum bk_code handed_take(int *fd, struct bk_error *err);

#endif

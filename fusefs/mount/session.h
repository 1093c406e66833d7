/* session.h - the FUSE session: its mount options, its loop. */
#ifndef SESSION_H
#define SESSION_H

#include "fs.h"
#include "lowlevel.h"

/* Mounts FS at MOUNTPOINT, or, where HANDED is not -1, takes over what is mounted there (handed.h).
 * Fails with BK_E_IO; libfuse has then printed why. */
BK_MUST_CHECK enum bk_code session_mount(struct fuse_session **out, struct fs *fs,
	const char *mountpoint, int handed, struct bk_error *err);

/* Serves until the file system is unmounted; with IS_HANDED without /dev/fuse. Returns 0, or a
 * negative errno. */
int session_serve(struct fuse_session *session, bool is_handed);

void session_end(struct fuse_session *session);

#endif

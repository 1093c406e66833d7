/* session.h - the FUSE session: its mount options, its loop. */
#ifndef SESSION_H
#define SESSION_H

#include "fs.h"
#include "lowlevel.h"

/* Mounts FS at MOUNTPOINT. Fails with BK_E_IO; libfuse has then printed why. */
BK_MUST_CHECK enum bk_code session_mount(
	struct fuse_session **out, struct fs *fs, const char *mountpoint, struct bk_error *err);

/* Serves until the file system is unmounted. Returns 0, or a negative errno. */
int session_serve(struct fuse_session *session);

void session_end(struct fuse_session *session);

#endif

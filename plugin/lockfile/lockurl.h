/* lockurl.h - the log that a lightning directory has. */
#ifndef LOCKURL_H
#define LOCKURL_H

#include "lockfile.h"

/* Sets *PATH, which the caller frees, to the log that LOCKFILE names, from the lightning directory:
 * where that is a server, the primary beside the node. Fails as bk_dest_path and
 * bk_socket_url_parse do. */
BK_MUST_CHECK enum bk_code lockfile_path(
	char **path, const struct lockfile *lockfile, struct bk_error *err);

/* Sets *PATH, which the caller frees, to the log that LOCKFILE in DIR names, as lightningd, which
 * runs in DIR, understands it. Fails as lockfile_path does. */
BK_MUST_CHECK enum bk_code lockfile_log(
	char **path, const char *dir, const struct lockfile *lockfile, struct bk_error *err);

/* Sets *URL, which the caller frees, to that of the log that backup.lock in DIR names. Fails with
 * BK_E_MISSING if there is no backup.lock, BK_E_FORMAT if what it says is no such name,
 * BK_E_LIMIT, BK_E_IO, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code lockfile_url(
	char **url, const struct bk_io *io, const char *dir, struct bk_error *err);

#endif

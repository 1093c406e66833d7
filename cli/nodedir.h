/* nodedir.h - the lightning directory: what backup.lock in it names. */
#ifndef NODEDIR_H
#define NODEDIR_H

#include "lockfile.h"
#include <bk/error.h>
#include <stdbool.h>

/* DIR and NAME joined, or NAME alone if it is absolute; the caller frees it. Fails with
 * BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code nodedir_path(
	char **out, const char *dir, const char *name, struct bk_error *err);

/* Sets *PATH, which the caller frees, to the log that LOCKFILE in DIR names, as lightningd, which
 * runs in DIR, understands it. Fails as bk_dest_path does. */
BK_MUST_CHECK enum bk_code nodedir_log(
	char **path, const char *dir, const struct lockfile *lockfile, struct bk_error *err);

/* Sets *URL, which the caller frees, to that of the log that backup.lock in DIR names. Fails with
 * BK_E_MISSING if there is no backup.lock, BK_E_FORMAT if what it says is no such name, BK_E_IO,
 * BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code nodedir_url(char **url, const char *dir, struct bk_error *err);

/* Whether A and B are one file; if neither is there, whether they are one name. */
bool nodedir_same_file(const char *a, const char *b);

/* Whether backup.lock in DIR names the log at LOG_PATH. False where it cannot be read. */
bool nodedir_names(const struct bk_io *io, const char *dir, const char *log_path);

#endif

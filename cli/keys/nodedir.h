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

/* Whether A and B are one file; if neither is there, whether they are one name. */
bool nodedir_same_file(const char *a, const char *b);

/* Whether backup.lock in DIR names the log at LOG_PATH. False where it cannot be read. */
bool nodedir_names(const struct bk_io *io, const char *dir, const char *log_path);

/* Whether PATH, which need not be there, is what backup.lock beside it names as the node's
 * database, whatever it is called. */
bool nodedir_is_database(const char *path);

#endif

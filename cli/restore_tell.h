/* restore_tell.h - what restore says of a database that it wrote out: of when it is, whether a node
 * may start from it, and what comes next. */
#ifndef RESTORE_TELL_H
#define RESTORE_TELL_H

#include "fresh.h"
#include "own.h"
#include <bk/restore.h>

/* What was restored, with what SQLite said of it in OWN. */
void restore_tell(const struct bk_restore_result *result, struct own *own, const char *hsm_secret);

/* What to do with what came out of the older plugin's file or server at URL. */
void restore_tell_older(const char *url);

/* What was restored under the name that lightningd opens is there to start a node from: it needs
 * backup.lock, for the plugin to go on with the log at LOG_PATH, and where that IS_SEALED a key
 * file. */
void restore_tell_next(
	const struct bk_restore_result *result, const char *log_path, bool is_sealed);

/* Which places were passed over, which had the newest state, and whether that is proven. NAMED is
 * the URL that was named. */
void restore_tell_freshness(
	const struct fresh *fresh, const struct bk_freshness *found, const char *named);

#endif

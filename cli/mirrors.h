/* mirrors.h - mirrors as init and mirror put them into backup.lock. */
#ifndef MIRRORS_H
#define MIRRORS_H

#include "lockplaces.h"
#include <bk/error.h>
#include <bk/io.h>

/* Adds the place at URL to PLACES, for the log at LOG_PATH, which need not be there yet. A place
 * that cannot be asked is added with a warning; one that holds another log is not, unless it
 * IS_ANEW, by an operator's word: then it begins with this one. Fails with BK_E_INVALID,
 * BK_E_EXISTS, BK_E_UNSAFE, BK_E_LIMIT, BK_E_IO, BK_E_NOMEM, and as bk_place_reset does. */
BK_MUST_CHECK enum bk_code mirrors_add(struct lockplaces *places, const struct bk_io *io,
	const char *url, const char *log_path, bool is_anew, struct bk_error *err);

/* Reads TEXT, a number of places or of seconds ("wait": for ever), into PLACES. False if it is
 * none. */
bool mirrors_take_quorum(struct lockplaces *places, const char *text);
bool mirrors_take_outage(struct lockplaces *places, const char *text);

/* Fails with BK_E_INVALID where the quorum is larger than there are places. */
BK_MUST_CHECK enum bk_code mirrors_check(const struct lockplaces *places, struct bk_error *err);

#endif

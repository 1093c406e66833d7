/* mirrors.h - mirrors as init and mirror put them into backup.lock. */
#ifndef MIRRORS_H
#define MIRRORS_H

#include "lockplaces.h"
#include <bk/error.h>
#include <bk/io.h>

/* Adds the place at URL to PLACES, for the log at LOG_PATH, which need not be there yet unless
 * IS_ANEW. A place that cannot be asked is added with a warning; one that holds another log is not,
 * unless IS_ANEW: then it begins anew. Fails with BK_E_INVALID, BK_E_EXISTS, BK_E_UNSAFE,
 * BK_E_LIMIT, BK_E_IO, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code mirrors_add(struct lockplaces *places, const struct bk_io *io,
	const char *url, const char *log_path, bool is_anew, struct bk_error *err);

/* Sets *OUT, which the caller frees, to URL, by which a store takes a log that is not sealed, if
 * IN_THE_CLEAR. Fails with BK_E_INVALID where URL says so of its own, or names no store. */
BK_MUST_CHECK enum bk_code mirrors_in_the_clear(
	char **out, const char *url, bool in_the_clear, struct bk_error *err);

/* Has the place at URL, which is whole, begin anew with the log at LOG_PATH (bk_place_reset). Fails
 * as that does, and with BK_E_INVALID where it is that log itself. */
BK_MUST_CHECK enum bk_code mirrors_begin_anew(
	const struct bk_io *io, const char *url, const char *log_path, struct bk_error *err);

/* Reads TEXT, a number of places or of seconds ("wait": for ever), into PLACES. False if it is
 * none. */
bool mirrors_take_quorum(struct lockplaces *places, const char *text);
bool mirrors_take_outage(struct lockplaces *places, const char *text);

/* Fails with BK_E_INVALID where the quorum is larger than there are places. */
BK_MUST_CHECK enum bk_code mirrors_check(const struct lockplaces *places, struct bk_error *err);

#endif

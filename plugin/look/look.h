/* look.h - a node's backup looked at as a whole: the log, the node's own database, each mirror,
 * what was noted. By a process of its own, which asks each of them itself: no writer's word on
 * itself is believed.
 *
 * All are asked at once, and none is waited for past a deadline: a disk or a computer that does not
 * answer is something to tell, not to wait for.
 *
 * Calling sequence: look_at, faults_find (faults.h), look_json (lookjson.h), look_free. */
#ifndef LOOK_H
#define LOOK_H

#include "lookparts.h"

/* What is looked at: the lightning directory DIR, and what its backup.lock names; or, with DIR
 * NULL, the log at URL. LOG_IO is how that log is reached; IO all else. */
struct look_what {
	const char *dir, *url;
	const struct bk_io *io, *log_io;
};

/* Fails with BK_E_MISSING (no backup.lock), BK_E_INVALID, BK_E_FORMAT, BK_E_IO, BK_E_NOMEM where it
 * cannot be told what is to be looked at; all else is an answer. */
BK_MUST_CHECK enum bk_code look_at(
	struct look **out, const struct look_what *what, struct bk_error *err);

/* Takes NULL. What somebody who did not answer in time may still use stays. */
void look_free(struct look *look);

#endif

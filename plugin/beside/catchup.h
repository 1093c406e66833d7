/* catchup.h - a finished successor takes in what came to the log meanwhile.
 *
 * Calling sequence: catchup_open, any catchup_do, catchup_close. */
#ifndef CATCHUP_H
#define CATCHUP_H

#include <bk/log.h>
#include <bk/mirrors.h>
#include <bk/successor.h>

/* What the caller sets is borrowed. */
struct catchup {
	const struct bk_io *io;
	const char *path;             /* of the log */
	struct bk_mirrors *mirrors;   /* that get the successor, too; NULL: none */
	bool (*is_wanted)(void *ctx); /* asked again and again */
	void *ctx;
	struct bk_log *log; /* opened by catchup_open: what the successor takes from */
};

/* Fails as bk_log_open does. */
BK_MUST_CHECK enum bk_code catchup_open(struct catchup *catchup, struct bk_error *err);
void catchup_close(struct catchup *catchup); /* takes one that is not open */

/* Has SUCCESSOR take in what came, until that is so little at once that a call may wait for the
 * rest, or it is wanted no more. */
BK_MUST_CHECK enum bk_code catchup_do(
	struct catchup *catchup, struct bk_successor *successor, struct bk_error *err);

#endif

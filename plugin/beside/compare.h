/* compare.h - comparing a database that is too large for it while lightningd waits, beside the
 * node.
 *
 * A thread of low priority copies the database while the node is quiet, and gives that up as soon
 * as a db_write comes: lightningd asks us before it commits, so it never meets the lock that the
 * copy needs. The comparison itself needs none. What fails is tried again, more and more rarely.
 *
 * Calling sequence: compare_start; compare_pause at each db_write, compare_go_on before its answer;
 * compare_stop. */
#ifndef COMPARE_H
#define COMPARE_H

#include <bk/log.h>
#include <bk/verify.h>
#include <stdbool.h>

struct compare;

/* LOG and DATABASE, a path, must outlive it. */
BK_MUST_CHECK enum bk_code compare_start(
	struct compare **out, struct bk_log *log, const char *database, struct bk_error *err);
void compare_stop(struct compare *compare); /* takes NULL */

/* A db_write has come: returns, within some milliseconds, when no lock is kept on the database.
 * Take NULL. */
void compare_pause(struct compare *compare);
void compare_go_on(struct compare *compare);

/* Whether it is done, and then what was found. Takes NULL. */
bool compare_result(struct compare *compare, struct bk_against_result *result);

#endif

/* watch.h - saying what a db_write waits for, when it waits long.
 *
 * lightningd waits for our answer and says nothing. A destination that hangs (a network mount that
 * went away) would look like a node that hangs: after 10 seconds a thread of its own says
 * what is waited for, and again now and then until it is over. */
#ifndef WATCH_H
#define WATCH_H

#include <bk/error.h>

#define WATCH_FIRST_SECONDS 10
#define WATCH_AGAIN_SECONDS 60

struct watch;

BK_MUST_CHECK enum bk_code watch_start(struct watch **out, struct bk_error *err);
void watch_stop(struct watch *watch); /* takes NULL */

/* A db_write begins to wait for WHAT (borrowed until watch_end). */
void watch_begin(struct watch *watch, const char *what);
void watch_end(struct watch *watch);

/* What is waited for since watch_begin is now WHAT, if anything is waited for. */
void watch_change(struct watch *watch, const char *what);

#endif

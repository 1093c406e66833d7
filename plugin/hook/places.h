/* places.h - the log's mirrors, as a session has them: opened as backup.lock names them, and what
 * they say passed on to lightningd's log. */
#ifndef PLACES_H
#define PLACES_H

#include "lockplaces.h"
#include "watch.h"
#include <bk/mirrors.h>

struct places;

/* Those of LOCK, where it has any. WATCH is told what a change waits for. Fails as bk_mirrors_open
 * does. */
BK_MUST_CHECK enum bk_code places_open(struct places **out, const struct bk_io *io,
	const struct lockplaces *lock, struct watch *watch, struct bk_error *err);

/* Looks whether backup.lock changed, and names other mirrors or another quorum of the log
 * BACKEND_URL now: then these are taken up. While a writer uses them, for one thread; never the one
 * that lightningd waits for. Takes NULL. */
void places_look(struct places *places, const char *backend_url);

/* When no writer uses them any more. Takes NULL. */
void places_close(struct places *places);

/* NULL, where PLACES is. */
struct bk_mirrors *places_mirrors(const struct places *places);

/* Sets LEVEL to the URLs of the mirrors that have all of the log, at most LOCKPLACES_MAX, which the
 * caller frees, and returns how many. */
unsigned places_level(const struct places *places, char **level);

#endif

/* places.h - the log's mirrors, as a session has them: opened as backup.lock names them, and what
 * they say passed on to lightningd's log. */
#ifndef PLACES_H
#define PLACES_H

#include "lockplaces.h"
#include "watch.h"
#include <bk/mirrors.h>

struct places;

/* *OUT is NULL where LOCK names none. WATCH is told what a change waits for. Fails as
 * bk_mirrors_open does. */
BK_MUST_CHECK enum bk_code places_open(struct places **out, const struct bk_io *io,
	const struct lockplaces *lock, struct watch *watch, struct bk_error *err);

/* When no writer uses them any more. Takes NULL. */
void places_close(struct places *places);

/* NULL, where PLACES is. */
struct bk_mirrors *places_mirrors(const struct places *places);

/* Sets LEVEL to the URLs, LOCK's, of the mirrors that have all of the log, and returns how many. */
unsigned places_level(
	const struct places *places, const struct lockplaces *lock, const char **level);

#endif

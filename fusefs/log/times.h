/* times.h - versions by time, for by-time/.
 *
 * Clocks step, so times need not ascend with the versions. What counts is the same as in at/: the
 * newest version not after a moment. An hour has the versions that this becomes newly during it;
 * so each version is in one hour, that of its own time or, where later ones came with an earlier
 * time, that of theirs, and finding an hour's versions takes two look-ups. */
#ifndef TIMES_H
#define TIMES_H

#include "source.h"

/* Versions in their order: all after BEFORE, up to LAST. */
struct period {
	bool has_before; /* else it starts with the log's first */
	uint32_t before, last;
};

/* The versions of hours FROM to TO, since 1970. Returns 0, ENOENT if there are none, or another
 * errno. */
int period_find(struct source *source, uint32_t from, uint32_t to, struct period *period);

/* The first day with versions that is DAY or after it. Returns likewise. */
int day_find(struct source *source, uint32_t day, uint32_t *found);

#endif

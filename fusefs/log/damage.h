/* damage.h - which versions could not be given, and why, for status.json.
 *
 * Threads: any. */
#ifndef DAMAGE_H
#define DAMAGE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* More ranges than this are counted, but not kept. */
#define DAMAGE_RANGES_MAX 256
#define DAMAGE_TEXT_MAX   256

struct damage_range {
	uint32_t from, to;
	char what[DAMAGE_TEXT_MAX];
};

struct damage {
	pthread_mutex_t mutex;
	struct damage_range ranges[DAMAGE_RANGES_MAX];
	size_t count;
	uint64_t more; /* notes for which there was no room */
};

void damage_init(struct damage *damage);
void damage_done(struct damage *damage);

/* Versions FROM to TO cannot be given. Neighbours become one range, with the reason that came
 * first. */
void damage_note(struct damage *damage, uint32_t from, uint32_t to, const char *what);

/* Whether VERSION is in one of the ranges. */
bool damage_has(struct damage *damage, uint32_t version);

/* Forgets all: another log stands there now. */
void damage_clear(struct damage *damage);

/* Copies the AT-th range; false if there are not so many. */
bool damage_get(struct damage *damage, size_t at, struct damage_range *out);

uint64_t damage_more(struct damage *damage);

#endif

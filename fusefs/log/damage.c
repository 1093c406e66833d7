/* damage.c - which versions could not be given, and why. */
#include "damage.h"
#include <bk/version.h>
#include <stdio.h>
#include <string.h>

void damage_init(struct damage *damage)
{
	memset(damage, 0, sizeof *damage);
	pthread_mutex_init(&damage->mutex, NULL);
}

void damage_done(struct damage *damage)
{
	pthread_mutex_destroy(&damage->mutex);
}

/* Whether the versions FROM to TO lie in RANGE, overlap it or are its neighbours. */
static bool touches(const struct damage_range *range, uint32_t from, uint32_t to)
{
	return !bk_version_after(from, range->to + 1) && !bk_version_after(range->from, to + 1);
}

static void extend(struct damage_range *range, uint32_t from, uint32_t to)
{
	if (bk_version_after(range->from, from))
		range->from = from;
	if (bk_version_after(to, range->to))
		range->to = to;
}

/* Takes the ranges behind AT that touch it into it. */
static void absorb(struct damage *damage, size_t at)
{
	struct damage_range *range = &damage->ranges[at];

	for (size_t i = at + 1; i < damage->count;) {
		struct damage_range *other = &damage->ranges[i];

		if (!touches(range, other->from, other->to)) {
			i++;
			continue;
		}
		extend(range, other->from, other->to);
		*other = damage->ranges[--damage->count];
		i = at + 1;
	}
}

static void note(struct damage *damage, uint32_t from, uint32_t to, const char *what)
{
	struct damage_range *range;

	for (size_t i = 0; i < damage->count; i++) {
		range = &damage->ranges[i];
		if (!touches(range, from, to))
			continue;
		extend(range, from, to);
		absorb(damage, i);
		return;
	}
	if (damage->count == DAMAGE_RANGES_MAX) {
		damage->more++;
		return;
	}
	range = &damage->ranges[damage->count++];
	range->from = from;
	range->to = to;
	snprintf(range->what, sizeof range->what, "%s", what);
}

void damage_note(struct damage *damage, uint32_t from, uint32_t to, const char *what)
{
	pthread_mutex_lock(&damage->mutex);
	note(damage, from, to, what);
	pthread_mutex_unlock(&damage->mutex);
}

void damage_clear(struct damage *damage)
{
	pthread_mutex_lock(&damage->mutex);
	damage->count = 0;
	damage->more = 0;
	pthread_mutex_unlock(&damage->mutex);
}

bool damage_get(struct damage *damage, size_t at, struct damage_range *out)
{
	bool found;

	pthread_mutex_lock(&damage->mutex);
	found = at < damage->count;
	if (found)
		*out = damage->ranges[at];
	pthread_mutex_unlock(&damage->mutex);
	return found;
}

bool damage_has(struct damage *damage, uint32_t version)
{
	bool found = false;

	pthread_mutex_lock(&damage->mutex);
	for (size_t i = 0; i < damage->count && !found; i++) {
		const struct damage_range *range = &damage->ranges[i];

		found = !bk_version_after(range->from, version) &&
			!bk_version_after(version, range->to);
	}
	pthread_mutex_unlock(&damage->mutex);
	return found;
}

uint64_t damage_more(struct damage *damage)
{
	uint64_t more;

	pthread_mutex_lock(&damage->mutex);
	more = damage->more;
	pthread_mutex_unlock(&damage->mutex);
	return more;
}

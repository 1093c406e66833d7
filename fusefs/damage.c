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

/* Whether VERSION lies in RANGE or directly beside it. */
static bool touches(const struct damage_range *range, uint32_t version)
{
	return !bk_version_after(range->from, version + 1) &&
	       !bk_version_after(version, range->to + 1);
}

/* Makes RANGE hold FROM to TO too, if it says the same and they touch. */
static bool extend(struct damage_range *range, uint32_t from, uint32_t to, const char *what)
{
	bool is_inside = !bk_version_after(range->from, from) && !bk_version_after(to, range->to);

	if (is_inside)
		return true;
	if (strncmp(range->what, what, sizeof range->what - 1) != 0 ||
		!(touches(range, from) || touches(range, to)))
		return false;
	if (bk_version_after(range->from, from))
		range->from = from;
	if (bk_version_after(to, range->to))
		range->to = to;
	return true;
}

static void note(struct damage *damage, uint32_t from, uint32_t to, const char *what)
{
	struct damage_range *range = &damage->ranges[damage->count];

	for (size_t i = 0; i < damage->count; i++)
		if (extend(&damage->ranges[i], from, to, what))
			return;
	if (damage->count == DAMAGE_RANGES_MAX) {
		damage->more++;
		return;
	}
	range->from = from;
	range->to = to;
	snprintf(range->what, sizeof range->what, "%s", what);
	damage->count++;
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

uint64_t damage_more(struct damage *damage)
{
	uint64_t more;

	pthread_mutex_lock(&damage->mutex);
	more = damage->more;
	pthread_mutex_unlock(&damage->mutex);
	return more;
}

/* times.c - versions by time, for by-time/. */
#include "times.h"
#include "names.h"
#include "versions.h"
#include <errno.h>

/* The newest version that came before TIME_US. Returns 0, ENOENT if there is none, or another
 * errno. */
static int newest_before(struct fs *fs, struct source *source, int64_t time_us, uint32_t *version)
{
	struct bk_entry entry;
	int rc = time_us == INT64_MIN ? ENOENT : version_find_time(fs, source, time_us - 1, &entry);

	if (!rc)
		*version = entry.version;
	return rc;
}

int stretch_find(
	struct fs *fs, struct source *source, uint32_t from, uint32_t to, struct stretch *stretch)
{
	struct stretch found = {0};
	int rc = newest_before(fs, source, hour_begin_us(from), &found.before);

	if (rc && rc != ENOENT)
		return rc;
	found.has_before = !rc;
	rc = newest_before(fs, source, hour_end_us(to), &found.last);
	if (!rc && found.has_before && found.before == found.last)
		rc = ENOENT;
	if (!rc)
		*stretch = found;
	return rc;
}

static int day_stretch(
	struct fs *fs, struct source *source, uint32_t from, uint32_t to, struct stretch *stretch)
{
	return stretch_find(
		fs, source, from * HOURS_A_DAY, to * HOURS_A_DAY + HOURS_A_DAY - 1, stretch);
}

/* The day of the first version that none of the days before DAY has; a day from DAY on has it at
 * the latest. */
static int day_bound(struct fs *fs, struct source *source, uint32_t day, uint32_t *bound)
{
	struct stretch rest;
	struct bk_entry entry;
	struct walk walk;
	bool more = false;
	int rc = day_stretch(fs, source, day, DAY_LAST, &rest);

	if (rc)
		return rc;
	if (rest.has_before)
		walk_open(&walk, fs, source, rest.before + 1);
	else
		rc = walk_open_first(&walk, fs, source);
	if (rc)
		return rc;
	rc = walk_next(&walk, &entry, &more);
	walk_close(&walk);
	if (rc || !more)
		return rc ? rc : ENOENT;
	*bound = hour_of_time(entry.time_us) / HOURS_A_DAY;
	if (*bound < day)
		*bound = day;
	return 0;
}

int day_find(struct fs *fs, struct source *source, uint32_t day, uint32_t *found)
{
	struct stretch stretch;
	uint32_t low = day, high;
	int rc = day > DAY_LAST ? ENOENT : day_stretch(fs, source, day, day, &stretch);

	if (!rc)
		*found = day;
	if (rc != ENOENT || day > DAY_LAST)
		return rc;
	rc = day_bound(fs, source, day, &high);
	/* Days DAY to LOW have none, DAY to HIGH have some. */
	while (!rc && high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		rc = day_stretch(fs, source, day, middle, &stretch);
		*(rc ? &low : &high) = middle;
		if (rc == ENOENT)
			rc = 0;
	}
	if (!rc)
		*found = high;
	return rc;
}

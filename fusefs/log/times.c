/* times.c - versions by time, for by-time/. */
#include "times.h"
#include "names.h"
#include "tour.h"
#include "versions.h"
#include <errno.h>

/* The newest version that came before TIME_US. Returns 0, ENOENT if there is none, or another
 * errno. */
static int newest_before(struct source *source, int64_t time_us, uint32_t *version)
{
	struct bk_entry entry;
	int rc = time_us == INT64_MIN ? ENOENT : version_find_time(source, time_us - 1, &entry);

	if (!rc)
		*version = entry.version;
	return rc;
}

int period_find(struct source *source, uint32_t from, uint32_t to, struct period *period)
{
	struct period found = {0};
	int rc = newest_before(source, hour_begin_us(from), &found.before);

	if (rc && rc != ENOENT)
		return rc;
	found.has_before = !rc;
	rc = newest_before(source, hour_end_us(to), &found.last);
	if (!rc && found.has_before && found.before == found.last)
		rc = ENOENT;
	if (!rc)
		*period = found;
	return rc;
}

static int day_period(struct source *source, uint32_t from, uint32_t to, struct period *period)
{
	return period_find(source, from * HOURS_A_DAY, to * HOURS_A_DAY + HOURS_A_DAY - 1, period);
}

/* The day of the first version that none of the days before DAY has; a day from DAY on has it at
 * the latest. */
static int day_bound(struct source *source, uint32_t day, uint32_t *bound)
{
	struct period rest;
	struct bk_entry entry;
	struct tour tour;
	bool more = false;
	int rc = day_period(source, day, DAY_LAST, &rest);

	if (rc)
		return rc;
	if (rest.has_before)
		tour_open(&tour, source, rest.before + 1);
	else
		rc = tour_open_first(&tour, source);
	if (rc)
		return rc;
	rc = tour_next(&tour, &entry, &more);
	tour_close(&tour);
	if (rc || !more)
		return rc ? rc : ENOENT;
	*bound = hour_of_time(entry.time_us) / HOURS_A_DAY;
	if (*bound < day)
		*bound = day;
	return 0;
}

int day_find(struct source *source, uint32_t day, uint32_t *found)
{
	struct period period;
	uint32_t low = day, high;
	int rc = day > DAY_LAST ? ENOENT : day_period(source, day, day, &period);

	if (!rc)
		*found = day;
	if (rc != ENOENT || day > DAY_LAST)
		return rc;
	rc = day_bound(source, day, &high);
	/* Days DAY to LOW have none, DAY to HIGH have some. */
	while (!rc && high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		rc = day_period(source, day, middle, &period);
		*(rc ? &low : &high) = middle;
		if (rc == ENOENT)
			rc = 0;
	}
	if (!rc)
		*found = high;
	return rc;
}

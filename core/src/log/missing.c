/* missing.c - why a version is not in a log, and which are nearest. */
#include "missing.h"
#include <bk/moment.h>
#include <bk/version.h>

/* What is said of a version beside one that is missing. */
struct near {
	uint32_t version;
	char time[BK_MOMENT_TEXT];
};

static struct near near_of(uint32_t version, int64_t time_us)
{
	struct near near = {.version = version};

	bk_moment_text(near.time, time_us, true);
	return near;
}

enum bk_code bk_missing_before(const struct keyframe *first, uint32_t version, struct bk_error *err)
{
	struct near near = near_of(first->version, first->time_us);

	if (first->is_carried)
		return bk_fail(err, BK_E_MISSING, 0,
			"version %u is not kept: the oldest that is kept is %u (%s); "
			"backup-cli log shows those that are",
			version, near.version, near.time);
	return bk_fail(err, BK_E_MISSING, 0,
		"version %u is not in the log, which begins with version %u; backup-cli log shows "
		"those that are",
		version, near.version);
}

/* The newest of what stands from BASE on that is not after VERSION. */
static struct near near_below(
	const struct keyframe *base, const struct bk_entry *entries, size_t count, uint32_t version)
{
	uint32_t low = base->version;
	int64_t time_us = base->time_us;

	for (size_t i = 0; i < count; i++) {
		if (bk_entry_stands(&entries[i]) &&
			!bk_version_after(entries[i].version, version)) {
			low = entries[i].version;
			time_us = entries[i].time_us;
		}
	}
	return near_of(low, time_us);
}

enum bk_code bk_missing_between(const struct keyframe *base, const struct bk_entry *entries,
	size_t count, const struct keyframe *above, uint32_t version, struct bk_error *err)
{
	struct near low = near_below(base, entries, count, version), high;

	if (!above)
		return bk_fail(err, BK_E_MISSING, 0,
			"version %u is not in the log, whose newest is %u (%s); backup-cli "
			"log shows those that are",
			version, low.version, low.time);
	high = near_of(above->version, above->time_us);
	if (above->is_thinned)
		return bk_fail(err, BK_E_MISSING, 0,
			"version %u is not kept: the nearest that are kept are %u (%s) and %u "
			"(%s); backup-cli log shows all that are",
			version, low.version, low.time, high.version, high.time);
	return bk_fail(err, BK_E_MISSING, 0,
		"version %u is not in the log: it has %u (%s), and nothing between that and the "
		"next snapshot, %u (%s)",
		version, low.version, low.time, high.version, high.time);
}

/* plotdata.c - a log in numbers, for a picture of it. */
#include "plotdata.h"
#include <bk/listing.h>
#include <stdlib.h>

#define HOUR_US INT64_C(3600000000)
#define DAY_US  (24 * HOUR_US)

const char *const plotdata_ages[PLOTDATA_AGES] = {
	"last day", "week", "month", "3 months", "year", "older"};

static const int64_t age_limits[PLOTDATA_AGES] = {
	DAY_US, 7 * DAY_US, 30 * DAY_US, 91 * DAY_US, 365 * DAY_US, INT64_MAX};

/* Times come out of a file, which may say anything: up to the year 2255. */
#define TIME_MAX_US (INT64_C(1) << 53)

/* A version, as it stands in the log. */
struct mark {
	int64_t time_us;
	uint64_t offset;
	uint32_t bytes; /* of its changes */
};

struct marks {
	struct mark *list;
	size_t count, capacity;
};

static int64_t time_of(const struct bk_entry *entry)
{
	if (entry->time_us < 0)
		return 0;
	return entry->time_us < TIME_MAX_US ? entry->time_us : TIME_MAX_US;
}

/* A bk_entry_fn. */
static enum bk_code add(void *ctx, const struct bk_entry *entry, struct bk_error *err)
{
	struct marks *marks = ctx;

	if (marks->count == marks->capacity) {
		size_t capacity = marks->capacity ? 2 * marks->capacity : 1024;
		struct mark *grown = realloc(marks->list, capacity * sizeof *grown);

		if (!grown)
			return bk_fail(err, BK_E_NOMEM, 0, "no memory for %zu versions", capacity);
		marks->list = grown;
		marks->capacity = capacity;
	}
	marks->list[marks->count++] = (struct mark){time_of(entry), entry->offset,
		entry->flags & BK_ENTRY_SNAPSHOT ? 0 : entry->log_bytes};
	return BK_OK;
}

/* Where what stands behind mark AT begins: the next one, or the log's end. */
static uint64_t end_of(const struct marks *marks, size_t at, uint64_t log_bytes)
{
	return at + 1 < marks->count ? marks->list[at + 1].offset : log_bytes;
}

static void take_growth(struct plotdata *out, const struct marks *marks, uint64_t log_bytes)
{
	int64_t span = out->end_us - out->begin_us;
	uint64_t bytes = marks->list[0].offset;
	size_t at = 0;

	for (int i = 0; i < PLOTDATA_POINTS; i++) {
		int64_t until = out->begin_us + (int64_t)((double)span * i / (PLOTDATA_POINTS - 1));

		while (at < marks->count && marks->list[at].time_us <= until) {
			bytes = end_of(marks, at, log_bytes);
			at++;
		}
		out->bytes[i] = bytes;
	}
	out->bytes[PLOTDATA_POINTS - 1] = log_bytes;
}

/* The least of these steps of which there are not too many; else so many days together. */
static int64_t bar_of(int64_t span)
{
	static const int64_t steps[] = {HOUR_US / 60, HOUR_US / 6, HOUR_US, DAY_US};
	size_t i = 0;
	int64_t bar;

	while (i < sizeof steps / sizeof *steps - 1 && span / steps[i] + 2 > PLOTDATA_BARS)
		i++;
	bar = steps[i];
	while (span / bar + 2 > PLOTDATA_BARS)
		bar += DAY_US;
	return bar;
}

static void take_versions(struct plotdata *out, const struct marks *marks)
{
	out->bar_us = bar_of(out->end_us - out->begin_us);
	out->bars_begin_us = out->begin_us - out->begin_us % out->bar_us;
	out->bars = (unsigned)((out->end_us - out->bars_begin_us) / out->bar_us) + 1;
	for (size_t i = 0; i < marks->count; i++) {
		int64_t at = (marks->list[i].time_us - out->bars_begin_us) / out->bar_us;

		if (at >= 0 && at < out->bars)
			out->versions[at]++;
	}
}

static void take_ages(struct plotdata *out, const struct marks *marks, uint64_t log_bytes)
{
	for (size_t i = 0; i < marks->count; i++) {
		const struct mark *mark = &marks->list[i];
		uint64_t end = end_of(marks, i, log_bytes);
		uint64_t all = end > mark->offset ? end - mark->offset : 0;
		size_t age = 0;

		while (out->end_us - mark->time_us > age_limits[age])
			age++;
		out->changes[age] += mark->bytes < all ? mark->bytes : all;
		out->rest[age] += mark->bytes < all ? all - mark->bytes : 0;
	}
}

enum bk_code plotdata_read(struct plotdata *out, struct bk_log *log, struct bk_error *err)
{
	struct marks marks = {.list = NULL};
	struct bk_log_status status;
	struct plotdata found = {.bars = 0};
	enum bk_code code = bk_log_status(log, &status, err);

	if (!code)
		code = bk_listing_each(
			log, UINT64_MAX, BK_LISTING_VERSIONS, true, add, &marks, err);
	if (!code && marks.count) {
		found.begin_us = found.end_us = marks.list[0].time_us;
		for (size_t i = 0; i < marks.count; i++) {
			if (marks.list[i].time_us < found.begin_us)
				found.begin_us = marks.list[i].time_us;
			if (marks.list[i].time_us > found.end_us)
				found.end_us = marks.list[i].time_us;
		}
		take_growth(&found, &marks, status.log_bytes);
		take_versions(&found, &marks);
		take_ages(&found, &marks, status.log_bytes);
	}
	free(marks.list);
	if (!code)
		*out = found;
	return code;
}

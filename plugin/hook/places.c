/* places.c - the log's mirrors, as a session has them. */
#include "places.h"
#include "out.h"
#include <stdio.h>
#include <stdlib.h>

struct places {
	struct bk_mirrors *mirrors;
	struct watch *watch;
	char waiting[2400]; /* what a change waits for */
};

/* A change goes on without the quorum: lightningd shows a warning. A mirror that is away for a
 * while does no harm by itself. */
static const char *level_of(enum bk_mirrors_news news)
{
	switch (news) {
	case BK_MIRRORS_WAITING:
	case BK_MIRRORS_TOLD:
	case BK_MIRRORS_MET:
		return LEVEL_INFO;
	case BK_MIRRORS_MISSED:
	case BK_MIRRORS_REFUSED:
		return LEVEL_UNUSUAL;
	}
	return LEVEL_INFO;
}

static void take_news(void *ctx, enum bk_mirrors_news news, const char *text)
{
	struct places *places = ctx;

	if (news != BK_MIRRORS_WAITING) {
		out_log(level_of(news), "%s", text);
		return;
	}
	/* By the thread that appends, which waits, and for which the watch looks. */
	snprintf(places->waiting, sizeof places->waiting, "%s", text);
	watch_change(places->watch, places->waiting);
}

enum bk_code places_open(struct places **out, const struct bk_io *io, const struct lockplaces *lock,
	struct watch *watch, struct bk_error *err)
{
	const char *urls[LOCKPLACES_MAX], *held[LOCKPLACES_MAX];
	struct bk_mirrors_options options = {.urls = urls,
		.held = held,
		.count = lock->count,
		.quorum = lock->quorum,
		.outage_ms = lock->outage_waits ? BK_OUTAGE_WAIT : lock->outage_s * 1000,
		.notify = take_news};
	struct places *places;
	enum bk_code code;

	*out = NULL;
	if (!lock->count)
		return BK_OK;
	places = calloc(1, sizeof *places);
	if (!places)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for mirrors");
	for (unsigned i = 0; i < lock->count; i++) {
		urls[i] = lock->list[i].url;
		held[i] = lock->list[i].log;
	}
	places->watch = watch;
	options.ctx = places;
	code = bk_mirrors_open(&places->mirrors, io, &options, err);
	if (code)
		free(places);
	else
		*out = places;
	return code;
}

void places_close(struct places *places)
{
	if (!places)
		return;
	bk_mirrors_free(places->mirrors);
	free(places);
}

struct bk_mirrors *places_mirrors(const struct places *places)
{
	return places ? places->mirrors : NULL;
}

unsigned places_level(
	const struct places *places, const struct lockplaces *lock, const char **level)
{
	struct bk_mirror_status status;
	unsigned count = 0;

	for (unsigned i = 0; places && i < lock->count; i++)
		if (bk_mirrors_status(places->mirrors, i, &status) &&
			status.state == BK_MIRROR_LEVEL)
			level[count++] = lock->list[i].url;
	return count;
}

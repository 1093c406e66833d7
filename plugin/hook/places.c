/* places.c - the log's mirrors, as a session has them. */
#include "places.h"
#include "lockfile.h"
#include "out.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct places {
	const struct bk_io *io;
	struct bk_mirrors *mirrors;
	struct bk_io_stat seen; /* of backup.lock, when it was read last */
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

/* The options that LOCK has. */
struct wish {
	const char *urls[LOCKPLACES_MAX], *held[LOCKPLACES_MAX];
	struct bk_mirrors_options options;
};

static void wish_of(struct wish *wish, const struct lockplaces *lock)
{
	for (unsigned i = 0; i < lock->count; i++) {
		wish->urls[i] = lock->list[i].url;
		wish->held[i] = lock->list[i].log;
	}
	wish->options = (struct bk_mirrors_options){.urls = wish->urls,
		.held = wish->held,
		.count = lock->count,
		.quorum = lock->quorum,
		.outage_ms = lock->outage_waits ? BK_OUTAGE_WAIT : lock->outage_s * 1000,
		.notify = take_news};
}

enum bk_code places_open(struct places **out, const struct bk_io *io, const struct lockplaces *lock,
	struct watch *watch, struct bk_error *err)
{
	struct wish wish;
	struct places *places = calloc(1, sizeof *places);
	enum bk_code code;

	*out = NULL;
	if (!places)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for mirrors");
	places->io = io;
	places->watch = watch;
	wish_of(&wish, lock);
	wish.options.ctx = places;
	code = bk_mirrors_open(&places->mirrors, io, &wish.options, err);
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

/* Whether backup.lock is another file, or has other content, than when it was read last. */
static bool has_changed(struct places *places)
{
	struct bk_io_stat seen = places->seen, now;

	if (places->io->ops->stat_path(places->io->ctx, LOCKFILE_NAME, &now) < 0)
		return false;
	places->seen = now;
	return now.inode != seen.inode || now.changed != seen.changed || now.size != seen.size;
}

static void take_up(struct places *places, const struct lockplaces *lock)
{
	struct bk_error err;
	struct wish wish;

	wish_of(&wish, lock);
	if (bk_mirrors_change(places->mirrors, &wish.options, &err))
		out_log(LEVEL_UNUSUAL,
			"the mirrors stay as they are, and not as backup.lock says: %s", err.msg);
}

void places_look(struct places *places, const char *backend_url)
{
	struct lockfile lock;
	struct bk_error ignored;

	/* One that cannot be read is refused at the next start. */
	if (!places || !has_changed(places) ||
		lockfile_read(&lock, places->io, LOCKFILE_NAME, &ignored))
		return;
	if (strcmp(lock.backend_url, backend_url) == 0)
		take_up(places, &lock.places);
	lockfile_done(&lock);
}

unsigned places_level(const struct places *places, char **level)
{
	struct bk_mirror_status status;
	unsigned count = 0;

	for (unsigned i = 0;
		places && i < LOCKPLACES_MAX && bk_mirrors_status(places->mirrors, i, &status);
		i++) {
		if (status.state == BK_MIRROR_LEVEL)
			level[count] = strdup(status.url);
		count += status.state == BK_MIRROR_LEVEL && level[count];
	}
	return count;
}

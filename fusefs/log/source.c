/* source.c - the log that stands at the path now, and older ones that open files still read. */
#include "source.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* After a look that took so much of a processor there is none, but the follower's own, for so many
 * times that: a log that is made to be looked at for long cannot keep one busy. */
#define LONG_LOOK_US 20000
#define REST_TIMES   4

static enum bk_code source_new(
	struct source **out, struct sources *sources, uint32_t generation, struct bk_error *err)
{
	struct source *source = calloc(1, sizeof *source);
	enum bk_code code;

	if (!source)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory to open %s", sources->path);
	code = bk_log_open(&source->log, sources->io, sources->path, err);
	if (code) {
		free(source);
		return code;
	}
	source->generation = generation;
	source->health = &sources->health;
	source->sources = sources;
	atomic_init(&source->refs, 1);
	*out = source;
	return BK_OK;
}

enum bk_code sources_open(
	struct sources *sources, const struct bk_io *io, const char *path, struct bk_error *err)
{
	enum bk_code code;

	*sources = (struct sources){.io = io, .path = path};
	code = source_new(&sources->current, sources, 0, err);
	if (code)
		return code;
	pthread_mutex_init(&sources->mutex, NULL);
	pthread_mutex_init(&sources->following, NULL);
	health_init(&sources->health);
	return BK_OK;
}

void sources_close(struct sources *sources)
{
	source_put(sources->current);
	health_done(&sources->health);
	pthread_mutex_destroy(&sources->following);
	pthread_mutex_destroy(&sources->mutex);
}

struct source *sources_get(struct sources *sources)
{
	struct source *source;

	pthread_mutex_lock(&sources->mutex);
	source = sources->current;
	atomic_fetch_add(&source->refs, 1);
	pthread_mutex_unlock(&sources->mutex);
	return source;
}

void source_put(struct source *source)
{
	if (!source || atomic_fetch_sub(&source->refs, 1) != 1)
		return;
	bk_log_close(source->log);
	free(source);
}

struct bk_image_options source_options(const struct source *source)
{
	return (struct bk_image_options){.is_cancelled = source->sources->is_cancelled};
}

/* Puts the log that stands at the path now in the place of the current one. */
static enum bk_code replace(struct sources *sources, struct bk_error *err)
{
	struct source *old = sources->current, *source = NULL;
	enum bk_code code = source_new(&source, sources, old->generation + 1, err);

	sources->is_lost = code;
	if (code)
		return code;
	pthread_mutex_lock(&sources->mutex);
	sources->current = source;
	pthread_mutex_unlock(&sources->mutex);
	source_put(old);
	return BK_OK;
}

/* Looks at the log, and replaces the current one if it must be; what was found of one that was away
 * for a while, and is there again as it was, may not be true: it is opened anew, too. */
static enum bk_code look(struct sources *sources, enum bk_log_news *news, struct bk_error *err)
{
	enum bk_code code = bk_log_refresh(sources->current->log, news, err);

	if (!code && sources->is_lost)
		*news = BK_LOG_REPLACED;
	if (!code && *news == BK_LOG_REPLACED)
		code = replace(sources, err);
	return code;
}

static void note_trouble(struct sources *sources, enum bk_log_news news, const char *trouble)
{
	pthread_mutex_lock(&sources->mutex);
	snprintf(sources->trouble, sizeof sources->trouble, "%s",
		trouble ? trouble
		: news == BK_LOG_GONE
			? "the log is away from its path; what was open stays readable"
			: "");
	pthread_mutex_unlock(&sources->mutex);
}

static int64_t clock_us(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

/* With the lock of who follows: a look, whose news are kept for sources_follow. */
static enum bk_code look_and_note(struct sources *sources, struct bk_error *err)
{
	enum bk_log_news found = BK_LOG_SAME;
	int64_t spent = -clock_us(CLOCK_THREAD_CPUTIME_ID);
	enum bk_code code;

	atomic_fetch_add(&sources->looks, 1);
	code = look(sources, &found, err);
	spent += clock_us(CLOCK_THREAD_CPUTIME_ID);
	sources->rest_until =
		spent < LONG_LOOK_US ? 0 : clock_us(CLOCK_MONOTONIC) + REST_TIMES * spent;
	note_trouble(sources, found, code ? err->msg : NULL);
	/* A log that is gone from its path changes nothing in the tree. */
	if (code || found == BK_LOG_GONE || found == BK_LOG_SAME)
		return code;
	atomic_fetch_add(&sources->changes, 1);
	if (found > sources->news)
		sources->news = found;
	return BK_OK;
}

enum bk_code sources_follow(struct sources *sources, enum bk_log_news *news, struct bk_error *err)
{
	enum bk_code code;

	pthread_mutex_lock(&sources->following);
	code = look_and_note(sources, err);
	if (!code) {
		*news = sources->news;
		sources->news = BK_LOG_SAME;
	}
	pthread_mutex_unlock(&sources->following);
	return code;
}

void sources_look(struct sources *sources)
{
	unsigned before = atomic_load(&sources->looks);
	struct bk_error ignored;

	pthread_mutex_lock(&sources->following);
	if (clock_us(CLOCK_MONOTONIC) >= sources->rest_until &&
		atomic_load(&sources->looks) == before)
		(void)!look_and_note(sources, &ignored);
	pthread_mutex_unlock(&sources->following);
}

bool source_stands(struct source *source)
{
	struct sources *sources = source->sources;
	bool stands;

	sources_look(sources);
	pthread_mutex_lock(&sources->following);
	stands = sources->current == source && !sources->is_lost;
	pthread_mutex_unlock(&sources->following);
	return stands;
}

int source_errno(struct source *source, enum trouble_kind kind, uint32_t from, uint32_t to,
	const struct bk_error *err)
{
	struct bk_error passing;

	if ((err->code != BK_E_DAMAGE && err->code != BK_E_SQL) || source_stands(source))
		return health_errno(source->health, kind, from, to, err);
	bk_fail(&passing, BK_E_BUSY, 0, "the log was cut or replaced meanwhile: %s", err->msg);
	return health_errno(source->health, kind, from, to, &passing);
}

void sources_trouble(struct sources *sources, char *out)
{
	pthread_mutex_lock(&sources->mutex);
	memcpy(out, sources->trouble, sizeof sources->trouble);
	pthread_mutex_unlock(&sources->mutex);
}

/* source.c - the log that stands at the path now, and older ones that open files still read. */
#include "source.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
	health_init(&sources->health);
	return BK_OK;
}

void sources_close(struct sources *sources)
{
	source_put(sources->current);
	health_done(&sources->health);
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

/* Puts the log that stands at the path now in the place of the current one. */
static enum bk_code replace(struct sources *sources, struct bk_error *err)
{
	struct source *old = sources->current, *source = NULL;
	enum bk_code code = source_new(&source, sources, old->generation + 1, err);

	if (code)
		return code;
	pthread_mutex_lock(&sources->mutex);
	sources->current = source;
	pthread_mutex_unlock(&sources->mutex);
	source_put(old);
	return BK_OK;
}

enum bk_code sources_follow(struct sources *sources, enum bk_log_news *news, struct bk_error *err)
{
	enum bk_log_news found = BK_LOG_SAME;
	/* Only this thread replaces the current one: it stays while it is looked at. */
	enum bk_code code = bk_log_refresh(sources->current->log, &found, err);

	if (!code && found == BK_LOG_REPLACED)
		code = replace(sources, err);
	pthread_mutex_lock(&sources->mutex);
	snprintf(sources->trouble, sizeof sources->trouble, "%s",
		code ? err->msg
		: found == BK_LOG_GONE
			? "the log is away from its path; what was open stays readable"
			: "");
	pthread_mutex_unlock(&sources->mutex);
	if (!code) /* a log that is gone from its path changes nothing in the tree */
		*news = found == BK_LOG_GONE ? BK_LOG_SAME : found;
	return code;
}

void sources_trouble(struct sources *sources, char *out)
{
	pthread_mutex_lock(&sources->mutex);
	memcpy(out, sources->trouble, sizeof sources->trouble);
	pthread_mutex_unlock(&sources->mutex);
}

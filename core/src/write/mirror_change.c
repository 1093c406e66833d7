/* mirror_change.c - other mirrors while a log is open: new ones, and without some. */
#include "mirrors.h"
#include <string.h>

static bool names(const struct bk_mirrors_options *options, const char *url)
{
	for (unsigned i = 0; i < options->count; i++)
		if (strcmp(options->urls[i], url) == 0)
			return true;
	return false;
}

/* With the mutex held, as those below. */
static bool has(const struct bk_mirrors *mirrors, const char *url)
{
	for (unsigned i = 0; i < mirrors->count; i++)
		if (strcmp(mirrors->list[i]->url, url) == 0)
			return true;
	return false;
}

/* Those that OPTIONS do not name are sent nothing more. What their threads may use stays until all
 * are let go. */
static void drop_others(struct bk_mirrors *mirrors, const struct bk_mirrors_options *options)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < mirrors->count; i++) {
		struct mirror *mirror = mirrors->list[i];

		if (names(options, mirror->url)) {
			mirrors->list[kept++] = mirror;
			continue;
		}
		mirror->is_dropped = true;
		mirror->next = mirrors->gone;
		mirrors->gone = mirror;
	}
	mirrors->count = kept;
}

static enum bk_code add_new(
	struct bk_mirrors *mirrors, const struct bk_mirrors_options *options, struct bk_error *err)
{
	enum bk_code code = BK_OK;

	for (unsigned i = 0; i < options->count && !code; i++) {
		if (!has(mirrors, options->urls[i]))
			code = bk_mirrors_add(mirrors, options->urls[i],
				options->held ? options->held[i] : NULL, err);
	}
	for (unsigned i = 0; i < mirrors->count && !code; i++)
		if (!mirrors->list[i]->is_started)
			code = bk_mirror_start(mirrors->list[i], err);
	return code;
}

static enum bk_code change(
	struct bk_mirrors *mirrors, const struct bk_mirrors_options *options, struct bk_error *err)
{
	if (!mirrors->is_attached || mirrors->is_stopping)
		return bk_fail(err, BK_E_BUSY, 0, "the log is not open for writing");
	drop_others(mirrors, options);
	mirrors->quorum = options->quorum ? options->quorum : 1;
	mirrors->outage_ms = options->outage_ms ? options->outage_ms : BK_OUTAGE_MS;
	return add_new(mirrors, options, err);
}

enum bk_code bk_mirrors_change(
	struct bk_mirrors *mirrors, const struct bk_mirrors_options *options, struct bk_error *err)
{
	enum bk_code code = bk_mirrors_check(options, err);

	if (code)
		return code;
	pthread_mutex_lock(&mirrors->mutex);
	code = change(mirrors, options, err);
	pthread_cond_broadcast(&mirrors->work);
	pthread_cond_broadcast(&mirrors->progress);
	pthread_mutex_unlock(&mirrors->mutex);
	return code;
}

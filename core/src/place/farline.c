/* farline.c - the line to the place of a log that is read from afar. */
#include "farline.h"
#include "place_url.h"
#include <stdlib.h>
#include <string.h>

static void take(struct farline *line, bool alone)
{
	pthread_mutex_lock(&line->mutex);
	line->waiting += alone;
	while (line->is_alone || (alone ? line->users : line->waiting))
		pthread_cond_wait(&line->free, &line->mutex);
	line->waiting -= alone;
	line->is_alone = alone;
	line->users += !alone;
	pthread_mutex_unlock(&line->mutex);
}

static void leave(struct farline *line, bool alone)
{
	pthread_mutex_lock(&line->mutex);
	if (alone)
		line->is_alone = false;
	else
		line->users--;
	pthread_cond_broadcast(&line->free);
	pthread_mutex_unlock(&line->mutex);
}

/* With the line, alone: from here on to bk_farline_ask. */

static void hang_up(struct farline *line)
{
	if (line->place)
		line->place->ops->close(line->place);
	line->place = NULL;
	pthread_mutex_lock(&line->mutex);
	line->asked_us = 0;
	pthread_mutex_unlock(&line->mutex);
}

static void set_log(struct farline *line, const struct place_log *log)
{
	int64_t now_us = line->io->ops->now_us(line->io->ctx);

	pthread_mutex_lock(&line->mutex);
	line->log = *log;
	line->asked_us = now_us;
	line->is_shared = line->place->is_shared;
	pthread_mutex_unlock(&line->mutex);
}

static enum bk_code connect_to(struct farline *line, struct bk_error *err)
{
	enum bk_code code = bk_place_open(&line->place, line->io, line->url, err);

	if (code)
		return code;
	line->place->take = line->take;
	line->place->take_ctx = line->ctx;
	return BK_OK;
}

static enum bk_code ask(struct farline *line, struct bk_error *err)
{
	struct place_head head;
	enum bk_code code = line->place ? BK_OK : connect_to(line, err);

	if (!code)
		code = line->place->ops->head(line->place, &head, err);
	if (!code && !head.now.is_there)
		return bk_fail(err, BK_E_MISSING, 0, "there is no log at %s", line->url);
	if (!code && line->log.is_there && memcmp(head.now.id, line->log.id, LOG_ID_SIZE) != 0)
		return bk_fail(err, BK_E_MISSING, 0, "another log stands at %s", line->url);
	if (!code)
		set_log(line, &head.now);
	return code;
}

static enum bk_code ask_again(struct farline *line, struct bk_error *err)
{
	bool was_there = line->place;
	enum bk_code code = ask(line, err);

	if (code != BK_E_IO)
		return code;
	hang_up(line);
	if (was_there)
		code = ask(line, err);
	if (code == BK_E_IO)
		hang_up(line);
	return code;
}

enum bk_code bk_farline_ask(struct farline *line, bool once_more, struct bk_error *err)
{
	enum bk_code code;

	take(line, true);
	code = once_more ? ask_again(line, err) : ask(line, err);
	leave(line, true);
	return code;
}

/* One after the other, where what was found may have to be found anew. */
static enum bk_code read_each(
	struct farline *line, struct place_part *parts, size_t count, struct bk_error *err)
{
	struct place *place = line->place;
	enum bk_code code = BK_OK;

	for (size_t i = 0; !code && i < count; i++)
		code = place->ops->read(place, line->log.id, parts[i].offset, parts[i].data,
			parts[i].size, &parts[i].got, err);
	return code;
}

static enum bk_code read_alone(
	struct farline *line, struct place_part *parts, size_t count, struct bk_error *err)
{
	enum bk_code code;

	take(line, true);
	code = line->place ? BK_OK : ask(line, err);
	if (!code && line->place->is_shared)
		code = read_each(line, parts, count, err);
	else if (!code)
		code = line->place->ops->parts(line->place, line->log.id, parts, count, err);
	if (code == BK_E_IO)
		hang_up(line);
	leave(line, true);
	return code;
}

/* BK_E_BUSY where that cannot be. */
static enum bk_code read_beside(
	struct farline *line, struct place_part *parts, size_t count, struct bk_error *err)
{
	enum bk_code code = BK_E_BUSY;

	take(line, false);
	if (line->place && line->place->is_shared)
		code = line->place->ops->parts(line->place, line->log.id, parts, count, err);
	leave(line, false);
	return code;
}

enum bk_code bk_farline_read(
	struct farline *line, struct place_part *parts, size_t count, struct bk_error *err)
{
	enum bk_code code = read_beside(line, parts, count, err);

	if (code != BK_E_BUSY)
		return code;
	code = read_alone(line, parts, count, err);
	return code == BK_E_IO ? read_alone(line, parts, count, err) : code;
}

void bk_farline_ask_image(struct farline *line, const uint32_t *version)
{
	struct bk_error ignored;

	take(line, true);
	if (line->place && line->place->ops->image &&
		line->place->ops->image(line->place, line->log.id, version, line->take, line->ctx,
			&ignored) == BK_E_IO)
		hang_up(line);
	leave(line, true);
}

int64_t bk_farline_told(struct farline *line, struct place_log *out, bool *is_shared)
{
	int64_t now_us = line->io->ops->now_us(line->io->ctx), ago_us;

	pthread_mutex_lock(&line->mutex);
	*out = line->log;
	*is_shared = line->is_shared;
	ago_us = line->asked_us ? now_us - line->asked_us : -1;
	pthread_mutex_unlock(&line->mutex);
	return ago_us;
}

enum bk_code bk_farline_init(struct farline *line, const struct bk_io *io, const char *url,
	farline_take *take_unasked, void *ctx, struct bk_error *err)
{
	*line = (struct farline){.io = io, .take = take_unasked, .ctx = ctx, .url = strdup(url)};
	pthread_mutex_init(&line->mutex, NULL);
	pthread_cond_init(&line->free, NULL);
	return line->url ? BK_OK : bk_fail(err, BK_E_NOMEM, 0, "no memory to read %s", url);
}

void bk_farline_done(struct farline *line)
{
	if (line->place)
		line->place->ops->close(line->place);
	pthread_cond_destroy(&line->free);
	pthread_mutex_destroy(&line->mutex);
	free(line->url);
}

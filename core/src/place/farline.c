/* farline.c - the line to the place of a log that is read from afar. */
#include "farline.h"
#include "place_url.h"
#include <string.h>

static void take(struct afar *afar, bool alone)
{
	pthread_mutex_lock(&afar->mutex);
	afar->waiting += alone;
	while (afar->is_alone || (alone ? afar->users : afar->waiting))
		pthread_cond_wait(&afar->moved, &afar->mutex);
	afar->waiting -= alone;
	afar->is_alone = alone;
	afar->users += !alone;
	pthread_mutex_unlock(&afar->mutex);
}

static void leave(struct afar *afar, bool alone)
{
	pthread_mutex_lock(&afar->mutex);
	if (alone)
		afar->is_alone = false;
	else
		afar->users--;
	pthread_cond_broadcast(&afar->moved);
	pthread_mutex_unlock(&afar->mutex);
}

/* With the line, alone: from here on to bk_farline_ask. */

static void hang_up(struct afar *afar)
{
	if (afar->place)
		afar->place->ops->close(afar->place);
	afar->place = NULL;
	pthread_mutex_lock(&afar->mutex);
	afar->asked_us = 0;
	pthread_mutex_unlock(&afar->mutex);
}

static void set_log(struct afar *afar, const struct place_log *log)
{
	int64_t now_us = afar->io->ops->now_us(afar->io->ctx);

	pthread_mutex_lock(&afar->mutex);
	afar->log = *log;
	afar->asked_us = now_us;
	afar->most = afar->place->is_shared ? AFAR_LANES : 1;
	pthread_mutex_unlock(&afar->mutex);
}

/* Takes what comes unasked. What is nothing to us is let go. */
static void take_parts(void *ctx, uint64_t offset, const uint8_t *bytes, size_t size)
{
	struct afar *afar = ctx;

	if (offset % NEARBY_PART)
		return;
	pthread_mutex_lock(&afar->mutex);
	bk_nearby_keep(&afar->nearby, offset, bytes, size);
	pthread_mutex_unlock(&afar->mutex);
}

static enum bk_code connect_to(struct afar *afar, struct bk_error *err)
{
	enum bk_code code = bk_place_open(&afar->place, afar->io, afar->url, err);

	if (code)
		return code;
	afar->place->take = take_parts;
	afar->place->take_ctx = afar;
	return BK_OK;
}

static enum bk_code ask(struct afar *afar, struct bk_error *err)
{
	struct place_head head;
	enum bk_code code = afar->place ? BK_OK : connect_to(afar, err);

	if (!code)
		code = afar->place->ops->head(afar->place, &head, err);
	if (!code && !head.now.is_there)
		return bk_fail(err, BK_E_MISSING, 0, "there is no log at %s", afar->url);
	if (!code && afar->log.is_there && memcmp(head.now.id, afar->log.id, LOG_ID_SIZE) != 0)
		return bk_fail(err, BK_E_MISSING, 0, "another log stands at %s", afar->url);
	if (!code)
		set_log(afar, &head.now);
	return code;
}

static enum bk_code ask_again(struct afar *afar, struct bk_error *err)
{
	bool was_there = afar->place;
	enum bk_code code = ask(afar, err);

	if (code != BK_E_IO)
		return code;
	hang_up(afar);
	if (was_there)
		code = ask(afar, err);
	if (code == BK_E_IO)
		hang_up(afar);
	return code;
}

enum bk_code bk_farline_ask(struct afar *afar, bool once_more, struct bk_error *err)
{
	enum bk_code code;

	take(afar, true);
	code = once_more ? ask_again(afar, err) : ask(afar, err);
	leave(afar, true);
	return code;
}

/* One after the other, where what was found may have to be found anew. */
static enum bk_code read_each(
	struct afar *afar, struct place_part *parts, size_t count, struct bk_error *err)
{
	struct place *place = afar->place;
	enum bk_code code = BK_OK;

	for (size_t i = 0; !code && i < count; i++)
		code = place->ops->read(place, afar->log.id, parts[i].offset, parts[i].data,
			parts[i].size, &parts[i].got, err);
	return code;
}

static enum bk_code read_alone(
	struct afar *afar, struct place_part *parts, size_t count, struct bk_error *err)
{
	enum bk_code code;

	take(afar, true);
	code = afar->place ? BK_OK : ask(afar, err);
	if (!code && afar->place->is_shared)
		code = read_each(afar, parts, count, err);
	else if (!code)
		code = afar->place->ops->parts(afar->place, afar->log.id, parts, count, err);
	if (code == BK_E_IO)
		hang_up(afar);
	leave(afar, true);
	return code;
}

/* BK_E_BUSY where that cannot be. */
static enum bk_code read_beside(
	struct afar *afar, struct place_part *parts, size_t count, struct bk_error *err)
{
	enum bk_code code = BK_E_BUSY;

	take(afar, false);
	if (afar->place && afar->place->is_shared)
		code = afar->place->ops->parts(afar->place, afar->log.id, parts, count, err);
	leave(afar, false);
	return code;
}

enum bk_code bk_farline_read(
	struct afar *afar, struct place_part *parts, size_t count, struct bk_error *err)
{
	enum bk_code code = read_beside(afar, parts, count, err);

	if (code != BK_E_BUSY)
		return code;
	code = read_alone(afar, parts, count, err);
	return code == BK_E_IO ? read_alone(afar, parts, count, err) : code;
}

void bk_farline_ask_foreseen(struct afar *afar)
{
	enum afar_foreseen foreseen;
	uint32_t version;

	take(afar, true);
	pthread_mutex_lock(&afar->mutex);
	foreseen = afar->foreseen;
	version = afar->version;
	afar->foreseen = foreseen == AFAR_NEWEST ? AFAR_NOTHING : AFAR_ASKED;
	pthread_mutex_unlock(&afar->mutex);
	if ((foreseen == AFAR_NEWEST || foreseen == AFAR_VERSION) && afar->place &&
		afar->place->ops->image &&
		afar->place->ops->image(afar->place, afar->log.id,
			foreseen == AFAR_VERSION ? &version : NULL, take_parts, afar,
			&(struct bk_error){.code = BK_OK}) == BK_E_IO)
		hang_up(afar);
	leave(afar, true);
}

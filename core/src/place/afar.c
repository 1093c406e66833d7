/* afar.c - one log on another computer, read through a cache. */
#include "afar.h"
#include "codec.h"
#include "place_url.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void take_line(struct afar *afar)
{
	uint64_t turn;

	pthread_mutex_lock(&afar->mutex);
	turn = afar->line.came++;
	while (afar->line.served != turn)
		pthread_cond_wait(&afar->line.moved, &afar->mutex);
	pthread_mutex_unlock(&afar->mutex);
}

static void leave_line(struct afar *afar)
{
	pthread_mutex_lock(&afar->mutex);
	afar->line.served++;
	pthread_cond_broadcast(&afar->line.moved);
	pthread_mutex_unlock(&afar->mutex);
}

/* With the line, without the mutex: from here on to bk_afar_read. */

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
	pthread_mutex_unlock(&afar->mutex);
}

/* Asks for the log's head; it must be the log that it was. */
static enum bk_code ask(struct afar *afar, struct bk_error *err)
{
	struct place_head head;
	enum bk_code code = BK_OK;

	if (!afar->place)
		code = bk_place_open(&afar->place, afar->io, afar->url, err);
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

/* A line that broke is made anew, once. */
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

static int errno_of(enum bk_code code)
{
	switch (code) {
	case BK_OK:
		return 0;
	case BK_E_MISSING:
		return -ENOENT;
	case BK_E_NOMEM:
		return -ENOMEM;
	default:
		return -EIO;
	}
}

/* Takes what the other side has sent in advance. What is nothing to us is let go. */
static void take_parts(void *ctx, uint64_t offset, const uint8_t *bytes, size_t size)
{
	struct afar *afar = ctx;

	if (offset % NEARBY_PART)
		return;
	pthread_mutex_lock(&afar->mutex);
	bk_nearby_keep_parts(&afar->nearby, offset, bytes, size);
	pthread_mutex_unlock(&afar->mutex);
}

/* Asks for all of what was foreseen, if that is still to be done. If it fails, it comes as it is
 * read. */
static void ask_foreseen(struct afar *afar)
{
	enum afar_foreseen foreseen;
	uint32_t version;

	pthread_mutex_lock(&afar->mutex);
	foreseen = afar->foreseen;
	version = afar->version;
	afar->foreseen = foreseen == AFAR_NEWEST ? AFAR_NOTHING : AFAR_ASKED;
	pthread_mutex_unlock(&afar->mutex);
	if (afar->place && afar->place->ops->image &&
		afar->place->ops->image(afar->place, afar->log.id,
			foreseen == AFAR_VERSION ? &version : NULL, take_parts, afar,
			&(struct bk_error){.code = BK_OK}) == BK_E_IO)
		hang_up(afar);
}

/* Keeps the SIZE bytes of RUN, from the block NUMBER on. */
static enum bk_code keep(struct afar *afar, uint64_t number, size_t size, struct bk_error *err)
{
	bool is_kept = true;

	pthread_mutex_lock(&afar->mutex);
	for (size_t at = 0; is_kept && at < size; at += NEARBY_BLOCK)
		is_kept = bk_nearby_keep(&afar->nearby, number + at / NEARBY_BLOCK, afar->run + at,
			size - at < NEARBY_BLOCK ? size - at : NEARBY_BLOCK);
	pthread_mutex_unlock(&afar->mutex);
	return is_kept ? BK_OK : bk_fail(err, BK_E_NOMEM, 0, "no memory to read %s", afar->url);
}

/* Reads COUNT blocks from NUMBER on, or as many as there are, into the cache. */
static enum bk_code fetch(struct afar *afar, uint64_t number, unsigned count, struct bk_error *err)
{
	size_t got = 0;
	enum bk_code code = BK_OK;

	if (!afar->place)
		code = ask(afar, err);
	if (!code)
		code = afar->place->ops->read(afar->place, afar->log.id, number * NEARBY_BLOCK,
			afar->run, count * NEARBY_BLOCK, &got, err);
	if (!code)
		code = keep(afar, number, got, err);
	if (code == BK_E_IO)
		hang_up(afar);
	return code;
}

/* Brings the block into the cache. Who reads on gets more at once, and who jumps does not. */
static enum bk_code bring(struct afar *afar, uint64_t number, struct bk_error *err)
{
	enum bk_code code;

	if (number != afar->next)
		afar->ahead = 1;
	else if (afar->ahead < AFAR_AHEAD)
		afar->ahead *= 2;
	afar->next = number + afar->ahead;
	code = fetch(afar, number, afar->ahead, err);
	return code == BK_E_IO ? fetch(afar, number, afar->ahead, err) : code;
}

/* What a read wants, and what it has got of it so far. */
struct wish {
	void *data;
	size_t size;
	uint64_t offset;
	size_t got;
};

enum answer {
	ANSWERED,     /* all that there is at the wish's offset now */
	FORESEEN_DUE, /* the other side is to be asked for what was foreseen */
	MISSED,
};

/* Gives WISH what is here. */
static enum answer look(struct afar *afar, struct wish *wish)
{
	enum answer answer = ANSWERED;

	pthread_mutex_lock(&afar->mutex);
	wish->got = bk_nearby_give(&afar->nearby, wish->offset, wish->data, wish->size);
	if (!wish->got && wish->offset < afar->log.end)
		answer = afar->foreseen == AFAR_NEWEST || afar->foreseen == AFAR_VERSION
				 ? FORESEEN_DUE
				 : MISSED;
	pthread_mutex_unlock(&afar->mutex);
	return answer;
}

/* Another may have brought it while this one waited for the line. */
static enum bk_code look_afar(struct afar *afar, struct wish *wish, struct bk_error *err)
{
	enum answer answer = look(afar, wish);
	enum bk_code code = BK_OK;

	if (answer == FORESEEN_DUE) {
		ask_foreseen(afar);
		answer = look(afar, wish);
	}
	if (answer != ANSWERED)
		code = bring(afar, wish->offset / NEARBY_BLOCK, err);
	if (answer != ANSWERED && !code)
		look(afar, wish);
	return code;
}

int64_t bk_afar_read(struct afar *afar, void *data, size_t size, uint64_t offset)
{
	struct wish wish = {.data = data, .size = size, .offset = offset};
	struct bk_error err;
	enum bk_code code;

	if (look(afar, &wish) == ANSWERED)
		return (int64_t)wish.got;
	take_line(afar);
	code = look_afar(afar, &wish, &err);
	leave_line(afar);
	return code ? errno_of(code) : (int64_t)wish.got;
}

void bk_afar_foresee(struct afar *afar, uint32_t version)
{
	pthread_mutex_lock(&afar->mutex);
	if (afar->foreseen != AFAR_ASKED || afar->version != version)
		afar->foreseen = AFAR_VERSION;
	afar->version = version;
	pthread_mutex_unlock(&afar->mutex);
}

/* Whether it is only just known how long the log is; then *OUT tells of it. */
static bool is_fresh(struct afar *afar, struct bk_io_stat *out)
{
	int64_t now_us = afar->io->ops->now_us(afar->io->ctx), ago_us;

	pthread_mutex_lock(&afar->mutex);
	*out = (struct bk_io_stat){.size = afar->log.end,
		.device = 1,
		.inode = bk_load_u64(afar->log.id),
		.mode = 0600};
	ago_us = afar->asked_us ? now_us - afar->asked_us : -1;
	pthread_mutex_unlock(&afar->mutex);
	return ago_us >= 0 && ago_us < AFAR_FRESH_US;
}

int bk_afar_stat(struct afar *afar, struct bk_io_stat *out)
{
	struct bk_error err;
	struct bk_io_stat told;
	enum bk_code code = BK_OK;

	if (!is_fresh(afar, &told)) {
		take_line(afar);
		if (!is_fresh(afar, &told))
			code = ask_again(afar, &err);
		leave_line(afar);
		is_fresh(afar, &told);
	}
	if (!code)
		*out = told;
	return errno_of(code);
}

enum bk_code bk_afar_open(
	struct afar **out, const struct bk_io *io, const char *url, struct bk_error *err)
{
	struct afar *afar = calloc(1, sizeof *afar);
	enum bk_code code = BK_OK;

	if (!afar)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory to read %s", url);
	pthread_mutex_init(&afar->mutex, NULL);
	pthread_cond_init(&afar->line.moved, NULL);
	afar->io = io;
	afar->ahead = 1;
	afar->next = UINT64_MAX;
	afar->foreseen = AFAR_NEWEST;
	afar->url = strdup(url);
	afar->run = malloc(AFAR_AHEAD * NEARBY_BLOCK);
	if (!afar->url || !afar->run)
		code = bk_fail(err, BK_E_NOMEM, 0, "no memory to read %s", url);
	if (!code)
		code = ask(afar, err);
	if (code)
		bk_afar_close(afar);
	else
		*out = afar;
	return code;
}

void bk_afar_close(struct afar *afar)
{
	hang_up(afar);
	bk_nearby_done(&afar->nearby);
	pthread_cond_destroy(&afar->line.moved);
	pthread_mutex_destroy(&afar->mutex);
	free(afar->url);
	free(afar->run);
	free(afar);
}

/* afar.c - one log on another computer, read through a cache. */
#include "afar.h"
#include "codec.h"
#include "place_url.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* With the mutex held, as all that is static here. */

static void hang_up(struct afar *afar)
{
	if (afar->place)
		afar->place->ops->close(afar->place);
	afar->place = NULL;
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
		afar->log = head.now;
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

static struct afar_block *slot_of(struct afar *afar, uint64_t number)
{
	return &afar->blocks[number % AFAR_BLOCKS];
}

/* The block, if it is in the cache as far as the log goes. */
static struct afar_block *cached(struct afar *afar, uint64_t number)
{
	struct afar_block *block = slot_of(afar, number);
	uint64_t start = number * AFAR_BLOCK;

	if (!block->size || block->number != number)
		return NULL;
	return block->size == AFAR_BLOCK || start + block->size >= afar->log.end ? block : NULL;
}

static enum bk_code keep(
	struct afar *afar, uint64_t number, const uint8_t *bytes, size_t size, struct bk_error *err)
{
	struct afar_block *block = slot_of(afar, number);

	if (!block->bytes)
		block->bytes = malloc(AFAR_BLOCK);
	if (!block->bytes)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory to read %s", afar->url);
	memcpy(block->bytes, bytes, size);
	block->number = number;
	block->size = (uint32_t)size;
	return BK_OK;
}

/* Reads COUNT blocks from NUMBER on, or as many as there are, into the cache. */
static enum bk_code fetch(struct afar *afar, uint64_t number, unsigned count, struct bk_error *err)
{
	size_t got = 0;
	enum bk_code code = BK_OK;

	if (!afar->place)
		code = ask(afar, err);
	if (!code)
		code = afar->place->ops->read(afar->place, afar->log.id, number * AFAR_BLOCK,
			afar->run, count * AFAR_BLOCK, &got, err);
	for (size_t at = 0; !code && at < got; at += AFAR_BLOCK)
		code = keep(afar, number + at / AFAR_BLOCK, afar->run + at,
			got - at < AFAR_BLOCK ? got - at : AFAR_BLOCK, err);
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

int64_t bk_afar_read(struct afar *afar, void *data, size_t size, uint64_t offset)
{
	uint64_t number = offset / AFAR_BLOCK;
	size_t from = (size_t)(offset % AFAR_BLOCK);
	struct afar_block *block;
	struct bk_error err;
	enum bk_code code = BK_OK;
	int64_t n = 0;

	pthread_mutex_lock(&afar->mutex);
	block = cached(afar, number);
	if (!block && offset < afar->log.end) {
		code = bring(afar, number, &err);
		block = code ? NULL : cached(afar, number);
	}
	if (block && from < block->size) {
		n = (int64_t)(block->size - from < size ? block->size - from : size);
		memcpy(data, block->bytes + from, (size_t)n);
	}
	pthread_mutex_unlock(&afar->mutex);
	return code ? errno_of(code) : n;
}

int bk_afar_stat(struct afar *afar, struct bk_io_stat *out)
{
	struct bk_error err;
	enum bk_code code;

	pthread_mutex_lock(&afar->mutex);
	code = ask_again(afar, &err);
	if (!code)
		*out = (struct bk_io_stat){.size = afar->log.end,
			.device = 1,
			.inode = bk_load_u64(afar->log.id),
			.mode = 0600};
	pthread_mutex_unlock(&afar->mutex);
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
	afar->io = io;
	afar->ahead = 1;
	afar->next = UINT64_MAX;
	afar->url = strdup(url);
	afar->run = malloc(AFAR_AHEAD * AFAR_BLOCK);
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
	for (size_t i = 0; i < AFAR_BLOCKS; i++)
		free(afar->blocks[i].bytes);
	pthread_mutex_destroy(&afar->mutex);
	free(afar->url);
	free(afar->run);
	free(afar);
}

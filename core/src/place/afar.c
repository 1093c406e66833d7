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
	if (code)
		return code;
	afar->log = head.now;
	afar->asked_us = afar->io->ops->now_us(afar->io->ctx);
	return BK_OK;
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

/* The slot of the block, or that which is to be its; *IS_THERE tells. */
static struct afar_block *slot_of(struct afar *afar, uint64_t number, bool *is_there)
{
	struct afar_block *ways = &afar->blocks[number % (AFAR_BLOCKS / AFAR_WAYS) * AFAR_WAYS];
	struct afar_block *oldest = ways;

	for (struct afar_block *way = ways; way < ways + AFAR_WAYS; way++) {
		*is_there = way->used && way->number == number;
		if (*is_there)
			return way;
		if (way->used < oldest->used)
			oldest = way;
	}
	return oldest;
}

/* How many bytes of the block are there from FROM on. */
static size_t there(const struct afar_block *block, size_t from)
{
	size_t end = from < block->size ? block->size : from;

	while (end < AFAR_BLOCK && block->parts >> end / AFAR_PART & 1)
		end = (end / AFAR_PART + 1) * AFAR_PART;
	if (end < block->cut && end / AFAR_PART == block->cut / AFAR_PART)
		end = block->cut;
	return end - from;
}

/* The slot of the block, emptied if another's was in it; NULL without memory. */
static struct afar_block *take_slot(struct afar *afar, uint64_t number)
{
	bool is_there;
	struct afar_block *block = slot_of(afar, number, &is_there);

	if (!block->bytes)
		block->bytes = malloc(AFAR_BLOCK);
	if (!block->bytes)
		return NULL;
	if (!is_there)
		*block = (struct afar_block){.number = number, .bytes = block->bytes};
	block->used = ++afar->count;
	return block;
}

/* Keeps SIZE bytes from the beginning of the block. */
static enum bk_code keep(
	struct afar *afar, uint64_t number, const uint8_t *bytes, size_t size, struct bk_error *err)
{
	struct afar_block *block = take_slot(afar, number);

	if (!block)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory to read %s", afar->url);
	memcpy(block->bytes, bytes, size);
	if (size > block->size)
		block->size = (uint32_t)size;
	return BK_OK;
}

/* Keeps SIZE bytes at FROM, where a part begins, within one block. */
static void keep_parts(struct afar_block *block, size_t from, const uint8_t *bytes, size_t size)
{
	memcpy(block->bytes + from, bytes, size);
	for (; size >= AFAR_PART; from += AFAR_PART, size -= AFAR_PART)
		block->parts |= (uint64_t)1 << from / AFAR_PART;
	if (size)
		block->cut = (uint32_t)(from + size);
}

/* Takes what the other side has sent in advance. What is nothing to us is let go. */
static void take_parts(void *ctx, uint64_t offset, const uint8_t *bytes, size_t size)
{
	struct afar *afar = ctx;

	if (offset % AFAR_PART)
		return;
	while (size) {
		size_t from = (size_t)(offset % AFAR_BLOCK);
		size_t part = AFAR_BLOCK - from < size ? AFAR_BLOCK - from : size;
		struct afar_block *block = take_slot(afar, offset / AFAR_BLOCK);

		if (!block)
			return;
		keep_parts(block, from, bytes, part);
		offset += part;
		bytes += part;
		size -= part;
	}
}

/* Asks for all of what was foreseen. If that fails, it comes as it is read. */
static void ask_foreseen(struct afar *afar)
{
	const uint32_t *version = afar->foreseen == AFAR_VERSION ? &afar->version : NULL;
	struct bk_error err;

	afar->foreseen = version ? AFAR_ASKED : AFAR_NOTHING;
	if (afar->place && afar->place->ops->image &&
		afar->place->ops->image(
			afar->place, afar->log.id, version, take_parts, afar, &err) == BK_E_IO)
		hang_up(afar);
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

/* What is in the cache at OFFSET, *SIZE bytes of it; NULL if nothing is. */
static const uint8_t *cached(struct afar *afar, uint64_t offset, size_t *size)
{
	size_t from = (size_t)(offset % AFAR_BLOCK);
	bool is_there;
	struct afar_block *block = slot_of(afar, offset / AFAR_BLOCK, &is_there);

	*size = is_there ? there(block, from) : 0;
	if (!*size)
		return NULL;
	block->used = ++afar->count;
	return block->bytes + from;
}

static bool is_due(const struct afar *afar)
{
	return afar->foreseen == AFAR_NEWEST || afar->foreseen == AFAR_VERSION;
}

int64_t bk_afar_read(struct afar *afar, void *data, size_t size, uint64_t offset)
{
	const uint8_t *bytes;
	struct bk_error err;
	enum bk_code code = BK_OK;
	size_t n;

	pthread_mutex_lock(&afar->mutex);
	bytes = cached(afar, offset, &n);
	if (!bytes && offset < afar->log.end && is_due(afar)) {
		ask_foreseen(afar);
		bytes = cached(afar, offset, &n);
	}
	if (!bytes && offset < afar->log.end) {
		code = bring(afar, offset / AFAR_BLOCK, &err);
		bytes = code ? NULL : cached(afar, offset, &n);
	}
	n = n < size ? n : size;
	if (bytes)
		memcpy(data, bytes, n);
	pthread_mutex_unlock(&afar->mutex);
	return code ? errno_of(code) : bytes ? (int64_t)n : 0;
}

void bk_afar_foresee(struct afar *afar, uint32_t version)
{
	pthread_mutex_lock(&afar->mutex);
	if (afar->foreseen != AFAR_ASKED || afar->version != version)
		afar->foreseen = AFAR_VERSION;
	afar->version = version;
	pthread_mutex_unlock(&afar->mutex);
}

/* Whether it is only just known how long the log is. */
static bool is_fresh(const struct afar *afar)
{
	int64_t ago_us = afar->io->ops->now_us(afar->io->ctx) - afar->asked_us;

	return afar->place && ago_us >= 0 && ago_us < AFAR_FRESH_US;
}

int bk_afar_stat(struct afar *afar, struct bk_io_stat *out)
{
	struct bk_error err;
	enum bk_code code = BK_OK;

	pthread_mutex_lock(&afar->mutex);
	if (!is_fresh(afar))
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
	afar->foreseen = AFAR_NEWEST;
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

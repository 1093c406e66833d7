/* afar.c - one log on another computer, read through a cache. */
#include "afar.h"
#include "codec.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Blocks foreseen for who reads on, where one lane gets them, and where many do. */
#define AHEAD_ONE  16u
#define AHEAD_MANY 192u

/* Where what will be read is said in advance, too, a few blocks are no reading on. */
#define FEW 4

/* Ranges so near to each other are got as one. */
#define GAP ((uint64_t)48 << 10)

/* Parts that one exchange has, at most. */
#define HAUL_PARTS 32

/* How often one who waits has it tried. */
#define TRIES 3

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

/* What a lane does, without the mutex. */

/* A farline_take. What is nothing to us is let go. */
static void take_unasked(void *ctx, uint64_t offset, const uint8_t *bytes, size_t size)
{
	struct afar *afar = ctx;

	if (offset % NEARBY_PART)
		return;
	pthread_mutex_lock(&afar->mutex);
	bk_nearby_keep(&afar->nearby, offset, bytes, size);
	pthread_mutex_unlock(&afar->mutex);
}

/* What one lane gets at once. */
struct haul {
	struct part *parts[HAUL_PARTS]; /* that are coming */
	struct place_part wanted[HAUL_PARTS];
	size_t count;
	uint8_t *bytes; /* AFAR_PART of them; owned */
};

static enum bk_code get(struct afar *afar, struct haul *haul)
{
	struct bk_error ignored;
	enum bk_code code = bk_farline_read(&afar->line, haul->wanted, haul->count, &ignored);

	pthread_mutex_lock(&afar->mutex);
	for (size_t i = 0; !code && i < haul->count; i++)
		bk_nearby_keep(&afar->nearby, haul->wanted[i].offset, haul->wanted[i].data,
			haul->wanted[i].got);
	pthread_mutex_unlock(&afar->mutex);
	return code;
}

/* From here on with the mutex. */

/* Takes what is to be got next: one part, where there are other lanes for the others; or as many as
 * one exchange may have. False if nothing is. */
static bool load(struct afar *afar, struct haul *haul)
{
	size_t most = afar->most > 1 ? 1 : HAUL_PARTS, size = 0;
	struct part *part;

	haul->count = 0;
	while (haul->count < most &&
		(part = bk_parts_take(&afar->parts, haul->count ? AFAR_PART - size : AFAR_PART))) {
		haul->parts[haul->count] = part;
		haul->wanted[haul->count++] = (struct place_part){
			.offset = part->offset, .data = haul->bytes + size, .size = part->size};
		size += part->size;
	}
	return haul->count;
}

static bool is_foreseen_due(const struct afar *afar)
{
	return afar->foreseen == AFAR_NEWEST || afar->foreseen == AFAR_VERSION;
}

/* Asks for all of what was foreseen. */
static void ask_image(struct afar *afar)
{
	enum afar_foreseen foreseen = afar->foreseen;
	uint32_t version = afar->version;

	afar->foreseen = foreseen == AFAR_NEWEST ? AFAR_NOTHING : AFAR_ASKED;
	pthread_mutex_unlock(&afar->mutex);
	bk_farline_ask_image(&afar->line, foreseen == AFAR_VERSION ? &version : NULL);
	pthread_mutex_lock(&afar->mutex);
}

/* Leaves out of HAUL what is here by now. */
static void lighten(struct afar *afar, struct haul *haul)
{
	size_t count = 0;

	for (size_t i = 0; i < haul->count; i++) {
		if (bk_nearby_has(&afar->nearby, haul->parts[i]->at)) {
			bk_parts_drop(&afar->parts, haul->parts[i]);
			continue;
		}
		haul->parts[count] = haul->parts[i];
		haul->wanted[count++] = haul->wanted[i];
	}
	haul->count = count;
}

static void bring(struct afar *afar, struct haul *haul)
{
	enum bk_code code;

	if (is_foreseen_due(afar)) {
		ask_image(afar);
		lighten(afar, haul);
	}
	pthread_mutex_unlock(&afar->mutex);
	code = haul->count ? get(afar, haul) : BK_OK;
	pthread_mutex_lock(&afar->mutex);
	if (code)
		afar->failure = code;
	for (size_t i = 0; i < haul->count; i++)
		bk_parts_drop(&afar->parts, haul->parts[i]);
	pthread_cond_broadcast(&afar->moved);
}

static void *run_lane(void *arg)
{
	struct afar *afar = arg;
	struct haul haul = {.bytes = malloc(AFAR_PART)};

	pthread_mutex_lock(&afar->mutex);
	while (haul.bytes && !afar->is_ending) {
		if (load(afar, &haul)) {
			bring(afar, &haul);
			continue;
		}
		afar->idle++;
		pthread_cond_wait(&afar->work, &afar->mutex);
		afar->idle--;
	}
	pthread_mutex_unlock(&afar->mutex);
	free(haul.bytes);
	return NULL;
}

/* Something is wanted. Lanes are started as they are needed. */
static void wake(struct afar *afar)
{
	size_t wanted = afar->parts.wanted;

	for (size_t i = afar->idle; i < wanted && afar->started < afar->most; i++)
		if (pthread_create(&afar->lanes[afar->started], NULL, run_lane, afar) == 0)
			afar->started++;
	for (size_t i = 0; i < wanted && i < afar->idle; i++)
		pthread_cond_signal(&afar->work);
}

/* How many bytes from AT on need not be asked for: they are here, or under way. */
static uint64_t known(struct afar *afar, uint64_t at)
{
	const struct part *part = bk_parts_find(&afar->parts, at);

	return part ? part->offset + part->size - at : bk_nearby_has(&afar->nearby, at);
}

/* Where the bytes end that stand from FROM on, up to UPTO at most, and are to be got as one. */
static uint64_t unknown_end(struct afar *afar, uint64_t from, uint64_t upto)
{
	uint64_t end = from + NEARBY_PART;

	/* Parts of one size would come all at the same moment, and the line stand still. */
	if (upto - from > AFAR_PART)
		upto = from + AFAR_PART / 4 * (1 + afar->parts.turns % 4);
	upto = bk_parts_next(&afar->parts, from, upto);
	while (end < upto && !bk_nearby_has(&afar->nearby, end))
		end += NEARBY_PART;
	return end < upto ? end : upto;
}

/* Adds to what is foreseen the bytes from FROM up to UPTO that are neither here nor under way. */
static void foresee(struct afar *afar, uint64_t from, uint64_t upto)
{
	const uint64_t part = NEARBY_PART;

	from = from / part * part;
	upto = upto < afar->end ? (upto + part - 1) / part * part : afar->end;
	if (upto > afar->end)
		upto = afar->end;
	while (from < upto) {
		uint64_t here = known(afar, from), end;

		if (here) {
			from = (from + here + part - 1) / part * part;
			continue;
		}
		end = unknown_end(afar, from, upto);
		if (!bk_parts_foresee(&afar->parts, from, (size_t)(end - from)))
			return;
		from = end;
	}
}

void bk_afar_want(struct afar *afar, const struct bk_io_range *ranges, size_t count)
{
	pthread_mutex_lock(&afar->mutex);
	for (size_t i = 0; i < count;) {
		uint64_t from = ranges[i].offset, upto = from + ranges[i].size;

		while (++i < count && ranges[i].offset >= from && ranges[i].offset <= upto + GAP)
			if (ranges[i].offset + ranges[i].size > upto)
				upto = ranges[i].offset + ranges[i].size;
		foresee(afar, from, upto);
	}
	wake(afar);
	pthread_mutex_unlock(&afar->mutex);
}

/* Block NUMBER is read: foresees what follows, for who reads on. */
static void follow(struct afar *afar, uint64_t number, bool missed)
{
	bool is_shared = afar->most > 1;
	uint64_t from, upto;

	if (!bk_readers_move(&afar->readers, number, missed, is_shared ? AHEAD_MANY : AHEAD_ONE,
		    is_shared ? FEW : 1, &from, &upto))
		return;
	foresee(afar, from * NEARBY_BLOCK, upto * NEARBY_BLOCK);
	wake(afar);
}

/* The part that has the byte at OFFSET is waited for; false where that cannot be had. */
static bool need(struct afar *afar, uint64_t offset)
{
	struct part *part = bk_parts_find(&afar->parts, offset);
	uint64_t from = offset & ~(uint64_t)(NEARBY_BLOCK - 1);
	size_t size = afar->end - from < NEARBY_BLOCK ? (size_t)(afar->end - from) : NEARBY_BLOCK;

	if (!part)
		part = bk_parts_need(&afar->parts, from, size);
	if (!part)
		return false;
	bk_parts_hurry(&afar->parts, part, offset);
	wake(afar);
	return afar->started;
}

/* Waits until what stands at OFFSET was brought; fails where it was tried, and did not come. */
static enum bk_code wait_for(struct afar *afar, uint64_t offset, unsigned *misses)
{
	const struct part *part = bk_parts_find(&afar->parts, offset);

	if (!part && (*misses)++ == TRIES)
		return afar->failure ? afar->failure : BK_E_IO;
	if (!need(afar, offset))
		return BK_E_NOMEM;
	pthread_cond_wait(&afar->moved, &afar->mutex);
	return BK_OK;
}

int64_t bk_afar_read(struct afar *afar, void *data, size_t size, uint64_t offset)
{
	enum bk_code code = BK_OK;
	unsigned misses = 0;
	size_t got = 0;

	pthread_mutex_lock(&afar->mutex);
	while (!code && offset < afar->end &&
		!(got = bk_nearby_give(&afar->nearby, offset, data, size)))
		code = wait_for(afar, offset, &misses);
	if (got)
		follow(afar, offset / NEARBY_BLOCK, misses);
	pthread_mutex_unlock(&afar->mutex);
	return code ? errno_of(code) : (int64_t)got;
}

bool bk_afar_foresee(struct afar *afar, uint32_t version)
{
	bool comes;

	pthread_mutex_lock(&afar->mutex);
	if (afar->foreseen != AFAR_ASKED || afar->version != version)
		afar->foreseen = AFAR_VERSION;
	afar->version = version;
	comes = afar->most == 1;
	pthread_mutex_unlock(&afar->mutex);
	return comes;
}

/* Whether it is only just known how long the log is; then *OUT tells of it. */
static bool is_fresh(struct afar *afar, struct bk_io_stat *out)
{
	struct place_log log;
	bool is_shared;
	int64_t ago_us = bk_farline_told(&afar->line, &log, &is_shared);

	pthread_mutex_lock(&afar->mutex);
	afar->end = log.end;
	afar->most = is_shared ? AFAR_LANES : 1;
	pthread_mutex_unlock(&afar->mutex);
	*out = (struct bk_io_stat){
		.size = log.end, .device = 1, .inode = bk_load_u64(log.id), .mode = 0600};
	return ago_us >= 0 && ago_us < (is_shared ? AFAR_FRESH_STORE_US : AFAR_FRESH_US);
}

int bk_afar_stat(struct afar *afar, struct bk_io_stat *out)
{
	struct bk_error err;
	struct bk_io_stat told;
	enum bk_code code = BK_OK;

	if (!is_fresh(afar, &told)) {
		code = bk_farline_ask(&afar->line, true, &err);
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
	struct bk_io_stat ignored;
	enum bk_code code;

	if (!afar)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory to read %s", url);
	pthread_mutex_init(&afar->mutex, NULL);
	pthread_cond_init(&afar->work, NULL);
	pthread_cond_init(&afar->moved, NULL);
	afar->foreseen = AFAR_NEWEST;
	code = bk_farline_init(&afar->line, io, url, take_unasked, afar, err);
	if (!code)
		code = bk_farline_ask(&afar->line, false, err);
	if (code) {
		bk_afar_close(afar);
		return code;
	}
	is_fresh(afar, &ignored);
	*out = afar;
	return BK_OK;
}

void bk_afar_close(struct afar *afar)
{
	pthread_mutex_lock(&afar->mutex);
	afar->is_ending = true;
	pthread_cond_broadcast(&afar->work);
	pthread_mutex_unlock(&afar->mutex);
	for (unsigned i = 0; i < afar->started; i++)
		pthread_join(afar->lanes[i], NULL);
	bk_farline_done(&afar->line);
	bk_nearby_done(&afar->nearby);
	pthread_cond_destroy(&afar->moved);
	pthread_cond_destroy(&afar->work);
	pthread_mutex_destroy(&afar->mutex);
	free(afar);
}

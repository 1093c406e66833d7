/* mirror_ask.c - where the mirrors stand before a log is written to: what one has behind the log's
 * end, which a power cut took from it, is taken over. */
#include "chain.h"
#include "codec.h"
#include "facts.h"
#include "mirrors.h"
#include "place_url.h"
#include <stdlib.h>
#include <string.h>

/* lightningd waits with us. */
#define ASK_WAIT_MS 10000

#define PIECE ((size_t)256 << 10)

/* Starts the threads, which ask first. */
static enum bk_code start(struct bk_mirrors *mirrors, struct bk_error *err)
{
	enum bk_code code = BK_OK;

	pthread_mutex_lock(&mirrors->mutex);
	for (unsigned i = 0; i < mirrors->count && !code; i++) {
		struct mirror *mirror = mirrors->list[i];

		if (!mirror->is_started)
			code = bk_mirror_start(mirror, err);
	}
	pthread_mutex_unlock(&mirrors->mutex);
	return code;
}

static bool are_asked(const struct bk_mirrors *mirrors)
{
	for (unsigned i = 0; i < mirrors->count; i++)
		if (!mirrors->list[i]->is_asked)
			return false;
	return true;
}

static bool has_log(const struct bk_mirrors *mirrors, const struct mirror *mirror)
{
	const struct place_log *now = &mirror->head.now;

	return now->is_there && memcmp(now->id, mirrors->log.id, LOG_ID_SIZE) == 0;
}

/* Waits for the answers; the mirror that has most of the log, if that is more than END, or NULL. */
static struct mirror *wait_for_answers(struct bk_mirrors *mirrors, uint64_t end)
{
	struct timespec until = bk_mirrors_until(ASK_WAIT_MS);
	struct mirror *longest = NULL;

	pthread_mutex_lock(&mirrors->mutex);
	while (!are_asked(mirrors) &&
		pthread_cond_timedwait(&mirrors->progress, &mirrors->mutex, &until) == 0)
		;
	for (unsigned i = 0; i < mirrors->count; i++) {
		struct mirror *mirror = mirrors->list[i];

		if (!has_log(mirrors, mirror) || mirror->head.now.end <= end)
			continue;
		end = mirror->head.now.end;
		longest = mirror;
	}
	pthread_mutex_unlock(&mirrors->mutex);
	return longest;
}

/* Reads what PLACE has behind the chain's end, piece by piece, and appends it to FILE. */
static enum bk_code copy_tail(struct bk_mirrors *mirrors, struct place *place, struct chain *chain,
	const struct file *file, uint8_t *piece, struct bk_error *err)
{
	const char *wrong = NULL;
	enum bk_code code = BK_OK;
	size_t got = 1;

	while (!code && got && !wrong) {
		code = place->ops->read(
			place, mirrors->log.id, chain->fed, piece, PIECE, &got, err);
		if (!code && got) {
			uint64_t at = chain->fed;

			wrong = bk_chain_feed(chain, piece, got);
			if (!wrong)
				code = bk_file_write(file, piece, got, at, err);
		}
	}
	if (wrong)
		code = bk_fail(err, BK_E_UNSAFE, 0, "at offset %llu %s",
			(unsigned long long)chain->end, wrong);
	return code;
}

/* Takes all that PLACE has behind the chain's end, durably, or nothing of it. */
static enum bk_code take_tail(struct bk_mirrors *mirrors, struct place *place, struct chain *chain,
	const struct file *file, uint8_t *piece, struct bk_error *err)
{
	uint64_t end = chain->end;
	struct bk_error ignored;
	enum bk_code code = bk_file_truncate(file, end, err);

	if (code)
		return code;
	code = copy_tail(mirrors, place, chain, file, piece, err);
	if (!code)
		code = bk_file_sync(file, err);
	if (code)
		(void)!bk_file_truncate(file, end, &ignored);
	return code;
}

/* Takes over what the place at URL has behind END. Nothing counts that is not whole when the log is
 * looked at anew: a torn tail is cut as any. */
static enum bk_code take_over(struct bk_mirrors *mirrors, const char *url, const struct logfile *lf,
	uint64_t end, uint64_t sum, struct bk_error *err)
{
	struct place *place = NULL;
	struct chain chain = {0};
	uint8_t *piece = malloc(PIECE);
	enum bk_code code = piece ? bk_chain_new(&chain, err)
				  : bk_fail(err, BK_E_NOMEM, 0, "no memory to read %s", url);

	if (!code)
		code = bk_place_open(&place, mirrors->io, url, err);
	if (!code) {
		bk_chain_start(&chain, lf->header.seed, end, sum);
		code = take_tail(mirrors, place, &chain, &lf->file, piece, err);
	}
	if (place)
		place->ops->close(place);
	bk_chain_free(&chain);
	free(piece);
	if (!code)
		bk_mirrors_tell(mirrors, BK_MIRRORS_TOLD,
			"took over %llu bytes that the mirror %s had, and the log had lost",
			(unsigned long long)(chain.end - end), url);
	return code;
}

/* What a mirror has behind the log's end could not be taken over. Without a quorum the log goes on,
 * and the mirror will say that it parted. */
static enum bk_code parted(struct bk_mirrors *mirrors, const struct mirror *mirror,
	const struct bk_error *because, struct bk_error *err)
{
	char word[MIRROR_WORD];

	if (mirrors->quorum < 2)
		return BK_OK;
	if (because->code != BK_E_UNSAFE)
		return bk_fail_as(err, because);
	return bk_fail(err, BK_E_UNSAFE, 0,
		"the mirror %s went on with another history than this log (%s): the other one may "
		"be the newer. If this log is the right one: backup-cli mirror reset %s",
		mirror->url, because->msg, bk_mirror_word(mirror, word));
}

/* Whether there is a change of a session behind END in LF that begins there, too. */
static bool has_others(const struct logfile *lf, uint64_t end)
{
	struct bk_error ignored;
	struct frame frame;
	struct walk walk;
	bool is_begun = false, has = false;

	bk_walk_init(&walk, lf, WALK_CHUNK_MANY);
	while (!has && !bk_walk_frame(&walk, end, &frame, &ignored)) {
		if (frame.head.kind == FRAME_EVENT && frame.head.size >= 4)
			is_begun |= bk_load_u32(frame.payload) == EVENT_OPENED;
		has = is_begun && frame.head.kind == FRAME_CHANGE;
		end += bk_frame_size(&frame.head);
	}
	bk_walk_done(&walk);
	return has;
}

static enum bk_code read_header(
	struct bk_mirrors *mirrors, const struct logfile *lf, struct bk_error *err)
{
	size_t got;
	enum bk_code code = bk_file_read(&lf->file, mirrors->header, LOG_HEADER_SIZE, 0, &got, err);

	mirrors->log = lf->header;
	free(mirrors->path);
	mirrors->path = strdup(lf->file.path);
	if (!code && !mirrors->path)
		code = bk_fail(err, BK_E_NOMEM, 0, "no memory for a path");
	return code;
}

enum bk_code bk_mirrors_ask(struct bk_mirrors *mirrors, const struct logfile *lf, uint64_t end,
	uint64_t sum, enum mirrors_took *took, struct bk_error *err)
{
	struct mirror *longest;
	struct bk_error because;
	enum bk_code code = read_header(mirrors, lf, err);

	*took = MIRRORS_TOOK_NOTHING;
	if (!code)
		code = start(mirrors, err);
	if (code)
		return code;
	longest = wait_for_answers(mirrors, end);
	if (!longest)
		return BK_OK;
	if (take_over(mirrors, longest->url, lf, end, sum, &because))
		code = parted(mirrors, longest, &because, err);
	if (!code)
		*took = has_others(lf, end) ? MIRRORS_TOOK_OTHERS : MIRRORS_TOOK_LOST;
	return code;
}

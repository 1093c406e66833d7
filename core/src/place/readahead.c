/* readahead.c - the bytes of a folder's log, several parts at a time. */
#include "readahead.h"
#include <stdlib.h>
#include <string.h>

#define AHEAD_MAX 24u /* runs ahead of who reads on */
#define BEFORE    2   /* of who jumps about */

void bk_readahead_init(struct readahead *ahead, struct folder *folder)
{
	*ahead = (struct readahead){.folder = folder};
}

/* Waits for all of RUN; false where some of it has to be read again. */
static bool wait_for(struct readahead *ahead, struct read_run *run)
{
	bool good = true;

	for (size_t i = 0; i < run->count; i++)
		good &= !bk_fetch_wait(ahead->fetch, &run->jobs[i]);
	run->count = 0;
	return good;
}

static void free_run(struct read_run *run)
{
	free(run->bytes);
	free(run->jobs);
	*run = (struct read_run){0};
}

void bk_readahead_drop(struct readahead *ahead)
{
	for (size_t i = 0; i < READAHEAD_RUNS; i++) {
		wait_for(ahead, &ahead->runs[i]);
		free_run(&ahead->runs[i]);
	}
	ahead->window = 0;
}

void bk_readahead_done(struct readahead *ahead)
{
	bk_readahead_drop(ahead);
	bk_fetch_free(ahead->fetch);
	ahead->fetch = NULL;
}

/* How many objects hold SIZE bytes at AT. */
static size_t parts_of(const struct folder *folder, uint64_t at, size_t size)
{
	size_t count = 0;

	for (uint64_t end = at + size; at < end; count++) {
		const struct piece *piece = bk_pieces_find(&folder->way, at);

		at = piece->at + piece->size;
	}
	return count;
}

static void add_jobs(struct readahead *ahead, struct read_run *run)
{
	const struct folder *folder = ahead->folder;

	for (size_t done = 0, i = 0; i < run->count; i++) {
		const struct piece *piece = bk_pieces_find(&folder->way, run->at + done);
		struct fetch_job *job = &run->jobs[i];
		uint64_t from = run->at + done - piece->at, left = piece->size - from;

		bk_pieces_name(job->name, folder->name,
			piece->is_merged ? bk_pieces_stretch(piece->at) : piece->at,
			piece->is_merged);
		job->from = from;
		job->size = left < run->size - done ? (size_t)left : run->size - done;
		job->out = run->bytes + done;
		done += job->size;
		bk_fetch_add(ahead->fetch, job);
	}
}

/* Begins to get SIZE bytes at AT, which the log has; false without memory. */
static bool begin(struct readahead *ahead, struct read_run *run, uint64_t at, size_t size)
{
	struct bk_error ignored;

	if (!ahead->fetch && bk_fetch_new(&ahead->fetch, ahead->folder->objects, &ignored))
		return false;
	*run = (struct read_run){.at = at,
		.size = size,
		.bytes = malloc(size),
		.count = parts_of(ahead->folder, at, size)};
	run->jobs = calloc(run->count, sizeof *run->jobs);
	if (run->bytes && run->jobs) {
		add_jobs(ahead, run);
		return true;
	}
	free_run(run);
	return false;
}

static uint64_t end_of(const struct folder *folder)
{
	return folder->chain.end < folder->reached ? folder->chain.end : folder->reached;
}

/* The run that has the byte at AT, whole or under way; NULL if none does. */
static struct read_run *find(struct readahead *ahead, uint64_t at)
{
	for (size_t i = 0; i < READAHEAD_RUNS; i++) {
		struct read_run *run = &ahead->runs[i];

		if (run->used && at >= run->at && at - run->at < run->size)
			return run;
	}
	return NULL;
}

/* The run around AT, begun if it is not there, in the place of what was used longest ago. */
static struct read_run *need(struct readahead *ahead, uint64_t at)
{
	uint64_t end = end_of(ahead->folder), from = at & ~(READAHEAD_RUN - 1);
	struct read_run *run = find(ahead, at), *oldest = ahead->runs;

	if (run)
		return run;
	for (size_t i = 0; i < READAHEAD_RUNS; i++)
		if (ahead->runs[i].used < oldest->used)
			oldest = &ahead->runs[i];
	if (end - from > READAHEAD_RUN)
		end = from + READAHEAD_RUN;
	if (from < LOG_HEADER_SIZE)
		from = LOG_HEADER_SIZE;
	wait_for(ahead, oldest);
	free_run(oldest);
	if (!begin(ahead, oldest, from, (size_t)(end - from)))
		return NULL;
	oldest->used = ++ahead->uses;
	return oldest;
}

/* RUN is read now: begins what comes next. It is none of the oldest. */
static void foresee(struct readahead *ahead, const struct read_run *run)
{
	uint64_t at = run->at, end = run->at + run->size, all = end_of(ahead->folder);

	if (at == ahead->at && end == ahead->end)
		return;
	if (at == ahead->end)
		ahead->window = ahead->window ? 2 * ahead->window : 2;
	else
		ahead->window = 0;
	if (ahead->window > AHEAD_MAX)
		ahead->window = AHEAD_MAX;
	ahead->at = at;
	ahead->end = end;
	for (unsigned i = 0; i < ahead->window && end < all; i++, end += READAHEAD_RUN)
		if (!need(ahead, end))
			return;
	for (int i = 0; i < BEFORE && !ahead->window && at > READAHEAD_RUN; i++, at -= READAHEAD_RUN)
		if (!need(ahead, at - 1))
			return;
}

/* Takes from the run at OFFSET; 0 where that has to be read otherwise. */
static size_t take(struct readahead *ahead, uint64_t offset, uint8_t *data, size_t size)
{
	struct read_run *run = need(ahead, offset);

	if (!run)
		return 0;
	run->used = ++ahead->uses;
	foresee(ahead, run);
	if (!wait_for(ahead, run)) {
		free_run(run);
		return 0;
	}
	if (size > run->at + run->size - offset)
		size = (size_t)(run->at + run->size - offset);
	memcpy(data, run->bytes + (offset - run->at), size);
	return size;
}

/* The header stands in a piece of its own, which the folder has. */
static enum bk_code read_all(struct readahead *ahead, uint64_t offset, uint8_t *data, size_t size,
	struct bk_error *err)
{
	size_t done = 0, part = 1, got;
	enum bk_code code = BK_OK;

	if (offset < LOG_HEADER_SIZE) {
		done = size < LOG_HEADER_SIZE - offset ? size : (size_t)(LOG_HEADER_SIZE - offset);
		code = bk_folder_read(ahead->folder, offset, data, done, &got, err);
	}
	/* All that is asked for comes at a time. */
	for (uint64_t at = offset + done; at < offset + size; at += READAHEAD_RUN)
		if (!need(ahead, at))
			break;
	for (; !code && part && done < size; done += part)
		part = take(ahead, offset + done, data + done, size - done);
	if (code || done == size)
		return code;
	return bk_folder_read(ahead->folder, offset + done, data + done, size - done, &got, err);
}

enum bk_code bk_readahead_read(struct readahead *ahead, uint64_t offset, void *data, size_t size,
	size_t *got, struct bk_error *err)
{
	uint64_t end = end_of(ahead->folder);

	if (offset >= end)
		size = 0;
	else if (size > end - offset)
		size = (size_t)(end - offset);
	*got = size;
	return size ? read_all(ahead, offset, data, size, err) : BK_OK;
}

/* readahead.c - the bytes of a folder's log, several parts at a time. */
#include "readahead.h"
#include <stdlib.h>
#include <string.h>

/* Who asks for less jumps about, and gets what he asks for. */
#define LARGE ((size_t)256 << 10)
#define NEAR  ((uint64_t)1 << 18)
#define BEFORE 2 /* of what is near, that is got with it */

void bk_readahead_init(struct readahead *ahead, struct folder *folder)
{
	*ahead = (struct readahead){.folder = folder, .next = UINT64_MAX};
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

static void drop_runs(struct readahead *ahead)
{
	for (; ahead->count; ahead->count--) {
		struct read_run *run = &ahead->runs[ahead->first++ % READAHEAD_RUNS];

		wait_for(ahead, run);
		free_run(run);
	}
	ahead->window = 0;
	ahead->next = UINT64_MAX;
}

void bk_readahead_drop(struct readahead *ahead)
{
	drop_runs(ahead);
	for (size_t i = 0; i < READAHEAD_NEAR; i++) {
		wait_for(ahead, &ahead->near[i]);
		free_run(&ahead->near[i]);
	}
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

/* Gets what follows AT, as far as the window is. */
static void go_ahead(struct readahead *ahead, uint64_t at)
{
	uint64_t end = end_of(ahead->folder);

	if (ahead->count) {
		const struct read_run *last =
			&ahead->runs[(ahead->first + ahead->count - 1) % READAHEAD_RUNS];

		at = last->at + last->size;
	}
	while (ahead->count < ahead->window && at < end) {
		size_t size = end - at < READAHEAD_RUN ? (size_t)(end - at) : READAHEAD_RUN;

		if (!begin(ahead, &ahead->runs[(ahead->first + ahead->count) % READAHEAD_RUNS], at,
			    size))
			return;
		ahead->count++;
		at += size;
	}
}

/* What was got ahead at OFFSET, at most SIZE bytes of it; 0 if nothing was. */
static size_t take(struct readahead *ahead, uint64_t offset, uint8_t *data, size_t size)
{
	struct read_run *run = &ahead->runs[ahead->first % READAHEAD_RUNS];
	uint64_t from = offset - run->at;

	if (!ahead->count || offset < run->at || from >= run->size || !wait_for(ahead, run))
		return 0;
	if (size > run->size - from)
		size = (size_t)(run->size - from);
	memcpy(data, run->bytes + from, size);
	if (from + size == run->size) {
		free_run(run);
		ahead->first++;
		ahead->count--;
	}
	return size;
}

/* Many small objects are got at a time, too. */
static bool read_parts(struct readahead *ahead, uint64_t offset, uint8_t *data, size_t size)
{
	struct read_run run;
	bool good;

	if (parts_of(ahead->folder, offset, size) < 2 || !begin(ahead, &run, offset, size))
		return false;
	good = wait_for(ahead, &run);
	if (good)
		memcpy(data, run.bytes, size);
	free_run(&run);
	return good;
}

static enum bk_code read_here(struct readahead *ahead, uint64_t offset, uint8_t *data, size_t size,
	struct bk_error *err)
{
	size_t got;

	if (offset >= LOG_HEADER_SIZE && read_parts(ahead, offset, data, size))
		return BK_OK;
	return bk_folder_read(ahead->folder, offset, data, size, &got, err);
}

/* What is near AT, whole or under way; NULL if that is not. */
static struct read_run *find_near(struct readahead *ahead, uint64_t at)
{
	for (size_t i = 0; i < READAHEAD_NEAR; i++) {
		struct read_run *run = &ahead->near[i];

		if (run->used && at >= run->at && at - run->at < run->size)
			return run;
	}
	return NULL;
}

/* Begins to get what is around AT, in the place of what was used longest ago. */
static struct read_run *begin_near(struct readahead *ahead, uint64_t at)
{
	uint64_t end = end_of(ahead->folder), from = at & ~(uint64_t)(NEAR - 1);
	struct read_run *oldest = ahead->near;

	for (size_t i = 0; i < READAHEAD_NEAR; i++)
		if (ahead->near[i].used < oldest->used)
			oldest = &ahead->near[i];
	if (end - from > NEAR)
		end = from + NEAR;
	if (from < LOG_HEADER_SIZE)
		from = LOG_HEADER_SIZE;
	wait_for(ahead, oldest);
	free_run(oldest);
	if (!begin(ahead, oldest, from, (size_t)(end - from)))
		return NULL;
	oldest->used = ++ahead->uses;
	oldest->is_new = true;
	return oldest;
}

/* Who goes backwards comes there next. */
static void begin_before(struct readahead *ahead, uint64_t at)
{
	for (int i = 0; i < BEFORE && at > NEAR; i++, at -= NEAR) {
		struct read_run *run = find_near(ahead, at - 1);

		if (!run)
			run = begin_near(ahead, at - 1);
		if (!run)
			return;
	}
}

/* Takes from what is near OFFSET; 0 where that has to be read otherwise. */
static size_t take_near(struct readahead *ahead, uint64_t offset, uint8_t *data, size_t size)
{
	struct read_run *run = find_near(ahead, offset);
	bool is_new = !run;

	if (is_new)
		run = begin_near(ahead, offset);
	if (!run)
		return 0;
	run->used = ++ahead->uses; /* it is none of the oldest now */
	if (is_new || run->is_new)
		begin_before(ahead, run->at);
	run->is_new = false;
	if (!wait_for(ahead, run)) {
		free_run(run);
		return 0;
	}
	if (size > run->at + run->size - offset)
		size = (size_t)(run->at + run->size - offset);
	memcpy(data, run->bytes + (offset - run->at), size);
	return size;
}

/* For who jumps about. */
static enum bk_code read_near(struct readahead *ahead, uint64_t offset, uint8_t *data, size_t size,
	struct bk_error *err)
{
	size_t done = 0, part = 1, got;
	enum bk_code code = BK_OK;

	if (offset < LOG_HEADER_SIZE) {
		done = size < LOG_HEADER_SIZE - offset ? size : (size_t)(LOG_HEADER_SIZE - offset);
		code = bk_folder_read(ahead->folder, offset, data, done, &got, err);
	}
	for (; !code && part && done < size; done += part)
		part = take_near(ahead, offset + done, data + done, size - done);
	return code || done == size ? code
				    : read_here(ahead, offset + done, data + done, size - done, err);
}

enum bk_code bk_readahead_read(struct readahead *ahead, uint64_t offset, void *data, size_t size,
	size_t *got, struct bk_error *err)
{
	uint64_t end = end_of(ahead->folder);
	size_t done = 0, part = 1;
	enum bk_code code = BK_OK;

	if (offset >= end)
		size = 0;
	else if (size > end - offset)
		size = (size_t)(end - offset);
	*got = size;
	if (size < LARGE) {
		ahead->next = offset + size;
		return read_near(ahead, offset, data, size, err);
	}
	if (offset != ahead->next)
		drop_runs(ahead);
	else
		ahead->window = ahead->window ? 2 * ahead->window : 2;
	if (ahead->window > READAHEAD_RUNS)
		ahead->window = READAHEAD_RUNS;
	for (; part && done < size; done += part)
		part = take(ahead, offset + done, (uint8_t *)data + done, size - done);
	if (done < size && ahead->count)
		drop_runs(ahead);
	if (done < size)
		code = read_here(ahead, offset + done, (uint8_t *)data + done, size - done, err);
	ahead->next = offset + size;
	if (!code)
		go_ahead(ahead, ahead->next);
	return code;
}

/* folderread.c - one log in a folder of a store: its bytes, and where it stands for who only reads.
 */
#include "folder.h"
#include "spread.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is asked for of the log's ends, and of what lies between them, where few objects have it. */
#define START_BYTES   ((uint64_t)64 << 10)
#define TAIL_BYTES    ((uint64_t)1 << 20)
#define OBJECTS_A_END 6
#define END_PARTS     (SPREAD_MOST + 2)

static enum bk_code read_some(struct folder *folder, uint64_t offset, void *data, size_t size,
	size_t *got, struct bk_error *err)
{
	const struct piece *piece = bk_pieces_find(&folder->way, offset);
	uint64_t from = offset - piece->at;
	struct bk_buf body;
	enum bk_code code;

	if (size > piece->size - from)
		size = (size_t)(piece->size - from);
	bk_buf_init(&body, size);
	code = bk_folder_get(folder, offset, size, &body, err);
	if (!code)
		memcpy(data, body.data, size);
	bk_buf_done(&body);
	*got = size;
	return code;
}

/* The header stands in a piece of its own. */
size_t bk_folder_header(const struct folder *folder, uint64_t offset, uint8_t *data, size_t size)
{
	size_t there = offset < LOG_HEADER_SIZE ? LOG_HEADER_SIZE - (size_t)offset : 0;

	if (there > size)
		there = size;
	if (there)
		memcpy(data, folder->header + offset, there);
	return there;
}

/* How many of SIZE bytes at OFFSET the log has. */
static size_t clip(const struct folder *folder, uint64_t offset, size_t size)
{
	uint64_t end = folder->chain.end < folder->reached ? folder->chain.end : folder->reached;

	if (offset >= end)
		return 0;
	return size > end - offset ? (size_t)(end - offset) : size;
}

enum bk_code bk_folder_read(struct folder *folder, uint64_t offset, void *data, size_t size,
	size_t *got, struct bk_error *err)
{
	size_t done, part;
	enum bk_code code = BK_OK;

	size = clip(folder, offset, size);
	for (done = bk_folder_header(folder, offset, data, size); !code && done < size;
		done += part)
		code = read_some(
			folder, offset + done, (uint8_t *)data + done, size - done, &part, err);
	*got = size;
	return code;
}

/* Bytes of the log, which stand in some objects, on their way. */
struct gathering {
	struct fetch *fetch;
	struct fetch_job *jobs; /* owned */
	size_t count;
	uint64_t at;
	uint8_t *bytes;
	size_t size;
};

/* How many objects have SIZE bytes at AT. */
static size_t objects_of(const struct folder *folder, uint64_t at, size_t size)
{
	size_t count = 0;

	for (uint64_t end = at + size; at < end; count++) {
		const struct piece *piece = bk_pieces_find(&folder->way, at);

		at = piece->at + piece->size;
	}
	return count;
}

/* Of SIZE bytes at AT, behind the header, all of which the log has. */
static enum bk_code gather_init(struct gathering *gathering, const struct folder *folder,
	struct fetch *fetch, uint64_t at, uint8_t *bytes, size_t size, struct bk_error *err)
{
	*gathering = (struct gathering){.fetch = fetch,
		.at = at,
		.bytes = bytes,
		.size = size,
		.count = objects_of(folder, at, size)};
	gathering->jobs = calloc(gathering->count + 1, sizeof *gathering->jobs);
	if (!gathering->jobs) {
		gathering->count = 0;
		return bk_fail(err, BK_E_NOMEM, 0, "no memory to read");
	}
	for (size_t i = 0, done = 0; i < gathering->count; i++) {
		const struct piece *piece = bk_pieces_find(&folder->way, at + done);
		struct fetch_job *job = &gathering->jobs[i];
		uint64_t from = at + done - piece->at, left = piece->size - from;

		bk_pieces_object(job->name, folder->name, piece);
		job->from = from;
		job->size = left < size - done ? (size_t)left : size - done;
		job->out = bytes + done;
		done += job->size;
	}
	return BK_OK;
}

static void gather_begin(struct gathering *gathering)
{
	for (size_t i = 0; i < gathering->count; i++)
		bk_fetch_add(gathering->fetch, &gathering->jobs[i]);
}

/* Waits for all of it, which was begun. */
static enum bk_code gather_end(struct gathering *gathering, struct bk_error *err)
{
	enum bk_code code = BK_OK;

	for (size_t i = 0; i < gathering->count; i++) {
		struct fetch_job *job = &gathering->jobs[i];
		enum bk_code one = bk_fetch_wait(gathering->fetch, job);

		if (!one && (!job->is_there || job->got != job->size))
			one = BK_E_BUSY;
		if (one && !code)
			code = bk_fail(err, one, 0, "%s cannot be read", job->name);
	}
	free(gathering->jobs);
	return code;
}

enum bk_code bk_folder_part(const struct folder *folder, struct fetch *fetch, uint64_t offset,
	void *data, size_t size, size_t *got, struct bk_error *err)
{
	struct gathering gathering;
	size_t done;
	enum bk_code code;

	size = clip(folder, offset, size);
	done = bk_folder_header(folder, offset, data, size);
	code = gather_init(
		&gathering, folder, fetch, offset + done, (uint8_t *)data + done, size - done, err);
	if (!code && gathering.count == 1)
		bk_fetch_do(fetch, gathering.jobs); /* what fails is told below */
	else if (!code)
		gather_begin(&gathering);
	if (!code)
		code = gather_end(&gathering, err);
	*got = size;
	return code;
}

/* One of these, on its way. */
struct end_part {
	struct gathering gathering;
	uint64_t at;
	uint8_t *bytes; /* owned */
	size_t size, header;
};

/* Begins to get what stands from AT up to UPTO, if few objects have it. */
static void end_begin(struct end_part *part, const struct folder *folder, struct fetch *fetch,
	uint64_t at, uint64_t upto)
{
	struct bk_error ignored;

	*part = (struct end_part){.at = at, .size = at < upto ? (size_t)(upto - at) : 0};
	if (!part->size)
		return;
	part->header = at < LOG_HEADER_SIZE ? (size_t)(LOG_HEADER_SIZE - at) : 0;
	if (part->size > part->header &&
		objects_of(folder, at + part->header, part->size - part->header) <= OBJECTS_A_END)
		part->bytes = malloc(part->size);
	if (!part->bytes)
		return;
	bk_folder_header(folder, at, part->bytes, part->size);
	if (gather_init(&part->gathering, folder, fetch, at + part->header,
		    part->bytes + part->header, part->size - part->header, &ignored)) {
		free(part->bytes);
		part->bytes = NULL;
		return;
	}
	gather_begin(&part->gathering);
}

static void end_end(struct end_part *part, folder_take *take, void *ctx)
{
	struct bk_error ignored;

	if (part->bytes && !gather_end(&part->gathering, &ignored))
		take(ctx, part->at, part->bytes, part->size);
	free(part->bytes);
}

/* Begins to get the tail first, which is the largest; returns how many parts there are. */
static size_t ends_begin(struct end_part *parts, const struct folder *folder, struct fetch *fetch)
{
	uint64_t end = folder->reached, places[SPREAD_MOST];
	uint64_t tail = end > TAIL_BYTES ? (end - TAIL_BYTES) & ~(uint64_t)1023 : 0;
	size_t count = bk_spread(end, places);

	end_begin(&parts[0], folder, fetch, tail, end);
	end_begin(&parts[1], folder, fetch, 0, START_BYTES < tail ? START_BYTES : tail);
	for (size_t i = 0; i < count; i++)
		end_begin(&parts[2 + i], folder, fetch, places[i], places[i] + SPREAD_BYTES);
	return 2 + count;
}

/* Gets that, and looks meanwhile whether anything stands behind the last object; *MORE: it does, or
 * it is not known. */
static void look_at_ends(
	struct folder *folder, struct fetch *fetch, folder_take *take, void *ctx, bool *more)
{
	uint8_t bytes[2];
	struct fetch_job jobs[2] = {{.size = 1, .out = bytes}, {.size = 1, .out = bytes + 1}};
	struct piece next = bk_folder_next(folder);
	struct end_part parts[END_PARTS];
	size_t count;

	bk_pieces_object(jobs[0].name, folder->name, &next);
	bk_pieces_name(jobs[1].name, folder->name, bk_pieces_stretch(folder->reached), true);
	for (size_t i = 0; i < 2; i++)
		bk_fetch_add(fetch, &jobs[i]);
	count = ends_begin(parts, folder, fetch);
	*more = bk_folder_is_contended(folder);
	for (size_t i = 0; i < 2; i++)
		*more |= bk_fetch_wait(fetch, &jobs[i]) || jobs[i].is_there;
	for (size_t i = 0; i < count; i++)
		end_end(&parts[i], take, ctx);
}

static enum bk_code take_header(
	struct folder *folder, const struct fetch_job *job, struct bk_error *err)
{
	enum bk_code code = job->code;

	if (code)
		return bk_fail(
			err, code, 0, "the log %s in the store cannot be read", folder->name);
	if (!job->is_there)
		return bk_fail(err, BK_E_MISSING, 0, "the store holds no log %s", folder->name);
	return bk_header_decode(&folder->log, folder->header, job->got, folder->name, err);
}

enum bk_code bk_folder_look(struct folder *folder, const char *name, struct fetch *fetch,
	folder_take *take, void *ctx, struct bk_error *err)
{
	struct fetch_job header = {.size = LOG_HEADER_SIZE};
	struct bk_error ignored;
	bool more = false;
	enum bk_code code, found;

	bk_folder_forget(folder);
	snprintf(folder->name, sizeof folder->name, "%s", name);
	folder->is_read = true;
	code = bk_chain_new(&folder->chain, err);
	if (code)
		return code;
	header.out = folder->header;
	bk_pieces_name(header.name, folder->name, 0, false);
	bk_fetch_add(fetch, &header);
	code = bk_folder_list(folder, err);
	bk_fetch_wait(fetch, &header);
	found = take_header(folder, &header, code ? &ignored : err);
	if (!code)
		code = found;
	if (!code && !folder->is_closed)
		look_at_ends(folder, fetch, take, ctx, &more);
	if (!code)
		code = bk_folder_go_on(folder, more, err);
	if (code)
		bk_folder_forget(folder);
	return code;
}

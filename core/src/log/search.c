/* search.c - finding frames in a log's bytes. */
#include "search.h"
#include <stdlib.h>
#include <string.h>

/* A search reads a block of this size first, and then larger ones: most end in the first. */
#define BLOCK_MIN ((size_t)8 << 10)
#define BLOCK_MAX ((size_t)256 << 10)

#define MAGIC_SIZE 4
#define MAGIC_AT   8 /* in a frame's head */

/* A block of the file. Each has some bytes more than it is asked for, so that a magic is seen whole
 * that begins in it. */
struct block {
	const struct file *file;
	uint8_t *bytes;
	uint64_t start;
	size_t span; /* bytes asked for, or as many as the file has */
	size_t size; /* bytes read: span and at most MAGIC_SIZE - 1 more */
	size_t step; /* what to read next */
};

static enum bk_code block_init(struct block *block, const struct file *file, struct bk_error *err)
{
	*block = (struct block){.file = file, .step = BLOCK_MIN};
	block->bytes = malloc(BLOCK_MAX + MAGIC_SIZE);
	return block->bytes ? BK_OK
			    : bk_fail(err, BK_E_NOMEM, 0, "no memory to read %s", file->path);
}

static void block_done(struct block *block)
{
	free(block->bytes);
}

/* Reads SPAN bytes at START, at most BLOCK_MAX. */
static enum bk_code block_read(
	struct block *block, uint64_t start, size_t span, struct bk_error *err)
{
	enum bk_code code = bk_file_read(
		block->file, block->bytes, span + MAGIC_SIZE - 1, start, &block->size, err);

	block->start = start;
	block->span = span < block->size ? span : block->size;
	if (block->step < BLOCK_MAX)
		block->step *= 2;
	return code;
}

static bool block_is_zero(const struct block *block)
{
	const uint8_t *bytes = block->bytes;

	return !block->span || (!bytes[0] && memcmp(bytes, bytes + 1, block->span - 1) == 0);
}

/* Where bytes begin, at or before UPTO, from which on to UPTO the file has a hole; not before
 * FLOOR. Found by halving: a system tells where data begins behind a place, and not where it ends
 * before.
 */
static uint64_t hole_before(const struct file *file, uint64_t floor, uint64_t upto)
{
	uint64_t data = floor, step = BLOCK_MAX;

	/* The furthest stretch before UPTO without data, doubling; then halving what is left. */
	while (upto - floor > step && bk_file_next_data(file, upto - step) >= upto) {
		upto -= step;
		step *= 2;
	}
	if (upto - floor > step)
		data = upto - step;
	while (upto - data > BLOCK_MAX) {
		uint64_t middle = data + (upto - data) / 2;

		if (bk_file_next_data(file, middle) >= upto)
			upto = middle;
		else
			data = middle;
	}
	return upto;
}

/* Reads the block before UPTO and sets *UPTO to where it begins; not before FLOOR. A block of zeros
 * may be all that is left of a hole: then *UPTO is before that. */
static enum bk_code block_before(
	struct block *block, uint64_t floor, uint64_t *upto, struct bk_error *err)
{
	size_t span = *upto - floor > block->step ? block->step : (size_t)(*upto - floor);
	enum bk_code code = block_read(block, *upto - span, span, err);

	if (code)
		return code;
	*upto -= span;
	if (span == BLOCK_MAX && block_is_zero(block))
		*upto = hole_before(block->file, floor, *upto);
	return BK_OK;
}

/* The last magic in BLOCK that begins before AT; NULL if there is none. */
static const uint8_t *magic_before(const struct block *block, size_t at)
{
	const uint8_t *end = block->bytes + block->size, *found;

	while ((found = memrchr(block->bytes, FRAME_MAGIC[0], at))) {
		if (end - found >= MAGIC_SIZE && memcmp(found, FRAME_MAGIC, MAGIC_SIZE) == 0)
			return found;
		at = (size_t)(found - block->bytes);
	}
	return NULL;
}

/* The first magic in BLOCK that begins at or behind AT. */
static const uint8_t *magic_behind(const struct block *block, size_t at)
{
	const uint8_t *found = memmem(block->bytes + at, block->size - at, FRAME_MAGIC, MAGIC_SIZE);

	return found && (size_t)(found - block->bytes) < block->span ? found : NULL;
}

/* Tries every head whose magic begins in BLOCK, last first. */
static enum bk_code try_backwards(struct walk *walk, const struct block *block, struct frame *out,
	bool *found, struct bk_error *err)
{
	const uint8_t *magic = block->bytes + block->span;

	while ((magic = magic_before(block, (size_t)(magic - block->bytes)))) {
		uint64_t offset = block->start + (uint64_t)(magic - block->bytes) - MAGIC_AT;
		enum bk_code code = bk_walk_frame(walk, offset, out, err);

		*found = !code;
		if (code != BK_E_DAMAGE)
			return code;
	}
	return BK_OK;
}

/* The valid frame that begins last of those that end at or before the walk's limit. From UPTO on
 * there are only zeros. */
static enum bk_code find_last_valid(
	struct walk *walk, uint64_t upto, struct frame *out, struct bk_error *err)
{
	const uint64_t floor = LOG_HEADER_SIZE + MAGIC_AT;
	struct block block;
	bool found = false;
	enum bk_code code = block_init(&block, &walk->lf->file, err);

	while (!code && !found && upto > floor) {
		code = block_before(&block, floor, &upto, err);
		if (code || block_is_zero(&block))
			continue;
		walk->passed += block.span;
		code = try_backwards(walk, &block, out, &found, err);
	}
	block_done(&block);
	if (!code && !found)
		return bk_fail(err, BK_E_DAMAGE, 0,
			"%s is damaged at offset %u: no valid frame follows the header",
			walk->lf->file.path, LOG_HEADER_SIZE);
	return code;
}

enum bk_code bk_logfile_last_before(const struct logfile *lf, uint64_t limit,
	struct frame_head *head, uint64_t *offset, struct bk_error *err)
{
	struct frame frame;
	struct walk walk;
	enum bk_code code;

	bk_walk_init(&walk, lf, WALK_CHUNK_ONE);
	walk.as_stands = true;
	walk.limit = limit;
	code = find_last_valid(&walk, limit, &frame, err);
	bk_walk_done(&walk);
	if (code)
		return code;
	*head = frame.head;
	*offset = frame.offset;
	return BK_OK;
}

static size_t zeros_at_end(const struct block *block)
{
	size_t size = block->span;

	while (size && !block->bytes[size - 1])
		size--;
	return block->span - size;
}

enum bk_code bk_logfile_zeros(const struct logfile *lf, uint64_t from, uint64_t file_end,
	uint64_t *zeros, struct bk_error *err)
{
	uint64_t upto = file_end;
	struct block block;
	bool found = false;
	enum bk_code code = upto > from ? block_init(&block, &lf->file, err) : BK_OK;

	if (code || upto <= from) {
		*zeros = upto;
		return code;
	}
	while (!code && !found && upto > from) {
		code = block_before(&block, from, &upto, err);
		found = !code && !block_is_zero(&block);
	}
	*zeros = found ? block.start + block.span - zeros_at_end(&block) : upto;
	block_done(&block);
	return code;
}

/* Follows the frames from START, which were written in one go with the last one, to where the
 * first one fails. */
static enum bk_code follow_batch(
	struct walk *walk, uint64_t start, uint64_t last, struct log_end *out, struct bk_error *err)
{
	uint64_t offset = start;
	uint32_t chain = 0;

	while (offset <= last) {
		struct frame frame;
		enum bk_code code = bk_walk_frame(walk, offset, &frame, err);

		if (code == BK_E_DAMAGE || (!code && offset != start && frame.head.chain != chain))
			break;
		if (code)
			return code;
		out->last = offset;
		out->end = offset = bk_frame_end(&frame);
		chain = (uint32_t)frame.head.sum;
	}
	return BK_OK;
}

/* Where the batch began that LAST was written with. */
static enum bk_code batch_start(
	const struct walk *walk, const struct frame *last, uint64_t *start, struct bk_error *err)
{
	if (last->head.unsynced > last->offset - LOG_HEADER_SIZE)
		return bk_fail(err, BK_E_DAMAGE, 0, "%s is damaged at offset %llu: %s",
			walk->lf->file.path, (unsigned long long)last->offset,
			"the frame counts back too far");
	*start = last->offset - last->head.unsynced;
	return BK_OK;
}

static enum bk_code find_end(struct walk *walk, struct log_end *out, struct bk_error *err)
{
	struct frame frame;
	uint64_t start = 0;
	enum bk_code code = find_last_valid(walk, out->tail_end, &frame, err);

	if (!code)
		code = batch_start(walk, &frame, &start, err);
	if (code)
		return code;
	out->synced = start;
	code = follow_batch(walk, start, frame.offset, out, err);
	if (code || out->end)
		return code;
	/* Even the first frame of the batch is not whole: the log ends before it, with a frame
	 * that was on stable storage. */
	walk->limit = start;
	code = find_last_valid(walk, start, &frame, err);
	if (code)
		return code;
	if (bk_frame_end(&frame) != start)
		return bk_fail(err, BK_E_DAMAGE, 0, "%s is damaged before offset %llu: %s",
			walk->lf->file.path, (unsigned long long)start,
			"a frame that was on stable storage is not valid");
	out->last = frame.offset;
	out->end = start;
	return BK_OK;
}

enum bk_code bk_logfile_find_end(
	const struct logfile *lf, struct log_end *out, struct bk_error *err)
{
	struct log_end end = {0};
	struct walk walk;
	struct bk_io_stat st;
	enum bk_code code = bk_file_stat(&lf->file, &st, err);

	if (!code)
		code = bk_logfile_zeros(lf, LOG_HEADER_SIZE, st.size, &end.tail_end, err);
	if (code)
		return code;
	end.file_end = st.size;
	bk_walk_init(&walk, lf, WALK_CHUNK_ONE);
	walk.as_stands = true;
	walk.limit = end.file_end;
	code = find_end(&walk, &end, err);
	bk_walk_done(&walk);
	/* A frame may itself end in zeros. */
	if (end.tail_end < end.end)
		end.tail_end = end.end;
	if (!code)
		*out = end;
	return code;
}

enum bk_code bk_logfile_walk_to_end(
	const struct logfile *lf, struct log_end *out, struct bk_error *err)
{
	struct log_end end = {0};
	struct walk walk;
	struct bk_io_stat st;
	enum bk_code code = bk_file_stat(&lf->file, &st, err);

	if (code)
		return code;
	end.file_end = end.tail_end = st.size;
	bk_walk_init(&walk, lf, WALK_CHUNK_MANY);
	walk.as_stands = true;
	code = follow_batch(&walk, LOG_HEADER_SIZE, st.size, &end, err);
	bk_walk_done(&walk);
	if (!code && !end.end)
		code = bk_fail(err, BK_E_DAMAGE, 0,
			"%s is damaged at offset %u: no valid frame follows the header",
			lf->file.path, LOG_HEADER_SIZE);
	end.synced = end.end;
	if (!code)
		*out = end;
	return code;
}

/* Tries every head whose magic begins in BLOCK and which itself begins before LIMIT. */
static enum bk_code try_forwards(struct walk *walk, const struct block *block, uint64_t limit,
	uint64_t *next, bool *found, struct bk_error *err)
{
	const uint8_t *magic;

	for (size_t at = 0; !*found && (magic = magic_behind(block, at));) {
		uint64_t offset = block->start + (uint64_t)(magic - block->bytes) - MAGIC_AT;
		struct frame frame;
		enum bk_code code = BK_E_DAMAGE;

		at = (size_t)(magic - block->bytes) + 1;
		if (offset < limit)
			code = bk_walk_frame(walk, offset, &frame, err);
		if (code == BK_E_DAMAGE)
			continue;
		if (code && code != BK_E_FORMAT)
			return code;
		*found = true;
		*next = offset;
	}
	return BK_OK;
}

/* Where to read on behind BLOCK: what follows zeros may be a hole. */
static uint64_t behind(const struct block *block)
{
	uint64_t at = block->start + block->span;

	return block_is_zero(block) ? bk_file_next_data(block->file, at) : at;
}

enum bk_code bk_walk_resync(
	struct walk *walk, uint64_t offset, uint64_t limit, uint64_t *next, struct bk_error *err)
{
	uint64_t at = offset + 1 + MAGIC_AT, found_at = limit;
	bool found = false, more = true;
	struct block block;
	enum bk_code code = block_init(&block, &walk->lf->file, err);

	while (!code && !found && more && at < limit + MAGIC_AT) {
		code = block_read(&block, at, block.step, err);
		if (code || !block.span)
			break;
		more = block.size > block.span;
		walk->passed += block.span;
		code = try_forwards(walk, &block, limit, &found_at, &found, err);
		at = behind(&block);
	}
	block_done(&block);
	if (!code)
		*next = found_at;
	return code;
}

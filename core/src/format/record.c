/* record.c - one stored page. */
#include "record.h"
#include "codec.h"
#include <bk/process.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>
#include <zstd_errors.h>

/* One read brings most records whole: their mean is 560 bytes on a real node. */
#define RECORD_GUESS    1024
#define RECORD_NEAR     4096 /* a gap of so much is no other place */
#define RECORD_DATA_MAX ((size_t)1 << 24)

uint64_t bk_record_check(uint32_t page, const void *content, size_t page_size)
{
	return XXH3_64bits_withSeed(content, page_size, page);
}

struct record_reader *bk_record_reader_new(const struct sealing *sealing)
{
	struct record_reader *reader = malloc(sizeof *reader);

	if (!reader)
		return NULL;
	memset(reader->windows, 0, sizeof reader->windows);
	reader->sealing = sealing ? *sealing : (struct sealing){0};
	bk_opened_init(&reader->opened);
	reader->next = NULL;
	reader->zstd = ZSTD_createDCtx();
	bk_buf_init(&reader->data,
		(RECORD_DEPTH_MAX + 1) * (RECORD_HEAD_SIZE + RECORD_DATA_MAX + RECORD_GUESS));
	if (!reader->zstd) {
		bk_record_reader_free(reader);
		return NULL;
	}
	return reader;
}

void bk_record_reader_free(struct record_reader *reader)
{
	if (!reader)
		return;
	ZSTD_freeDCtx(reader->zstd);
	bk_buf_done(&reader->data);
	bk_opened_done(&reader->opened);
	for (size_t i = 0; i < RECORD_WINDOWS; i++)
		free(reader->windows[i].bytes);
	free(reader);
}

void bk_record_reader_forget(struct record_reader *reader)
{
	for (size_t i = 0; i < RECORD_WINDOWS; i++)
		reader->windows[i].size = reader->windows[i].ahead = 0;
	bk_opened_forget(&reader->opened);
}

/* Moves WINDOW to OFFSET: a little is read there, more and more while it goes on in the file's
 * order.
 */
static enum bk_code move_window(struct record_window *window, const struct file *file,
	uint64_t offset, struct bk_error *err)
{
	uint64_t end = window->offset + window->size;
	bool goes_on = window->size && offset >= window->offset && offset < end + RECORD_NEAR;

	if (!window->bytes)
		window->bytes = malloc(RECORD_WINDOW_MAX);
	if (!window->bytes)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory to read a page");
	window->ahead = goes_on ? window->ahead * 4 : RECORD_GUESS;
	if (window->ahead > RECORD_WINDOW_MAX)
		window->ahead = RECORD_WINDOW_MAX;
	/* From afar no more is read than was announced. */
	if (window->ahead > RECORD_NEAR && bk_file_want(file, NULL, 0))
		window->ahead = RECORD_NEAR;
	window->offset = offset;
	window->size = 0;
	return bk_file_read(file, window->bytes, window->ahead, offset, &window->size, err);
}

/* As bk_file_read, at most RECORD_GUESS bytes, through WINDOW. */
static enum bk_code read_through(struct record_window *window, const struct file *file, void *dst,
	size_t size, uint64_t offset, size_t *done, struct bk_error *err)
{
	enum bk_code code = BK_OK;

	if (offset < window->offset || offset + size > window->offset + window->size)
		code = move_window(window, file, offset, err);
	if (code)
		return code;
	*done = window->offset + window->size - offset < size
			? (size_t)(window->offset + window->size - offset)
			: size;
	memcpy(dst, window->bytes + (offset - window->offset), *done);
	return BK_OK;
}

static enum bk_code bad_record(
	const struct file *file, uint64_t offset, const char *what, struct bk_error *err)
{
	return bk_fail(err, BK_E_DAMAGE, 0, "%s is damaged at offset %llu: %s", file->path,
		(unsigned long long)offset, what);
}

static void decode_head(struct record *record, const uint8_t *bytes)
{
	uint32_t size_and_depth = bk_load_u32(bytes + 4);

	record->page = bk_load_u32(bytes);
	record->size = size_and_depth & 0xffffff;
	record->depth = size_and_depth >> 24;
	record->base = bk_load_u64(bytes + 8);
	record->check = bk_load_u64(bytes + 16);
}

/* As bk_file_read, where WINDOW may have part of it. */
static enum bk_code read_rest(const struct record_window *window, const struct file *file,
	uint8_t *dst, size_t size, uint64_t offset, size_t *done, struct bk_error *err)
{
	size_t there = (size_t)(window->offset + window->size - offset);
	enum bk_code code;

	if (there > size)
		there = size;
	memcpy(dst, window->bytes + (offset - window->offset), there);
	*done = there;
	if (there == size)
		return BK_OK;
	code = bk_file_read(file, dst + there, size - there, offset + there, done, err);
	*done += there;
	return code;
}

/* As load_record, where only whole frames can be read: OFFSET is a frame's and a place in it. */
static enum bk_code load_sealed(struct record_reader *reader, const struct file *file,
	uint64_t offset, struct record *out, struct bk_error *err)
{
	uint64_t at = offset >> PLACE_SHIFT;
	size_t from = (size_t)(offset & (((uint64_t)1 << PLACE_SHIFT) - 1)), left;
	const struct bk_buf *payload;
	enum bk_code code =
		bk_opened_find(&reader->opened, file, at, &reader->sealing, &payload, err);

	if (code)
		return code;
	left = from < payload->size ? payload->size - from : 0;
	if (left < RECORD_HEAD_SIZE)
		return bad_record(file, at, "no page is stored there", err);
	decode_head(out, payload->data + from);
	if (out->size > left - RECORD_HEAD_SIZE)
		return bad_record(file, at, "a stored page is too large", err);
	return bk_buf_append(
		&reader->data, payload->data + from, RECORD_HEAD_SIZE + out->size, err);
}

/* Appends the record at OFFSET, head and data, to reader->data. */
static enum bk_code load_record(struct record_reader *reader, struct record_window *window,
	const struct file *file, uint64_t offset, struct record *out, struct bk_error *err)
{
	struct bk_buf *data = &reader->data;
	size_t start = data->size, whole, done;
	enum bk_code code;

	if (reader->sealing.key)
		return load_sealed(reader, file, offset, out, err);
	code = bk_buf_reserve(data, RECORD_GUESS, err);
	if (!code)
		code = read_through(
			window, file, data->data + start, RECORD_GUESS, offset, &done, err);
	if (code)
		return code;
	if (done < RECORD_HEAD_SIZE)
		return bad_record(file, offset, "the file ends within a stored page", err);
	decode_head(out, data->data + start);
	whole = RECORD_HEAD_SIZE + out->size;
	if (whole > done && out->size > ZSTD_compressBound(PAGE_SIZE_MAX))
		return bad_record(file, offset, "a stored page is too large", err);
	if (whole > done) {
		size_t more;

		code = bk_buf_reserve(data, whole, err);
		if (!code)
			code = read_rest(window, file, data->data + start + done, whole - done,
				offset + done, &more, err);
		if (code)
			return code;
		if (more < whole - done)
			return bad_record(file, offset, "the file ends within a stored page", err);
	}
	data->size = start + whole;
	return BK_OK;
}

/* Loads the record at OFFSET and those it stands on, top first. */
static enum bk_code load_chain(struct record_reader *reader, const struct file *file,
	uint64_t offset, uint32_t page, struct record *chain, unsigned *count, struct bk_error *err)
{
	struct record *record = chain;

	reader->data.size = 0;
	for (;; record++) {
		size_t place = (size_t)(record - chain);
		enum bk_code code = load_record(reader,
			&reader->windows[place < RECORD_WINDOWS ? place : RECORD_WINDOWS - 1], file,
			offset, record, err);

		if (code)
			return code;
		if (record->page != page || record->depth > RECORD_DEPTH_MAX ||
			(record > chain && record->depth != record[-1].depth - 1))
			return bad_record(file, offset, "another page is stored here", err);
		if (!record->depth)
			break;
		if (record->base >= offset)
			return bad_record(file, offset, "a stored page stands on a later one", err);
		offset = record->base;
	}
	*count = (unsigned)(record - chain) + 1;
	return BK_OK;
}

/* What zstd takes for a dictionary of its own making; any other content is a raw prefix. */
static bool looks_like_dictionary(const void *content)
{
	return bk_load_u32(content) == ZSTD_MAGIC_DICTIONARY;
}

/* Decompresses a page, against what is BELOW unless that is NULL. Returns what zstd does. */
static size_t decompress(ZSTD_DCtx *zstd, void *to, uint32_t page_size, const void *data,
	size_t size, const void *below)
{
	size_t rc;

	/* The same as what follows, without memory of its own for each prefix. */
	if (below && !looks_like_dictionary(below))
		return ZSTD_decompress_usingDict(zstd, to, page_size, data, size, below, page_size);
	rc = below ? ZSTD_DCtx_refPrefix(zstd, below, page_size) : 0;

	if (!ZSTD_isError(rc))
		rc = ZSTD_decompressDCtx(zstd, to, page_size, data, size);
	/* A prefix that was not used up would be used for the next page. */
	if (ZSTD_isError(rc))
		ZSTD_DCtx_reset(zstd, ZSTD_reset_session_and_parameters);
	return rc;
}

enum bk_code bk_record_read(struct record_reader *reader, const struct file *file, uint64_t offset,
	uint32_t page, uint32_t page_size, void *dst, struct record_chain *chain,
	struct bk_error *err)
{
	struct record all[RECORD_DEPTH_MAX + 1];
	const uint8_t *data, *below = NULL;
	unsigned count = 0;
	enum bk_code code = load_chain(reader, file, offset, page, all, &count, err);

	if (code)
		return code;
	bk_process_give_way();
	data = reader->data.data + reader->data.size;
	for (unsigned i = count; i-- > 0;) {
		uint8_t *to = i ? reader->scratch[i % 2] : dst;
		size_t size;

		data -= all[i].size;
		size = decompress(reader->zstd, to, page_size, data, all[i].size, below);
		if (ZSTD_getErrorCode(size) == ZSTD_error_memory_allocation)
			return bk_fail(err, BK_E_NOMEM, 0, "no memory to read a page");
		if (size != page_size)
			return bad_record(file, offset, "a stored page does not decompress", err);
		data -= RECORD_HEAD_SIZE;
		below = to;
	}
	if (bk_record_check(page, dst, page_size) != all[0].check)
		return bad_record(file, offset, "the checksum of a stored page does not fit", err);
	if (chain)
		memcpy(chain->all, all, count * sizeof *all);
	return BK_OK;
}

enum bk_code bk_record_look(struct record_reader *reader, const struct file *file, uint64_t offset,
	struct record *out, struct bk_error *err)
{
	reader->data.size = 0;
	return load_record(reader, &reader->windows[0], file, offset, out, err);
}

struct bk_io_range bk_record_range(const struct record_reader *reader, uint64_t offset)
{
	if (reader->sealing.key)
		return (struct bk_io_range){offset >> PLACE_SHIFT, OPENED_GUESS};
	return (struct bk_io_range){offset, RECORD_NEAR};
}

static void encode_head(uint8_t *at, const struct record *record)
{
	at = bk_put_u32(at, record->page);
	at = bk_put_u32(at, record->size | (uint32_t)record->depth << 24);
	at = bk_put_u64(at, record->base);
	bk_put_u64(at, record->check);
}

static enum bk_code cannot_compress(uint32_t page, size_t rc, struct bk_error *err)
{
	return bk_fail(
		err, BK_E_NOMEM, 0, "cannot compress page %u: %s", page, ZSTD_getErrorName(rc));
}

enum bk_code bk_record_write(struct bk_buf *out, ZSTD_CCtx *zstd, uint32_t page,
	const void *content, uint32_t page_size, uint64_t check, const struct record_base *base,
	struct bk_error *err)
{
	size_t room = ZSTD_compressBound(page_size), size = 0;
	struct record record = {.page = page, .check = check};
	enum bk_code code = bk_buf_reserve(out, RECORD_HEAD_SIZE + room, err);
	uint8_t *at = out->data + out->size;

	if (code)
		return code;
	bk_process_give_way();
	if (base) {
		/* Against the base, and only worth it where it is smaller than half a page: a
		 * page that changed as a whole is better stored alone, where it ends the chain. */
		size = ZSTD_CCtx_refPrefix(zstd, base->content, page_size);
		if (!ZSTD_isError(size))
			size = ZSTD_compress2(
				zstd, at + RECORD_HEAD_SIZE, room, content, page_size);
		if (ZSTD_isError(size))
			return cannot_compress(page, size, err);
		record.depth = base->depth + 1;
		record.base = base->offset;
		if (size > page_size / 2)
			size = 0;
	}
	if (!size) {
		size = ZSTD_compress2(zstd, at + RECORD_HEAD_SIZE, room, content, page_size);
		record.depth = 0;
		record.base = 0;
		if (ZSTD_isError(size))
			return cannot_compress(page, size, err);
	}
	record.size = (uint32_t)size;
	encode_head(at, &record);
	out->size += RECORD_HEAD_SIZE + size;
	return BK_OK;
}

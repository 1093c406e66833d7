/* stream.c - the compression stream that the changes of one interval share. */
#include "stream.h"
#include "codec.h"
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>
#include <zstd_errors.h>

/* Level 1: 8 microseconds a call; level 3 took twice that for the same size (docs/architecture.md).
 */
#define STREAM_LEVEL 1

/* Memory kept between calls. Larger changes give theirs back. */
#define STREAM_KEEP ((size_t)1 << 20)

/* A buffer of raw bytes begins with room for what goes before them in their history. */
#define RAW_HEAD 12

static enum bk_code raw_begin(struct bk_buf *raw, struct bk_error *err)
{
	enum bk_code code;

	bk_buf_clear(raw, STREAM_KEEP);
	code = bk_buf_reserve(raw, RAW_HEAD, err);
	if (!code)
		raw->size = RAW_HEAD;
	return code;
}

static uint64_t history_of_change(struct bk_buf *raw, uint64_t before, uint32_t version)
{
	put_u32(put_u64(raw->data, before), version);
	return XXH3_64bits(raw->data, raw->size);
}

uint64_t history_of_full(const struct keyframe *kf, uint64_t before)
{
	uint8_t bytes[28], *at = put_u64(bytes, before);

	at = put_u32(at, kf->version);
	at = put_u32(at, kf->page_size);
	at = put_u32(at, kf->page_count);
	put_u64(at, kf->pages_sum);
	return XXH3_64bits(bytes, sizeof bytes);
}

enum bk_code encoder_init(struct encoder *encoder, struct bk_error *err)
{
	bk_buf_init(&encoder->raw, RAW_HEAD + BK_CHANGE_BYTES_MAX);
	encoder->zstd = ZSTD_createCCtx();
	if (!encoder->zstd ||
		ZSTD_isError(ZSTD_CCtx_setParameter(
			encoder->zstd, ZSTD_c_compressionLevel, STREAM_LEVEL)) ||
		ZSTD_isError(ZSTD_CCtx_setParameter(
			encoder->zstd, ZSTD_c_windowLog, STREAM_WINDOW_LOG))) {
		encoder_done(encoder);
		return bk_fail(err, BK_E_NOMEM, 0, "no memory to compress changes");
	}
	return BK_OK;
}

void encoder_done(struct encoder *encoder)
{
	ZSTD_freeCCtx(encoder->zstd);
	encoder->zstd = NULL;
	bk_buf_done(&encoder->raw);
}

static enum bk_code join_statements(
	struct encoder *encoder, const struct bk_change *change, struct bk_error *err)
{
	enum bk_code code = raw_begin(&encoder->raw, err);

	for (size_t i = 0; i < change->statement_count && !code; i++) {
		const struct bk_slice *sql = &change->statements[i];

		code = bk_buf_append(&encoder->raw, sql->data, sql->size, err);
		if (!code)
			code = bk_buf_append(&encoder->raw, "", 1, err);
	}
	return code;
}

/* Compresses encoder->raw to the end of OUT and flushes, so that it can be read from there. */
static enum bk_code compress(struct encoder *encoder, struct bk_buf *out, struct bk_error *err)
{
	ZSTD_inBuffer in = {
		.src = encoder->raw.data + RAW_HEAD, .size = encoder->raw.size - RAW_HEAD};
	size_t left;

	do {
		ZSTD_outBuffer to;
		enum bk_code code =
			bk_buf_reserve(out, ZSTD_compressBound(in.size - in.pos) + 64, err);

		if (code)
			return code;
		to = (ZSTD_outBuffer){
			.dst = out->data + out->size, .size = out->capacity - out->size};
		left = ZSTD_compressStream2(encoder->zstd, &to, &in, ZSTD_e_flush);
		if (ZSTD_isError(left))
			return bk_fail(err, BK_E_NOMEM, 0, "cannot compress a change: %s",
				ZSTD_getErrorName(left));
		out->size += to.pos;
	} while (left || in.pos < in.size);
	return BK_OK;
}

enum bk_code encoder_write(struct encoder *encoder, const struct bk_change *change, bool starts,
	uint64_t before, struct bk_buf *out, struct change_head *head, struct bk_error *err)
{
	size_t at = out->size;
	enum bk_code code = join_statements(encoder, change, err);

	if (!code)
		code = bk_buf_reserve(out, CHANGE_HEAD_SIZE, err);
	if (code)
		return code;
	out->size += CHANGE_HEAD_SIZE;
	if (starts)
		ZSTD_CCtx_reset(encoder->zstd, ZSTD_reset_session_only);
	code = compress(encoder, out, err);
	if (code)
		return code;
	head->raw = (uint32_t)(encoder->raw.size - RAW_HEAD);
	head->statements = (uint32_t)change->statement_count;
	head->history = history_of_change(&encoder->raw, before, change->version);
	change_head_encode(out->data + at, head);
	return BK_OK;
}

enum bk_code decoder_init(
	struct decoder *decoder, struct bk_log *log, uint64_t history, struct bk_error *err)
{
	*decoder = (struct decoder){.log = log, .history = history};
	walk_init(&decoder->walk, &log->lf, WALK_CHUNK_MANY);
	bk_buf_init(&decoder->raw, RAW_HEAD + BK_CHANGE_BYTES_MAX);
	decoder->zstd = ZSTD_createDCtx();
	if (!decoder->zstd || ZSTD_isError(ZSTD_DCtx_setParameter(
				      decoder->zstd, ZSTD_d_windowLogMax, STREAM_WINDOW_LOG))) {
		decoder_done(decoder);
		return bk_fail(err, BK_E_NOMEM, 0, "no memory to decompress changes");
	}
	return BK_OK;
}

void decoder_done(struct decoder *decoder)
{
	ZSTD_freeDCtx(decoder->zstd);
	walk_done(&decoder->walk);
	bk_buf_done(&decoder->raw);
	free(decoder->statements);
	decoder->zstd = NULL;
	decoder->statements = NULL;
}

static enum bk_code bad_change(
	const struct decoder *decoder, uint64_t offset, const char *what, struct bk_error *err)
{
	return bk_fail(err, BK_E_DAMAGE, 0, "%s is damaged at offset %llu: %s",
		decoder->log->lf.file.path, (unsigned long long)offset, what);
}

/* Decompresses exactly RAW bytes from IN; memory follows what comes out, not what was promised. */
static bool decompress(struct decoder *decoder, ZSTD_inBuffer *in, size_t raw, enum bk_code *code,
	struct bk_error *err)
{
	struct bk_buf *out = &decoder->raw;
	const size_t step = (size_t)256 << 10;
	size_t end = RAW_HEAD + raw;

	*code = raw_begin(out, err);
	while (!*code) {
		size_t room = end - out->size < step ? end - out->size : step;
		size_t rc, before = in->pos;
		ZSTD_outBuffer to;

		*code = bk_buf_reserve(out, room, err);
		if (*code)
			break;
		to = (ZSTD_outBuffer){.dst = out->data + out->size, .size = room};
		rc = ZSTD_decompressStream(decoder->zstd, &to, in);
		out->size += to.pos;
		if (ZSTD_getErrorCode(rc) == ZSTD_error_memory_allocation)
			*code = bk_fail(err, BK_E_NOMEM, 0, "no memory to decompress changes");
		if (ZSTD_isError(rc) || !rc)
			return false;
		if (in->pos == in->size && out->size == end)
			return true;
		if (!to.pos && in->pos == before)
			return false;
	}
	return false;
}

static enum bk_code grow_statements(struct decoder *decoder, size_t count, struct bk_error *err)
{
	struct bk_slice *statements;

	if (count <= decoder->statement_capacity)
		return BK_OK;
	statements = realloc(decoder->statements, count * sizeof *statements);
	if (!statements)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for %zu statements", count);
	decoder->statements = statements;
	decoder->statement_capacity = count;
	return BK_OK;
}

/* Cuts decoder->raw into COUNT statements; false if that is not how many there are. */
static bool cut_statements(struct decoder *decoder, size_t count)
{
	const char *at = (const char *)decoder->raw.data + RAW_HEAD;
	const char *end = (const char *)decoder->raw.data + decoder->raw.size;

	for (size_t i = 0; i < count; i++) {
		const char *zero = at < end ? memchr(at, '\0', (size_t)(end - at)) : NULL;

		if (!zero)
			return false;
		decoder->statements[i] = (struct bk_slice){at, (size_t)(zero - at)};
		at = zero + 1;
	}
	return at == end;
}

enum bk_code decoder_read(struct decoder *decoder, const struct bk_entry *entry,
	struct bk_change *change, struct bk_error *err)
{
	struct change_head head;
	struct frame frame;
	ZSTD_inBuffer in;
	uint64_t history;
	enum bk_code code = walk_frame(&decoder->walk, entry->offset, &frame, err);

	if (code)
		return code;
	if (!change_head_decode(&head, &frame) || frame.head.version != entry->version)
		return bad_change(decoder, entry->offset, "another change should be here", err);
	if (frame.head.must & CHANGE_STREAM)
		ZSTD_DCtx_reset(decoder->zstd, ZSTD_reset_session_only);
	in = (ZSTD_inBuffer){.src = frame.payload + CHANGE_HEAD_SIZE,
		.size = frame.head.size - CHANGE_HEAD_SIZE};
	if (!decompress(decoder, &in, head.raw, &code, err))
		return code ? code
			    : bad_change(decoder, entry->offset, "the change does not decompress",
				      err);
	code = grow_statements(decoder, head.statements, err);
	if (code)
		return code;
	if (!cut_statements(decoder, head.statements))
		return bad_change(decoder, entry->offset, "the change has no such statements", err);
	if (entry_stands(entry)) {
		history = history_of_change(&decoder->raw, decoder->history, entry->version);
		if (decoder->history_unknown)
			history = head.history;
		decoder->history_unknown = false;
		if (history != head.history)
			return bad_change(decoder, entry->offset,
				"the change does not follow the one before", err);
		decoder->history = history;
	}
	*change = (struct bk_change){.version = entry->version,
		.statements = decoder->statements,
		.statement_count = head.statements};
	return BK_OK;
}

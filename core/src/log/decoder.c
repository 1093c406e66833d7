/* decoder.c - the reading end of the compression stream. */
#include "decoder.h"
#include <stdlib.h>
#include <string.h>
#include <zstd_errors.h>

enum bk_code bk_decoder_init(
	struct decoder *decoder, struct bk_log *log, uint64_t history, struct bk_error *err)
{
	*decoder = (struct decoder){.log = log, .history = history};
	bk_walk_init(&decoder->walk, &log->lf, WALK_CHUNK_MANY);
	bk_buf_init(&decoder->raw, RAW_HEAD + BK_CHANGE_BYTES_MAX);
	decoder->zstd = ZSTD_createDCtx();
	if (!decoder->zstd || ZSTD_isError(ZSTD_DCtx_setParameter(
				      decoder->zstd, ZSTD_d_windowLogMax, STREAM_WINDOW_LOG))) {
		bk_decoder_done(decoder);
		return bk_fail(err, BK_E_NOMEM, 0, "no memory to decompress changes");
	}
	return BK_OK;
}

void bk_decoder_done(struct decoder *decoder)
{
	ZSTD_freeDCtx(decoder->zstd);
	bk_walk_done(&decoder->walk);
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

	*code = bk_raw_begin(out, err);
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

enum bk_code bk_decoder_read(struct decoder *decoder, const struct bk_entry *entry,
	struct bk_change *change, struct bk_error *err)
{
	struct change_head head;
	struct frame frame;
	ZSTD_inBuffer in;
	uint64_t history;
	enum bk_code code = bk_walk_frame(&decoder->walk, entry->offset, &frame, err);

	if (code)
		return code;
	if (!bk_change_head_decode(&head, &frame.head, frame.payload) ||
		frame.head.version != entry->version)
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
	if (bk_entry_stands(entry)) {
		history = bk_history_of_change(&decoder->raw, decoder->history, entry->version);
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

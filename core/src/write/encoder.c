/* encoder.c - the writing end of the compression stream. */
#include "encoder.h"

/* Level 1: 8 microseconds a call; level 3 took twice that for the same size (docs/architecture.md).
 */
#define STREAM_LEVEL 1

enum bk_code bk_encoder_init(struct encoder *encoder, struct bk_error *err)
{
	bk_buf_init(&encoder->raw, RAW_HEAD + BK_CHANGE_BYTES_MAX);
	encoder->zstd = ZSTD_createCCtx();
	if (!encoder->zstd ||
		ZSTD_isError(ZSTD_CCtx_setParameter(
			encoder->zstd, ZSTD_c_compressionLevel, STREAM_LEVEL)) ||
		ZSTD_isError(ZSTD_CCtx_setParameter(
			encoder->zstd, ZSTD_c_windowLog, STREAM_WINDOW_LOG))) {
		bk_encoder_done(encoder);
		return bk_fail(err, BK_E_NOMEM, 0, "no memory to compress changes");
	}
	return BK_OK;
}

void bk_encoder_done(struct encoder *encoder)
{
	ZSTD_freeCCtx(encoder->zstd);
	encoder->zstd = NULL;
	bk_buf_done(&encoder->raw);
}

static enum bk_code join_statements(
	struct encoder *encoder, const struct bk_change *change, struct bk_error *err)
{
	enum bk_code code = bk_raw_begin(&encoder->raw, err);

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

enum bk_code bk_encoder_write(struct encoder *encoder, const struct bk_change *change, bool starts,
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
	head->history = bk_history_of_change(&encoder->raw, before, change->version);
	bk_change_head_encode(out->data + at, head);
	return BK_OK;
}

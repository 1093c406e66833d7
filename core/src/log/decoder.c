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
	bk_buf_init(&decoder->raw, BK_CHANGE_BYTES_MAX);
	decoder->zstd = ZSTD_createDCtx();
	decoder->sum = XXH3_createState();
	decoder->piece = malloc(DECODER_PIECE);
	if (!decoder->zstd || !decoder->sum || !decoder->piece ||
		ZSTD_isError(ZSTD_DCtx_setParameter(
			decoder->zstd, ZSTD_d_windowLogMax, STREAM_WINDOW_LOG))) {
		bk_decoder_done(decoder);
		return bk_fail(err, BK_E_NOMEM, 0, "no memory to decompress changes");
	}
	return BK_OK;
}

void bk_decoder_done(struct decoder *decoder)
{
	ZSTD_freeDCtx(decoder->zstd);
	XXH3_freeState(decoder->sum);
	free(decoder->piece);
	bk_walk_done(&decoder->walk);
	bk_buf_done(&decoder->raw);
	free(decoder->statements);
	decoder->zstd = NULL;
	decoder->sum = NULL;
	decoder->piece = NULL;
	decoder->statements = NULL;
}

static enum bk_code bad_change(
	const struct decoder *decoder, uint64_t offset, const char *what, struct bk_error *err)
{
	return bk_fail(err, BK_E_DAMAGE, 0, "%s is damaged at offset %llu: %s",
		decoder->log->lf.file.path, (unsigned long long)offset, what);
}

/* A change that is being read. */
struct reading {
	struct decoder *decoder;
	const struct bk_entry *entry;
	struct change_head head;
	ZSTD_inBuffer in;
	size_t left; /* raw bytes that are to come yet */
	size_t statements;
	bool is_cut;   /* the last byte that came ended a statement */
	bool is_whole; /* all of it is kept, to be replayed */
	decoder_fn *take;
	void *ctx;
};

/* Takes in SIZE bytes of the piece. */
static enum bk_code take_piece(struct reading *reading, size_t size, struct bk_error *err)
{
	const uint8_t *at = reading->decoder->piece, *end = at + size, *zero;

	if (!size)
		return BK_OK;
	XXH3_64bits_update(reading->decoder->sum, at, size);
	reading->is_cut = !end[-1];
	while (at < end && (zero = memchr(at, '\0', (size_t)(end - at)))) {
		reading->statements++;
		at = zero + 1;
	}
	reading->left -= size;
	return reading->take ? reading->take(reading->ctx, reading->decoder->piece, size, err)
			     : BK_OK;
}

/* Decompresses the next piece; *MORE is false when all of the change came. *GOOD: it is what a
 * change can be. */
static enum bk_code next_piece(
	struct reading *reading, bool *more, bool *good, struct bk_error *err)
{
	size_t room = reading->left < DECODER_PIECE ? reading->left : DECODER_PIECE;
	size_t before = reading->in.pos;
	ZSTD_outBuffer to = {.dst = reading->decoder->piece, .size = room};
	size_t rc = ZSTD_decompressStream(reading->decoder->zstd, &to, &reading->in);

	if (ZSTD_getErrorCode(rc) == ZSTD_error_memory_allocation)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory to decompress changes");
	*more = reading->in.pos != reading->in.size || reading->left != to.pos;
	*good = !ZSTD_isError(rc) && rc && (to.pos || !*more || reading->in.pos != before);
	return *good ? take_piece(reading, to.pos, err) : BK_OK;
}

/* Decompresses exactly the raw bytes of the change from exactly its part of the stream. */
static enum bk_code decompress(struct reading *reading, struct bk_error *err)
{
	bool more = true, good = true;
	enum bk_code code = BK_OK;

	while (!code && good && more)
		code = next_piece(reading, &more, &good, err);
	if (!code && !good)
		return bad_change(reading->decoder, reading->entry->offset,
			"the change does not decompress", err);
	if (!code && (reading->statements != reading->head.statements || !reading->is_cut))
		return bad_change(reading->decoder, reading->entry->offset,
			"the change has no such statements", err);
	return code;
}

/* Whether time may be had for the changes so far: see DECODER_ALL. */
static enum bk_code check_all(const struct reading *reading, struct bk_error *err)
{
	const struct decoder *decoder = reading->decoder;
	uint64_t most = reading->is_whole ? DECODER_REPLAYED : DECODER_ALL;

	if (decoder->held <= most + decoder->given * DECODER_A_BYTE)
		return BK_OK;
	return bk_fail(err, reading->is_whole ? BK_E_SQL : BK_E_LIMIT, 0,
		"version %u: the changes up to it hold %llu MiB of SQL in %llu bytes of log, more "
		"than is read",
		reading->entry->version, (unsigned long long)(decoder->held >> 20),
		(unsigned long long)decoder->given);
}

/* Reads the change's frame, and puts the decoder before its first raw byte. */
static enum bk_code begin(struct reading *reading, struct bk_error *err)
{
	struct decoder *decoder = reading->decoder;
	const struct bk_entry *entry = reading->entry;
	uint8_t before[RAW_HEAD];
	struct frame frame;
	enum bk_code code = bk_walk_frame(&decoder->walk, entry->offset, &frame, err);

	if (code)
		return code;
	if (!bk_change_head_decode(&reading->head, &frame.head, frame.payload) ||
		frame.head.version != entry->version)
		return bad_change(decoder, entry->offset, "another change should be here", err);
	if (frame.head.must & CHANGE_STREAM)
		ZSTD_DCtx_reset(decoder->zstd, ZSTD_reset_session_only);
	reading->in = (ZSTD_inBuffer){.src = frame.payload + CHANGE_HEAD_SIZE,
		.size = frame.head.size - CHANGE_HEAD_SIZE};
	reading->left = reading->head.raw;
	XXH3_64bits_reset(decoder->sum);
	bk_history_begin(before, decoder->history, entry->version);
	XXH3_64bits_update(decoder->sum, before, sizeof before);
	decoder->given += frame.head.size;
	decoder->held += reading->head.raw;
	return check_all(reading, err);
}

/* The change follows the one before by its history. */
static enum bk_code end(struct reading *reading, struct bk_error *err)
{
	struct decoder *decoder = reading->decoder;

	if (!bk_entry_stands(reading->entry))
		return BK_OK;
	if (!decoder->history_unknown && XXH3_64bits_digest(decoder->sum) != reading->head.history)
		return bad_change(decoder, reading->entry->offset,
			"the change does not follow the one before", err);
	decoder->history_unknown = false;
	decoder->history = reading->head.history;
	return BK_OK;
}

enum bk_code bk_decoder_stream(struct decoder *decoder, const struct bk_entry *entry,
	decoder_fn *take, void *ctx, struct bk_error *err)
{
	struct reading reading = {.decoder = decoder, .entry = entry, .take = take, .ctx = ctx};
	enum bk_code code = begin(&reading, err);

	if (!code)
		code = decompress(&reading, err);
	return code ? code : end(&reading, err);
}

/* A decoder_fn: memory follows what comes out, not what was promised. */
static enum bk_code keep_raw(void *ctx, const uint8_t *bytes, size_t size, struct bk_error *err)
{
	return bk_buf_append(ctx, bytes, size, err);
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

/* Cuts decoder->raw into the COUNT statements that it is known to have. */
static void cut_statements(struct decoder *decoder, size_t count)
{
	const char *at = (const char *)decoder->raw.data;

	for (size_t i = 0; i < count; i++) {
		size_t size = strlen(at);

		decoder->statements[i] = (struct bk_slice){at, size};
		at += size + 1;
	}
}

/* Whether memory may be had for all of the change: see DECODER_WHOLE. */
static enum bk_code check_whole(const struct reading *reading, struct bk_error *err)
{
	uint64_t size =
		reading->head.raw + (uint64_t)reading->head.statements * sizeof(struct bk_slice);

	if (size <= DECODER_WHOLE + reading->in.size * DECODER_A_BYTE)
		return BK_OK;
	return bk_fail(err, BK_E_SQL, 0,
		"version %u: its change holds %u statements of %u bytes in %zu bytes of log, more "
		"than is replayed",
		reading->entry->version, reading->head.statements, reading->head.raw,
		reading->in.size);
}

enum bk_code bk_decoder_read(struct decoder *decoder, const struct bk_entry *entry,
	struct bk_change *change, struct bk_error *err)
{
	struct reading reading = {.decoder = decoder,
		.entry = entry,
		.is_whole = true,
		.take = keep_raw,
		.ctx = &decoder->raw};
	enum bk_code code;

	bk_buf_clear(&decoder->raw, RAW_KEEP);
	code = begin(&reading, err);
	if (!code)
		code = check_whole(&reading, err);
	if (!code)
		code = decompress(&reading, err);
	if (!code)
		code = end(&reading, err);
	if (!code)
		code = grow_statements(decoder, reading.statements, err);
	if (code)
		return code;
	cut_statements(decoder, reading.statements);
	*change = (struct bk_change){.version = entry->version,
		.statements = decoder->statements,
		.statement_count = reading.statements};
	return BK_OK;
}

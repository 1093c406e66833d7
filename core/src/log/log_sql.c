/* log_sql.c - the statements of a version, as text. */
#include "decoder.h"
#include "span.h"
#include "sqlend.h"
#include <bk/version.h>
#include <string.h>

/* A text that is being made of statements. */
struct text {
	bk_sql_fn *take;
	void *ctx;
	struct bk_sqlend end; /* of the statement under way */
};

static enum bk_code give(struct text *text, const void *bytes, size_t size, struct bk_error *err)
{
	return size ? text->take(text->ctx, bytes, size, err) : BK_OK;
}

/* The statement ends that was under way. */
static enum bk_code end_statement(struct text *text, struct bk_error *err)
{
	return give(text, bk_sqlend_finish(&text->end), BK_SQL_END, err);
}

/* A decoder_fn: makes text of raw bytes. */
static enum bk_code add_text(void *ctx, const uint8_t *bytes, size_t size, struct bk_error *err)
{
	struct text *text = ctx;
	enum bk_code code = BK_OK;

	while (size && !code) {
		const uint8_t *zero = memchr(bytes, '\0', size);
		size_t part = zero ? (size_t)(zero - bytes) : size;

		code = give(text, bytes, part, err);
		bk_sqlend_feed(&text->end, bytes, part);
		if (!code && zero)
			code = end_statement(text, err);
		part += zero != NULL;
		bytes += part;
		size -= part;
	}
	return code;
}

/* Whether SPAN has a change that stands and leads to VERSION. */
static bool came_in(const struct span *span, uint32_t version)
{
	for (size_t i = 0; i < span->count; i++)
		if (bk_entry_stands(&span->entries[i]) && span->entries[i].version == version)
			return true;
	return false;
}

/* Adds the SQL of VERSION as far as it is in SPAN. */
static enum bk_code sql_in_span(
	const struct span *span, uint32_t version, struct text *text, struct bk_error *err)
{
	struct decoder decoder;
	enum bk_code code;

	if (!came_in(span, version))
		return BK_OK;
	code = bk_decoder_init(&decoder, span->log, span->base ? span->base->history : 0, err);
	if (code)
		return code;
	decoder.history_unknown = !span->base;
	for (size_t i = 0; i < span->count && !code; i++) {
		const struct bk_entry *entry = &span->entries[i];
		bool is_ours = bk_entry_stands(entry) && entry->version == version;

		if (bk_entry_stands(entry) && bk_version_after(entry->version, version))
			break;
		code = bk_decoder_stream(&decoder, entry, is_ours ? add_text : NULL, text, err);
	}
	bk_decoder_done(&decoder);
	return code;
}

/* The span in which VERSION came first; if the log begins with it, the first of all. */
static enum bk_code span_of_change(
	struct span *out, struct bk_log *log, uint32_t version, struct bk_error *err)
{
	enum bk_code code = bk_span_of_version(out, log, version - 1, err);

	return code == BK_E_MISSING ? bk_span_of_ordinal(out, log, 0, err) : code;
}

enum bk_code bk_log_sql_pieces(
	struct bk_log *log, uint32_t version, bk_sql_fn *take, void *ctx, struct bk_error *err)
{
	struct text text = {.take = take, .ctx = ctx};
	bool is_held = false, more = true;
	struct span span;
	enum bk_code code = span_of_change(&span, log, version, err);

	while (!code && more) {
		uint64_t next = span.above ? span.above->ordinal : 0;

		is_held |= (span.base && span.base->version == version) || came_in(&span, version);
		code = sql_in_span(&span, version, &text, err);
		/* A lone pragma can have a keyframe between itself and the change it goes with. */
		more = span.above && !bk_version_after(span.above->version, version);
		bk_span_done(&span);
		if (!code && more)
			code = bk_span_of_ordinal(&span, log, next, err);
	}
	if (!code && !is_held)
		code = bk_log_not_found(log, version, err);
	return code;
}

/* A bk_sql_fn. */
static enum bk_code append(void *ctx, const void *bytes, size_t size, struct bk_error *err)
{
	return bk_buf_append(ctx, bytes, size, err);
}

enum bk_code bk_log_sql(
	struct bk_log *log, uint32_t version, struct bk_buf *text, struct bk_error *err)
{
	return bk_log_sql_pieces(log, version, append, text, err);
}

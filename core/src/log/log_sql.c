/* log_sql.c - the statements of a version, as text. */
#include "decoder.h"
#include "span.h"
#include <bk/version.h>
#include <string.h>

static enum bk_code append_sql(
	struct bk_buf *text, const struct bk_change *change, struct bk_error *err)
{
	enum bk_code code = BK_OK;

	for (size_t i = 0; i < change->statement_count && !code; i++) {
		const struct bk_slice *sql = &change->statements[i];
		const char *end =
			sql->size && ((const char *)sql->data)[sql->size - 1] == ';' ? "\n" : ";\n";

		code = bk_buf_append(text, sql->data, sql->size, err);
		if (!code)
			code = bk_buf_append(text, end, strlen(end), err);
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

/* Appends the SQL of VERSION as far as it is in SPAN. */
static enum bk_code sql_in_span(
	const struct span *span, uint32_t version, struct bk_buf *text, struct bk_error *err)
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
		struct bk_change change;

		if (bk_entry_stands(entry) && bk_version_after(entry->version, version))
			break;
		code = bk_decoder_read(&decoder, entry, &change, err);
		if (!code && bk_entry_stands(entry) && entry->version == version)
			code = append_sql(text, &change, err);
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

enum bk_code bk_log_sql(
	struct bk_log *log, uint32_t version, struct bk_buf *text, struct bk_error *err)
{
	bool is_held = false, more = true;
	struct span span;
	enum bk_code code = span_of_change(&span, log, version, err);

	while (!code && more) {
		uint64_t next = span.above ? span.above->ordinal : 0;

		is_held |= (span.base && span.base->version == version) || came_in(&span, version);
		code = sql_in_span(&span, version, text, err);
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

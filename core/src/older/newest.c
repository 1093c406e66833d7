/* newest.c - the newest change of a log, as it came. */
#include "newest.h"
#include "decoder.h"
#include "span.h"

/* A decoder_fn. */
static enum bk_code append(void *ctx, const uint8_t *bytes, size_t size, struct bk_error *err)
{
	return bk_buf_append(ctx, bytes, size, err);
}

/* Reads the entries of SPAN up to LAST, and that one into OUT. */
static enum bk_code read_last(
	const struct span *span, size_t last, struct bk_buf *out, struct bk_error *err)
{
	struct decoder decoder;
	enum bk_code code =
		bk_decoder_init(&decoder, span->log, span->base ? span->base->history : 0, err);

	if (code)
		return code;
	decoder.history_unknown = !span->base;
	for (size_t i = 0; i <= last && !code; i++)
		code = bk_decoder_stream(
			&decoder, &span->entries[i], i == last ? append : NULL, out, err);
	bk_decoder_done(&decoder);
	return code;
}

enum bk_code bk_older_newest(struct bk_log *log, struct bk_entry *entry, struct bk_buf *out,
	bool *found, struct bk_error *err)
{
	struct span span;
	size_t last;
	enum bk_code code = bk_span_of_tail(&span, log, err);

	if (code)
		return code;
	last = span.count;
	while (last && !bk_entry_stands(&span.entries[last - 1]))
		last--;
	*found = last;
	if (last) {
		*entry = span.entries[last - 1];
		code = read_last(&span, last - 1, out, err);
	}
	bk_span_done(&span);
	/* Behind the last statement stands no zero byte. */
	if (!code && last && out->size)
		out->size--;
	return code;
}

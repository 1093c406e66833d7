/* changes.c - the changes that a log holds with their SQL, read one after the other. */
#include "decoder.h"
#include "span.h"
#include <bk/changes.h>
#include <bk/version.h>
#include <stdlib.h>

struct bk_changes {
	struct bk_log *log;
	uint32_t from;
	struct span span;
	bool has_span, has_decoder, is_over;
	struct decoder decoder;
	size_t at;
	bk_sql_fn *take; /* of the call that is under way */
	void *ctx;
};

static void leave_span(struct bk_changes *changes)
{
	if (changes->has_decoder)
		bk_decoder_done(&changes->decoder);
	if (changes->has_span)
		bk_span_done(&changes->span);
	changes->has_decoder = changes->has_span = false;
}

/* Enters SPAN, which it takes over. */
static enum bk_code enter(struct bk_changes *changes, const struct span *span, struct bk_error *err)
{
	enum bk_code code = BK_OK;

	changes->span = *span;
	changes->has_span = true;
	changes->at = 0;
	if (!span->base)
		return BK_OK;
	code = bk_decoder_init(&changes->decoder, changes->log, span->base->history, err);
	changes->has_decoder = !code;
	return code;
}

/* Enters the span above the one that is left behind. */
static enum bk_code enter_next(struct bk_changes *changes, struct bk_error *err)
{
	uint64_t ordinal = changes->span.above->ordinal;
	struct span span;
	enum bk_code code;

	leave_span(changes);
	code = bk_span_of_ordinal(&span, changes->log, ordinal, err);
	if (code)
		changes->is_over = true;
	return code ? code : enter(changes, &span, err);
}

enum bk_code bk_changes_open(
	struct bk_changes **out, struct bk_log *log, uint32_t from, struct bk_error *err)
{
	struct bk_changes *changes = calloc(1, sizeof *changes);
	struct span span;
	enum bk_code code;

	if (!changes)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory to read changes");
	changes->log = log;
	changes->from = from;
	/* A keyframe holds its own version: the change that led there came before it. */
	code = bk_span_of_version(&span, log, from - 1, err);
	if (code == BK_E_MISSING)
		code = bk_span_of_ordinal(&span, log, 0, err);
	if (!code)
		code = enter(changes, &span, err);
	if (code) {
		bk_changes_close(changes);
		return code;
	}
	*out = changes;
	return BK_OK;
}

void bk_changes_close(struct bk_changes *changes)
{
	if (!changes)
		return;
	leave_span(changes);
	free(changes);
}

/* A decoder_fn. */
static enum bk_code give(void *ctx, const uint8_t *bytes, size_t size, struct bk_error *err)
{
	struct bk_changes *changes = ctx;

	return changes->take(changes->ctx, bytes, size, err);
}

/* Reads the change AT of the span. After damage nothing behind it in the stream can be read. */
static enum bk_code read_change(struct bk_changes *changes, const struct bk_entry *entry,
	bool is_wanted, struct bk_error *err)
{
	enum bk_code code;

	if (!changes->has_decoder)
		return BK_OK;
	code = bk_decoder_stream(
		&changes->decoder, entry, is_wanted && changes->take ? give : NULL, changes, err);
	if (code == BK_E_DAMAGE)
		changes->at = changes->span.count;
	return code;
}

/* Comes to where an entry is, unless the log ends. */
static enum bk_code find_entry(struct bk_changes *changes, bool *more, struct bk_error *err)
{
	enum bk_code code = BK_OK;

	while (!code && !changes->is_over && changes->at >= changes->span.count &&
		changes->span.above)
		code = enter_next(changes, err);
	*more = !changes->is_over && changes->at < changes->span.count;
	return code;
}

enum bk_code bk_changes_peek(
	struct bk_changes *changes, struct bk_entry *entry, bool *more, struct bk_error *err)
{
	enum bk_code code = find_entry(changes, more, err);

	while (!code && *more) {
		*entry = changes->span.entries[changes->at];
		if (!bk_version_after(changes->from, entry->version))
			return BK_OK;
		changes->at++;
		code = read_change(changes, entry, false, err);
		if (!code)
			code = find_entry(changes, more, err);
	}
	return code;
}

enum bk_code bk_changes_next(struct bk_changes *changes, struct bk_entry *entry, bk_sql_fn *take,
	void *ctx, bool *more, struct bk_error *err)
{
	enum bk_code code = bk_changes_peek(changes, entry, more, err);

	if (code || !*more)
		return code;
	changes->at++;
	changes->take = take;
	changes->ctx = ctx;
	return read_change(changes, entry, true, err);
}

/* history.c - how rows of a table changed, version by version. */
#include "watch.h"
#include <bk/history.h>
#include <stdlib.h>
#include <string.h>

struct history {
	struct bk_log *log;
	struct watch watch;
	bk_history_fn *take;
	void *ctx;
	struct bk_entry entry; /* the version that is looked at */
	struct bk_toll toll;   /* of all intervals together */
};

/* A bk_diff_fn. */
static enum bk_code tell(void *ctx, const struct bk_diff *diff, struct bk_error *err)
{
	struct history *history = ctx;

	return history->take(history->ctx, &history->entry, diff, err);
}

static enum bk_code look(struct history *history, struct bk_error *err)
{
	bool may;
	enum bk_code code = bk_watch_may_differ(&history->watch, &may, err);

	return code || !may ? code : bk_watch_read(&history->watch, tell, history, err);
}

/* The version that a keyframe holds, as an entry. */
static struct bk_entry entry_of(const struct keyframe *kf)
{
	return (struct bk_entry){.offset = kf->offset,
		.time_us = kf->time_us,
		.version = kf->version,
		.page_count = kf->page_count,
		.page_size = kf->page_size,
		.flags = kf->is_full ? BK_ENTRY_SNAPSHOT : 0};
}

/* Moves on by one version. Where that cannot be replayed, but there is a keyframe above SPAN, *MORE
 * is false: what came since is told with that. But not where all together takes too long. */
static enum bk_code step(struct history *history, const struct span *span, struct stepper *stepper,
	bool *more, struct bk_error *err)
{
	enum bk_code code = bk_stepper_next(stepper, err);

	if (code != BK_E_SQL || !span->above || bk_toll_is_spent(&history->toll))
		return code;
	*more = false;
	history->watch.is_known = false;
	return BK_OK;
}

/* Replays the interval of SPAN, and looks at the rows after each version. */
static enum bk_code replay_span(
	struct history *history, const struct span *span, struct bk_error *err)
{
	struct stepper stepper;
	bool more = true;
	enum bk_code code = bk_stepper_open(&stepper, span, &history->toll, err);

	if (code)
		return code;
	/* What was known of the keyframe below holds of this image of it. */
	stepper.image->overlay.watched = &history->watch.read;
	code = bk_watch_enter(&history->watch, stepper.image, err);
	if (!code) {
		history->entry = entry_of(span->base);
		code = look(history, err);
		while (!code && more && bk_stepper_has_next(&stepper, &history->entry)) {
			code = step(history, span, &stepper, &more, err);
			if (!code && more)
				code = look(history, err);
		}
		bk_watch_leave(&history->watch);
	}
	bk_stepper_close(&stepper);
	return code;
}

/* Whether the interval of SPAN wrote to a page that was read, by what the keyframe above it stored;
 * or to the schema. */
static enum bk_code is_touched(
	struct history *history, const struct span *span, bool *touched, struct bk_error *err)
{
	const struct pageset *read = &history->watch.read;
	uint8_t bytes[PAGE_SIZE_MAX];
	struct bk_image *image;
	enum bk_code code = bk_image_open_keyframe(&image, span->log, span->above, NULL, err);

	if (code)
		return code;
	*touched = false;
	for (uint32_t page = 2; page <= read->count && !code && !*touched; page++) {
		uint64_t offset = 0;

		if (!read->bits[page / 8])
			page |= 7;
		else if (bk_pageset_has(read, page))
			code = bk_pageindex_find(&image->index, page, &offset, err);
		*touched = offset > span->base->offset;
	}
	if (!code && !*touched && image->overlay.store.page_count)
		code = bk_image_read_page(image, 1, bytes, err);
	if (!code && !*touched)
		*touched = memcmp(bytes + 40, history->watch.cookie, 4) != 0;
	bk_image_close(image);
	return code;
}

static enum bk_code do_span(struct history *history, const struct span *span, struct bk_error *err)
{
	bool is_delta = span->above && !span->above->is_full && !span->is_mended;
	bool touched = true;
	enum bk_code code = BK_OK;

	if (!span->base)
		return BK_OK;
	if (is_delta && history->watch.is_known)
		code = is_touched(history, span, &touched, err);
	if (!code && touched)
		code = replay_span(history, span, err);
	/* A snapshot's pages are laid out by the node. */
	if (span->above && span->above->is_full)
		history->watch.is_known = false;
	return code;
}

enum bk_code bk_history(struct bk_log *log, const char *table,
	const struct bk_history_options *options, bk_history_fn *take, void *ctx,
	struct bk_error *err)
{
	static const struct bk_history_options defaults;
	struct history history = {.log = log, .take = take, .ctx = ctx};
	struct bk_log_status status;
	uint64_t ordinal = 0;
	bool more = true;
	enum bk_code code = bk_log_status(log, &status, err);

	if (code)
		return code;
	bk_toll_init_whole(&history.toll, status.log_bytes);
	history.watch.table = table;
	history.watch.options = options ? options : &defaults;
	while (!code && more) {
		struct span span;

		code = bk_span_of_ordinal(&span, log, ordinal, err);
		if (code)
			break;
		if (history.watch.options->progress)
			history.watch.options->progress(ctx, ordinal, status.keyframes);
		code = do_span(&history, &span, err);
		more = span.above != NULL;
		if (more)
			ordinal = span.above->ordinal;
		bk_span_done(&span);
	}
	bk_watch_done(&history.watch);
	if (!code && !history.watch.has_table)
		code = bk_table_missing(table, err);
	return code;
}

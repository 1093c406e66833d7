/* reader.c - what the rows of a table were, interval by interval. */
#include "reader.h"
#include <string.h>

/* Reads the rows of the image, and gives them as those of ENTRY. */
static enum bk_code give(struct reader *reader, const struct bk_entry *entry, struct bk_error *err)
{
	struct rowset rows;
	enum bk_code code = bk_watch_read(&reader->watch, &rows, err);

	return code ? code : reader->give(reader->ctx, entry, &rows, err);
}

static enum bk_code look(struct reader *reader, const struct bk_entry *entry, struct bk_error *err)
{
	bool may;
	enum bk_code code = bk_watch_may_differ(&reader->watch, &may, err);

	return code || !may ? code : give(reader, entry, err);
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
static enum bk_code step(struct reader *reader, const struct span *span, struct stepper *stepper,
	bool *more, struct bk_error *err)
{
	enum bk_code code = bk_stepper_next(stepper, err);

	if (code != BK_E_SQL || !span->above || bk_toll_is_spent(reader->toll))
		return code;
	*more = false;
	reader->watch.is_known = false;
	return BK_OK;
}

/* Replays the interval of SPAN, and looks at the rows after each version. */
static enum bk_code replay_span(
	struct reader *reader, const struct span *span, struct bk_error *err)
{
	struct bk_entry entry = entry_of(span->base);
	struct stepper stepper;
	bool more = true;
	enum bk_code code = bk_stepper_open(&stepper, span, reader->toll, err);

	if (code)
		return code;
	/* What was known of the keyframe below holds of this image of it. */
	stepper.image->overlay.watched = &reader->watch.read;
	code = bk_watch_enter(&reader->watch, stepper.image, err);
	if (!code) {
		code = look(reader, &entry, err);
		while (!code && more && bk_stepper_has_next(&stepper, &entry)) {
			code = step(reader, span, &stepper, &more, err);
			if (!code && more)
				code = look(reader, &entry, err);
		}
		bk_watch_leave(&reader->watch);
	}
	bk_stepper_close(&stepper);
	return code;
}

/* Reads the rows of the keyframe below SPAN. */
static enum bk_code read_base(struct reader *reader, const struct span *span, struct bk_error *err)
{
	const struct bk_image_options options = {.toll = reader->toll};
	struct bk_entry entry = entry_of(span->base);
	struct bk_image *image;
	enum bk_code code = bk_image_open_keyframe(&image, span->log, span->base, &options, err);

	if (code)
		return code;
	code = bk_watch_enter(&reader->watch, image, err);
	if (!code) {
		code = give(reader, &entry, err);
		bk_watch_leave(&reader->watch);
	}
	bk_image_close(image);
	return code;
}

/* Whether the interval of SPAN wrote to a page that was read, by what the keyframe above it stored;
 * or to the schema. */
static enum bk_code is_touched(
	struct reader *reader, const struct span *span, bool *touched, struct bk_error *err)
{
	const struct pageset *read = &reader->watch.read;
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
		*touched = memcmp(bytes + 40, reader->watch.cookie, 4) != 0;
	bk_image_close(image);
	return code;
}

static enum bk_code do_span(struct reader *reader, const struct span *span, struct bk_error *err)
{
	bool is_delta = span->above && !span->above->is_full && !span->is_mended;
	bool touched = true;
	enum bk_code code = BK_OK;

	if (!span->base || span->base->ordinal < reader->first)
		return BK_OK;
	if (is_delta && !reader->watch.is_known)
		code = read_base(reader, span, err);
	if (!code && is_delta)
		code = is_touched(reader, span, &touched, err);
	if (!code && touched)
		code = replay_span(reader, span, err);
	/* A snapshot's pages are laid out by the node. */
	if (span->above && span->above->is_full)
		reader->watch.is_known = false;
	return code;
}

enum bk_code bk_reader_span(struct reader *reader, uint64_t *at, bool *more, struct bk_error *err)
{
	struct span span;
	enum bk_code code = bk_span_of_ordinal(&span, reader->log, *at, err);

	if (code)
		return code;
	code = do_span(reader, &span, err);
	*more = span.above != NULL;
	if (*more)
		*at = span.above->ordinal;
	bk_span_done(&span);
	return code;
}

void bk_reader_done(struct reader *reader)
{
	bk_watch_done(&reader->watch);
}

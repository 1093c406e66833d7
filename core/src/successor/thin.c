/* thin.c - keyframes of single versions of one log put into another. */
#include "thin.h"
#include "carry.h"
#include "pageset.h"
#include "pagestore.h"
#include <bk/rebuild.h>
#include <stdlib.h>

void bk_thin_init(struct thin *thin, struct bk_log *from, struct bk_writer *to, bool past_damage)
{
	*thin = (struct thin){.from = from, .to = to, .past_damage = past_damage};
}

void bk_thin_done(struct thin *thin)
{
	free(thin->dirty.pages);
	thin->dirty = (struct dirty){0};
}

static void pages_add_from(struct pageset *pages, uint32_t first)
{
	for (uint32_t page = first; page && page <= pages->count; page++)
		bk_pageset_add(pages, page);
}

static void add_dirty(struct pageset *pages, const struct dirty *dirty)
{
	for (size_t i = 0; i < dirty->count; i++)
		bk_pageset_add(pages, dirty->pages[i]);
}

/* Adds what the keyframes between that of ORDINAL and IMAGE's own store: a few more pages do no
 * harm. Past damage IMAGE can stand on an older one, and be laid out otherwise from there on. */
static enum bk_code add_between(
	struct pageset *pages, uint64_t ordinal, const struct bk_image *image, struct bk_error *err)
{
	enum bk_code code = BK_OK;

	if (image->index.levels[0].kf->ordinal < ordinal) {
		pages_add_from(pages, 1);
		return BK_OK;
	}
	for (size_t i = 0; i < image->index.count && !code; i++) {
		const struct keyframe *kf = image->index.levels[i].kf;

		if (kf->ordinal <= ordinal)
			return BK_OK;
		if (kf->is_full) {
			pages_add_from(pages, 1);
			return BK_OK;
		}
		for (size_t m = 0; m < kf->map_count && !code; m++) {
			struct pagemap *map;

			code = bk_log_pagemap(image->log, kf, m, &map, err);
			for (uint32_t p = 0; !code && p < map->count; p++)
				bk_pageset_add(pages, map->pages[p]);
			if (!code)
				bk_log_unpin(image->log, map);
		}
	}
	/* Past damage the way down can end above. */
	if (!code && image->index.levels[image->index.count - 1].kf->ordinal > ordinal)
		pages_add_from(pages, 1);
	return code;
}

/* The pages of IMAGE, in which what was replayed wrote DIRTY, that may differ from those of the
 * moment before. */
static enum bk_code find_changed(struct pageset *pages, const struct thin *thin,
	const struct bk_image *image, const struct dirty *dirty, struct bk_error *err)
{
	pages_add_from(pages, thin->page_count + 1);
	add_dirty(pages, &thin->dirty);
	add_dirty(pages, dirty);
	return add_between(pages, thin->ordinal, image, err);
}

/* The sums of pages that were there and are there no more. */
static enum bk_code subtract_cut(struct thin *thin, struct bk_image *below,
	const struct bk_image *image, struct bk_error *err)
{
	uint8_t page_bytes[PAGE_SIZE_MAX];
	struct record record;
	uint64_t offset;
	enum bk_code code = BK_OK;

	for (uint32_t page = bk_image_page_count(image) + 1;
		page <= bk_image_page_count(below) && !code; page++) {
		if (page == bk_lock_page(bk_image_page_size(below)))
			continue;
		code = bk_image_read_below(below, page, page_bytes, &record, &offset, err);
		if (!code)
			thin->pages_sum -= record.check;
	}
	return code;
}

/* Stores the PAGES of IMAGE that differ from those BELOW; without BELOW, all. */
static enum bk_code store(struct thin *thin, struct build *build, struct bk_image *below,
	struct bk_image *image, const struct pageset *pages, struct bk_error *err)
{
	uint8_t page_bytes[PAGE_SIZE_MAX];
	enum bk_code code = BK_OK;

	for (uint32_t page = 1; page <= pages->count && !code; page++) {
		uint64_t before = 0;

		if (!bk_pageset_has(pages, page) || page == bk_lock_page(build->page_size))
			continue;
		code = bk_image_read_page(image, page, page_bytes, err);
		if (!code)
			code = below ? bk_build_changed(
					       build, below, page, page_bytes, false, &before, err)
				     : bk_build_page(build, page, page_bytes, NULL, err);
		if (!code)
			thin->pages_sum +=
				bk_record_check(page, page_bytes, build->page_size) - before;
	}
	return code ? code : below ? subtract_cut(thin, below, image, err) : BK_OK;
}

/* Whether a delta can stand on the moment before. */
static bool can_stand(const struct thin *thin, const struct bk_image *image)
{
	return thin->page_count && thin->page_size == bk_image_page_size(image);
}

static enum bk_code build_moment(struct thin *thin, struct build *build, struct bk_image *image,
	const struct dirty *dirty, int64_t time_us, struct bk_error *err)
{
	struct build_result result = {.version = image->version,
		.page_size = bk_image_page_size(image),
		.page_count = bk_image_page_count(image),
		.time_us = time_us,
		.history = image->history,
		.session = thin->to->log->state.session};
	struct bk_image *below = NULL;
	struct trail trail = {.is_blind = true};
	struct pageset pages;
	enum bk_code code = bk_pageset_init(&pages, bk_image_page_count(image), err);

	if (code)
		return code;
	if (build->is_full)
		pages_add_from(&pages, 1);
	else
		code = find_changed(&pages, thin, image, dirty, err);
	if (!code && !build->is_full)
		code = bk_image_open_keyframe(&below, thin->to->log, build->below, NULL, err);
	if (!code)
		code = store(thin, build, below, image, &pages, err);
	result.pages_sum = thin->pages_sum;
	if (!code && below) {
		bk_trail_add_index(&trail, &below->index);
		result.trail = &trail;
	}
	if (!code)
		code = bk_build_finish(build, &result, err);
	bk_trail_done(&trail);
	bk_image_close(below);
	bk_pageset_done(&pages);
	return code;
}

/* TO's newest keyframe holds IMAGE. DIRTY is taken over. */
static void note(struct thin *thin, const struct bk_image *image, const struct dirty *dirty)
{
	free(thin->dirty.pages);
	thin->dirty = *dirty;
	thin->page_size = bk_image_page_size(image);
	thin->page_count = bk_image_page_count(image);
	thin->ordinal = image->index.levels[0].kf->ordinal;
}

static enum bk_code put_moment(
	struct thin *thin, struct bk_image *image, int64_t time_us, struct bk_error *err)
{
	bool is_full = !can_stand(thin, image);
	uint64_t sum_before = thin->pages_sum;
	struct dirty dirty = {0};
	struct build build;
	enum bk_code code;

	dirty.pages = bk_overlay_dirty(&image->overlay, &dirty.count);
	code = dirty.pages ? bk_build_begin(&build, thin->to, is_full, err)
			   : bk_fail(err, BK_E_NOMEM, 0, "no memory for the list of pages");
	if (!code) {
		build.is_carried = is_full;
		build.is_thinned = !is_full;
		build.version = image->version;
		build.page_size = bk_image_page_size(image);
		if (is_full)
			thin->pages_sum = 0;
		code = build_moment(thin, &build, image, &dirty, time_us, err);
		bk_build_done(&build);
	}
	if (code) {
		thin->pages_sum = sum_before;
		free(dirty.pages);
		return code;
	}
	note(thin, image, &dirty);
	return bk_carry_sync(thin->to, err);
}

/* One moment under way. */
struct putting {
	struct thin *thin;
	int64_t time_us;
};

static enum bk_code put_image(void *ctx, struct bk_image *image, struct bk_error *err)
{
	const struct putting *putting = ctx;

	return put_moment(putting->thin, image, putting->time_us, err);
}

enum bk_code bk_thin_moment(
	struct thin *thin, uint32_t version, int64_t time_us, struct bk_error *err)
{
	struct putting putting = {thin, time_us};
	struct bk_image *image;
	enum bk_code code;

	if (thin->past_damage)
		return bk_rebuild_do(thin->from, version, NULL, put_image, &putting, err);
	code = bk_image_open(&image, thin->from, version, NULL, err);
	if (code)
		return code;
	code = put_moment(thin, image, time_us, err);
	bk_image_close(image);
	return code;
}

enum bk_code bk_thin_keyframe(struct thin *thin, const struct keyframe *kf, struct bk_error *err)
{
	struct bk_image *image;
	enum bk_code code = bk_image_open_keyframe(&image, thin->from, kf, NULL, err);

	if (code)
		return code;
	/* A doubt that was open there is open still. */
	bk_facts_take_notes(&thin->to->log->state.facts, kf->notes);
	code = put_moment(thin, image, kf->time_us, err);
	bk_image_close(image);
	return code;
}

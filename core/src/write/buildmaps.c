/* buildmaps.c - how a reader finds its way from a keyframe that is written: its maps, and its links
 * to the keyframes below. */
#include "build.h"
#include "pageindex.h"
#include <stdlib.h>

/* Pages ascending; of one page, the newest record first: it stands last in the log. */
static int stored_order(const void *a, const void *b)
{
	const struct stored_page *left = a, *right = b;

	if (left->page != right->page)
		return left->page < right->page ? -1 : 1;
	return left->offset > right->offset ? -1 : left->offset < right->offset;
}

static void sort_and_drop_older(struct build *build)
{
	size_t kept = 0;

	if (build->page_count)
		qsort(build->pages, build->page_count, sizeof *build->pages, stored_order);
	for (size_t i = 0; i < build->page_count; i++)
		if (!kept || build->pages[kept - 1].page != build->pages[i].page)
			build->pages[kept++] = build->pages[i];
	build->page_count = kept;
}

static enum bk_code add_map(
	struct build *build, const struct keyframe *kf, size_t at, struct bk_error *err)
{
	struct pagemap *map;
	enum bk_code code = bk_log_pagemap(build->writer->log, kf, at, &map, err);

	if (code)
		return code;
	code = bk_build_grow(build, build->page_count + map->count, err);
	for (uint32_t i = 0; i < map->count && !code; i++)
		build->pages[build->page_count++] =
			(struct stored_page){.page = map->pages[i], .offset = map->offsets[i]};
	bk_log_unpin(build->writer->log, map);
	return code;
}

/* Adds what the keyframes below store, so far down as this one's map reaches. */
static enum bk_code add_maps_below(
	struct build *build, uint64_t ordinal, uint32_t *reach, struct bk_error *err)
{
	uint64_t wanted = bk_keyframe_step(bk_keyframe_link_count(ordinal) - 1);
	struct pageindex index;
	enum bk_code code;

	*reach = 1;
	if (wanted == 1)
		return BK_OK;
	code = bk_pageindex_open(&index, build->writer->log, build->below, err);
	if (code)
		return code;
	for (size_t i = 0; i < index.count && *reach < wanted && !code; i++) {
		const struct keyframe *kf = index.levels[i].kf;

		if (kf->is_full)
			break;
		for (size_t m = 0; m < kf->map_count && !code; m++)
			code = add_map(build, kf, m, err);
		*reach += kf->reach;
	}
	bk_pageindex_done(&index);
	return code;
}

static enum bk_code put_maps(struct build *build, struct keyframe *kf, struct bk_error *err)
{
	size_t count = (build->page_count + PAGEMAP_ENTRIES_MAX - 1) / PAGEMAP_ENTRIES_MAX;
	enum bk_code code = BK_OK;

	kf->maps = calloc(count + 1, sizeof *kf->maps);
	if (!kf->maps)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for %zu maps", count);
	kf->map_count = count;
	for (size_t i = 0; i < count && !code; i++) {
		const struct stored_page *pages = build->pages + i * PAGEMAP_ENTRIES_MAX;
		size_t left = build->page_count - i * PAGEMAP_ENTRIES_MAX;
		size_t entries = left < PAGEMAP_ENTRIES_MAX ? left : PAGEMAP_ENTRIES_MAX;

		kf->maps[i].first_page = pages[0].page;
		kf->maps[i].entries = (uint32_t)entries;
		code = bk_pagemap_encode(pages, entries, &build->piece, err);
		if (!code)
			code = bk_build_put(build, FRAME_MAP, &kf->maps[i].offset, err);
	}
	return code;
}

enum bk_code bk_build_maps(struct build *build, struct keyframe *kf, struct bk_error *err)
{
	enum bk_code code = BK_OK;

	if (!build->is_full)
		code = add_maps_below(build, kf->ordinal, &kf->reach, err);
	if (code)
		return code;
	sort_and_drop_older(build);
	return put_maps(build, kf, err);
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Link LEVEL from the one of the level below: FANOUT - 1 steps further down. */
static enum bk_code longer_link(struct bk_log *log, const struct keyframe_link *shorter,
	unsigned level, struct keyframe_link *out, struct bk_error *err)
{
	struct keyframe_link link = *shorter;

	for (unsigned i = 1; i < KEYFRAME_FANOUT; i++) {
		struct keyframe *kf;
		enum bk_code code = bk_log_keyframe(log, link.offset, &kf, err);

		if (code)
			return code;
		if (kf->link_count < level) {
			bk_log_unpin(log, kf);
			return bk_fail(err, BK_E_DAMAGE, 0,
				"%s is damaged at offset %llu: a keyframe's link leads astray",
				log->lf.file.path, (unsigned long long)link.offset);
		}
		link.offset = kf->links[level - 1].offset;
		link.version = kf->links[level - 1].version;
		link.earliest_us = earlier(link.earliest_us, kf->links[level - 1].earliest_us);
		bk_log_unpin(log, kf);
	}
	*out = link;
	return BK_OK;
}

enum bk_code bk_build_links(struct build *build, struct keyframe *kf, struct bk_error *err)
{
	enum bk_code code = BK_OK;

	kf->link_count = bk_keyframe_link_count(kf->ordinal);
	if (!kf->link_count)
		return BK_OK;
	kf->links[0] = (struct keyframe_link){.offset = build->below->offset,
		.version = build->below->version,
		.earliest_us = bk_keyframe_earliest(kf)};
	for (unsigned level = 1; level < kf->link_count && !code; level++)
		code = longer_link(
			build->writer->log, &kf->links[level - 1], level, &kf->links[level], err);
	return code;
}

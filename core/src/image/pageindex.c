/* pageindex.c - where each page of the database at one keyframe is stored. */
#include "pageindex.h"
#include "pagestore.h"
#include <stdlib.h>

/* Adds the keyframe at OFFSET, which must have ORDINAL. */
static enum bk_code add_level(
	struct pageindex *index, uint64_t offset, uint64_t ordinal, struct bk_error *err)
{
	struct pageindex_level *level = &index->levels[index->count];
	struct keyframe *kf;
	enum bk_code code;

	if (index->count == PAGEINDEX_LEVELS_MAX)
		return bk_fail(err, BK_E_DAMAGE, 0, "%s is damaged at offset %llu: %s",
			index->log->lf.file.path, (unsigned long long)offset,
			"too many keyframes stand on each other");
	code = bk_log_keyframe(index->log, offset, &kf, err);
	if (code)
		return code;
	if (kf->ordinal != ordinal)
		code = bk_fail(err, BK_E_DAMAGE, 0,
			"%s is damaged at offset %llu: another keyframe should be there",
			index->log->lf.file.path, (unsigned long long)offset);
	if (!code) {
		level->maps = calloc(kf->map_count + 1, sizeof *level->maps);
		if (!level->maps)
			code = bk_fail(err, BK_E_NOMEM, 0, "no memory for an index of pages");
	}
	if (code) {
		bk_log_unpin(index->log, kf);
		return code;
	}
	level->kf = kf;
	index->count++;
	return BK_OK;
}

/* The keyframe whose maps go on where those of KF end. */
static uint64_t offset_below(const struct keyframe *kf)
{
	size_t top = kf->link_count - 1;

	return kf->reach == bk_keyframe_step((unsigned)top) ? kf->links[top].offset : kf->full;
}

enum bk_code bk_pageindex_has_all(struct pageindex *index, struct bk_error *err)
{
	const struct keyframe *kf = index->levels[0].kf;
	enum bk_code code = BK_OK;

	for (uint32_t page = 1; page <= kf->page_count && !code; page++) {
		uint64_t offset;

		code = bk_pageindex_find(index, page, &offset, err);
		if (!code && !offset && page != bk_lock_page(kf->page_size))
			code = bk_fail(err, BK_E_DAMAGE, 0,
				"%s is damaged: page %u of version %u is not stored anywhere",
				index->log->lf.file.path, page, kf->version);
	}
	return code;
}

enum bk_code bk_pageindex_open(struct pageindex *index, struct bk_log *log,
	const struct keyframe *kf, struct bk_error *err)
{
	uint64_t offset = kf->offset, ordinal = kf->ordinal;
	enum bk_code code;

	index->log = log;
	index->count = 0;
	while (!(code = add_level(index, offset, ordinal, err))) {
		const struct keyframe *at = index->levels[index->count - 1].kf;

		if (at->is_full)
			return BK_OK;
		offset = offset_below(at);
		ordinal -= at->reach;
	}
	/* Pages that are stored above the damage are the newest of theirs all the same. */
	if (code == BK_E_DAMAGE && index->count)
		code = bk_pageindex_has_all(index, err);
	if (code)
		bk_pageindex_done(index);
	return code;
}

void bk_pageindex_done(struct pageindex *index)
{
	for (size_t i = 0; i < index->count; i++) {
		struct pageindex_level *level = &index->levels[i];

		for (size_t m = 0; m < level->kf->map_count; m++)
			bk_log_unpin(index->log, atomic_load(&level->maps[m]));
		free(level->maps);
		bk_log_unpin(index->log, level->kf);
	}
	index->count = 0;
}

/* The map of LEVEL that would hold PAGE; level->kf->map_count if none. */
static size_t map_of_page(const struct pageindex_level *level, uint32_t page)
{
	const struct keyframe_map *maps = level->kf->maps;
	size_t low = 0, high = level->kf->map_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (maps[middle].first_page <= page)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? low - 1 : level->kf->map_count;
}

static enum bk_code load_map(struct pageindex *index, struct pageindex_level *level, size_t at,
	struct pagemap **out, struct bk_error *err)
{
	struct pagemap *map = atomic_load(&level->maps[at]), *expected = NULL;
	enum bk_code code;

	*out = map;
	if (map)
		return BK_OK;
	code = bk_log_pagemap(index->log, level->kf, at, &map, err);
	if (code)
		return code;
	*out = map;
	/* Another thread may have been faster; it is the same map, pinned twice. */
	if (!atomic_compare_exchange_strong(&level->maps[at], &expected, map))
		bk_log_unpin(index->log, map);
	return BK_OK;
}

/* The pages of a run that are still looked for. */
struct run {
	uint32_t first, count;
	uint64_t *offsets;
};

/* Whether any page of RUN from FROM to before END is still looked for. */
static bool is_wanted(const struct run *run, uint32_t from, uint64_t end)
{
	for (uint64_t page = from; page < end && page - run->first < run->count; page++)
		if (!run->offsets[page - run->first])
			return true;
	return false;
}

static void take_from_map(const struct run *run, const struct pagemap *map)
{
	for (uint32_t i = bk_pagemap_from(map, run->first);
		i < map->count && map->pages[i] - run->first < run->count; i++)
		if (!run->offsets[map->pages[i] - run->first])
			run->offsets[map->pages[i] - run->first] = map->offsets[i];
}

/* Only maps that could have a page which is looked for are loaded. */
static enum bk_code take_from_level(struct pageindex *index, struct pageindex_level *level,
	const struct run *run, struct bk_error *err)
{
	const struct keyframe_map *maps = level->kf->maps;
	size_t count = level->kf->map_count, at = map_of_page(level, run->first);

	for (at = at == count ? 0 : at; at < count; at++) {
		uint32_t from = maps[at].first_page > run->first ? maps[at].first_page : run->first;
		uint64_t end = at + 1 < count ? maps[at + 1].first_page : UINT64_MAX;
		struct pagemap *map;
		enum bk_code code;

		if (from - run->first >= run->count)
			break;
		if (!is_wanted(run, from, end))
			continue;
		code = load_map(index, level, at, &map, err);
		if (code)
			return code;
		take_from_map(run, map);
	}
	return BK_OK;
}

enum bk_code bk_pageindex_find_run(struct pageindex *index, uint32_t first, uint32_t count,
	uint64_t *offsets, struct bk_error *err)
{
	struct run run = {first, count, offsets};
	enum bk_code code = BK_OK;

	for (size_t i = 0; i < index->count && !code && is_wanted(&run, first, UINT64_MAX); i++)
		code = take_from_level(index, &index->levels[i], &run, err);
	return code;
}

enum bk_code bk_pageindex_find(
	struct pageindex *index, uint32_t page, uint64_t *offset, struct bk_error *err)
{
	*offset = 0;
	return bk_pageindex_find_run(index, page, 1, offset, err);
}

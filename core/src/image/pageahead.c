/* pageahead.c - pages that are going to be read from a log that stands afar. */
#include "pageahead.h"
#include "foresee.h"
#include <stdlib.h>

#define PAGES_MOST  1024
#define RUN_PAGES   256
#define FIRST_PAGES 64 /* of a database: its schema, and where its tables begin */

#define HOT_KEYFRAMES 3 /* whose pages are read again and again */

#define MAPS_MOST      256
#define MAP_ENTRY      8 /* bytes of one, at most, mostly */
#define MAP_BYTES_MOST ((uint64_t)2 << 20)

static bool is_afar(const struct pageindex *index)
{
	return bk_file_want(&index->log->lf.file, NULL, 0);
}

static int range_order(const void *a, const void *b)
{
	uint64_t left = ((const struct bk_io_range *)a)->offset;
	uint64_t right = ((const struct bk_io_range *)b)->offset;

	return left < right ? -1 : left > right;
}

void bk_pageahead_maps(struct pageindex *index)
{
	struct bk_io_range ranges[MAPS_MOST];
	uint64_t bytes = 0;
	size_t count = 0;

	if (!bk_log_foresees(index->log))
		return;
	for (size_t i = 0; i < index->count; i++) {
		const struct keyframe *kf = index->levels[i].kf;

		for (size_t m = 0; m < kf->map_count; m++) {
			uint64_t size = FRAME_HEAD_SIZE + (uint64_t)MAP_ENTRY * kf->maps[m].entries;

			bytes += size;
			if (count == MAPS_MOST || bytes > MAP_BYTES_MOST)
				break;
			ranges[count++] = (struct bk_io_range){kf->maps[m].offset, size};
		}
	}
	qsort(ranges, count, sizeof *ranges, range_order);
	bk_file_want(&index->log->lf.file, ranges, count);
}

/* Records to be read, and then those that they stand on. */
struct ahead {
	struct pageindex *index;
	struct record_reader *reader;
	uint64_t offsets[PAGES_MOST];
	size_t count;
	uint8_t seen[8192]; /* bits of pages, by their last digits: one that shares it may be left
			       out */
};

/* Whether PAGE was not added before; notes that it is. */
static bool is_new(struct ahead *ahead, uint32_t page)
{
	uint8_t bit = (uint8_t)(1u << page % 8),
		*byte = &ahead->seen[page / 8 % sizeof ahead->seen];
	bool is_new = !(*byte & bit);

	*byte |= bit;
	return is_new;
}

static void add_page(struct ahead *ahead, uint32_t page)
{
	struct bk_error ignored;
	uint64_t offset;

	if (!is_new(ahead, page))
		return;
	if (ahead->count < PAGES_MOST && page <= ahead->index->levels[0].kf->page_count &&
		!bk_pageindex_find(ahead->index, page, &offset, &ignored) && offset)
		ahead->offsets[ahead->count++] = offset;
}

/* Adds the pages that KF stored itself: its maps may have those of others, too, whose records stand
 * before the keyframe below it. */
static void add_stored(struct ahead *ahead, const struct keyframe *kf)
{
	uint64_t before = bk_place_limit(ahead->index->log->lf.header.is_sealed, kf->previous);

	for (size_t m = 0; m < kf->map_count; m++) {
		struct pagemap *map;
		struct bk_error ignored;

		if (bk_log_pagemap(ahead->index->log, kf, m, &map, &ignored))
			continue;
		for (uint32_t i = 0; i < map->count; i++)
			if (map->offsets[i] > before)
				add_page(ahead, map->pages[i]);
		bk_log_unpin(ahead->index->log, map);
	}
}

static int offset_order(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return left < right ? -1 : left > right;
}

static void want_records(struct ahead *ahead)
{
	struct bk_io_range ranges[PAGES_MOST];

	qsort(ahead->offsets, ahead->count, sizeof *ahead->offsets, offset_order);
	for (size_t i = 0; i < ahead->count; i++)
		ranges[i] = bk_record_range(ahead->reader, ahead->offsets[i]);
	bk_file_want(&ahead->index->log->lf.file, ranges, ahead->count);
}

/* Reads the records, and puts in their place those that they stand on. */
static void go_down(struct ahead *ahead)
{
	const struct file *file = &ahead->index->log->lf.file;
	size_t count = 0;

	for (size_t i = 0; i < ahead->count; i++) {
		struct record record;
		struct bk_error ignored;

		if (!bk_record_look(ahead->reader, file, ahead->offsets[i], &record, &ignored) &&
			record.depth && record.base < ahead->offsets[i])
			ahead->offsets[count++] = record.base;
	}
	ahead->count = count;
}

static void go_all_down(struct ahead *ahead)
{
	for (unsigned i = 0; ahead->count && i <= RECORD_DEPTH_MAX; i++) {
		go_down(ahead);
		want_records(ahead);
	}
}

/* NULL where the log is in a file, or there is no memory. */
static struct ahead *begin(struct pageindex *index)
{
	struct ahead *ahead = is_afar(index) ? calloc(1, sizeof *ahead) : NULL;

	if (!ahead)
		return NULL;
	ahead->index = index;
	ahead->reader = bk_log_reader_take(index->log);
	if (ahead->reader)
		return ahead;
	free(ahead);
	return NULL;
}

static void end(struct ahead *ahead)
{
	bk_log_reader_give(ahead->index->log, ahead->reader);
	free(ahead);
}

void bk_pageahead_open(struct pageindex *index, const struct keyframe *above)
{
	struct ahead *ahead = bk_log_foresees(index->log) ? begin(index) : NULL;

	if (!ahead)
		return;
	if (above)
		add_stored(ahead, above);
	for (size_t i = 0; i < index->count && i < HOT_KEYFRAMES; i++)
		add_stored(ahead, index->levels[i].kf);
	for (uint32_t page = 1; page <= FIRST_PAGES; page++)
		add_page(ahead, page);
	want_records(ahead);
	go_all_down(ahead);
	end(ahead);
}

/* Does WORK with the records that are stored of the COUNT pages from FIRST on. */
static void with_run(
	struct pageindex *index, uint32_t first, uint32_t count, void (*work)(struct ahead *ahead))
{
	struct ahead *ahead = begin(index);
	struct bk_error ignored;

	if (!ahead)
		return;
	for (uint32_t done = 0, part; done < count; done += part) {
		uint64_t offsets[RUN_PAGES] = {0};

		part = count - done < RUN_PAGES ? count - done : RUN_PAGES;
		if (bk_pageindex_find_run(index, first + done, part, offsets, &ignored))
			break;
		for (uint32_t i = 0; i < part; i++)
			if (offsets[i] && ahead->count < PAGES_MOST)
				ahead->offsets[ahead->count++] = offsets[i];
	}
	work(ahead);
	end(ahead);
}

void bk_pageahead_want(struct pageindex *index, uint32_t first, uint32_t count)
{
	with_run(index, first, count, want_records);
}

void bk_pageahead_down(struct pageindex *index, uint32_t first, uint32_t count)
{
	with_run(index, first, count, go_all_down);
}

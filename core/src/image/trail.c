/* trail.c - what a replay read of its log beside the changes. */
#include "trail.h"
#include "foresee.h"
#include "lines.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY       "reads"
#define KEY_PAGES "pages"
#define UNIT      10                   /* offsets count 2^10 bytes */
#define GAP       ((uint64_t)32 << 10) /* what is nearer to each other is one */
#define GAP_MOST  (8 * GAP)            /* where there are too many */
#define READ_MORE ((uint64_t)4 << 10)  /* a reader of a frame reads on so far, at most */
#define ITEM_MAX  40                   /* bytes of text */

#define CAPACITY_LEAST ((size_t)256)
#define CAPACITY_MOST  (16 * CAPACITY_LEAST)

/* What a reader takes, whatever is noted. */
#define RANGES_MOST 512
#define BYTES_MOST  ((uint64_t)8 << 20)

void bk_trail_done(struct trail *trail)
{
	free(trail->all);
	free(trail->pages);
	*trail = (struct trail){0};
}

static int range_order(const void *a, const void *b)
{
	uint64_t left = ((const struct bk_io_range *)a)->offset;
	uint64_t right = ((const struct bk_io_range *)b)->offset;

	return left < right ? -1 : left > right;
}

/* Puts the ranges in order, and makes one of what is nearer to each other than GAP. */
static void merge(struct trail *trail, uint64_t gap)
{
	size_t kept = 0;

	if (trail->count)
		qsort(trail->all, trail->count, sizeof *trail->all, range_order);
	for (size_t i = 1; i < trail->count; i++) {
		struct bk_io_range *last = &trail->all[kept];
		const struct bk_io_range *next = &trail->all[i];
		uint64_t end = next->offset + next->size;

		if (next->offset > last->offset + last->size + gap)
			trail->all[++kept] = *next;
		else if (end > last->offset + last->size)
			last->size = end - last->offset;
	}
	if (trail->count)
		trail->count = kept + 1;
}

static bool grow(struct trail *trail)
{
	size_t capacity = trail->capacity ? 2 * trail->capacity : CAPACITY_LEAST;
	struct bk_io_range *all = realloc(trail->all, capacity * sizeof *all);

	if (!all)
		return false;
	trail->all = all;
	trail->capacity = capacity;
	return true;
}

/* Whether there is room for one more. */
static bool make_room(struct trail *trail)
{
	if (trail->count < trail->capacity || trail->is_cut)
		return !trail->is_cut;
	if (trail->capacity < CAPACITY_MOST)
		return grow(trail);
	merge(trail, GAP);
	/* What reads at so many places is not opened in one round anyway. */
	trail->is_cut = trail->count > CAPACITY_MOST / 2;
	return !trail->is_cut;
}

void bk_trail_add(struct trail *trail, uint64_t offset, uint64_t size)
{
	if (make_room(trail))
		trail->all[trail->count++] = (struct bk_io_range){offset, size};
}

static int page_order(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return left < right ? -1 : left > right;
}

/* Puts the pages in order, each once. */
static void order_pages(struct trail *trail)
{
	size_t kept = 0;

	if (trail->page_count)
		qsort(trail->pages, trail->page_count, sizeof *trail->pages, page_order);
	for (size_t i = 0; i < trail->page_count; i++)
		if (!kept || trail->pages[kept - 1] != trail->pages[i])
			trail->pages[kept++] = trail->pages[i];
	trail->page_count = kept;
}

void bk_trail_add_page(struct trail *trail, uint32_t page)
{
	if (!trail->pages)
		trail->pages = malloc(TRAIL_PAGES * sizeof *trail->pages);
	if (trail->page_count == TRAIL_PAGES)
		return;
	if (trail->pages)
		trail->pages[trail->page_count++] = page;
	if (trail->page_count == TRAIL_PAGES)
		order_pages(trail);
}

static void add_frame(struct trail *trail, uint64_t offset, uint64_t end)
{
	bk_trail_add(trail, offset, end - offset + READ_MORE);
}

void bk_trail_add_index(struct trail *trail, const struct pageindex *index)
{
	for (size_t i = 0; i < index->count; i++) {
		const struct pageindex_level *level = &index->levels[i];
		const struct keyframe *kf = level->kf;

		add_frame(trail, kf->offset, kf->end);
		for (size_t m = 0; m < kf->map_count; m++) {
			uint64_t next = m + 1 < kf->map_count ? kf->maps[m + 1].offset : kf->offset;

			if (atomic_load(&level->maps[m]) && next > kf->maps[m].offset)
				add_frame(trail, kf->maps[m].offset, next);
		}
	}
}

/* As many as there is room for; returns how many those are. */
static size_t write_line(const struct trail *trail, char *out, size_t room)
{
	uint64_t behind = 0;
	size_t used = (size_t)snprintf(out, room, KEY "="), i = 0;

	for (; i < trail->count && used + ITEM_MAX < room; i++) {
		const struct bk_io_range *range = &trail->all[i];
		uint64_t from = range->offset >> UNIT;
		uint64_t to = (range->offset + range->size + (1 << UNIT) - 1) >> UNIT;

		if (from < behind)
			from = behind;
		used += (size_t)snprintf(out + used, room - used, "%s%" PRIx64 "+%" PRIx64,
			i ? " " : "", from - behind, to - from);
		behind = to;
	}
	strcpy(out + used, "\n");
	return i;
}

static void write_ranges(struct trail *trail, char *out, size_t room)
{
	merge(trail, GAP);
	if (write_line(trail, out, room) == trail->count)
		return;
	merge(trail, GAP_MOST);
	write_line(trail, out, room);
}

/* As many as there is room for. */
static void write_pages(
	struct trail *trail, const struct stored_page *stored, size_t count, char *out, size_t room)
{
	size_t used = (size_t)snprintf(out, room, KEY_PAGES "="), at = 0;
	uint32_t before = 0;

	order_pages(trail);
	for (size_t i = 0; i < trail->page_count && used + ITEM_MAX < room; i++) {
		uint32_t page = trail->pages[i];

		while (at < count && stored[at].page < page)
			at++;
		if (at < count && stored[at].page == page)
			continue;
		used += (size_t)snprintf(
			out + used, room - used, "%s%" PRIx32, before ? " " : "", page - before);
		before = page;
	}
	strcpy(out + used, "\n");
}

void bk_trail_write(
	struct trail *trail, const struct stored_page *stored, size_t count, char *out, size_t room)
{
	size_t used;

	*out = '\0';
	if (!trail->count || room < 4 * ITEM_MAX)
		return;
	/* More than some pages are none that many such intervals share. */
	if (!trail->is_blind)
		write_pages(trail, stored, count, out, room / 4);
	used = strlen(out);
	write_ranges(trail, out + used, room - used);
}

/* The next item of *TEXT; false where none follows. */
static bool next_item(const char **text, uint64_t *skip, uint64_t *count)
{
	char *end;

	*skip = strtoull(*text, &end, 16);
	if (end == *text || *end != '+')
		return false;
	*text = end + 1;
	*count = strtoull(*text, &end, 16);
	if (end == *text)
		return false;
	*text = end;
	return true;
}

bool bk_trail_want(struct bk_log *log, const struct keyframe *kf)
{
	struct bk_io_range ranges[RANGES_MOST];
	char line[KEYFRAME_NOTES_MAX];
	uint64_t at = 0, left = BYTES_MOST >> UNIT, skip, units, end = kf->offset >> UNIT;
	const char *text = line;
	size_t count = 0;

	if (!bk_log_foresees(log) ||
		!bk_line_value(kf->notes, strlen(kf->notes), KEY, line, sizeof line))
		return false;
	while (count < RANGES_MOST && next_item(&text, &skip, &units)) {
		if (skip > end - at || units > left)
			break;
		at += skip;
		ranges[count++] = (struct bk_io_range){at << UNIT, units << UNIT};
		left -= units;
		at += units;
		if (at > end)
			break;
	}
	bk_file_want(&log->lf.file, ranges, count);
	return count && bk_line_value(kf->notes, strlen(kf->notes), KEY_PAGES, line, sizeof line);
}

size_t bk_trail_pages(const struct keyframe *kf, uint32_t *pages, size_t most, bool *is_blind)
{
	char line[KEYFRAME_NOTES_MAX], *end;
	uint64_t page = 0;
	size_t count = 0;

	*is_blind = !bk_line_value(kf->notes, strlen(kf->notes), KEY_PAGES, line, sizeof line);
	for (const char *text = line; count < most; text = end) {
		uint64_t step = strtoull(text, &end, 16);

		page += step;
		if (end == text || !step || step > UINT32_MAX || page > UINT32_MAX)
			break;
		pages[count++] = (uint32_t)page;
	}
	return count;
}

/* imageread.c - bytes of the database file that an image is. */
#include "image.h"
#include <stdlib.h>
#include <string.h>

enum bk_code bk_image_may_read(struct bk_image *image, struct bk_error *err)
{
	char why[120];

	if (bk_budget_is_left(&image->budget))
		return BK_OK;
	return bk_fail(err, bk_budget_code(&image->budget), 0,
		"cannot read all pages of version %u: %s", image->version,
		bk_budget_why(&image->budget, why, sizeof why));
}

enum bk_code bk_image_read_all(
	struct bk_image *image, image_page_fn *take, void *ctx, struct bk_error *err)
{
	uint8_t bytes[PAGE_SIZE_MAX];
	uint32_t count = bk_image_page_count(image);
	enum bk_code code = BK_OK;

	bk_budget_begin(&image->budget);
	for (uint32_t page = 1; page <= count && !code; page++) {
		code = bk_image_read_page(image, page, bytes, err);
		if (!code && take)
			take(ctx, page, bytes);
		if (!code)
			code = bk_image_may_read(image, err);
	}
	bk_budget_end(&image->budget);
	return code;
}

/* So many pages are looked up at once, and read in the order in which the log has them. */
#define RUN_PAGES 256
/* Instead of an offset: the overlay has the page. No record has it. */
#define IN_OVERLAY 1

struct run {
	struct bk_image *image;
	uint32_t first, count;
	uint8_t *dst;
	uint64_t offsets[RUN_PAGES];
	struct place {
		uint64_t offset;
		uint32_t at;
	} places[RUN_PAGES];
};

/* How many pages of RUN are in the keyframe below, or the overlay. */
static uint32_t count_known(const struct run *run)
{
	uint32_t below = run->image->overlay.below_count;
	uint32_t left = below < run->first ? 0 : below - run->first + 1;

	return left < run->count ? left : run->count;
}

static int place_order(const void *a, const void *b)
{
	uint64_t left = ((const struct place *)a)->offset;
	uint64_t right = ((const struct place *)b)->offset;

	return left < right ? -1 : left > right;
}

/* Reads what the overlay has, and what is stored nowhere. */
static enum bk_code read_others(const struct run *run, struct bk_error *err)
{
	uint32_t page_size = run->image->overlay.store.page_size;
	enum bk_code code = BK_OK;

	for (uint32_t i = 0; i < run->count && !code; i++)
		if (run->offsets[i] <= IN_OVERLAY)
			code = bk_image_read_page(
				run->image, run->first + i, run->dst + (size_t)i * page_size, err);
	return code;
}

static enum bk_code read_stored(const struct run *run, uint32_t count, struct bk_error *err)
{
	uint32_t page_size = run->image->overlay.store.page_size;
	struct bk_log *log = run->image->log;
	struct record_reader *reader = bk_log_reader_take(log);
	enum bk_code code = BK_OK;

	if (!reader)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory to read a page");
	for (uint32_t i = 0; i < count && !code; i++) {
		const struct place *place = &run->places[i];

		code = bk_record_read(reader, &log->lf.file, place->offset, run->first + place->at,
			page_size, run->dst + (size_t)place->at * page_size, NULL, err);
	}
	bk_log_reader_give(log, reader);
	return code;
}

static enum bk_code read_run(struct run *run, struct bk_error *err)
{
	uint32_t known = count_known(run), count = 0;
	enum bk_code code;

	memset(run->offsets, 0, run->count * sizeof *run->offsets);
	for (uint32_t i = 0; i < known; i++)
		run->offsets[i] = bk_overlay_has(&run->image->overlay, run->first + i);
	code = bk_pageindex_find_run(&run->image->index, run->first, known, run->offsets, err);
	if (code)
		return code;
	for (uint32_t i = 0; i < known; i++)
		if (run->offsets[i] > IN_OVERLAY)
			run->places[count++] = (struct place){run->offsets[i], i};
	qsort(run->places, count, sizeof *run->places, place_order);
	code = count ? read_stored(run, count, err) : BK_OK;
	return code ? code : read_others(run, err);
}

static enum bk_code read_pages(
	struct bk_image *image, uint32_t first, uint32_t count, uint8_t *dst, struct bk_error *err)
{
	struct run run = {.image = image, .first = first, .dst = dst};
	enum bk_code code = BK_OK;

	while (count && !code) {
		run.count = count < RUN_PAGES ? count : RUN_PAGES;
		code = read_run(&run, err);
		run.first += run.count;
		run.dst += (size_t)run.count * image->overlay.store.page_size;
		count -= run.count;
	}
	return code;
}

/* Reads a part of one page. */
static enum bk_code read_part(
	struct bk_image *image, uint8_t *dst, size_t size, uint64_t offset, struct bk_error *err)
{
	uint32_t page_size = bk_image_page_size(image);
	uint8_t page[PAGE_SIZE_MAX];
	enum bk_code code =
		bk_image_read_page(image, (uint32_t)(offset / page_size) + 1, page, err);

	if (!code)
		memcpy(dst, page + offset % page_size, size);
	return code;
}

enum bk_code bk_image_read(struct bk_image *image, void *dst, size_t size, uint64_t offset,
	size_t *done, struct bk_error *err)
{
	uint32_t page_size = bk_image_page_size(image);
	uint64_t whole = bk_image_size(image);
	uint8_t *at = dst;
	size_t left;

	if (offset >= whole)
		size = 0;
	else if (size > whole - offset)
		size = (size_t)(whole - offset);
	for (left = size; left;) {
		uint32_t within = (uint32_t)(offset % page_size);
		bool is_whole = !within && left >= page_size;
		size_t part = is_whole                    ? left - left % page_size
			      : left < page_size - within ? left
							  : page_size - within;
		enum bk_code code = is_whole ? read_pages(image, (uint32_t)(offset / page_size) + 1,
						       (uint32_t)(part / page_size), at, err)
					     : read_part(image, at, part, offset, err);

		if (code)
			return code;
		at += part;
		offset += part;
		left -= part;
	}
	*done = size;
	return BK_OK;
}

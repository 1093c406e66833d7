/* fuzz_image.c - a log that is right in every way, and holds a database that is not: its pages are
 * the input's, and changes run on them.
 *
 * The input is IMAGE_PICKS bytes, then pages. The first five bytes choose the changes; the upper
 * half of the last tells how many of the pages, from the end, are those of a delta keyframe. */
#include "changeframe.h"
#include "codec.h"
#include "decoder.h"
#include "encoder.h"
#include "exercise.h"
#include "fuzz.h"
#include "keyframe.h"
#include "mutate_image.h"
#include "pagemap.h"
#include "record.h"
#include <string.h>

#define PAGE_SIZE IMAGE_PAGE_SIZE
#define PAGES_MAX 32
#define CHANGES   4 /* two in each of two streams */
#define VERSION   1
#define TIME_US   1700000000000000

struct input {
	struct logbuild build;
	uint8_t picks[IMAGE_PICKS];
	uint8_t pages[PAGES_MAX * PAGE_SIZE];
	uint32_t full, delta; /* pages of the two keyframes */
	struct stored_page stored[PAGES_MAX];
	struct keyframe first;
	struct bk_entry changes[CHANGES];
	uint64_t histories[CHANGES];
};

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
	return mutate_image(data, size, max, seed);
}

/* Writes COUNT pages of CONTENT, which are stored against those of the first keyframe if it HAS
 * one, and their map. */
static void put_pages(struct input *input, const uint8_t *content, uint32_t count,
	struct frame_head head, struct keyframe_map *map, bool has_first, uint64_t *sum)
{
	struct stored_page pages[PAGES_MAX];
	ZSTD_CCtx *zstd = ZSTD_createCCtx();
	struct bk_buf payload;
	struct bk_error err;
	uint64_t offset;

	REQUIRE(zstd);
	bk_buf_init(&payload, (size_t)4 << 20);
	for (uint32_t i = 0; i < count; i++) {
		uint64_t check = bk_record_check(i + 1, content + i * PAGE_SIZE, PAGE_SIZE);
		struct record_base base = {
			input->pages + i * PAGE_SIZE, input->stored[i].offset, 0};

		pages[i] = (struct stored_page){i + 1, payload.size};
		REQUIRE(!bk_record_write(&payload, zstd, i + 1, content + i * PAGE_SIZE, PAGE_SIZE,
			check, has_first && i < input->full ? &base : NULL, &err));
		*sum += check;
	}
	head.kind = FRAME_PAGES;
	offset = logbuild_frame(&input->build, &head, payload.data, payload.size, false);
	for (uint32_t i = 0; i < count; i++)
		pages[i].offset += offset + FRAME_HEAD_SIZE;
	if (!has_first)
		memcpy(input->stored, pages, sizeof pages);
	payload.size = 0;
	REQUIRE(!bk_pagemap_encode(pages, count, &payload, &err));
	head.kind = FRAME_MAP;
	*map = (struct keyframe_map){.first_page = 1, .entries = count};
	map->offset = logbuild_frame(&input->build, &head, payload.data, payload.size, false);
	bk_buf_done(&payload);
	ZSTD_freeCCtx(zstd);
}

static void put_keyframe_frame(
	struct input *input, const struct keyframe *kf, struct frame_head head, uint64_t *offset)
{
	struct bk_buf payload;
	struct bk_error err;

	bk_buf_init(&payload, (size_t)4 << 20);
	REQUIRE(!bk_keyframe_encode(kf, &payload, &err));
	head.kind = FRAME_KEYFRAME;
	head.must = bk_keyframe_must(kf);
	*offset = logbuild_frame(&input->build, &head, payload.data, payload.size, false);
	bk_buf_done(&payload);
}

/* The log's first keyframe. */
static void put_first(struct input *input)
{
	struct frame_head head = {.version = VERSION, .time_us = TIME_US};
	struct keyframe_map map;
	struct keyframe kf = {.version = VERSION,
		.is_full = true,
		.from = LOG_HEADER_SIZE,
		.page_size = PAGE_SIZE,
		.page_count = input->full,
		.reach = 1,
		.maps = &map,
		.map_count = 1};

	put_pages(input, input->pages, input->full, head, &map, false, &kf.pages_sum);
	kf.history = bk_history_of_full(&kf, 0);
	put_keyframe_frame(input, &kf, head, &kf.offset);
	input->first = kf;
}

static void put_changes(struct input *input)
{
	uint64_t history = input->first.history;
	struct encoder encoder = {0};
	struct bk_error err;

	REQUIRE(!bk_encoder_init(&encoder, &err));
	for (uint32_t i = 0; i < CHANGES; i++) {
		uint64_t offset = input->build.bytes.size;
		const uint8_t *payload;
		struct frame_head head = {.kind = FRAME_CHANGE,
			.must = i % 2 ? 0 : CHANGE_STREAM,
			.version = VERSION + 1 + i,
			.time_us = TIME_US + i,
			.keyframe = input->first.offset};

		exercise_change(&input->build, &encoder, &head, input->picks + i, 2, &history);
		payload = input->build.bytes.data + offset + FRAME_HEAD_SIZE;
		input->histories[i] = history;
		input->changes[i] = (struct bk_entry){.offset = offset,
			.time_us = head.time_us,
			.version = head.version,
			.page_count = input->full,
			.sql_bytes = bk_load_u32(payload),
			.statements = bk_load_u32(payload + 4),
			.log_bytes = (uint32_t)bk_frame_size(&head),
			.flags = head.must};
	}
	bk_encoder_done(&encoder);
}

/* A delta keyframe over the first stream, of whatever pages there are. */
static void put_delta(struct input *input)
{
	struct frame_head head = {.version = VERSION + CHANGES / 2,
		.time_us = TIME_US + 1,
		.keyframe = input->first.offset};
	struct keyframe_link link = {input->first.offset, TIME_US, VERSION};
	struct keyframe_map map;
	struct keyframe kf = {.version = head.version,
		.ordinal = 1,
		.full = input->first.offset,
		.from = input->first.offset,
		.next = input->changes[CHANGES / 2].offset,
		.history = input->histories[CHANGES / 2 - 1],
		.count = CHANGES / 2,
		.page_size = PAGE_SIZE,
		.page_count = input->full,
		.reach = 1,
		.links = &link,
		.link_count = 1,
		.maps = &map,
		.map_count = 1,
		.entries = input->changes,
		.entry_count = CHANGES / 2};
	uint64_t sum = 0, offset;

	put_pages(input, input->pages + input->full * PAGE_SIZE, input->delta, head, &map, true,
		&sum);
	put_keyframe_frame(input, &kf, head, &offset);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input *input;
	size_t content;
	uint32_t count;

	if (size < IMAGE_PICKS + 1)
		return 0;
	input = calloc(1, sizeof *input);
	REQUIRE(input);
	content =
		size - IMAGE_PICKS < sizeof input->pages ? size - IMAGE_PICKS : sizeof input->pages;
	memcpy(input->picks, data, IMAGE_PICKS);
	memcpy(input->pages, data + IMAGE_PICKS, content);
	count = (uint32_t)((content + PAGE_SIZE - 1) / PAGE_SIZE);
	input->delta = input->picks[IMAGE_PICKS - 1] >> 4;
	if (input->delta > count / 2)
		input->delta = count / 2;
	input->full = count - input->delta;
	logbuild_init(&input->build);
	put_first(input);
	put_changes(input);
	if (input->delta)
		put_delta(input);
	exercise_log(&input->build);
	logbuild_done(&input->build);
	free(input);
	return 0;
}

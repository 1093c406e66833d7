/* fuzz_image.c - a log that is right in every way, and holds a database that is not: its pages are
 * the input's, and changes run on them. */
#include "changeframe.h"
#include "decoder.h"
#include "encoder.h"
#include "exercise.h"
#include "fuzz.h"
#include "keyframe.h"
#include "pagemap.h"
#include "record.h"
#include <string.h>

#define PAGE_SIZE 512
#define PAGES_MAX 32
#define PICKS     8
#define VERSION   1
#define TIME_US   1700000000000000

/* Writes COUNT pages of DATA as the log's first keyframe; returns the history there. */
static uint64_t put_keyframe(struct logbuild *build, const uint8_t *data, uint32_t count)
{
	struct frame_head head = {.version = VERSION, .time_us = TIME_US};
	struct stored_page pages[PAGES_MAX];
	struct keyframe_map map = {.first_page = 1, .entries = count};
	struct keyframe kf = {.version = VERSION,
		.is_full = true,
		.from = LOG_HEADER_SIZE,
		.page_size = PAGE_SIZE,
		.page_count = count,
		.reach = 1,
		.maps = &map,
		.map_count = 1};
	ZSTD_CCtx *zstd = ZSTD_createCCtx();
	struct bk_buf payload;
	struct bk_error err;
	uint64_t offset;

	REQUIRE(zstd);
	bk_buf_init(&payload, (size_t)4 << 20);
	for (uint32_t i = 0; i < count; i++) {
		uint64_t check = bk_record_check(i + 1, data + i * PAGE_SIZE, PAGE_SIZE);

		pages[i] = (struct stored_page){i + 1, payload.size};
		REQUIRE(!bk_record_write(
			&payload, zstd, i + 1, data + i * PAGE_SIZE, PAGE_SIZE, check, NULL, &err));
		kf.pages_sum += check;
	}
	head.kind = FRAME_PAGES;
	offset = logbuild_frame(build, &head, payload.data, payload.size, false) + FRAME_HEAD_SIZE;
	for (uint32_t i = 0; i < count; i++)
		pages[i].offset += offset;
	payload.size = 0;
	REQUIRE(!bk_pagemap_encode(pages, count, &payload, &err));
	head.kind = FRAME_MAP;
	map.offset = logbuild_frame(build, &head, payload.data, payload.size, false);
	payload.size = 0;
	kf.history = bk_history_of_full(&kf, 0);
	REQUIRE(!bk_keyframe_encode(&kf, &payload, &err));
	head.kind = FRAME_KEYFRAME;
	head.must = KEYFRAME_FULL;
	logbuild_frame(build, &head, payload.data, payload.size, false);
	bk_buf_done(&payload);
	ZSTD_freeCCtx(zstd);
	return kf.history;
}

static void put_changes(struct logbuild *build, const uint8_t *picks, uint64_t history)
{
	struct encoder encoder = {0};
	uint64_t keyframe = build->bytes.size;
	struct bk_error err;

	/* The keyframe is the last frame so far. */
	for (uint64_t at = LOG_HEADER_SIZE; at < build->bytes.size;) {
		struct frame_head head;

		bk_frame_plausible(&head, build->bytes.data + at);
		keyframe = at;
		at += bk_frame_size(&head);
	}
	REQUIRE(!bk_encoder_init(&encoder, &err));
	for (uint32_t i = 0; i < PICKS / 2; i++) {
		struct frame_head head = {.kind = FRAME_CHANGE,
			.must = i ? 0 : CHANGE_STREAM,
			.version = VERSION + 1 + i,
			.time_us = TIME_US + i,
			.keyframe = keyframe};

		exercise_change(build, &encoder, &head, picks + i, 2, &history);
	}
	bk_encoder_done(&encoder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t pages[PAGES_MAX * PAGE_SIZE] = {0};
	struct logbuild build;
	uint32_t count;
	size_t content;

	if (size < PICKS + 1)
		return 0;
	content = size - PICKS < sizeof pages ? size - PICKS : sizeof pages;
	memcpy(pages, data + PICKS, content);
	count = (uint32_t)((content + PAGE_SIZE - 1) / PAGE_SIZE);
	logbuild_init(&build);
	put_changes(&build, data, put_keyframe(&build, pages, count));
	exercise_log(&build);
	logbuild_done(&build);
	return 0;
}

/* fuzz_log.c - a whole log of frames that say anything, with right sums (seeds.h). */
#include "codec.h"
#include "decoder.h"
#include "encoder.h"
#include "exercise.h"
#include "fuzz.h"
#include "record.h"
#include "seeds.h"
#include <string.h>
#include <xxhash.h>

#define PAGE_SIZE 512

struct input {
	struct cursor cur;
	struct logbuild build;
	struct encoder encoder;
	uint64_t history;
	size_t torn; /* bytes to cut off the end */
};

/* Makes the sums of pages that stand alone right. */
static void fix_checks(uint8_t *data, size_t size)
{
	uint8_t page[PAGE_SIZE];

	for (size_t at = 0; at + RECORD_HEAD_SIZE <= size;) {
		size_t length = bk_load_u32(data + at + 4) & 0xffffff;

		if (length > size - at - RECORD_HEAD_SIZE)
			break;
		if (ZSTD_decompress(page, sizeof page, data + at + RECORD_HEAD_SIZE, length) ==
			sizeof page)
			bk_put_u64(data + at + 16,
				XXH3_64bits_withSeed(page, sizeof page, bk_load_u32(data + at)));
		at += RECORD_HEAD_SIZE + length;
	}
}

static void put_frame(struct input *input, uint8_t how, struct frame_head *head,
	const uint8_t *payload, size_t size)
{
	uint8_t *copy = malloc(size + 1);
	uint64_t offset;

	REQUIRE(copy);
	if (size)
		memcpy(copy, payload, size);
	if (how & SEED_CHECKS && head->kind == FRAME_PAGES)
		fix_checks(copy, size);
	if (how & SEED_HISTORY && head->kind == FRAME_KEYFRAME && size >= 40)
		bk_put_u64(copy + 32, input->history);
	offset = logbuild_frame(&input->build, head, copy, size, how & SEED_UNCHAINED);
	if (how & SEED_BROKEN)
		input->build.bytes.data[offset + head->version % (FRAME_HEAD_SIZE + size)] ^= 0x10;
	if (how & SEED_TORN)
		input->torn = head->version % (FRAME_HEAD_SIZE + size);
	if (head->kind == FRAME_KEYFRAME && size >= 40)
		input->history = bk_load_u64(copy + 32);
	free(copy);
}

static bool take_frame(struct input *input)
{
	const uint8_t *how = bk_get_bytes(&input->cur, 3);
	struct frame_head head = {0};
	const uint8_t *rest, *payload;
	size_t size;

	rest = how ? bk_get_bytes(&input->cur, SEED_FRAME_BYTES - 3) : NULL;
	if (!rest)
		return false;
	head.kind = how[1];
	head.must = how[2];
	head.version = bk_load_u32(rest);
	head.time_us = (int64_t)bk_load_u64(rest + 4);
	head.keyframe = bk_load_u64(rest + 12);
	head.unsynced = bk_load_u32(rest + 20) % UNSYNCED_MAX;
	size = rest[24] | (size_t)rest[25] << 8;
	if (size > bk_cursor_left(&input->cur))
		size = bk_cursor_left(&input->cur);
	payload = bk_get_bytes(&input->cur, size);
	if (how[0] & SEED_SQL && head.kind == FRAME_CHANGE && size)
		exercise_change(
			&input->build, &input->encoder, &head, payload, size, &input->history);
	else
		put_frame(input, how[0], &head, payload, size);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {.cur = bk_cursor_of(data, size)};
	struct bk_error err;

	if (size > 65536)
		return 0;
	logbuild_init(&input.build);
	REQUIRE(!bk_encoder_init(&input.encoder, &err));
	while (take_frame(&input))
		continue;
	input.build.bytes.size -= input.torn;
	exercise_log(&input.build);
	bk_encoder_done(&input.encoder);
	logbuild_done(&input.build);
	return 0;
}

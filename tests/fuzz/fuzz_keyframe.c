/* fuzz_keyframe.c - the KEYFRAME payload: what is accepted is what would be written. */
#include "codec.h"
#include "fuzz.h"
#include "keyframe.h"
#include <string.h>

/* Bytes in front of the payload: what the frame's head says. */
#define HEAD_BYTES 32

static void check_fields(const struct keyframe *kf)
{
	REQUIRE(kf->link_count == bk_keyframe_link_count(kf->ordinal));
	REQUIRE(kf->from <= kf->next && kf->next <= kf->offset);
	REQUIRE(kf->is_full || kf->reach >= 1);
	for (size_t i = 0; i < kf->link_count; i++)
		REQUIRE(kf->links[i].offset < kf->offset);
	for (size_t i = 0; i < kf->map_count; i++)
		REQUIRE(kf->maps[i].offset < kf->offset);
	for (size_t i = 0; i < kf->entry_count; i++)
		REQUIRE(kf->entries[i].offset >= kf->from && kf->entries[i].offset < kf->next);
	bk_keyframe_earliest(kf);
	REQUIRE(bk_keyframe_snapshot(kf).version == kf->version);
}

static void check_round_trip(const struct keyframe *kf, const uint8_t *payload, size_t size)
{
	struct bk_error err;
	struct bk_buf buf;

	bk_buf_init(&buf, PAYLOAD_KEYFRAME_MAX);
	REQUIRE(bk_keyframe_encode(kf, &buf, &err) == BK_OK);
	/* A full keyframe's list has no page counts: what stood there is not kept. */
	if (!kf->is_full)
		REQUIRE(buf.size == size && memcmp(buf.data, payload, size) == 0);
	bk_buf_done(&buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor cur = bk_cursor_of(data, size);
	struct frame_head head = {.kind = FRAME_KEYFRAME};
	struct keyframe *kf = NULL;
	struct bk_error err = {0};
	uint64_t offset;
	enum bk_code code;

	if (size < HEAD_BYTES)
		return 0;
	offset = bk_get_u64(&cur) & INT64_MAX;
	head.keyframe = bk_get_u64(&cur);
	head.time_us = (int64_t)bk_get_u64(&cur);
	head.version = bk_get_u32(&cur);
	head.must = bk_get_u32(&cur) & KEYFRAME_FULL;
	head.size = (uint32_t)bk_cursor_left(&cur);
	code = bk_keyframe_decode(&kf, &head, offset, cur.at, &err);
	if (code) {
		REQUIRE(code == BK_E_DAMAGE && *err.msg && !kf);
		return 0;
	}
	/* In memory it takes little more than on disk. */
	REQUIRE(kf->cached.bytes <= sizeof *kf + 8 * (size_t)head.size);
	check_fields(kf);
	check_round_trip(kf, data + HEAD_BYTES, head.size);
	bk_keyframe_free(&kf->cached);
	return 0;
}

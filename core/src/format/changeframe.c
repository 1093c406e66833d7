/* changeframe.c - the CHANGE frame's payload but for its compression, and the history. */
#include "changeframe.h"
#include "codec.h"
#include <xxhash.h>

bool bk_change_head_decode(
	struct change_head *out, const struct frame_head *head, const uint8_t *payload)
{
	if (head->kind != FRAME_CHANGE || head->size < CHANGE_HEAD_SIZE)
		return false;
	out->raw = bk_load_u32(payload);
	out->statements = bk_load_u32(payload + 4);
	out->history = bk_load_u64(payload + 8);
	return out->statements && out->statements <= BK_CHANGE_STATEMENTS_MAX &&
	       out->raw >= out->statements && out->raw <= BK_CHANGE_BYTES_MAX;
}

void bk_change_head_encode(uint8_t *at, const struct change_head *head)
{
	at = bk_put_u32(at, head->raw);
	at = bk_put_u32(at, head->statements);
	bk_put_u64(at, head->history);
}

enum bk_code bk_raw_begin(struct bk_buf *raw, struct bk_error *err)
{
	enum bk_code code;

	bk_buf_clear(raw, RAW_KEEP);
	code = bk_buf_reserve(raw, RAW_HEAD, err);
	if (!code)
		raw->size = RAW_HEAD;
	return code;
}

void bk_history_begin(uint8_t *out, uint64_t before, uint32_t version)
{
	bk_put_u32(bk_put_u64(out, before), version);
}

uint64_t bk_history_of_change(struct bk_buf *raw, uint64_t before, uint32_t version)
{
	bk_history_begin(raw->data, before, version);
	return XXH3_64bits(raw->data, raw->size);
}

uint64_t bk_history_of_full(const struct keyframe *kf, uint64_t before)
{
	uint8_t bytes[28], *at = bk_put_u64(bytes, before);

	at = bk_put_u32(at, kf->version);
	at = bk_put_u32(at, kf->page_size);
	at = bk_put_u32(at, kf->page_count);
	bk_put_u64(at, kf->pages_sum);
	return XXH3_64bits(bytes, sizeof bytes);
}

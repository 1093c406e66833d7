/* changeframe.h - the CHANGE frame's payload but for its compression, and the history
 * (docs/format.md, 4).
 *
 * Pure functions over bytes. */
#ifndef BK_CHANGEFRAME_H
#define BK_CHANGEFRAME_H

#include "keyframe.h"
#include <bk/buf.h>
#include <bk/change.h>

#define STREAM_WINDOW_LOG 20 /* 1 MiB: what an interval holds at most, but for its last change */

/* What a CHANGE payload begins with. */
struct change_head {
	uint32_t raw, statements;
	uint64_t history;
};
#define CHANGE_HEAD_SIZE 16

/* False if PAYLOAD, that of a frame with HEAD, is no CHANGE of a right shape. */
bool bk_change_head_decode(
	struct change_head *out, const struct frame_head *head, const uint8_t *payload);
void bk_change_head_encode(uint8_t *at, const struct change_head *head);

/* The statements of a change, joined, in a buffer that begins with room for what goes before them
 * in their history. */
#define RAW_HEAD 12
#define RAW_KEEP                                                                                   \
	((size_t)1 << 20) /* memory kept between calls; larger changes give theirs back            \
			   */

/* Empties RAW but for that room. */
BK_MUST_CHECK enum bk_code bk_raw_begin(struct bk_buf *raw, struct bk_error *err);

/* Writes what goes before the statements in their history, RAW_HEAD bytes: BEFORE, which they
 * follow, and the VERSION they lead to. */
void bk_history_begin(uint8_t *out, uint64_t before, uint32_t version);

/* The history at VERSION, whose statements RAW holds, which follows BEFORE. */
uint64_t bk_history_of_change(struct bk_buf *raw, uint64_t before, uint32_t version);

/* The history of a full keyframe that follows BEFORE. */
uint64_t bk_history_of_full(const struct keyframe *kf, uint64_t before);

#endif

/* stream.h - the compression stream that the changes of one interval share, and their history
 * (docs/format.md, 4). */
#ifndef BK_STREAM_H
#define BK_STREAM_H

#include "log.h"
#include <bk/change.h>
#include <zstd.h>

#define STREAM_WINDOW_LOG 20 /* 1 MiB: what an interval holds at most, but for its last change */

/* The history of a full keyframe that follows BEFORE. */
uint64_t history_of_full(const struct keyframe *kf, uint64_t before);

/* The writing end. */
struct encoder {
	ZSTD_CCtx *zstd;
	struct bk_buf raw; /* of the change under way */
};

BK_MUST_CHECK enum bk_code encoder_init(struct encoder *encoder, struct bk_error *err);
void encoder_done(struct encoder *encoder);

/* Appends the payload of CHANGE to OUT: head, then its part of the stream. STARTS begins a new
 * stream. BEFORE is the history before it. After a failure the stream cannot go on. */
BK_MUST_CHECK enum bk_code encoder_write(struct encoder *encoder, const struct bk_change *change,
	bool starts, uint64_t before, struct bk_buf *out, struct change_head *head,
	struct bk_error *err);

/* The reading end: the changes of one or more intervals, in order, struck ones too. */
struct decoder {
	struct bk_log *log;
	struct walk walk;
	ZSTD_DCtx *zstd;
	uint64_t history;
	bool history_unknown; /* the next change's own is taken as it is */
	struct bk_buf raw;    /* of the change last read */
	struct bk_slice *statements;
	size_t statement_capacity;
};

/* HISTORY is that of the keyframe below the first change. */
BK_MUST_CHECK enum bk_code decoder_init(
	struct decoder *decoder, struct bk_log *log, uint64_t history, struct bk_error *err);
void decoder_done(struct decoder *decoder);

/* Reads the change that ENTRY tells of into *CHANGE, which is good until the next call. Fails with
 * BK_E_DAMAGE if anything in it, or before it, is not what was once written; BK_E_IO, BK_E_NOMEM.
 */
BK_MUST_CHECK enum bk_code decoder_read(struct decoder *decoder, const struct bk_entry *entry,
	struct bk_change *change, struct bk_error *err);

#endif

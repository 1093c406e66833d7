/* decoder.h - the reading end of the compression stream that the changes of one interval share
 * (docs/format.md, 4). */
#ifndef BK_DECODER_H
#define BK_DECODER_H

#include "log.h"
#include <bk/change.h>
#include <zstd.h>

/* Reads the changes of one or more intervals, in order, struck ones too. */
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
BK_MUST_CHECK enum bk_code bk_decoder_init(
	struct decoder *decoder, struct bk_log *log, uint64_t history, struct bk_error *err);
void bk_decoder_done(struct decoder *decoder);

/* Reads the change that ENTRY tells of into *CHANGE, which is good until the next call. Fails with
 * BK_E_DAMAGE if anything in it, or before it, is not what was once written; BK_E_IO, BK_E_NOMEM.
 */
BK_MUST_CHECK enum bk_code bk_decoder_read(struct decoder *decoder, const struct bk_entry *entry,
	struct bk_change *change, struct bk_error *err);

#endif

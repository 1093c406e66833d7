/* encoder.h - the writing end of the compression stream that the changes of one interval share
 * (docs/format.md, 4). */
#ifndef BK_ENCODER_H
#define BK_ENCODER_H

#include "changeframe.h"
#include <zstd.h>

struct encoder {
	ZSTD_CCtx *zstd;
	struct bk_buf raw; /* of the change under way */
};

BK_MUST_CHECK enum bk_code bk_encoder_init(struct encoder *encoder, struct bk_error *err);
void bk_encoder_done(struct encoder *encoder);

/* Appends the payload of CHANGE to OUT: head, then its part of the stream. STARTS begins a new
 * stream. BEFORE is the history before it. After a failure the stream cannot go on. */
BK_MUST_CHECK enum bk_code bk_encoder_write(struct encoder *encoder, const struct bk_change *change,
	bool starts, uint64_t before, struct bk_buf *out, struct change_head *head,
	struct bk_error *err);

#endif

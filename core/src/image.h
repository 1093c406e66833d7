/* image.h - an image as the rest of core sees it: one that can be moved on by changes. */
#ifndef BK_IMAGE_IMPL_H
#define BK_IMAGE_IMPL_H

#include "chain.h"
#include "overlay.h"
#include "pageindex.h"
#include "replay.h"
#include "stream.h"
#include <bk/image.h>

#define IMAGE_MEMORY_MAX_DEFAULT ((size_t)64 << 20)

struct bk_image {
	struct overlay overlay; /* first: an image's pagestore is its overlay's */
	struct bk_log *log;
	struct pageindex index;
	uint32_t version;
	uint64_t history;
};

/* The image of keyframe KF, nothing replayed. */
BK_MUST_CHECK enum bk_code image_open_keyframe(struct bk_image **out, struct bk_log *log,
	const struct keyframe *kf, const struct bk_image_options *options, struct bk_error *err);

/* Replays the changes of ENTRIES that stand, in order, and checks that vars.data_version is then the
 * last one's version. Where they lack it, notes the page count after each in ENTRIES. LIMITS may
 * be NULL. After a failure the image can only be closed. */
BK_MUST_CHECK enum bk_code image_advance(struct bk_image *image, struct bk_entry *entries,
	size_t count, const struct replay_limits *limits, struct bk_error *err);

/* Reads PAGE as it is in the keyframe below, and what is to be known of its record; with
 * record->check 0 and base_offset 0 if it is not stored there. */
BK_MUST_CHECK enum bk_code image_read_below(struct bk_image *image, uint32_t page, void *dst,
	struct record *record, uint64_t *offset, struct bk_error *err);

/* Reads PAGE of the image. DST has room for a page. */
BK_MUST_CHECK enum bk_code image_read_page(
	struct bk_image *image, uint32_t page, void *dst, struct bk_error *err);

#endif

/* image.h - an image as the rest of core sees it: one that can be moved on by changes. */
#ifndef BK_IMAGE_IMPL_H
#define BK_IMAGE_IMPL_H

#include "decoder.h"
#include "overlay.h"
#include "pageindex.h"
#include "replay.h"
#include "span.h"
#include "trail.h"
#include <bk/image.h>

#define IMAGE_MEMORY_MAX_DEFAULT ((size_t)64 << 20)

struct bk_image {
	struct overlay overlay; /* first: an image's pagestore is its overlay's */
	struct bk_log *log;
	struct pageindex index;
	uint32_t version;
	uint64_t history;
	bool is_past_damage;
	struct budget budget; /* what the SQL over it may cost */
	char inexact[160];    /* why it may not be what the node had; empty */
	struct trail *trail;  /* borrowed: is told what is read below; NULL: nothing is */
};

/* The image of keyframe KF, nothing replayed. */
BK_MUST_CHECK enum bk_code bk_image_open_keyframe(struct bk_image **out, struct bk_log *log,
	const struct keyframe *kf, const struct bk_image_options *options, struct bk_error *err);

/* What moves an image on, kept open between changes. One thread. After a failure it and its image
 * can only be closed. */
struct advance {
	struct bk_image *image;
	struct decoder decoder;
	struct replay replay;
	bool is_own; /* all changes together draw on the image's own budget */
};

/* OPTIONS may be NULL: what the replay costs is drawn on the image's own budget. */
BK_MUST_CHECK enum bk_code bk_advance_open(struct advance *advance, struct bk_image *image,
	const struct replay_options *options, struct bk_error *err);
void bk_advance_close(struct advance *advance);

/* Replays the change of ENTRY, if it stands, and notes the page count after it where ENTRY lacks
 * it. Each change must be given, struck ones too, in order. */
BK_MUST_CHECK enum bk_code bk_advance_by(
	struct advance *advance, struct bk_entry *entry, struct bk_error *err);

/* Fails if it is known that a replay to ENTRY is more than is done: before the first of the changes
 * up to it. */
BK_MUST_CHECK enum bk_code bk_advance_try(
	struct advance *advance, const struct bk_entry *entry, struct bk_error *err);

/* Forgets what was read ahead of the log: where the log grows, other bytes may stand there now. */
void bk_advance_forget(struct advance *advance);

/* Whether vars.data_version is the version that the image is at: else fails with BK_E_SQL. */
BK_MUST_CHECK enum bk_code bk_advance_check(struct advance *advance, struct bk_error *err);

/* All of that at once: moves IMAGE on by COUNT entries. */
BK_MUST_CHECK enum bk_code bk_image_advance(struct bk_image *image, struct bk_entry *entries,
	size_t count, const struct replay_options *options, struct bk_error *err);

/* Reads PAGE as it is in the keyframe below, and what is to be known of its record; with
 * record->check 0 and *OFFSET 0 if it is not stored there. */
BK_MUST_CHECK enum bk_code bk_image_read_below(struct bk_image *image, uint32_t page, void *dst,
	struct record *record, uint64_t *offset, struct bk_error *err);

/* Reads PAGE of the image. DST has room for a page. */
BK_MUST_CHECK enum bk_code bk_image_read_page(
	struct bk_image *image, uint32_t page, void *dst, struct bk_error *err);

/* Whether the image's budget, which has begun, lasts to read on: else fails as SQL over it would.
 * Pages by the million can stand for a few bytes of log. */
BK_MUST_CHECK enum bk_code bk_image_may_read(struct bk_image *image, struct bk_error *err);

/* Reads all pages, at the cost of the image's budget, and gives each to TAKE, which may be NULL. */
typedef void image_page_fn(void *ctx, uint32_t page, const uint8_t *bytes);
BK_MUST_CHECK enum bk_code bk_image_read_all(
	struct bk_image *image, image_page_fn *take, void *ctx, struct bk_error *err);

#endif

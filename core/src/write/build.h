/* build.h - writing a keyframe: pages in bounded pieces, the maps, and the frame that makes them
 * one (docs/format.md, 5 to 7).
 *
 * Calling sequence: bk_build_begin, any bk_build_page, bk_build_finish, bk_build_done. Until
 * bk_build_finish has returned, nothing that was written means anything.
 *
 * Memory: a piece, and 16 bytes a page. */
#ifndef BK_BUILD_H
#define BK_BUILD_H

#include "image.h"
#include "writer.h"

struct build {
	struct bk_writer *writer;
	struct keyframe *below; /* pinned: the newest keyframe when it began; NULL for the first */
	bool is_full;
	bool is_carried; /* with is_full: out of the predecessor's image */
	bool is_thinned; /* a delta without its changes */
	uint32_t version, page_size;
	struct bk_buf piece;
	ZSTD_CCtx *zstd;
	struct stored_page *pages;
	size_t page_count, page_capacity;
	size_t piece_first; /* pages[piece_first] on stand in the piece, offsets relative to it */
	uint64_t pages_sum;
	/* Where it began, behind a frame of which sum, and where its last frame ends; IS_ALONE
	 * while no frame of another stands in between. */
	uint64_t start, start_sum, end;
	bool is_alone, is_finished;
};

/* Takes writer->build_mutex until bk_build_done. A full keyframe is built by the thread that
 * changes come from; as soon as it begins, a delta that is under way fails with BK_E_BUSY. */
BK_MUST_CHECK enum bk_code bk_build_begin(
	struct build *build, struct bk_writer *writer, bool is_full, struct bk_error *err);

/* If the keyframe was not finished, its frames are cut off again where that can be done: tried
 * again and again, they would fill the disk. */
void bk_build_done(struct build *build);

/* What begins a full keyframe: an event in front of it, cut off with it if it fails. */
BK_MUST_CHECK enum bk_code bk_build_event(
	struct build *build, enum event_code event, const char *text, struct bk_error *err);

/* Stores PAGE: against BASE if that is given. A page must come once. */
BK_MUST_CHECK enum bk_code bk_build_page(struct build *build, uint32_t page, const void *content,
	const struct record_base *base, struct bk_error *err);

/* Stores PAGE of a delta keyframe against what the keyframe that BELOW, an image of the same log,
 * stands on has; if that is CONTENT, only where the page IS_WRITTEN, by changes of the interval.
 * *BEFORE (NULL: not wanted) is the check that it had there; 0 if there was no such page. */
BK_MUST_CHECK enum bk_code bk_build_changed(struct build *build, struct bk_image *below,
	uint32_t page, const void *content, bool is_written, uint64_t *before,
	struct bk_error *err);

/* What the keyframe says of its interval. */
struct build_result {
	uint32_t version, page_size, page_count;
	int64_t time_us;
	uint64_t next;      /* in a delta */
	uint64_t history;   /* at it; in a full one that is not carried, before it */
	uint64_t pages_sum; /* in a thinned one */
	uint64_t session;
	const struct bk_entry *entries;
	size_t entry_count;
	const char *node;    /* whose database it is, as its vars tell; "" or NULL: they do not */
	struct trail *trail; /* of who replays the interval; NULL: none is known */
};

/* Writes the maps and the KEYFRAME frame. Not durable before the next sync. */
BK_MUST_CHECK enum bk_code bk_build_finish(
	struct build *build, const struct build_result *result, struct bk_error *err);

/* What these files have of each other. Puts the frame under way in build->piece, and begins the
 * next. */
BK_MUST_CHECK enum bk_code bk_build_put(
	struct build *build, enum frame_kind kind, uint64_t *offset, struct bk_error *err);

/* Puts the pages that are in the piece. */
BK_MUST_CHECK enum bk_code bk_build_put_pages(struct build *build, struct bk_error *err);

/* Makes room for the places of COUNT pages. */
BK_MUST_CHECK enum bk_code bk_build_grow(struct build *build, size_t count, struct bk_error *err);

/* Puts the maps, and fills in what KF says of them; and its links to the keyframes below. */
BK_MUST_CHECK enum bk_code bk_build_maps(
	struct build *build, struct keyframe *kf, struct bk_error *err);
BK_MUST_CHECK enum bk_code bk_build_links(
	struct build *build, struct keyframe *kf, struct bk_error *err);

#endif

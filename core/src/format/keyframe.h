/* keyframe.h - the KEYFRAME frame, decoded (docs/format.md, 6).
 *
 * Pure functions over bytes; who finds keyframes is chain.h, who writes them build.h. */
#ifndef BK_KEYFRAME_H
#define BK_KEYFRAME_H

#include "cache.h"
#include "frame.h"
#include <bk/buf.h>
#include <bk/entry.h>

#define KEYFRAME_FANOUT    16
#define KEYFRAME_LEVEL_MAX 7
#define KEYFRAME_LINKS_MAX (KEYFRAME_LEVEL_MAX + 1)
#define KEYFRAME_NOTES_MAX 4096u

/* Leads to the keyframe with ordinal - FANOUT^k. */
struct keyframe_link {
	uint64_t offset;
	int64_t earliest_us; /* smallest time after the target, up to and including this one */
	uint32_t version;    /* of the target */
};

struct keyframe_map {
	uint64_t offset; /* of a MAP frame */
	uint32_t first_page;
	uint32_t entries;
};

struct keyframe {
	struct cached cached;
	uint64_t offset; /* of the frame */
	uint64_t end;    /* behind it */
	int64_t time_us;
	uint32_t version;
	bool is_full;
	bool is_carried;   /* full, and copied from the log's predecessor */
	bool is_thinned;   /* a delta whose changes are gone */
	uint64_t previous; /* offset of the keyframe before; 0 in the first */
	uint64_t ordinal, full, from, next, history, pages_sum, session, count;
	uint32_t page_size, page_count, reach;
	size_t link_count, map_count, entry_count;
	struct keyframe_link *links;
	struct keyframe_map *maps;
	struct bk_entry *entries; /* page_count 0 and BK_ENTRY_STRUCK as listed */
	const char *notes;        /* lines of key=value, terminated; empty where there are none */
};

/* How many of a keyframe's links there are: 0 for the first, else 1 + its level. */
unsigned bk_keyframe_link_count(uint64_t ordinal);
uint64_t bk_keyframe_step(unsigned level); /* FANOUT^level */

/* The flags of KF's frame. */
uint8_t bk_keyframe_must(const struct keyframe *kf);

/* Appends the payload of KF to OUT: everything but offset, end, time, version, previous. */
BK_MUST_CHECK enum bk_code bk_keyframe_encode(
	const struct keyframe *kf, struct bk_buf *out, struct bk_error *err);

/* Decodes the frame at OFFSET. The caller frees *OUT with bk_keyframe_free or gives it to a cache.
 * Fails with BK_E_DAMAGE if the payload breaks a rule of the format, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_keyframe_decode(struct keyframe **out, const struct frame_head *head,
	uint64_t offset, const uint8_t *payload, struct bk_error *err);
void bk_keyframe_free(struct cached *kf);

/* Whether KF holds a version that no change in the log leads to from the keyframe before: it is an
 * entry of its own, and its interval ends where it stands. */
static inline bool bk_keyframe_is_entry(const struct keyframe *kf)
{
	return kf->is_full || kf->is_thinned;
}

/* That entry. */
struct bk_entry bk_keyframe_snapshot(const struct keyframe *kf);

/* The smallest time that a link of level 0 has to name. */
int64_t bk_keyframe_earliest(const struct keyframe *kf);

#endif

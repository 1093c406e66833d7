/* verify_lost.c - which versions cannot be rebuilt. */
#include "image.h"
#include "verify_passes.h"
#include <bk/version.h>
#include <stdlib.h>

/* A range of versions that is being found. */
struct lost {
	struct verify *verify;
	bool is_open;
	uint32_t from, to;
};

static void lost_flush(struct lost *lost)
{
	const struct bk_verify_options *options = lost->verify->options;

	if (!lost->is_open)
		return;
	lost->is_open = false;
	lost->verify->result->lost += (uint64_t)bk_version_distance(lost->to, lost->from) + 1;
	if (options->lost)
		options->lost(options->ctx, lost->from, lost->to);
}

static void lost_add(struct lost *lost, uint32_t from, uint32_t to)
{
	if (bk_version_after(from, to))
		return;
	if (lost->is_open && !bk_version_after(from, lost->to + 1)) {
		if (bk_version_after(to, lost->to))
			lost->to = to;
		return;
	}
	lost_flush(lost);
	lost->is_open = true;
	lost->from = from;
	lost->to = to;
}

/* What damage does to versions, as opposed to what keeps us from finding out. */
static bool is_loss(enum bk_code code)
{
	return code == BK_E_DAMAGE || code == BK_E_SQL || code == BK_E_MISSING;
}

/* Whether every page of the database at KF can be read. */
static enum bk_code is_whole(
	struct verify *verify, const struct keyframe *kf, bool *whole, struct bk_error *err)
{
	struct bk_image *image = NULL;
	enum bk_code code = bk_image_open_keyframe(&image, verify->log, kf, &verify->image, err);

	if (!code)
		code = bk_image_read_all(image, NULL, NULL, err);
	bk_image_close(image);
	*whole = !code;
	return is_loss(code) ? BK_OK : code;
}

/* Some versions in a row: from that of keyframe AT on, up to the next keyframe that can be read. */
struct stretch {
	uint32_t from, to; /* versions */
	uint64_t end;      /* offset behind its changes */
};

static struct stretch stretch_of(
	const struct verify *verify, const struct keyframe *at, const struct keyframe *above)
{
	struct stretch stretch = {
		.from = at->version, .to = verify->result->head, .end = UINT64_MAX};

	if (!above)
		return stretch;
	stretch.end = above->next;
	stretch.to = above->version - 1;
	if (!bk_keyframe_is_entry(above))
		return stretch;
	/* A snapshot may follow a gap, whose versions were never there. */
	stretch.to = at->version;
	for (size_t i = 0; i < above->entry_count; i++)
		if (bk_entry_stands(&above->entries[i]))
			stretch.to = above->entries[i].version;
	/* The snapshot that heals a replay is of the newest version: that one is there. */
	if (stretch.to == above->version)
		stretch.to--;
	return stretch;
}

/* Replays ENTRIES up to END on IMAGE. *LAST is the last version that this gives. */
static enum bk_code replay_until(struct bk_image *image, struct bk_entry *entries, size_t count,
	uint64_t end, uint32_t *last, struct bk_error *err)
{
	struct advance advance;
	enum bk_code code = bk_advance_open(&advance, image, NULL, err);

	if (code)
		return code;
	for (size_t i = 0; i < count && entries[i].offset < end && !code; i++) {
		code = bk_advance_by(&advance, &entries[i], err);
		if (!code && bk_entry_stands(&entries[i]))
			*last = entries[i].version;
	}
	bk_advance_close(&advance);
	return code;
}

/* The last version of STRETCH that the changes behind BASE lead to. */
static enum bk_code replay_stretch(struct verify *verify, const struct keyframe *base,
	const struct stretch *stretch, uint32_t *last, struct bk_error *err)
{
	struct bk_entry *entries = NULL;
	struct bk_image *image = NULL;
	size_t count = 0;
	enum bk_code code = bk_image_open_keyframe(&image, verify->log, base, &verify->image, err);

	*last = base->version;
	if (!code)
		code = bk_log_changes_behind(verify->log, base, stretch->to, &entries, &count, err);
	if (!code)
		code = replay_until(image, entries, count, stretch->end, last, err);
	free(entries);
	bk_image_close(image);
	return is_loss(code) ? BK_OK : code;
}

/* What is lost of STRETCH, when the newest keyframe below that is whole is BASE (NULL: none is). */
static enum bk_code lost_in(struct lost *lost, const struct keyframe *base,
	const struct stretch *stretch, struct bk_error *err)
{
	uint32_t last = stretch->from - 1;
	enum bk_code code = BK_OK;

	if (base)
		code = replay_stretch(lost->verify, base, stretch, &last, err);
	if (!code && bk_version_after(stretch->from, last))
		last = stretch->from - 1;
	if (!code && !bk_toll_is_spent(&lost->verify->toll))
		lost_add(lost, last + 1, stretch->to);
	return code;
}

/* Walks over the keyframes that can be read; *BASE is the newest of them that is whole. */
static enum bk_code lost_at(
	struct lost *lost, size_t at, struct keyframe **base, struct bk_error *err)
{
	struct verify *verify = lost->verify;
	struct keyframe *kf = NULL, *above = NULL;
	struct stretch stretch;
	bool whole;
	enum bk_code code = bk_log_keyframe(verify->log, verify->keyframes[at], &kf, err);

	if (!code && at + 1 < verify->keyframe_count)
		code = bk_log_keyframe(verify->log, verify->keyframes[at + 1], &above, err);
	if (!code)
		code = is_whole(verify, kf, &whole, err);
	if (!code) {
		stretch = stretch_of(verify, kf, above);
		if (whole) {
			bk_log_unpin(verify->log, *base);
			*base = kf;
			kf = NULL;
		}
		code = lost_in(lost, *base, &stretch, err);
	}
	bk_log_unpin(verify->log, kf);
	bk_log_unpin(verify->log, above);
	return code;
}

/* With the first keyframe lost, nothing leads to the changes before the next. */
static enum bk_code lost_before_first(struct lost *lost, struct bk_error *err)
{
	struct verify *verify = lost->verify;
	struct keyframe *first;
	enum bk_code code;

	if (!verify->keyframe_count)
		return BK_OK;
	code = bk_log_keyframe(verify->log, verify->keyframes[0], &first, err);
	if (code)
		return code;
	if (first->ordinal && verify->has_change)
		lost_add(lost, verify->first_version, first->version - 1);
	bk_log_unpin(verify->log, first);
	return BK_OK;
}

enum bk_code bk_verify_lost(struct verify *verify, struct bk_error *err)
{
	struct lost lost = {.verify = verify};
	struct keyframe *base = NULL;
	enum bk_code code = lost_before_first(&lost, err);

	for (size_t i = 0; i < verify->keyframe_count && !code; i++) {
		code = lost_at(&lost, i, &base, err);
		bk_verify_progress(verify, i + 1, verify->keyframe_count);
		if (!code && bk_toll_is_spent(&verify->toll))
			break;
	}
	bk_log_unpin(verify->log, base);
	/* Whole pages and changes that replay can still be no database, or another version's. */
	if (!code && verify->result->verdict.answer == BK_VERDICT_NO)
		lost_add(&lost, verify->result->head, verify->result->head);
	lost_flush(&lost);
	return code;
}

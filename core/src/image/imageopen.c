/* imageopen.c - from which keyframe the image of a version is made, and the way past damage. */
#include "foresee.h"
#include "image.h"
#include "missing.h"
#include "pageahead.h"
#include <bk/version.h>
#include <stdlib.h>
#include <string.h>

/* How many of the entries lead up to VERSION; 0 if none of them does. */
static size_t entries_up_to(const struct bk_entry *entries, size_t count, uint32_t version)
{
	while (count > 0 && (!bk_entry_stands(&entries[count - 1]) ||
				    bk_version_after(entries[count - 1].version, version)))
		count--;
	return count && entries[count - 1].version == version ? count : 0;
}

/* The image of VERSION on KF, through the first COUNT of ENTRIES, which ABOVE lists, if it is not
 * NULL. */
static enum bk_code open_on(struct bk_image **out, struct bk_log *log, const struct keyframe *kf,
	const struct keyframe *above, struct bk_entry *entries, size_t count,
	const struct bk_image_options *options, struct bk_error *err)
{
	struct bk_image *image;
	bool is_known = bk_trail_want(log, above ? above : kf);
	enum bk_code code = bk_image_open_keyframe(&image, log, kf, options, err);

	if (code)
		return code;
	/* What the newest changes read nobody has noted yet. */
	if (!above || !is_known)
		bk_pageahead_open(&image->index, above);
	code = bk_image_advance(image, entries, count, NULL, err);
	if (code) {
		bk_image_close(image);
		return code;
	}
	*out = image;
	return BK_OK;
}

/* Whether the pages of KF can be found, though perhaps not read. */
static enum bk_code has_index(
	struct bk_log *log, const struct keyframe *kf, bool *has, struct bk_error *err)
{
	struct pageindex index;
	enum bk_code code = bk_pageindex_open(&index, log, kf, err);

	if (!code) {
		code = bk_pageindex_has_all(&index, err);
		bk_pageindex_done(&index);
	}
	*has = !code;
	return code == BK_E_DAMAGE ? BK_OK : code;
}

/* The newest keyframe not after VERSION whose pages can be found, once OLDER have been passed over.
 */
static enum bk_code keyframe_past_damage(struct bk_log *log, uint32_t version, uint64_t older,
	struct keyframe **out, struct bk_error *err)
{
	uint64_t limit = UINT64_MAX;

	for (;;) {
		struct keyframe *kf;
		bool has = false;
		enum bk_code code = bk_log_keyframe_before(log, limit, &kf, err);

		if (code)
			return code;
		limit = kf->offset;
		if (bk_version_after(kf->version, version))
			code = BK_OK;
		else if (older)
			older--;
		else
			code = has_index(log, kf, &has, err);
		if (has) {
			*out = kf;
			return BK_OK;
		}
		bk_log_unpin(log, kf);
		if (code)
			return code;
	}
}

/* The way past damage: an older keyframe, and every change since, trusting no keyframe's list. */
static enum bk_code open_past_damage(struct bk_image **out, struct bk_log *log, uint32_t version,
	const struct bk_image_options *options, struct bk_error *err)
{
	struct bk_entry *entries = NULL;
	struct keyframe *kf;
	size_t count;
	enum bk_code code = keyframe_past_damage(log, version, options->older, &kf, err);

	if (code)
		return code;
	code = bk_log_changes_behind(log, kf, version, &entries, &count, err);
	if (!code) {
		count = entries_up_to(entries, count, version);
		code = count || kf->version == version
			       ? open_on(out, log, kf, NULL, entries, count, options, err)
			       : bk_fail(err, BK_E_DAMAGE, 0,
					 "%s is damaged: the change of version %u is lost",
					 log->lf.file.path, version);
		free(entries);
	}
	bk_log_unpin(log, kf);
	if (!code)
		(*out)->is_past_damage = true;
	return code;
}

static enum bk_code open_nearest(struct bk_image **out, struct bk_log *log, uint32_t version,
	const struct bk_image_options *options, struct bk_error *err)
{
	struct bk_entry *entries;
	struct span span;
	size_t count;
	enum bk_code code = bk_span_of_version(&span, log, version, err);

	if (code)
		return code;
	count = entries_up_to(span.entries, span.count, version);
	entries = malloc((count + 1) * sizeof *entries);
	if (!entries)
		code = bk_fail(err, BK_E_NOMEM, 0, "no memory for %zu changes", count);
	else if (span.base_lost)
		code = bk_fail(err, BK_E_DAMAGE, 0,
			"%s is damaged at offset %llu: the keyframe below version %u cannot be "
			"read",
			log->lf.file.path, (unsigned long long)span.above->previous, version);
	else if (!count && span.base->version != version)
		code = bk_missing_between(
			span.base, span.entries, span.count, span.above, version, err);
	else {
		/* A copy, since the replay notes page counts in it and a keyframe is shared. */
		if (count)
			memcpy(entries, span.entries, count * sizeof *entries);
		code = open_on(out, log, span.base, span.above, entries, count, options, err);
		if (!code)
			(*out)->is_past_damage = span.is_mended;
	}
	free(entries);
	bk_span_done(&span);
	return code;
}

enum bk_code bk_image_open(struct bk_image **out, struct bk_log *log, uint32_t version,
	const struct bk_image_options *options, struct bk_error *err)
{
	bool past_damage = options && options->past_damage;
	enum bk_code code = BK_E_DAMAGE;

	bk_log_foresee(log, version);
	if (!past_damage || !options->older)
		code = open_nearest(out, log, version, options, err);
	if (code == BK_E_DAMAGE && past_damage)
		code = open_past_damage(out, log, version, options, err);
	return code;
}

/* plan.c - what of a log its successor is to hold. */
#include "plan.h"
#include "image.h"
#include "span.h"
#include <bk/listing.h>
#include <bk/version.h>
#include <stdlib.h>

/* The versions of a log, in their order. */
struct versions {
	struct bk_aged *list;
	size_t count, capacity;
};

/* A bk_entry_fn. */
static enum bk_code versions_add(void *ctx, const struct bk_entry *entry, struct bk_error *err)
{
	struct versions *versions = ctx;

	if (versions->count == versions->capacity) {
		size_t capacity = versions->capacity ? versions->capacity * 2 : 4096;
		struct bk_aged *list = realloc(versions->list, capacity * sizeof *list);

		if (!list)
			return bk_fail(err, BK_E_NOMEM, 0, "no memory for %zu versions", capacity);
		versions->list = list;
		versions->capacity = capacity;
	}
	versions->list[versions->count++] = (struct bk_aged){
		.time_us = entry->time_us, .offset = entry->offset, .version = entry->version};
	return BK_OK;
}

static enum bk_code list_versions(
	struct versions *versions, struct bk_log *log, bool past_damage, struct bk_error *err)
{
	enum bk_code code = bk_listing_each(log, UINT64_MAX, BK_LISTING_VERSIONS, past_damage,
		versions_add, versions, err);

	if (!code && !versions->count)
		code = bk_fail(err, BK_E_MISSING, 0,
			"the log %s is empty: there is nothing to compact", bk_log_path(log));
	return code;
}

/* The version from which on POLICY keeps all. */
static uint32_t first_of_all(const struct versions *versions)
{
	size_t i = versions->count - 1;

	while (i > 0 && versions->list[i - 1].kept == BK_KEPT_ALL)
		i--;
	return versions->list[i].version;
}

/* Whether every page of the database at KF can be read. */
static bool is_whole(struct bk_log *log, const struct keyframe *kf)
{
	struct bk_image *image;
	struct bk_error ignored;
	enum bk_code code = bk_image_open_keyframe(&image, log, kf, NULL, &ignored);

	if (code)
		return false;
	code = bk_image_read_all(image, NULL, NULL, &ignored);
	bk_image_close(image);
	return !code;
}

static bool is_whole_at(struct bk_log *log, uint64_t offset)
{
	struct bk_error ignored;
	struct keyframe *kf;
	bool is = !bk_log_keyframe(log, offset, &kf, &ignored);

	if (is) {
		is = is_whole(log, kf);
		bk_log_unpin(log, kf);
	}
	return is;
}

/* Offsets of keyframes, from the newest down. */
struct offsets {
	uint64_t *list;
	size_t count, capacity;
};

static enum bk_code offsets_add(struct offsets *offsets, uint64_t offset, struct bk_error *err)
{
	size_t capacity = offsets->capacity ? offsets->capacity * 2 : 1024;
	uint64_t *list;

	if (offsets->count == offsets->capacity) {
		list = realloc(offsets->list, capacity * sizeof *list);
		if (!list)
			return bk_fail(err, BK_E_NOMEM, 0, "no memory for a list of keyframes");
		offsets->list = list;
		offsets->capacity = capacity;
	}
	offsets->list[offsets->count++] = offset;
	return BK_OK;
}

/* The keyframes behind which all can be read, down to the first of VERSION or before. */
static enum bk_code list_bases(struct offsets *offsets, struct bk_log *log, uint32_t version,
	uint64_t not_before, struct bk_error *err)
{
	uint64_t limit = UINT64_MAX;
	bool is_last = false;
	enum bk_code code = BK_OK;

	while (!code && !is_last) {
		struct keyframe *kf;

		code = bk_log_keyframe_before(log, limit, &kf, err);
		if (code)
			break;
		limit = kf->offset;
		is_last = kf->next < not_before;
		if (!is_last)
			code = offsets_add(offsets, limit, err);
		is_last |= !bk_version_after(kf->version, version) || !kf->ordinal;
		bk_log_unpin(log, kf);
	}
	return code == BK_E_DAMAGE && offsets->count ? BK_OK : code;
}

/* The oldest of them that can be read whole. Each holds pages of those before it: where one is
 * whole, all behind it are. */
static size_t count_whole(struct bk_log *log, const struct offsets *offsets)
{
	size_t whole = 0, broken = offsets->count, at = broken ? broken - 1 : 0;

	while (whole < broken) {
		if (is_whole_at(log, offsets->list[at]))
			whole = at + 1;
		else
			broken = at;
		at = whole + (broken - whole) / 2;
	}
	return whole;
}

/* The newest keyframe of VERSION or before that begins behind NOT_BEFORE, and can be read whole, as
 * all behind it can; the first one that does where none of them is old enough. */
static enum bk_code find_base(struct bk_log *log, uint32_t version, uint64_t not_before,
	struct keyframe **out, struct bk_error *err)
{
	struct offsets offsets = {0};
	enum bk_code code = list_bases(&offsets, log, version, not_before, err);
	size_t whole = code ? 0 : count_whole(log, &offsets);

	if (!code && !whole)
		code = bk_fail(err, BK_E_DAMAGE, 0,
			"%s is damaged in or behind its newest keyframe: it cannot be compacted "
			"before another one is written, which the plugin does as it goes on",
			bk_log_path(log));
	if (!code)
		code = bk_log_keyframe(log, offsets.list[whole - 1], out, err);
	free(offsets.list);
	return code;
}

static enum bk_code find_base_quickly(
	struct bk_log *log, uint32_t version, struct keyframe **out, struct bk_error *err)
{
	struct span span;
	enum bk_code code = bk_span_of_version(&span, log, version, err);

	if (code)
		return code;
	if (span.base_lost || span.is_mended || !span.base) {
		bk_span_done(&span);
		return bk_fail(err, BK_E_DAMAGE, 0, "%s is damaged: a keyframe cannot be read",
			bk_log_path(log));
	}
	*out = span.base;
	span.base = NULL;
	bk_span_done(&span);
	return BK_OK;
}

static enum bk_code take_moments(
	struct plan *plan, const struct versions *versions, struct bk_error *err)
{
	uint32_t base = plan->base->version;

	plan->moments = malloc((versions->count + 1) * sizeof *plan->moments);
	if (!plan->moments)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for %zu versions", versions->count);
	for (size_t i = 0; i < versions->count; i++) {
		const struct bk_aged *at = &versions->list[i];
		bool is_moment = bk_version_after(base, at->version);
		enum bk_kept kept = at->kept;

		if (!is_moment && kept == BK_KEPT_NOT)
			kept = BK_KEPT_ALL;
		plan->by_class[kept]++;
		plan->kept += kept != BK_KEPT_NOT;
		if (kept == BK_KEPT_NOT && i + 1 < versions->count && at[1].offset > at->offset)
			plan->gain_bytes += at[1].offset - at->offset;
		if (is_moment && kept != BK_KEPT_NOT)
			plan->moments[plan->moment_count++] =
				(struct moment){at->version, at->time_us};
	}
	return BK_OK;
}

enum bk_code bk_plan_make(struct plan *plan, struct bk_log *log, const struct bk_policy *policy,
	uint64_t not_before, struct bk_error *err)
{
	struct versions versions = {0};
	enum bk_code code = list_versions(&versions, log, not_before, err);
	uint32_t first;

	*plan = (struct plan){0};
	if (!code) {
		bk_policy_apply(policy, versions.list, versions.count);
		plan->versions = versions.count;
		first = first_of_all(&versions);
		code = not_before ? find_base(log, first, not_before, &plan->base, err)
				  : find_base_quickly(log, first, &plan->base, err);
	}
	if (!code)
		code = take_moments(plan, &versions, err);
	free(versions.list);
	if (code)
		bk_plan_done(plan, log);
	return code;
}

void bk_plan_done(struct plan *plan, struct bk_log *log)
{
	bk_log_unpin(log, plan->base);
	free(plan->moments);
	*plan = (struct plan){0};
}

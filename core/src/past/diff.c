/* diff.c - how the databases of two versions differ. */
#include "dbdiff.h"
#include "stepper.h"
#include <bk/diff.h>
#include <bk/version.h>
#include <stdlib.h>

struct bk_differ {
	struct bk_log *log;
	struct bk_toll toll; /* of all comparisons together */
	/* The interval in which the last one ended; the stepper stands where it led to. */
	struct span span;
	struct stepper stepper;
	bool has_stepper;
	uint64_t end; /* of the log when it was entered: what came since may have struck it out */
};

/* What a comparison is to do. */
struct wanted {
	uint32_t from, to;
	const char *table;
	bk_diff_fn *take;
	void *ctx;
};

/* Adds the pages that OVERLAY has over what lies below. */
static enum bk_code add_written(
	struct pageset *differs, const struct overlay *overlay, struct bk_error *err)
{
	size_t count;
	uint32_t *pages = bk_overlay_dirty(overlay, &count);

	if (!pages)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for the list of pages");
	for (size_t i = 0; i < count; i++)
		bk_pageset_add(differs, pages[i]);
	free(pages);
	return BK_OK;
}

static uint32_t fewer(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* A sandbox over each of two stores, compared: all of it is drawn on one BUDGET. */
static enum bk_code compare_stores(const struct wanted *wanted, const struct bk_io *io,
	struct budget *budget, struct pagestore *from, struct pagestore *to,
	const struct pageset *differs, struct bk_error *err)
{
	struct sandbox before, after;
	enum bk_code code;

	bk_budget_begin(budget);
	code = bk_sandbox_open_reading(&before, from, io, budget, err);
	if (code)
		return code;
	code = bk_sandbox_open_reading(&after, to, io, budget, err);
	if (!code) {
		code = bk_dbdiff(
			&before, &after, differs, wanted->table, wanted->take, wanted->ctx, err);
		bk_sandbox_close(&after);
	}
	bk_sandbox_close(&before);
	bk_budget_end(budget);
	return code;
}

/* STEPPER stands at the newer version, and has what the older was. */
static enum bk_code compare_step(
	const struct wanted *wanted, struct stepper *stepper, struct bk_error *err)
{
	struct pagestore *older = &stepper->before.store, *newer = &stepper->image->overlay.store;
	bool is_forward = wanted->to == stepper->image->version;
	struct pageset differs;
	enum bk_code code =
		bk_pageset_init(&differs, fewer(older->page_count, newer->page_count), err);

	if (!code)
		code = add_written(&differs, &stepper->before, err);
	if (!code)
		code = compare_stores(wanted, stepper->image->overlay.io, &stepper->image->budget,
			is_forward ? older : newer, is_forward ? newer : older, &differs, err);
	bk_pageset_done(&differs);
	return code;
}

/* Whether the replay of SPAN leads to VERSION. A snapshot above it stands in the place of what
 * leads to its version. */
static bool leads_to(const struct span *span, uint32_t version)
{
	const struct keyframe *above = span->above;

	return !above || bk_version_after(above->version, version) ||
	       (above->version == version && !above->is_full);
}

static uint64_t end_of(struct bk_log *log)
{
	uint64_t end;

	pthread_mutex_lock(&log->mutex);
	end = log->state.end;
	pthread_mutex_unlock(&log->mutex);
	return end;
}

static void leave(struct bk_differ *differ)
{
	if (!differ->has_stepper)
		return;
	bk_stepper_close(&differ->stepper);
	bk_span_done(&differ->span);
	differ->has_stepper = false;
}

/* Enters the interval of VERSION, and moves on to that. */
static enum bk_code enter(
	struct bk_differ *differ, uint32_t version, bool *reached, struct bk_error *err)
{
	enum bk_code code;

	leave(differ);
	differ->end = end_of(differ->log);
	code = bk_span_of_version(&differ->span, differ->log, version, err);
	if (code)
		return code;
	code = bk_stepper_open(&differ->stepper, &differ->span, &differ->toll, err);
	if (code) {
		bk_span_done(&differ->span);
		return code;
	}
	differ->has_stepper = true;
	return bk_stepper_to(&differ->stepper, version, reached, err);
}

/* From the version where it stands to NEWER, if that is in the same interval. */
static enum bk_code step_to(
	struct bk_differ *differ, uint32_t newer, bool *reached, struct bk_error *err)
{
	*reached = leads_to(&differ->span, newer);
	if (!*reached)
		return BK_OK;
	bk_stepper_mark(&differ->stepper);
	return bk_stepper_to(&differ->stepper, newer, reached, err);
}

/* Moves on from OLDER, which is marked, to NEWER; *REACHED is false where they are in two
 * intervals. */
static enum bk_code step_from(struct bk_differ *differ, uint32_t older, uint32_t newer,
	bool *reached, struct bk_error *err)
{
	enum bk_code code = BK_OK;

	*reached = false;
	if (differ->has_stepper && differ->stepper.image->version == older &&
		differ->end == end_of(differ->log))
		code = step_to(differ, newer, reached, err);
	if (code || *reached)
		return code;
	code = enter(differ, older, reached, err);
	return code || !*reached ? code : step_to(differ, newer, reached, err);
}

/* Where both versions are in one interval they are steps of one replay. *DONE is false where they
 * are not, or where damage or a change that cannot be replayed is met: nothing was told then. */
static enum bk_code compare_near(
	struct bk_differ *differ, const struct wanted *wanted, bool *done, struct bk_error *err)
{
	bool is_forward = !bk_version_after(wanted->from, wanted->to);
	uint32_t older = is_forward ? wanted->from : wanted->to;
	uint32_t newer = is_forward ? wanted->to : wanted->from;
	enum bk_code code = step_from(differ, older, newer, done, err);

	if (!code && *done)
		code = compare_step(wanted, &differ->stepper, err);
	else if (code == BK_E_DAMAGE || code == BK_E_SQL)
		code = BK_OK;
	if (code || !*done)
		leave(differ);
	return code;
}

/* The pages that differ between two images of one log: those that were written, and those that are
 * stored in two places. */
static enum bk_code find_differing(
	struct bk_image *one, struct bk_image *other, struct pageset *differs, struct bk_error *err)
{
	enum bk_code code = add_written(differs, &one->overlay, err);

	if (!code)
		code = add_written(differs, &other->overlay, err);
	for (uint32_t page = 1; page <= differs->count && !code; page++) {
		uint64_t at = 0, other_at = 0;

		if (bk_pageset_has(differs, page))
			continue;
		code = bk_pageindex_find(&one->index, page, &at, err);
		if (!code)
			code = bk_pageindex_find(&other->index, page, &other_at, err);
		if (at != other_at)
			bk_pageset_add(differs, page);
	}
	return code;
}

static enum bk_code compare_images(const struct wanted *wanted, struct bk_image *from,
	struct bk_image *to, struct bk_error *err)
{
	uint32_t count = fewer(bk_image_page_count(from), bk_image_page_count(to));
	bool is_alike = bk_image_page_size(from) == bk_image_page_size(to);
	struct pageset differs;
	enum bk_code code = bk_pageset_init(&differs, is_alike ? count : 0, err);

	if (!code)
		code = find_differing(from, to, &differs, err);
	if (!code)
		code = compare_stores(wanted, from->overlay.io, &from->budget,
			&from->overlay.store, &to->overlay.store, &differs, err);
	bk_pageset_done(&differs);
	return code;
}

static enum bk_code compare_far(
	struct bk_differ *differ, const struct wanted *wanted, struct bk_error *err)
{
	const struct bk_image_options options = {.past_damage = true, .toll = &differ->toll};
	struct bk_image *from, *to;
	enum bk_code code = bk_image_open(&from, differ->log, wanted->from, &options, err);

	if (code)
		return code;
	code = bk_image_open(&to, differ->log, wanted->to, &options, err);
	if (!code) {
		code = compare_images(wanted, from, to, err);
		bk_image_close(to);
	}
	bk_image_close(from);
	return code;
}

enum bk_code bk_differ_open(struct bk_differ **out, struct bk_log *log, struct bk_error *err)
{
	struct bk_differ *differ = malloc(sizeof *differ);

	if (!differ)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a comparison");
	*differ = (struct bk_differ){.log = log};
	bk_toll_init_whole(&differ->toll, end_of(log));
	differ->toll.time_ms += differ->toll.time_ms / 2; /* not for SQL alone */
	*out = differ;
	return BK_OK;
}

bool bk_differ_is_spent(struct bk_differ *differ)
{
	return bk_toll_is_spent(&differ->toll);
}

void bk_differ_close(struct bk_differ *differ)
{
	if (differ)
		leave(differ);
	free(differ);
}

enum bk_code bk_differ_compare(struct bk_differ *differ, uint32_t from, uint32_t to,
	const char *table, bk_diff_fn *take, void *ctx, struct bk_error *err)
{
	const struct wanted wanted = {from, to, table, take, ctx};
	struct toll_mark mark;
	bool done;
	enum bk_code code;

	if (bk_differ_is_spent(differ))
		return bk_fail(err, BK_E_SQL, 0,
			"it takes too long: more than %llu ms with what was compared before",
			(unsigned long long)differ->toll.time_ms);
	bk_toll_begin(&differ->toll, &mark);
	code = compare_near(differ, &wanted, &done, err);
	if (!code && !done)
		code = compare_far(differ, &wanted, err);
	bk_toll_end(&differ->toll, &mark);
	return code;
}

enum bk_code bk_diff(struct bk_log *log, uint32_t from, uint32_t to, const char *table,
	bk_diff_fn *take, void *ctx, struct bk_error *err)
{
	struct bk_differ *differ;
	enum bk_code code = bk_differ_open(&differ, log, err);

	if (code)
		return code;
	code = bk_differ_compare(differ, from, to, table, take, ctx, err);
	bk_differ_close(differ);
	return code;
}

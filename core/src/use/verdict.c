/* verdict.c - whether a version can be restored. */
#include "verdict.h"
#include "check.h"
#include "image.h"
#include <bk/rebuild.h>
#include <string.h>

void bk_verdict_of_status(
	struct bk_verdict *out, const struct bk_log_status *status, const char *path)
{
	*out = (struct bk_verdict){.version = status->version};
	if (status->is_empty) {
		out->answer = BK_VERDICT_NOTHING;
		bk_fail(&out->why, BK_E_MISSING, 0,
			"the log %s is empty: no database was ever written to it, so there is "
			"nothing to restore",
			path);
	} else if (*status->successor) {
		out->answer = BK_VERDICT_UNSURE;
		bk_fail(&out->why, BK_E_DAMAGE, 0,
			"%s was succeeded by the log %s, which holds what came behind version %u "
			"and is "
			"not beside it: name that one",
			path, status->successor, status->version);
	} else if (status->head_unsure) {
		out->answer = BK_VERDICT_UNSURE;
		bk_fail(&out->why, BK_E_DAMAGE, 0,
			"%s is damaged at offset %llu: a change newer than version %u may be lost",
			path, (unsigned long long)status->damaged_at, status->version);
	}
}

bool bk_verdict_is_no(enum bk_code code)
{
	return code == BK_E_DAMAGE || code == BK_E_SQL;
}

enum bk_code bk_verdict_of_pages(struct pagestore *store, uint32_t version, const struct bk_io *io,
	struct budget *budget, const struct bk_verdict_options *options, struct bk_verdict *out,
	struct bk_error *err)
{
	struct check_options how = {.version = &version,
		.is_quick = options->is_quick,
		.note = options->note,
		.ctx = options->ctx};
	struct check_result check;
	enum bk_code code = bk_check_database(store, io, budget, &how, &check, err);

	if (code)
		return code;
	memcpy(out->node, check.node, sizeof out->node);
	out->notes = check.notes;
	out->foreign_key_failures = check.foreign_key_failures;
	out->bytes = (uint64_t)store->page_size * store->page_count;
	return BK_OK;
}

/* A judgement that is tried, perhaps several times, since damage is passed over. */
struct attempt {
	const struct bk_verdict_options *options;
	struct bk_verdict *out;
};

static enum bk_code judge_image(void *ctx, struct bk_image *image, struct bk_error *err)
{
	const struct attempt *attempt = ctx;
	enum bk_code code;

	attempt->out->is_past_damage = bk_image_is_past_damage(image);
	if (!bk_image_page_count(image)) {
		attempt->out->answer = BK_VERDICT_NOTHING;
		bk_fail(&attempt->out->why, BK_E_MISSING, 0,
			"there was no database yet at version %u: there is nothing to restore",
			attempt->out->version);
		return BK_OK;
	}
	code = bk_image_read_all(image, NULL, NULL, err);
	return code ? code
		    : bk_verdict_of_pages(&image->overlay.store, attempt->out->version,
			      image->overlay.io, &image->budget, attempt->options, attempt->out,
			      err);
}

/* A bk_image_options.is_cancelled. */
static bool is_unwanted(void *ctx)
{
	const struct bk_verdict_options *options = ctx;

	return options->is_wanted && !options->is_wanted(options->ctx);
}

enum bk_code bk_verdict(struct bk_log *log, uint32_t version,
	const struct bk_verdict_options *options, struct bk_verdict *out, struct bk_error *err)
{
	static const struct bk_verdict_options defaults;
	struct bk_verdict found = {.version = version};
	struct attempt attempt = {options ? options : &defaults, &found};
	struct bk_image_options how = {.spill_dir = attempt.options->spill_dir,
		.is_cancelled = is_unwanted,
		.ctx = (void *)(uintptr_t)attempt.options};
	struct bk_error why = {.code = BK_OK};
	enum bk_code code = bk_rebuild_do(log, version, &how, judge_image, &attempt, &why);

	if (bk_verdict_is_no(code)) {
		found.answer = BK_VERDICT_NO;
		found.why = why;
	} else if (code) {
		return bk_fail_as(err, &why);
	}
	*out = found;
	return BK_OK;
}

enum bk_code bk_verdict_head(struct bk_log *log, const struct bk_verdict_options *options,
	struct bk_verdict *out, struct bk_error *err)
{
	struct bk_log_status status;
	struct bk_verdict before, found;
	enum bk_code code = bk_log_status(log, &status, err);

	if (code)
		return code;
	bk_verdict_of_status(&before, &status, bk_log_path(log));
	if (before.answer == BK_VERDICT_NOTHING) {
		*out = before;
		return BK_OK;
	}
	code = bk_verdict(log, status.version, options, &found, err);
	/* The head came, and damage took it. */
	if (code == BK_E_MISSING) {
		before.answer = BK_VERDICT_NO;
		bk_fail(&before.why, BK_E_DAMAGE, 0,
			"damage to %s took its newest change, which led to version %u",
			bk_log_path(log), status.version);
		found = before;
	} else if (code) {
		return code;
	} else if (found.answer == BK_VERDICT_YES && before.answer == BK_VERDICT_UNSURE) {
		found.answer = before.answer;
		found.why = before.why;
	}
	*out = found;
	return BK_OK;
}

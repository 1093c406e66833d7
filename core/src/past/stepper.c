/* stepper.c - an image that is moved on version by version. */
#include "stepper.h"
#include <bk/version.h>
#include <stdlib.h>
#include <string.h>

enum bk_code bk_stepper_open(struct stepper *stepper, const struct span *span, struct bk_toll *toll,
	struct bk_error *err)
{
	const struct bk_image_options options = {.toll = toll};
	enum bk_code code;

	*stepper = (struct stepper){.count = span->count};
	if (!span->base)
		return bk_fail(err, BK_E_DAMAGE, 0,
			"%s is damaged: the keyframe below its changes cannot be read",
			span->log->lf.file.path);
	stepper->entries = malloc((span->count + 1) * sizeof *stepper->entries);
	if (!stepper->entries)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for %zu changes", span->count);
	if (span->count)
		memcpy(stepper->entries, span->entries, span->count * sizeof *stepper->entries);
	code = bk_image_open_keyframe(&stepper->image, span->log, span->base, &options, err);
	if (!code) {
		bk_overlay_init(&stepper->before, stepper->image->overlay.io,
			stepper->image->overlay.spill_dir, IMAGE_MEMORY_MAX_DEFAULT);
		code = bk_advance_open(&stepper->advance, stepper->image, NULL, err);
		stepper->is_open = !code;
	}
	if (code)
		bk_stepper_close(stepper);
	return code;
}

void bk_stepper_close(struct stepper *stepper)
{
	if (stepper->is_open)
		bk_advance_close(&stepper->advance);
	if (stepper->image) {
		stepper->image->overlay.before = NULL;
		bk_overlay_done(&stepper->before);
	}
	bk_image_close(stepper->image);
	free(stepper->entries);
	*stepper = (struct stepper){0};
}

void bk_stepper_mark(struct stepper *stepper)
{
	bk_overlay_mark(&stepper->image->overlay, &stepper->before);
	stepper->is_marked = true;
}

/* The next entry that leads on to another version. */
static size_t next_of(const struct stepper *stepper)
{
	size_t at = stepper->at;

	while (at < stepper->count &&
		(!bk_entry_stands(&stepper->entries[at]) ||
			stepper->entries[at].version == stepper->image->version))
		at++;
	return at;
}

bool bk_stepper_has_next(const struct stepper *stepper, struct bk_entry *entry)
{
	size_t at = next_of(stepper);

	if (at < stepper->count && entry)
		*entry = stepper->entries[at];
	return at < stepper->count;
}

enum bk_code bk_stepper_next(struct stepper *stepper, struct bk_error *err)
{
	size_t end = next_of(stepper);
	uint32_t version;
	enum bk_code code = BK_OK;

	if (end == stepper->count)
		return bk_fail(err, BK_E_MISSING, 0, "there is no further version");
	version = stepper->entries[end].version;
	while (!code && stepper->at < stepper->count &&
		(stepper->at <= end || !bk_entry_stands(&stepper->entries[stepper->at]) ||
			stepper->entries[stepper->at].version == version))
		code = bk_advance_by(&stepper->advance, &stepper->entries[stepper->at++], err);
	return code ? code : bk_advance_check(&stepper->advance, err);
}

enum bk_code bk_stepper_to(
	struct stepper *stepper, uint32_t version, bool *reached, struct bk_error *err)
{
	struct bk_entry next;
	enum bk_code code = BK_OK;

	while (!code && stepper->image->version != version && bk_stepper_has_next(stepper, &next) &&
		!bk_version_after(next.version, version))
		code = bk_stepper_next(stepper, err);
	*reached = !code && stepper->image->version == version;
	return code;
}

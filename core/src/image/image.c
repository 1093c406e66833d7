/* image.c - the database as it was at one version. */
#include "image.h"
#include "pageahead.h"
#include "vain.h"
#include <stdlib.h>
#include <string.h>

/* The records of CHAIN were read, the first of them at OFFSET. */
static void leave_trail(struct trail *trail, const struct record_reader *reader,
	const struct record_chain *chain, uint64_t offset)
{
	struct bk_io_range range = bk_record_range(reader, offset);

	bk_trail_add_page(trail, chain->all[0].page);
	bk_trail_add(trail, range.offset, range.size);
	for (const struct record *at = chain->all; at->depth; at++) {
		range = bk_record_range(reader, at->base);
		bk_trail_add(trail, range.offset, range.size);
	}
}

enum bk_code bk_image_read_below(struct bk_image *image, uint32_t page, void *dst,
	struct record *record, uint64_t *offset, struct bk_error *err)
{
	uint32_t page_size = image->overlay.store.page_size;
	struct record_chain chain;
	struct record_reader *reader;
	enum bk_code code = bk_pageindex_find(&image->index, page, offset, err);

	if (code)
		return code;
	if (!*offset) {
		if (page != bk_lock_page(page_size))
			return bk_fail(err, BK_E_DAMAGE, 0,
				"%s is damaged: page %u of version %u is not stored anywhere",
				image->log->lf.file.path, page, image->version);
		memset(dst, 0, page_size);
		*record = (struct record){0};
		return BK_OK;
	}
	reader = bk_log_reader_take(image->log);
	if (!reader)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory to read a page");
	code = bk_record_read(
		reader, &image->log->lf.file, *offset, page, page_size, dst, &chain, err);
	if (!code && image->trail)
		leave_trail(image->trail, reader, &chain, *offset);
	if (!code)
		*record = chain.all[0];
	bk_log_reader_give(image->log, reader);
	return code;
}

static enum bk_code read_below(void *ctx, uint32_t page, void *dst, struct bk_error *err)
{
	struct record record;
	uint64_t offset;

	return bk_image_read_below(ctx, page, dst, &record, &offset, err);
}

static void set_budget(struct bk_image *image, const struct bk_image_options *options)
{
	struct budget_limits limits = {0};

	pthread_mutex_lock(&image->log->mutex);
	limits.given = image->log->state.end;
	pthread_mutex_unlock(&image->log->mutex);
	if (options) {
		limits.is_cancelled = options->is_cancelled;
		limits.ctx = options->ctx;
		limits.toll = options->toll;
	}
	bk_budget_init(&image->budget, &limits);
	image->overlay.budget = &image->budget;
}

enum bk_code bk_image_open_keyframe(struct bk_image **out, struct bk_log *log,
	const struct keyframe *kf, const struct bk_image_options *options, struct bk_error *err)
{
	size_t memory =
		options && options->memory_max ? options->memory_max : IMAGE_MEMORY_MAX_DEFAULT;
	struct bk_image *image = malloc(sizeof *image);
	enum bk_code code;

	if (!image)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory to open an image");
	code = bk_pageindex_open(&image->index, log, kf, err);
	if (code) {
		free(image);
		return code;
	}
	bk_pageahead_maps(&image->index);
	bk_overlay_init(&image->overlay, log->lf.file.io,
		bk_file_spill_dir(options ? options->spill_dir : NULL), memory);
	image->overlay.store.page_size = kf->page_size;
	image->overlay.store.page_count = kf->page_count;
	image->overlay.read_below = read_below;
	image->overlay.below = image;
	image->overlay.below_count = kf->page_count;
	image->log = log;
	image->version = kf->version;
	image->history = kf->history;
	image->is_past_damage = false;
	*image->inexact = '\0';
	image->trail = NULL;
	set_budget(image, options);
	*out = image;
	return BK_OK;
}

void bk_image_close(struct bk_image *image)
{
	if (!image)
		return;
	bk_overlay_done(&image->overlay);
	bk_pageindex_done(&image->index);
	free(image);
}

enum bk_code bk_advance_open(struct advance *advance, struct bk_image *image,
	const struct replay_options *options, struct bk_error *err)
{
	struct replay_options chosen = {
		.budget = options && options->budget ? options->budget : &image->budget};
	enum bk_code code;

	chosen.is_proof = options && options->is_proof;
	advance->image = image;
	advance->is_own = !chosen.is_proof && chosen.budget == &image->budget;
	code = bk_decoder_init(&advance->decoder, image->log, image->history, err);
	if (code)
		return code;
	code = bk_replay_open(&advance->replay, &image->overlay.store, image->overlay.io,
		image->overlay.spill_dir, &chosen, err);
	if (code)
		bk_decoder_done(&advance->decoder);
	return code;
}

void bk_advance_close(struct advance *advance)
{
	bk_replay_close(&advance->replay);
	bk_decoder_done(&advance->decoder);
}

void bk_advance_forget(struct advance *advance)
{
	bk_buf_clear(&advance->decoder.walk.buf, WALK_CHUNK_MANY);
}

static uint64_t keyframe_of(const struct advance *advance)
{
	return advance->image->index.levels[0].kf->offset;
}

enum bk_code bk_advance_try(
	struct advance *advance, const struct bk_entry *entry, struct bk_error *err)
{
	return advance->is_own ? bk_vain_check(advance->image->log, keyframe_of(advance),
					 entry->offset, err)
			       : BK_OK;
}

/* Replaying ENTRY failed: with nothing but its SQL to blame it will each time. */
static enum bk_code fail_at(
	const struct advance *advance, const struct bk_entry *entry, const struct bk_error *why)
{
	if (advance->is_own && why->code == BK_E_SQL &&
		advance->image->budget.end != BUDGET_NO_TOLL)
		bk_vain_note(advance->image->log, keyframe_of(advance), entry->offset, why);
	return why->code;
}

enum bk_code bk_advance_by(struct advance *advance, struct bk_entry *entry, struct bk_error *err)
{
	struct bk_image *image = advance->image;
	struct bk_change change;
	enum bk_code code = bk_decoder_read(&advance->decoder, entry, &change, err);

	if (code || !bk_entry_stands(entry))
		return code;
	code = bk_replay_change(&advance->replay, &change, entry->flags, entry->time_us, err);
	if (code)
		return fail_at(advance, entry, err);
	if (!*image->inexact && bk_replay_inexact(&advance->replay))
		strcpy(image->inexact, bk_replay_inexact(&advance->replay));
	/* Another SQLite lays pages out in another way: what was listed may differ, and be as
	 * right. */
	entry->page_count = image->overlay.store.page_count;
	entry->page_size = image->overlay.store.page_size;
	image->version = entry->version;
	image->history = advance->decoder.history;
	return BK_OK;
}

enum bk_code bk_advance_check(struct advance *advance, struct bk_error *err)
{
	uint32_t version;
	enum bk_code code = bk_replay_version(&advance->replay, &version, err);

	if (!code && version != advance->image->version)
		return bk_fail(err, BK_E_SQL, 0,
			"version %u: vars.data_version is %u after its replay",
			advance->image->version, version);
	return code;
}

enum bk_code bk_image_advance(struct bk_image *image, struct bk_entry *entries, size_t count,
	const struct replay_options *options, struct bk_error *err)
{
	struct advance advance;
	enum bk_code code;

	if (!count)
		return BK_OK;
	code = bk_advance_open(&advance, image, options, err);
	if (code)
		return code;
	code = bk_advance_try(&advance, &entries[count - 1], err);
	for (size_t i = 0; i < count && !code; i++)
		code = bk_advance_by(&advance, &entries[i], err);
	if (!code && (code = bk_advance_check(&advance, err)))
		code = fail_at(&advance, &entries[count - 1], err);
	bk_advance_close(&advance);
	return code;
}

uint32_t bk_image_version(const struct bk_image *image)
{
	return image->version;
}

bool bk_image_is_past_damage(const struct bk_image *image)
{
	return image->is_past_damage;
}

const char *bk_image_inexact(const struct bk_image *image)
{
	return *image->inexact ? image->inexact : NULL;
}

uint32_t bk_image_page_size(const struct bk_image *image)
{
	return image->overlay.store.page_size;
}

uint32_t bk_image_page_count(const struct bk_image *image)
{
	return image->overlay.store.page_count;
}

uint64_t bk_image_size(const struct bk_image *image)
{
	return (uint64_t)bk_image_page_size(image) * bk_image_page_count(image);
}

size_t bk_image_memory(const struct bk_image *image)
{
	return sizeof *image + bk_overlay_memory(&image->overlay);
}

enum bk_code bk_image_read_page(
	struct bk_image *image, uint32_t page, void *dst, struct bk_error *err)
{
	return image->overlay.store.read(&image->overlay.store, page, dst, err);
}

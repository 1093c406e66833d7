/* overlay.c - the pages that a replay has written. */
#include "overlay.h"
#include "budget.h"
#include <stdlib.h>
#include <string.h>

#define OVERLAY_SLAB  16
#define OVERLAY_SLOTS 256 /* at first */

static struct overlay_slot *slot_of(const struct overlay *overlay, uint32_t page)
{
	size_t mask = overlay->slot_count - 1;
	size_t at = (page * 0x9e3779b1u) & mask;

	while (overlay->slots[at].page && overlay->slots[at].page != page)
		at = (at + 1) & mask;
	return &overlay->slots[at];
}

bool bk_overlay_has(const struct overlay *overlay, uint32_t page)
{
	return overlay->slot_count && slot_of(overlay, page)->page == page;
}

static uint32_t in_memory_max(const struct overlay *overlay)
{
	size_t pages = overlay->memory_max / overlay->store.page_size;

	return pages < UINT32_MAX ? (uint32_t)pages : UINT32_MAX;
}

static uint8_t *memory_at(const struct overlay *overlay, uint32_t at)
{
	return overlay->slabs[at / OVERLAY_SLAB] +
	       (size_t)(at % OVERLAY_SLAB) * overlay->store.page_size;
}

static uint64_t spill_offset(const struct overlay *overlay, uint32_t at)
{
	return (uint64_t)(at - in_memory_max(overlay)) * overlay->store.page_size;
}

static enum bk_code read_stored(
	const struct overlay *overlay, uint32_t at, void *dst, struct bk_error *err)
{
	uint32_t size = overlay->store.page_size;
	size_t done;
	enum bk_code code;

	if (at < in_memory_max(overlay)) {
		memcpy(dst, memory_at(overlay, at), size);
		return BK_OK;
	}
	code = bk_spill_read(overlay->spill, dst, size, spill_offset(overlay, at), &done, err);
	if (!code && done < size)
		return bk_fail(err, BK_E_IO, 0, "a temporary file in %s lost what was written",
			overlay->spill_dir);
	return code;
}

static enum bk_code overlay_read(
	struct pagestore *store, uint32_t page, void *dst, struct bk_error *err)
{
	struct overlay *overlay = (struct overlay *)store;

	if (bk_overlay_has(overlay, page))
		return read_stored(overlay, slot_of(overlay, page)->at, dst, err);
	if (page <= overlay->below_count)
		return overlay->read_below(overlay->below, page, dst, err);
	memset(dst, 0, store->page_size);
	return BK_OK;
}

static enum bk_code no_memory(struct bk_error *err)
{
	return bk_fail(err, BK_E_NOMEM, 0, "no memory for replayed pages");
}

static enum bk_code grow_slots(struct overlay *overlay, struct bk_error *err)
{
	struct overlay_slot *old = overlay->slots;
	size_t old_count = overlay->slot_count;
	size_t count = old_count ? old_count * 2 : OVERLAY_SLOTS;
	struct overlay_slot *slots = calloc(count, sizeof *slots);

	if (!slots)
		return no_memory(err);
	overlay->slots = slots;
	overlay->slot_count = count;
	for (size_t i = 0; i < old_count; i++)
		if (old[i].page)
			*slot_of(overlay, old[i].page) = old[i];
	free(old);
	return BK_OK;
}

static enum bk_code make_spilled(struct overlay *overlay, uint32_t at, struct bk_error *err)
{
	char why[120];

	if (overlay->budget && at == overlay->used &&
		!bk_budget_spill(overlay->budget, overlay->store.page_size))
		return bk_fail(err, BK_E_SQL, 0, "cannot keep replayed pages: %s",
			bk_budget_why(overlay->budget, why, sizeof why));
	return overlay->spill
		       ? BK_OK
		       : bk_spill_open(&overlay->spill, overlay->io, overlay->spill_dir, err);
}

/* Makes sure that place AT exists in memory or in the temporary file. */
static enum bk_code make_place(struct overlay *overlay, uint32_t at, struct bk_error *err)
{
	uint8_t **slabs;

	if (at >= in_memory_max(overlay))
		return make_spilled(overlay, at, err);
	if (at / OVERLAY_SLAB < overlay->slab_count)
		return BK_OK;
	slabs = realloc(overlay->slabs, (overlay->slab_count + 1) * sizeof *slabs);
	if (!slabs)
		return no_memory(err);
	overlay->slabs = slabs;
	slabs[overlay->slab_count] = malloc((size_t)OVERLAY_SLAB * overlay->store.page_size);
	if (!slabs[overlay->slab_count])
		return no_memory(err);
	overlay->slab_count++;
	return BK_OK;
}

static enum bk_code overlay_write(
	struct pagestore *store, uint32_t page, const void *src, struct bk_error *err);

/* PAGE is about to be changed: whoever wants to know what it was has it first. */
static enum bk_code keep_before(struct overlay *overlay, uint32_t page, struct bk_error *err)
{
	struct overlay *before = overlay->before;
	uint8_t bytes[PAGE_SIZE_MAX];
	enum bk_code code;

	if (overlay->watched && page <= overlay->watched->count)
		overlay->is_hit |= bk_pageset_has(overlay->watched, page);
	if (!before || page > before->store.page_count || bk_overlay_has(before, page))
		return BK_OK;
	code = overlay_read(&overlay->store, page, bytes, err);
	return code ? code : overlay_write(&before->store, page, bytes, err);
}

static enum bk_code overlay_write(
	struct pagestore *store, uint32_t page, const void *src, struct bk_error *err)
{
	struct overlay *overlay = (struct overlay *)store;
	struct overlay_slot *slot;
	uint32_t at;
	enum bk_code code = keep_before(overlay, page, err);

	if (code)
		return code;
	if (!bk_overlay_has(overlay, page) && (size_t)overlay->used * 4 >= overlay->slot_count * 3)
		code = grow_slots(overlay, err);
	if (code)
		return code;
	slot = slot_of(overlay, page);
	at = slot->page ? slot->at : overlay->used;
	code = make_place(overlay, at, err);
	if (!code && at < in_memory_max(overlay))
		memcpy(memory_at(overlay, at), src, store->page_size);
	else if (!code)
		code = bk_spill_write(
			overlay->spill, src, store->page_size, spill_offset(overlay, at), err);
	if (code)
		return code;
	if (!slot->page) {
		*slot = (struct overlay_slot){.page = page, .at = at};
		overlay->used++;
	}
	if (page > store->page_count)
		store->page_count = page;
	return BK_OK;
}

/* A page that was written, cut off and is within the database again must read as zeros, not as
 * what it was. */
static enum bk_code blank_cut_pages(
	struct overlay *overlay, uint32_t page_count, struct bk_error *err)
{
	static const uint8_t zeros[PAGE_SIZE_MAX];
	enum bk_code code = BK_OK;

	for (size_t i = 0; i < overlay->slot_count && !code; i++)
		if (overlay->slots[i].page > page_count)
			code = overlay_write(&overlay->store, overlay->slots[i].page, zeros, err);
	return code;
}

static enum bk_code overlay_truncate(
	struct pagestore *store, uint32_t page_count, struct bk_error *err)
{
	struct overlay *overlay = (struct overlay *)store;
	enum bk_code code = BK_OK;

	for (uint32_t page = page_count + 1; page <= store->page_count && !code; page++)
		code = keep_before(overlay, page, err);
	if (!code && page_count < store->page_count)
		code = blank_cut_pages(overlay, page_count, err);
	if (code)
		return code;
	store->page_count = page_count;
	if (page_count < overlay->below_count)
		overlay->below_count = page_count;
	return BK_OK;
}

void bk_overlay_init(
	struct overlay *overlay, const struct bk_io *io, const char *spill_dir, size_t memory_max)
{
	*overlay = (struct overlay){
		.store = {.read = overlay_read,
			.write = overlay_write,
			.truncate = overlay_truncate},
		.io = io,
		.spill_dir = spill_dir,
		.memory_max = memory_max,
	};
}

static enum bk_code read_marked(void *ctx, uint32_t page, void *dst, struct bk_error *err)
{
	struct overlay *overlay = ctx;

	return overlay_read(&overlay->store, page, dst, err);
}

void bk_overlay_mark(struct overlay *overlay, struct overlay *before)
{
	bk_overlay_done(before);
	before->store.page_size = overlay->store.page_size;
	before->store.page_count = overlay->store.page_count;
	before->read_below = read_marked;
	before->below = overlay;
	before->below_count = overlay->store.page_count;
	before->budget = overlay->budget;
	overlay->before = before;
}

void bk_overlay_done(struct overlay *overlay)
{
	for (size_t i = 0; i < overlay->slab_count; i++)
		free(overlay->slabs[i]);
	free(overlay->slabs);
	free(overlay->slots);
	bk_spill_close(overlay->spill);
	bk_overlay_init(overlay, overlay->io, overlay->spill_dir, overlay->memory_max);
}

size_t bk_overlay_memory(const struct overlay *overlay)
{
	return overlay->slab_count * OVERLAY_SLAB * overlay->store.page_size +
	       overlay->slot_count * sizeof *overlay->slots;
}

static int page_order(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return left < right ? -1 : left > right;
}

uint32_t *bk_overlay_dirty(const struct overlay *overlay, size_t *count)
{
	uint32_t grown = overlay->store.page_count - overlay->below_count;
	uint32_t *pages = malloc(((size_t)overlay->used + grown + 1) * sizeof *pages);
	size_t n = 0;

	if (!pages)
		return NULL;
	for (size_t i = 0; i < overlay->slot_count; i++)
		if (overlay->slots[i].page && overlay->slots[i].page <= overlay->store.page_count)
			pages[n++] = overlay->slots[i].page;
	for (uint32_t page = overlay->below_count + 1; page <= overlay->store.page_count; page++)
		if (!bk_overlay_has(overlay, page))
			pages[n++] = page;
	qsort(pages, n, sizeof *pages, page_order);
	*count = n;
	return pages;
}

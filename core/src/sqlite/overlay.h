/* overlay.h - the pages that a replay has written, over a database that never changes.
 *
 * The first pages stay in memory, up to a limit; the others go to a temporary file.
 *
 * Threads: one writes; when it is done, any number read. */
#ifndef BK_OVERLAY_H
#define BK_OVERLAY_H

#include "pageset.h"
#include "pagestore.h"
#include <bk/spill.h>
#include <stdbool.h>
#include <stddef.h>

struct budget;

struct overlay_slot {
	uint32_t page; /* 0: free */
	uint32_t at;   /* which of the stored pages */
};

struct overlay {
	struct pagestore store; /* first: a pagestore * is an overlay * */

	/* Reads PAGE of what lies below. */
	enum bk_code (*read_below)(void *ctx, uint32_t page, void *dst, struct bk_error *err);
	void *below;
	uint32_t below_count; /* pages of it that are still seen: a cut hides what it cuts */

	const struct bk_io *io;
	const char *spill_dir;
	size_t memory_max;
	struct budget *budget; /* what pages beyond that draw on; may be NULL */

	struct overlay_slot *slots; /* a hash table, open addressing */
	size_t slot_count;          /* a power of two, or 0 */
	uint32_t used;              /* pages stored */
	struct overlay *before;     /* where pages go that are about to be written; may be NULL */
	const struct pageset *watched; /* pages that somebody has read; may be NULL */
	bool is_hit;                   /* one of them was written, or cut, since */
	uint8_t **slabs;               /* of OVERLAY_SLAB pages each */
	size_t slab_count;
	struct bk_spill *spill; /* NULL: none yet */
};

/* An empty overlay over nothing; the caller sets store.page_size, store.page_count, read_below,
 * below and below_count. SPILL_DIR is borrowed; MEMORY_MAX in bytes. */
void bk_overlay_init(
	struct overlay *overlay, const struct bk_io *io, const char *spill_dir, size_t memory_max);
void bk_overlay_done(struct overlay *overlay);

/* Makes BEFORE, which is to be done with later, what OVERLAY is now, and keeps it so while OVERLAY
 * is written to: it takes each page before its first change. What it was before is forgotten. */
void bk_overlay_mark(struct overlay *overlay, struct overlay *before);

/* Whether PAGE was written. */
bool bk_overlay_has(const struct overlay *overlay, uint32_t page);

/* Bytes of memory that it takes. */
size_t bk_overlay_memory(const struct overlay *overlay);

/* The pages that differ from what lies below: written, or new and never written (they read as
 * zeros). Ascending; the caller frees the array. NULL: no memory. */
uint32_t *bk_overlay_dirty(const struct overlay *overlay, size_t *count);

#endif

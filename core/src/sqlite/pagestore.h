/* pagestore.h - a database as numbered pages: what SQLite sees through vfs.h.
 *
 * Three things are one: an overlay (an image being replayed), a keyframe being written
 * from a backup, and an image that is only read. */
#ifndef BK_PAGESTORE_H
#define BK_PAGESTORE_H

#include "page.h"
#include <bk/error.h>
#include <stdint.h>

struct pagestore {
	uint32_t page_size; /* 0 until the first page is written to an empty one */
	uint32_t page_count;

	/* Reads page PAGE (1 to page_count) whole. */
	enum bk_code (*read)(
		struct pagestore *store, uint32_t page, void *dst, struct bk_error *err);

	/* Page PAGE where it stands in memory, for as long as the store is used, with at least 256
	 * bytes behind it that may be read; NULL if it is not there, or cannot be (read tells).
	 * NULL where no page is, and reading one takes longer than a copy; where it is not NULL,
	 * any number of threads may read. */
	const void *(*peek)(struct pagestore *store, uint32_t page);

	/* Writes page PAGE whole; may be past the end, which moves. NULL: read-only. */
	enum bk_code (*write)(
		struct pagestore *store, uint32_t page, const void *src, struct bk_error *err);

	/* Cuts to PAGE_COUNT pages. NULL with write. */
	enum bk_code (*truncate)(
		struct pagestore *store, uint32_t page_count, struct bk_error *err);
};

#endif

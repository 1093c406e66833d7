/* spill.h - a temporary file for what memory cannot hold, which tells nobody anything: it has no
 * name, and what is in it is sealed under a key that only lives as long.
 *
 * Calling sequence: bk_spill_open, any bk_spill_write, _read, _truncate, bk_spill_close.
 *
 * Threads: one writes; while nobody does, any number read. */
#ifndef BK_SPILL_H
#define BK_SPILL_H

#include <bk/error.h>
#include <bk/io.h>

struct bk_spill;

/* One in DIR; NULL: in $TMPDIR, or /var/tmp. Fails with BK_E_IO, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_spill_open(
	struct bk_spill **out, const struct bk_io *io, const char *dir, struct bk_error *err);
void bk_spill_close(struct bk_spill *spill); /* takes NULL */

/* Writes all SIZE bytes at OFFSET, or fails with BK_E_IO. What is left out before reads as zeros.
 */
BK_MUST_CHECK enum bk_code bk_spill_write(struct bk_spill *spill, const void *data, size_t size,
	uint64_t offset, struct bk_error *err);

/* Reads up to SIZE bytes; *DONE is fewer only at the end. Fails with BK_E_IO, also if the file lost
 * what was written. */
BK_MUST_CHECK enum bk_code bk_spill_read(const struct bk_spill *spill, void *data, size_t size,
	uint64_t offset, size_t *done, struct bk_error *err);

/* Cuts it to SIZE bytes, or makes it that long with zeros. Fails with BK_E_IO. */
BK_MUST_CHECK enum bk_code bk_spill_truncate(
	struct bk_spill *spill, uint64_t size, struct bk_error *err);

#endif

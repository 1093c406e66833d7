/* wholefile.h - small files that are read and written as a whole, through the I/O seam. */
#ifndef BK_WHOLEFILE_H
#define BK_WHOLEFILE_H

#include <bk/buf.h>
#include <bk/io.h>

/* Appends what stands in the file PATH to OUT, which belongs to the caller. Fails with
 * BK_E_MISSING, BK_E_LIMIT if that is more than OUT may hold, BK_E_IO, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_wholefile_read(
	struct bk_buf *out, const struct bk_io *io, const char *path, struct bk_error *err);

/* Puts a file with DATA, SIZE bytes, in the place of PATH, whether or not there is one, whole and
 * durable: after a crash or a failure the old or the new one stands there. It is written as
 * PATH.new first. Fails with BK_E_BUSY if another program is writing the same, BK_E_IO,
 * BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_wholefile_replace(const struct bk_io *io, const char *path,
	const void *data, size_t size, struct bk_error *err);

#endif

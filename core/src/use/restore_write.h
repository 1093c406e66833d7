/* restore_write.h - an image, written out to its place and judged on the way. */
#ifndef BK_RESTORE_WRITE_H
#define BK_RESTORE_WRITE_H

#include "image.h"
#include <bk/restore.h>
#include <bk/verdict.h>

/* Writes IMAGE, which is to be VERSION, to PATH, where nothing may stand: under another name, while
 * it is judged; then it is synced, and renamed. What SQLite finds is told once it is whole, so that
 * nothing is told of what is tried again past damage. Fails as bk_restore does. */
BK_MUST_CHECK enum bk_code bk_restore_write(struct bk_image *image, uint32_t version,
	const struct bk_io *io, const char *path, const struct bk_restore_options *options,
	struct bk_verdict *verdict, struct bk_error *err);

#endif

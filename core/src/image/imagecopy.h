/* imagecopy.h - all pages of an image, written into a file. */
#ifndef BK_IMAGECOPY_H
#define BK_IMAGECOPY_H

#include "file.h"
#include "image.h"
#include <bk/progress.h>

/* Writes IMAGE into FILE, part by part in the file's order, by as many threads as there are
 * processors, telling PROGRESS (may be NULL) of bytes. Not durable before a sync. Fails with
 * BK_E_DAMAGE, BK_E_IO, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_imagecopy_write(struct bk_image *image, const struct file *file,
	bk_progress_fn *progress, void *ctx, struct bk_error *err);

#endif

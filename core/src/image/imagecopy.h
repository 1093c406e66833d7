/* imagecopy.h - all pages of an image, written into a file. */
#ifndef BK_IMAGECOPY_H
#define BK_IMAGECOPY_H

#include "file.h"
#include "image.h"
#include <bk/restore.h>

/* Writes IMAGE into FILE, part by part in the file's order, by as many threads as there are
 * processors, with OPTIONS' progress. Not durable before a sync. Fails with BK_E_DAMAGE, BK_E_IO,
 * BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_imagecopy_write(struct bk_image *image, const struct file *file,
	const struct bk_restore_options *options, struct bk_error *err);

#endif

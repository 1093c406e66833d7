/* copying.h - what copies of logs have in common, whether they can be read or not. */
#ifndef BK_COPYING_H
#define BK_COPYING_H

#include "newfile.h"
#include <bk/progress.h>

/* A copy under way, beside its path. */
#define COPY_SUFFIX ".copying"

/* Copies the first SIZE bytes, which stay what they are as long as the log only grows. Fails with
 * BK_E_BUSY if there are fewer by now, BK_E_IO, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_copy_bytes(const struct file *from, const struct file *to,
	uint64_t size, bk_progress_fn *progress, void *ctx, struct bk_error *err);

/* Fail with BK_E_BUSY and BK_E_DAMAGE: the log is not what it was; the copy is not the log. */
enum bk_code bk_copy_replaced(const char *path, struct bk_error *err);
enum bk_code bk_copy_differs(const struct newfile *nf, struct bk_error *err);

#endif

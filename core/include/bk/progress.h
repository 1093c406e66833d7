/* progress.h - telling how far long work is. */
#ifndef BK_PROGRESS_H
#define BK_PROGRESS_H

#include <stdint.h>

/* Told of progress: what is done and what there is in all, in units of the work's own. */
typedef void bk_progress_fn(void *ctx, uint64_t done, uint64_t total);

#endif

/* imagecopy.h - all pages of an image on their way into a file, and read meanwhile.
 *
 * Threads write the image part by part, in the file's order, and sync it at the end. What is read
 * through .store is what the file holds: a small database from memory, if there is so much, any
 * other from the file. A part that is read before it is there is written first, by whoever reads
 * it.
 *
 * Calling sequence: bk_imagecopy_start, any reads through .store, bk_imagecopy_finish if the file
 * is wanted, bk_imagecopy_stop.
 *
 * Threads: any may read .store, the calls come from one. */
#ifndef BK_IMAGECOPY_H
#define BK_IMAGECOPY_H

#include "file.h"
#include "image.h"
#include "imagescout.h"
#include <bk/progress.h>
#include <pthread.h>
#include <stdatomic.h>

#define COPY_BYTES       ((size_t)1 << 20)   /* of one part */
#define COPY_THREADS_MAX 7                   /* beside the caller's */
#define COPY_KEPT_MAX    ((size_t)128 << 20) /* a database of so much is kept in memory, */
#define COPY_KEPT_SHARE  8                   /* if it is no more than this part of all */

struct imagecopy {
	struct pagestore store; /* first: a pagestore * is an imagecopy * */
	struct bk_image *image;
	const struct file *file;
	uint64_t size;
	uint8_t *kept; /* the whole of it, or NULL */
	bk_progress_fn *progress;
	void *ctx;

	struct imagescout scout; /* of a log that stands afar */
	size_t count;            /* parts */
	atomic_uchar *states;    /* of each: enum part_state */
	atomic_size_t next;      /* where threads look for one that nobody has taken */
	pthread_t threads[COPY_THREADS_MAX];
	unsigned thread_count;

	pthread_mutex_t mutex; /* over what follows */
	pthread_cond_t changed;
	uint64_t done; /* bytes */
	bool is_stopped, is_syncing;
	struct bk_error failure; /* code BK_OK while there is none */
};

/* Begins to write IMAGE into FILE, by as many threads as there are processors, but at least one
 * beside the caller's, telling PROGRESS (may be NULL) of bytes. A database of one part is written
 * by the caller's alone, as it is read. IMAGE and FILE are borrowed up to bk_imagecopy_stop. Fails
 * with BK_E_NOMEM; there is then nothing to stop. */
BK_MUST_CHECK enum bk_code bk_imagecopy_start(struct imagecopy *copy, struct bk_image *image,
	const struct file *file, bk_progress_fn *progress, void *ctx, struct bk_error *err);

/* Waits until all of it is written and synced. Fails with BK_E_DAMAGE, BK_E_IO, BK_E_NOMEM, also
 * where .store has failed so before. */
BK_MUST_CHECK enum bk_code bk_imagecopy_finish(struct imagecopy *copy, struct bk_error *err);

/* Ends COPY, wherever it is. */
void bk_imagecopy_stop(struct imagecopy *copy);

#endif

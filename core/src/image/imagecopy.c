/* imagecopy.c - all pages of an image, written into a file. */
#include "imagecopy.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#define COPY_BYTES       ((size_t)1 << 20)
#define COPY_THREADS_MAX 7 /* beside the caller's */

/* The threads share this, and take parts of the image one by one. */
struct copy {
	struct bk_image *image;
	const struct file *file;
	uint64_t size;
	bk_progress_fn *progress;
	void *ctx;
	atomic_uint_fast64_t next;
	pthread_mutex_t mutex;
	uint64_t done;
	struct bk_error failure; /* code BK_OK while there is none */
};

static enum bk_code copy_part(
	struct copy *copy, uint8_t *bytes, uint64_t at, size_t *part, struct bk_error *err)
{
	const struct bk_io *io = copy->file->io;
	enum bk_code code = bk_image_read(copy->image, bytes, COPY_BYTES, at, part, err);

	if (!code)
		code = bk_file_write(copy->file, bytes, *part, at, err);
	if (!code && io->ops->write_behind)
		io->ops->write_behind(io->ctx, copy->file->fd, at, *part);
	return code;
}

static void *copy_run(void *arg)
{
	struct copy *copy = arg;
	uint8_t *bytes = malloc(COPY_BYTES);
	struct bk_error err;
	enum bk_code code = bytes ? BK_OK : bk_fail(&err, BK_E_NOMEM, 0, "no memory to restore");
	uint64_t at;
	size_t part;

	while (!code && (at = atomic_fetch_add(&copy->next, COPY_BYTES)) < copy->size) {
		code = copy_part(copy, bytes, at, &part, &err);
		if (code)
			break;
		pthread_mutex_lock(&copy->mutex);
		copy->done += part;
		if (copy->progress)
			copy->progress(copy->ctx, copy->done, copy->size);
		pthread_mutex_unlock(&copy->mutex);
	}
	if (code) {
		pthread_mutex_lock(&copy->mutex);
		copy->failure = err;
		pthread_mutex_unlock(&copy->mutex);
		atomic_store(&copy->next, copy->size);
	}
	free(bytes);
	return NULL;
}

enum bk_code bk_imagecopy_write(struct bk_image *image, const struct file *file,
	bk_progress_fn *progress, void *ctx, struct bk_error *err)
{
	struct copy copy = {.image = image,
		.file = file,
		.size = bk_image_size(image),
		.progress = progress,
		.ctx = ctx};
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	pthread_t threads[COPY_THREADS_MAX];
	int more = 0;

	pthread_mutex_init(&copy.mutex, NULL);
	while (more + 1 < processors && more < COPY_THREADS_MAX &&
		(uint64_t)(more + 1) * COPY_BYTES < copy.size &&
		pthread_create(&threads[more], NULL, copy_run, &copy) == 0)
		more++;
	copy_run(&copy);
	while (more)
		pthread_join(threads[--more], NULL);
	pthread_mutex_destroy(&copy.mutex);
	return copy.failure.code ? bk_fail_as(err, &copy.failure) : BK_OK;
}

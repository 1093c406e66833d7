/* imagecopy.c - all pages of an image on their way into a file, and read meanwhile. */
#include "imagecopy.h"
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* SQLite reads a few bytes past the end of a page that makes no sense. */
#define BEHIND_LAST_PAGE 256

enum part_state { PART_FREE, PART_TAKEN, PART_WRITTEN };

static bool take(struct imagecopy *copy, size_t at)
{
	unsigned char expected = PART_FREE;

	return atomic_compare_exchange_strong(&copy->states[at], &expected, PART_TAKEN);
}

static size_t part_bytes(const struct imagecopy *copy, size_t at)
{
	uint64_t left = copy->size - (uint64_t)at * COPY_BYTES;

	return left < COPY_BYTES ? (size_t)left : COPY_BYTES;
}

/* Writes a part, through BYTES, which may be NULL where there was no memory. */
static enum bk_code write_through(
	const struct imagecopy *copy, size_t at, uint8_t *bytes, struct bk_error *err)
{
	const struct bk_io *io = copy->file->io;
	uint64_t offset = (uint64_t)at * COPY_BYTES;
	size_t size = part_bytes(copy, at), done;
	enum bk_code code = bytes ? bk_image_read(copy->image, bytes, size, offset, &done, err)
				  : bk_fail(err, BK_E_NOMEM, 0, "no memory to restore");

	if (!code)
		code = bk_file_write(copy->file, bytes, size, offset, err);
	if (!code && io->ops->write_behind)
		io->ops->write_behind(io->ctx, copy->file->fd, offset, size);
	return code;
}

static enum bk_code write_part(const struct imagecopy *copy, size_t at, struct bk_error *err)
{
	uint8_t *room = copy->kept ? NULL : malloc(COPY_BYTES);
	enum bk_code code = write_through(
		copy, at, copy->kept ? copy->kept + (uint64_t)at * COPY_BYTES : room, err);

	free(room);
	return code;
}

/* The first failure counts: no more is written. */
static void fail(struct imagecopy *copy, const struct bk_error *err)
{
	pthread_mutex_lock(&copy->mutex);
	if (!copy->failure.code)
		copy->failure = *err;
	atomic_store(&copy->next, copy->count);
	bk_imagescout_end(&copy->scout);
	pthread_cond_broadcast(&copy->changed);
	pthread_mutex_unlock(&copy->mutex);
}

/* Writes a part that the caller has taken. False if that failed. */
static bool make_part(struct imagecopy *copy, size_t at)
{
	struct bk_error err;

	if (write_part(copy, at, &err)) {
		fail(copy, &err);
		return false;
	}
	pthread_mutex_lock(&copy->mutex);
	atomic_store(&copy->states[at], PART_WRITTEN);
	copy->done += part_bytes(copy, at);
	if (copy->progress)
		copy->progress(copy->ctx, copy->done, copy->size);
	pthread_cond_broadcast(&copy->changed);
	pthread_mutex_unlock(&copy->mutex);
	return true;
}

static bool has_ended(const struct imagecopy *copy)
{
	return copy->failure.code || copy->is_stopped;
}

/* Syncs the file once all of it is written, unless another thread does. */
static void sync_when_written(struct imagecopy *copy)
{
	struct bk_error err;
	bool is_mine;

	pthread_mutex_lock(&copy->mutex);
	while (copy->done < copy->size && !has_ended(copy))
		pthread_cond_wait(&copy->changed, &copy->mutex);
	is_mine = !has_ended(copy) && !copy->is_syncing;
	copy->is_syncing |= is_mine;
	pthread_mutex_unlock(&copy->mutex);
	if (!is_mine)
		return;
	if (bk_file_sync(copy->file, &err))
		fail(copy, &err);
}

/* A part that nobody has taken yet, mostly; false if there is none. */
static bool next_part(struct imagecopy *copy, size_t *at)
{
	if (copy->scout.is_there)
		return bk_imagescout_next(&copy->scout, at);
	*at = atomic_fetch_add(&copy->next, 1);
	return *at < copy->count;
}

static void make_parts(struct imagecopy *copy)
{
	size_t at;

	while (next_part(copy, &at))
		if (take(copy, at) && !make_part(copy, at))
			return;
}

static void *run(void *arg)
{
	struct imagecopy *copy = arg;

	make_parts(copy);
	sync_when_written(copy);
	return NULL;
}

/* Makes sure that part AT is in the file. */
static enum bk_code need_part(struct imagecopy *copy, size_t at, struct bk_error *err)
{
	enum bk_code code;

	if (atomic_load(&copy->states[at]) == PART_WRITTEN)
		return BK_OK;
	if (take(copy, at)) {
		if (copy->scout.is_there)
			bk_imagescout_need(&copy->scout, at);
		make_part(copy, at);
	}
	pthread_mutex_lock(&copy->mutex);
	while (atomic_load(&copy->states[at]) != PART_WRITTEN && !has_ended(copy))
		pthread_cond_wait(&copy->changed, &copy->mutex);
	code = copy->failure.code;
	if (code)
		*err = copy->failure;
	pthread_mutex_unlock(&copy->mutex);
	return code;
}

static uint64_t offset_of(const struct pagestore *store, uint32_t page)
{
	return (uint64_t)(page - 1) * store->page_size;
}

static const void *copy_peek(struct pagestore *store, uint32_t page)
{
	struct imagecopy *copy = (struct imagecopy *)store;
	uint64_t offset = offset_of(store, page);
	struct bk_error err;

	if (!copy->kept || need_part(copy, (size_t)(offset / COPY_BYTES), &err))
		return NULL;
	return copy->kept + offset;
}

static enum bk_code copy_read(
	struct pagestore *store, uint32_t page, void *dst, struct bk_error *err)
{
	struct imagecopy *copy = (struct imagecopy *)store;
	uint64_t offset = offset_of(store, page);
	size_t done;
	enum bk_code code = need_part(copy, (size_t)(offset / COPY_BYTES), err);

	if (code)
		return code;
	if (copy->kept) {
		memcpy(dst, copy->kept + offset, store->page_size);
		return BK_OK;
	}
	code = bk_file_read(copy->file, dst, store->page_size, offset, &done, err);
	if (!code && done < store->page_size)
		return bk_fail(err, BK_E_IO, 0, "%s is shorter than what was written to it",
			copy->file->path);
	return code;
}

static bool is_small(uint64_t size)
{
	uint64_t memory = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);

	return size <= COPY_KEPT_MAX && size <= memory / COPY_KEPT_SHARE;
}

/* Memory that is filled once: large pages spare most of the faults. */
static uint8_t *new_kept(size_t size)
{
	uint8_t *kept = malloc(size + BEHIND_LAST_PAGE);
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uintptr_t begin = ((uintptr_t)kept + page - 1) / page * page;

	if (kept && size > COPY_BYTES)
		madvise((void *)begin, size - (begin - (uintptr_t)kept), MADV_HUGEPAGE);
	return kept;
}

static void start_threads(struct imagecopy *copy)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned wanted = processors > 2 ? (unsigned)processors - 1 : 1;

	if (wanted > COPY_THREADS_MAX)
		wanted = COPY_THREADS_MAX;
	while (copy->thread_count < wanted && copy->thread_count + 1 < copy->count &&
		pthread_create(&copy->threads[copy->thread_count], NULL, run, copy) == 0)
		copy->thread_count++;
}

enum bk_code bk_imagecopy_start(struct imagecopy *copy, struct bk_image *image,
	const struct file *file, bk_progress_fn *progress, void *ctx, struct bk_error *err)
{
	*copy = (struct imagecopy){
		.store = {.page_size = bk_image_page_size(image),
			.page_count = bk_image_page_count(image),
			.read = copy_read,
			.peek = copy_peek},
		.image = image,
		.file = file,
		.size = bk_image_size(image),
		.progress = progress,
		.ctx = ctx,
	};
	copy->count = (size_t)((copy->size + COPY_BYTES - 1) / COPY_BYTES);
	copy->states = calloc(copy->count + 1, sizeof *copy->states);
	if (!copy->states)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory to restore");
	if (is_small(copy->size))
		copy->kept = new_kept((size_t)copy->size);
	pthread_mutex_init(&copy->mutex, NULL);
	pthread_cond_init(&copy->changed, NULL);
	bk_imagescout_start(&copy->scout, image, COPY_BYTES);
	start_threads(copy);
	return BK_OK;
}

static void join(struct imagecopy *copy)
{
	while (copy->thread_count)
		pthread_join(copy->threads[--copy->thread_count], NULL);
}

enum bk_code bk_imagecopy_finish(struct imagecopy *copy, struct bk_error *err)
{
	make_parts(copy);
	sync_when_written(copy);
	join(copy);
	return copy->failure.code ? bk_fail_as(err, &copy->failure) : BK_OK;
}

void bk_imagecopy_stop(struct imagecopy *copy)
{
	pthread_mutex_lock(&copy->mutex);
	copy->is_stopped = true;
	atomic_store(&copy->next, copy->count);
	pthread_cond_broadcast(&copy->changed);
	pthread_mutex_unlock(&copy->mutex);
	bk_imagescout_end(&copy->scout);
	join(copy);
	bk_imagescout_stop(&copy->scout);
	pthread_cond_destroy(&copy->changed);
	pthread_mutex_destroy(&copy->mutex);
	free(copy->states);
	free(copy->kept);
}

/* images.c - open images, shared by all who read the same file, within a budget of memory. */
#include "images.h"
#include "node.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* One image may take this part of the budget in memory; the rest of it goes to a temporary file. */
#define IMAGE_PART      4
#define IMAGE_BYTES_MIN ((size_t)1 << 20)

void images_init(struct images *images, size_t bytes_max)
{
	memset(images, 0, sizeof *images);
	images->bytes_max = bytes_max;
	pthread_mutex_init(&images->mutex, NULL);
	pthread_cond_init(&images->opened, NULL);
}

static struct image **bucket_of_ino(struct images *images, uint64_t ino)
{
	uint64_t mixed = ino * 0x9e3779b97f4a7c15u;

	return &images->buckets[(mixed >> 32) % IMAGES_BUCKETS];
}

static struct image *find(struct images *images, uint64_t ino)
{
	struct image *image = *bucket_of_ino(images, ino);

	while (image && image->ino != ino)
		image = image->chain;
	return image;
}

static void order_remove(struct images *images, struct image *image)
{
	*(image->older ? &image->older->newer : &images->oldest) = image->newer;
	*(image->newer ? &image->newer->older : &images->newest) = image->older;
}

static void order_add(struct images *images, struct image *image)
{
	image->older = images->newest;
	image->newer = NULL;
	*(images->newest ? &images->newest->newer : &images->oldest) = image;
	images->newest = image;
}

/* Frees IMAGE if nobody needs it any more, and returns the source that it held, to be put without
 * the lock; else NULL. */
static struct source *release(struct images *images, struct image *image)
{
	struct image **at = bucket_of_ino(images, image->ino);
	struct source *source = image->source;

	if (image->handles || image->pins || image->image)
		return NULL;
	while (*at != image)
		at = &(*at)->chain;
	*at = image->chain;
	free(image);
	return source;
}

/* Takes IMAGE out of memory, letting go of the lock meanwhile. */
static void drop(struct images *images, struct image *image)
{
	struct bk_image *dropped = image->image;
	struct source *source;

	order_remove(images, image);
	images->bytes -= image->bytes;
	images->count--;
	image->image = NULL;
	image->pins++; /* its source must outlive what is closed here */
	pthread_mutex_unlock(&images->mutex);
	bk_image_close(dropped);
	pthread_mutex_lock(&images->mutex);
	image->pins--;
	source = release(images, image);
	if (source) {
		pthread_mutex_unlock(&images->mutex);
		source_put(source);
		pthread_mutex_lock(&images->mutex);
	}
}

/* The one to drop next; never the newest, or a reader would open it again and again. */
static struct image *victim(struct images *images, bool open_too)
{
	for (struct image *image = images->oldest; image && image->newer; image = image->newer)
		if (!image->pins && (open_too || !image->handles))
			return image;
	return NULL;
}

static void make_room(struct images *images)
{
	while (images->bytes > images->bytes_max) {
		struct image *image = victim(images, false);

		if (!image)
			image = victim(images, true);
		if (!image)
			return;
		drop(images, image);
	}
}

/* Opens the bk_image of IMAGE. A rewind may have put another change in the version's place: then it
 * is not ours any more. */
static enum bk_code open_same(
	struct bk_image **out, const struct image *image, size_t memory_max, struct bk_error *err)
{
	struct bk_image_options options = {.memory_max = memory_max, .past_damage = true};
	struct bk_log *log = image->source->log;
	struct bk_image *opened;
	struct bk_entry entry;
	enum bk_code code = bk_image_open(&opened, log, image->version, &options, err);

	if (code)
		return code;
	code = bk_history_find(log, image->version, &entry, err);
	if (!code && node_identity(&entry, image->source->generation) != image->identity)
		code = bk_fail(err, BK_E_MISSING, 0, "version %u was struck out", image->version);
	if (code)
		bk_image_close(opened);
	else
		*out = opened;
	return code;
}

/* Brings IMAGE, which the caller has pinned, into memory, and to the front of the order. */
static enum bk_code load(struct images *images, struct image *image, struct bk_error *err)
{
	size_t memory_max = images->bytes_max / IMAGE_PART;
	struct bk_image *opened = NULL;
	enum bk_code code;

	while (image->is_opening)
		pthread_cond_wait(&images->opened, &images->mutex);
	if (image->image) {
		order_remove(images, image);
		order_add(images, image);
		return BK_OK;
	}
	image->is_opening = true;
	pthread_mutex_unlock(&images->mutex);
	if (memory_max < IMAGE_BYTES_MIN)
		memory_max = IMAGE_BYTES_MIN;
	code = open_same(&opened, image, memory_max, err);
	pthread_mutex_lock(&images->mutex);
	image->is_opening = false;
	pthread_cond_broadcast(&images->opened);
	if (code)
		return code;
	image->image = opened;
	if (!image->page_count) {
		image->size = bk_image_size(opened);
		image->page_count = bk_image_page_count(opened);
		image->page_size = bk_image_page_size(opened);
	}
	image->bytes = bk_image_memory(opened);
	images->bytes += image->bytes;
	images->count++;
	images->past_damage += bk_image_is_past_damage(opened);
	order_add(images, image);
	make_room(images);
	return BK_OK;
}

static struct image *add(
	struct images *images, uint64_t ino, struct source *source, const struct bk_entry *entry)
{
	struct image **bucket = bucket_of_ino(images, ino);
	struct image *image = calloc(1, sizeof *image);

	if (!image)
		return NULL;
	atomic_fetch_add(&source->refs, 1);
	image->ino = ino;
	image->source = source;
	image->version = entry->version;
	image->identity = node_identity(entry, source->generation);
	image->time_us = entry->time_us;
	image->chain = *bucket;
	*bucket = image;
	return image;
}

enum bk_code images_open(struct image **out, struct images *images, struct source *source,
	const struct bk_entry *entry, struct bk_error *err)
{
	struct node node = {NODE_IMAGE, entry->version, node_identity(entry, source->generation)};
	uint64_t ino = node_ino(&node);
	struct source *unused = NULL;
	struct image *image;
	enum bk_code code;

	pthread_mutex_lock(&images->mutex);
	image = find(images, ino);
	if (!image)
		image = add(images, ino, source, entry);
	if (!image) {
		code = bk_fail(err, BK_E_NOMEM, 0, "no memory to open an image");
	} else {
		image->pins++;
		code = load(images, image, err);
		image->pins--;
		image->handles += !code;
		unused = release(images, image);
	}
	pthread_mutex_unlock(&images->mutex);
	source_put(unused);
	if (!code)
		*out = image;
	return code;
}

void images_close(struct images *images, struct image *image)
{
	struct source *unused = NULL;

	pthread_mutex_lock(&images->mutex);
	assert(image->handles);
	image->handles--;
	if (image->image && !image->handles && !image->pins &&
		image->source->generation != images->generation)
		drop(images, image);
	else
		unused = release(images, image);
	pthread_mutex_unlock(&images->mutex);
	source_put(unused);
}

enum bk_code images_read(struct images *images, struct image *image, void *dst, size_t size,
	uint64_t offset, size_t *done, struct bk_error *err)
{
	enum bk_code code;

	pthread_mutex_lock(&images->mutex);
	image->pins++;
	code = load(images, image, err);
	pthread_mutex_unlock(&images->mutex);
	if (!code)
		code = bk_image_read(image->image, dst, size, offset, done, err);
	pthread_mutex_lock(&images->mutex);
	image->pins--;
	pthread_mutex_unlock(&images->mutex);
	return code;
}

bool images_find(struct images *images, uint64_t ino, uint64_t *size, int64_t *time_us)
{
	struct image *image;
	bool found;

	pthread_mutex_lock(&images->mutex);
	image = find(images, ino);
	found = image && (image->handles || image->image);
	if (found) {
		*size = image->size;
		*time_us = image->time_us;
	}
	pthread_mutex_unlock(&images->mutex);
	return found;
}

static struct image *unused_of_others(struct images *images)
{
	for (struct image *image = images->oldest; image; image = image->newer)
		if (image->source->generation != images->generation && !image->handles &&
			!image->pins)
			return image;
	return NULL;
}

void images_replaced(struct images *images, uint32_t generation)
{
	struct image *image;

	pthread_mutex_lock(&images->mutex);
	images->generation = generation;
	while ((image = unused_of_others(images)))
		drop(images, image);
	pthread_mutex_unlock(&images->mutex);
}

struct images_state images_state(struct images *images)
{
	struct images_state state;

	pthread_mutex_lock(&images->mutex);
	state = (struct images_state){images->count, images->bytes, images->past_damage};
	pthread_mutex_unlock(&images->mutex);
	return state;
}

void images_done(struct images *images)
{
	images_replaced(images, images->generation + 1);
	assert(!images->count);
	pthread_cond_destroy(&images->opened);
	pthread_mutex_destroy(&images->mutex);
}

/* images.c - open images, shared by all who read the same file, within a budget of memory. */
#include "images.h"
#include "node.h"
#include "rebuild.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* One image may take this part of the budget in memory; the rest goes to a temporary file. */
#define IMAGE_PART      4
#define IMAGE_BYTES_MIN ((size_t)1 << 20)

void images_init(struct images *images, size_t bytes_max)
{
	memset(images, 0, sizeof *images);
	images->bytes_max = bytes_max;
	pthread_mutex_init(&images->mutex, NULL);
	pthread_cond_init(&images->changed, NULL);
	damage_init(&images->lost);
}

static struct image **bucket_of_ino(struct images *images, uint64_t ino)
{
	uint64_t mixed = ino * 0x9e3779b97f4a7c15u;

	return &images->buckets[(mixed >> 32) % IMAGES_BUCKETS];
}

/* The one of SOURCE, or with NULL of any. Generations wrap (node.h): a file that has long been open
 * can have the number of another log's. */
static struct image *find(struct images *images, uint64_t ino, const struct source *source)
{
	struct image *image = *bucket_of_ino(images, ino);

	while (image && (image->ino != ino || (source && image->source != source)))
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

/* Takes what IMAGE has in memory out of the account; the caller closes it. */
static struct bk_image *take_out(struct images *images, struct image *image)
{
	struct bk_image *taken = image->image;

	order_remove(images, image);
	images->bytes -= image->bytes;
	images->count--;
	image->image = NULL;
	return taken;
}

/* Takes IMAGE out of memory, letting go of the lock meanwhile. */
static void drop(struct images *images, struct image *image)
{
	struct bk_image *dropped = take_out(images, image);
	struct source *source;

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
	while (images->bytes + images->bytes_charged > images->bytes_max) {
		struct image *image = victim(images, false);

		if (!image)
			image = victim(images, true);
		if (!image)
			return;
		drop(images, image);
	}
}

/* What it takes to open the bk_image of IMAGE. */
static struct rebuild rebuild_of(const struct images *images, const struct image *image)
{
	size_t memory_max = images->bytes_max / IMAGE_PART;

	return (struct rebuild){
		.source = image->source,
		.version = image->version,
		.identity = image->identity,
		.memory_max = memory_max < IMAGE_BYTES_MIN ? IMAGE_BYTES_MIN : memory_max,
		.older = image->passed_over,
		.is_last = image->is_last,
	};
}

static void take_in(struct images *images, struct image *image, struct bk_image *opened)
{
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
}

/* No older keyframe helps: that is remembered beyond IMAGE, as finding it out can take long. From
 * the nearest one all pages can be read but the damaged. */
static void note_last(struct images *images, struct image *image, const struct bk_error *err)
{
	image->is_last = true;
	image->passed_over = 0;
	if (image->source->generation == images->generation)
		damage_note(&images->lost, image->version, image->version, err->msg);
}

/* Brings IMAGE, which the caller has pinned, into memory, and to the front of the order. */
static enum bk_code load(struct images *images, struct image *image, struct bk_error *err)
{
	struct bk_image *opened = NULL;
	struct rebuild rebuild;
	enum bk_code code;

	while (image->is_opening)
		pthread_cond_wait(&images->changed, &images->mutex);
	if (image->image) {
		order_remove(images, image);
		order_add(images, image);
		return BK_OK;
	}
	image->is_opening = true;
	rebuild = rebuild_of(images, image);
	pthread_mutex_unlock(&images->mutex);
	code = rebuild_open(&opened, &rebuild, err);
	pthread_mutex_lock(&images->mutex);
	image->is_opening = false;
	pthread_cond_broadcast(&images->changed);
	if (code == BK_E_DAMAGE || code == BK_E_SQL)
		note_last(images, image, err);
	if (code)
		return code;
	image->passed_over = rebuild.older;
	take_in(images, image, opened);
	make_room(images);
	return BK_OK;
}

/* A read of DAMAGED, the bk_image of IMAGE, failed with ERR: whether to read again, from one that
 * stands on an older keyframe. The first reader to come here takes DAMAGED out of memory, once all
 * have left it. */
static bool step_back(struct images *images, struct image *image, struct bk_image *damaged,
	const struct bk_error *err)
{
	struct bk_image *taken = NULL;
	struct rebuild rebuild;
	bool may;

	if (image->is_opening || image->image != damaged)
		return true;
	if (image->is_last)
		return false;
	image->is_opening = true;
	rebuild = rebuild_of(images, image);
	pthread_mutex_unlock(&images->mutex);
	may = !rebuild_is_of_snapshot(&rebuild) && rebuild_step_back(&rebuild);
	pthread_mutex_lock(&images->mutex);
	while (may && image->readers)
		pthread_cond_wait(&images->changed, &images->mutex);
	if (may) {
		taken = take_out(images, image);
		image->passed_over = rebuild.older;
	} else {
		note_last(images, image, err);
	}
	image->is_opening = false;
	pthread_cond_broadcast(&images->changed);
	pthread_mutex_unlock(&images->mutex);
	bk_image_close(taken);
	pthread_mutex_lock(&images->mutex);
	return may;
}

static struct image *add(
	struct images *images, uint64_t ino, struct source *source, const struct bk_entry *entry)
{
	struct image **bucket = bucket_of_ino(images, ino);
	struct image *image = calloc(1, sizeof *image);
	struct damage_range lost;

	if (!image)
		return NULL;
	image->is_last = source->generation == images->generation &&
			 damage_find(&images->lost, entry->version, &lost);
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
	image = find(images, ino, source);
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

/* Reads once; *FROM is what it was read from, NULL if that could not be opened. */
static enum bk_code read_once(struct images *images, struct image *image, struct bk_image **from,
	void *dst, size_t size, uint64_t offset, size_t *done, struct bk_error *err)
{
	enum bk_code code = load(images, image, err);

	*from = NULL;
	if (code)
		return code;
	*from = image->image;
	image->readers++;
	pthread_mutex_unlock(&images->mutex);
	code = bk_image_read(*from, dst, size, offset, done, err);
	pthread_mutex_lock(&images->mutex);
	image->readers--;
	if (image->is_opening && !image->readers)
		pthread_cond_broadcast(&images->changed);
	return code;
}

enum bk_code images_read(struct images *images, struct image *image, void *dst, size_t size,
	uint64_t offset, size_t *done, struct bk_error *err)
{
	struct bk_error first = {.code = BK_OK};
	struct bk_image *from;
	enum bk_code code;

	pthread_mutex_lock(&images->mutex);
	image->pins++;
	do {
		code = read_once(images, image, &from, dst, size, offset, done, err);
		if (code == BK_E_DAMAGE && !first.code)
			first = *err;
	} while (code == BK_E_DAMAGE && from && step_back(images, image, from, &first));
	image->pins--;
	pthread_mutex_unlock(&images->mutex);
	return code == BK_E_DAMAGE ? bk_fail_as(err, &first) : code;
}

bool images_find(struct images *images, uint64_t ino, const struct source *source, uint64_t *size,
	int64_t *time_us)
{
	struct image *image;
	bool found;

	pthread_mutex_lock(&images->mutex);
	image = find(images, ino, source);
	if (!image)
		image = find(images, ino, NULL);
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
	damage_clear(&images->lost);
	while ((image = unused_of_others(images)))
		drop(images, image);
	pthread_mutex_unlock(&images->mutex);
}

void images_charge(struct images *images, ssize_t bytes)
{
	pthread_mutex_lock(&images->mutex);
	images->bytes_charged += (size_t)bytes;
	make_room(images);
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
	pthread_cond_destroy(&images->changed);
	damage_done(&images->lost);
	pthread_mutex_destroy(&images->mutex);
}

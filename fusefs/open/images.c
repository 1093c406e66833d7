/* images.c - open images, shared by all who read the same file, within a budget of memory. */
#include "images.h"
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
	damage_init(&images->lost);
}

/* The one of SOURCE, or with NULL of any. Generations wrap (node.h): a file that has long been open
 * can have the number of another log's. */
static struct image *find(struct images *images, uint64_t ino, const struct source *source)
{
	struct bk_recent_item *item = NULL;

	while ((item = bk_recent_find(&images->table, ino, item)))
		if (!source || ((struct image *)item)->source == source)
			break;
	return (struct image *)item;
}

/* One for NODE of SOURCE; NULL: no memory. */
static struct image *add(
	struct images *images, struct source *source, const struct node *node, struct bk_error *err)
{
	struct bk_image_options options = source_options(source);
	struct image *image = calloc(1, sizeof *image);

	options.memory_max = images->bytes_max / IMAGE_PART;
	if (options.memory_max < IMAGE_BYTES_MIN)
		options.memory_max = IMAGE_BYTES_MIN;
	if (!image || bk_rebuild_new(&image->rebuild, source->log, node->number, &options, err)) {
		bk_fail(err, BK_E_NOMEM, 0, "no memory to open an image");
		free(image);
		return NULL;
	}
	if (source->generation == images->generation && damage_has(&images->lost, node->number))
		bk_rebuild_give_up(image->rebuild);
	atomic_fetch_add(&source->refs, 1);
	image->source = source;
	image->node = *node;
	image->item.key = node_ino(node);
	bk_recent_add(&images->table, &image->item);
	return image;
}

/* Frees IMAGE if nobody needs it any more, and returns the source that it held, to be put without
 * the lock; else NULL. */
static struct source *release(struct images *images, struct image *image)
{
	struct source *source = image->source;

	if (image->handles || image->pins || image->bytes)
		return NULL;
	bk_recent_remove(&images->table, &image->item);
	bk_rebuild_free(image->rebuild);
	free(image);
	return source;
}

static void account(struct images *images, struct image *image, size_t bytes)
{
	images->bytes += bytes - image->bytes;
	images->count += (size_t)(bytes != 0) - (size_t)(image->bytes != 0);
	image->bytes = bytes;
}

/* Takes what IMAGE is by now into the account. */
static void settle(struct images *images, struct image *image)
{
	struct bk_rebuild_state state = bk_rebuild_state(image->rebuild);

	account(images, image, state.memory);
	images->past_damage += state.past_damage - image->past_damage;
	image->past_damage = state.past_damage;
}

/* Takes IMAGE out of memory, letting go of the lock meanwhile. */
static void drop(struct images *images, struct image *image)
{
	struct source *source;

	account(images, image, 0); /* before it is: nobody else need make the same room */
	image->pins++;
	pthread_mutex_unlock(&images->mutex);
	bk_rebuild_unload(image->rebuild);
	pthread_mutex_lock(&images->mutex);
	image->pins--;
	settle(images, image); /* a reader may have come meanwhile */
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
	for (struct bk_recent_item *item = images->table.oldest; item && item->newer;
		item = item->newer) {
		struct image *image = (struct image *)item;

		if (image->bytes && !image->pins && (open_too || !image->handles))
			return image;
	}
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

/* Lets go of the lock. */
static void begin_work(struct images *images, struct image *image)
{
	image->pins++;
	bk_recent_use(&images->table, &image->item);
	pthread_mutex_unlock(&images->mutex);
}

/* Work on IMAGE ended with CODE; the lock is taken again. That no keyframe helps is remembered
 * beyond IMAGE, as finding it out can take long. Returns what release does. */
static struct source *end_work(
	struct images *images, struct image *image, enum bk_code code, const struct bk_error *err)
{
	uint32_t version = image->node.number;

	if ((code == BK_E_DAMAGE || code == BK_E_SQL) &&
		image->source->generation == images->generation)
		damage_note(&images->lost, version, version, err->msg);
	settle(images, image);
	make_room(images);
	image->pins--;
	return release(images, image);
}

/* Opens IMAGE, which then surely is what its node says: a rewind may have put another change in the
 * version's place. */
static enum bk_code load(struct image *image, struct bk_error *err)
{
	const struct bk_entry *entry = bk_rebuild_entry(image->rebuild);
	enum bk_code code = bk_rebuild_load(image->rebuild, err);

	if (code || node_identity(entry, image->source->generation) == image->node.identity)
		return code;
	bk_rebuild_unload(image->rebuild);
	return bk_fail(err, BK_E_MISSING, 0, "version %u was struck out", image->node.number);
}

/* What looks like damage to a log that is no longer there is none. Without the lock: it looks. */
static enum bk_code still_damage(const struct image *image, enum bk_code code, struct bk_error *err)
{
	struct bk_error was;

	if ((code != BK_E_DAMAGE && code != BK_E_SQL) || source_stands(image->source))
		return code;
	was = *err;
	return bk_fail(err, BK_E_BUSY, 0, "the log was cut or replaced meanwhile: %s", was.msg);
}

enum bk_code images_open(struct image **out, struct images *images, struct source *source,
	const struct node *node, struct bk_error *err)
{
	struct source *unused;
	struct image *image;
	enum bk_code code;

	pthread_mutex_lock(&images->mutex);
	image = find(images, node_ino(node), source);
	if (!image)
		image = add(images, source, node, err);
	if (!image) {
		pthread_mutex_unlock(&images->mutex);
		return BK_E_NOMEM;
	}
	begin_work(images, image);
	code = still_damage(image, load(image, err), err);
	pthread_mutex_lock(&images->mutex);
	image->handles += !code;
	unused = end_work(images, image, code, err);
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
	if (image->bytes && !image->handles && !image->pins &&
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
	struct source *unused;
	enum bk_code code;

	pthread_mutex_lock(&images->mutex);
	begin_work(images, image);
	code = bk_rebuild_read(image->rebuild, dst, size, offset, done, err);
	code = still_damage(image, code, err);
	pthread_mutex_lock(&images->mutex);
	unused = end_work(images, image, code, err);
	pthread_mutex_unlock(&images->mutex);
	source_put(unused);
	return code;
}

bool images_find(struct images *images, uint64_t ino, const struct source *source,
	struct bk_entry *entry, uint32_t *generation)
{
	struct image *image;
	bool found;

	pthread_mutex_lock(&images->mutex);
	image = find(images, ino, source);
	if (!image)
		image = find(images, ino, NULL);
	found = image && (image->handles || image->bytes);
	if (found) {
		*entry = *bk_rebuild_entry(image->rebuild);
		*generation = image->source->generation;
	}
	pthread_mutex_unlock(&images->mutex);
	return found;
}

static struct image *unused_of_others(struct images *images)
{
	for (struct bk_recent_item *item = images->table.oldest; item; item = item->newer) {
		struct image *image = (struct image *)item;

		if (image->source->generation != images->generation && image->bytes &&
			!image->handles && !image->pins)
			return image;
	}
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
	damage_done(&images->lost);
	pthread_mutex_destroy(&images->mutex);
}

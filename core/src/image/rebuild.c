/* rebuild.c - the database of a version, past damage. */
#include "budget.h"
#include "stepback.h"
#include <bk/listing.h>
#include <bk/rebuild.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define ASK_MS 100 /* who waits is asked so often whether he still does */

struct bk_rebuild {
	struct bk_log *log;
	uint32_t version;
	pthread_mutex_t mutex; /* of what follows */
	pthread_cond_t changed;
	struct bk_image_options options; /* the image's, or those to open it with */
	bool is_last;                    /* no older keyframe helps */
	bool is_moving;                  /* one thread opens the image, for all: others wait */
	atomic_uint waiting;             /* so many of them */
	bool (*is_gone)(void *ctx);      /* whom the thread works for that asks; may be NULL */
	void *ctx;
	struct bk_toll toll; /* of all attempts to read once */
	unsigned readers;    /* in IMAGE, without the lock */
	struct bk_image *image;
	bool has_entry;
	struct bk_entry entry;
	unsigned past_damage;
};

static enum bk_code do_once(struct bk_log *log, uint32_t version,
	const struct bk_image_options *options,
	enum bk_code (*work)(void *ctx, struct bk_image *image, struct bk_error *err), void *ctx,
	struct bk_error *err)
{
	struct bk_image *image;
	enum bk_code code = bk_image_open(&image, log, version, options, err);

	if (code)
		return code;
	code = work(ctx, image, err);
	bk_image_close(image);
	return code;
}

enum bk_code bk_rebuild_do(struct bk_log *log, uint32_t version,
	const struct bk_image_options *options,
	enum bk_code (*work)(void *ctx, struct bk_image *image, struct bk_error *err), void *ctx,
	struct bk_error *err)
{
	struct bk_image_options now = options ? *options : (struct bk_image_options){0};
	struct bk_toll toll = {0};
	struct bk_error first = {.code = BK_OK}, last = {.code = BK_OK};
	struct bk_log_status status;
	enum bk_code code = bk_log_status(log, &status, err);

	if (code)
		return code;
	now.past_damage = true;
	now.older = 0;
	if (!now.toll)
		now.toll = &toll;
	do {
		code = do_once(log, version, &now, work, ctx, &last);
		if (code == BK_E_DAMAGE && !first.code)
			first = last;
	} while (code == BK_E_DAMAGE && bk_stepback_next(&now.older, status.keyframes));
	return code ? bk_fail_as(err, code == BK_E_DAMAGE ? &first : &last) : BK_OK;
}

static bool is_gone(const struct bk_rebuild *rebuild)
{
	return rebuild->is_gone && rebuild->is_gone(rebuild->ctx);
}

/* A bk_image_options.is_cancelled: asked by the thread that opens the image, for all. */
static bool is_unwanted(void *ctx)
{
	struct bk_rebuild *rebuild = ctx;

	return !atomic_load(&rebuild->waiting) && is_gone(rebuild);
}

static void set_options(struct bk_rebuild *rebuild, const struct bk_image_options *options)
{
	if (options)
		rebuild->options = *options;
	rebuild->options.past_damage = true;
	rebuild->options.older = 0;
	rebuild->is_gone = rebuild->options.is_cancelled;
	rebuild->ctx = rebuild->options.ctx;
	rebuild->options.is_cancelled = is_unwanted;
	rebuild->options.ctx = rebuild;
	rebuild->options.toll = &rebuild->toll;
}

enum bk_code bk_rebuild_new(struct bk_rebuild **out, struct bk_log *log, uint32_t version,
	const struct bk_image_options *options, struct bk_error *err)
{
	struct bk_rebuild *rebuild = calloc(1, sizeof *rebuild);
	pthread_condattr_t attributes;

	if (!rebuild)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory to open an image");
	rebuild->log = log;
	rebuild->version = version;
	set_options(rebuild, options);
	pthread_mutex_init(&rebuild->mutex, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&rebuild->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	*out = rebuild;
	return BK_OK;
}

void bk_rebuild_free(struct bk_rebuild *rebuild)
{
	if (!rebuild)
		return;
	bk_image_close(rebuild->image);
	pthread_cond_destroy(&rebuild->changed);
	pthread_mutex_destroy(&rebuild->mutex);
	free(rebuild);
}

/* From the nearest keyframe all pages can be read but the damaged. */
void bk_rebuild_give_up(struct bk_rebuild *rebuild)
{
	rebuild->is_last = true;
	rebuild->options.older = 0;
}

/* Goes to an older keyframe in OPTIONS; false if that cannot help. */
static bool step_back(const struct bk_rebuild *rebuild, struct bk_image_options *options)
{
	struct bk_log_status status;

	if (rebuild->is_last || bk_log_status(rebuild->log, &status, NULL))
		return false;
	if (!options->older && !bk_stepback_may_help(rebuild->log, rebuild->version))
		return false;
	return bk_stepback_next(&options->older, status.keyframes);
}

/* A rewind may have put another change in the version's place. */
static bool is_another(const struct bk_rebuild *rebuild, const struct bk_entry *entry)
{
	return rebuild->has_entry &&
	       (entry->offset != rebuild->entry.offset ||
		       ((entry->flags ^ rebuild->entry.flags) & BK_ENTRY_SNAPSHOT) != 0);
}

/* Opens the image and finds its entry, in this order: so the entry is no older than the image. */
static enum bk_code open_once(const struct bk_rebuild *rebuild,
	const struct bk_image_options *options, struct bk_image **out, struct bk_entry *entry,
	struct bk_error *err)
{
	struct bk_image *opened;
	enum bk_code code = bk_image_open(&opened, rebuild->log, rebuild->version, options, err);

	if (code)
		return code;
	code = bk_log_find(rebuild->log, rebuild->version, entry, err);
	if (!code && is_another(rebuild, entry))
		code = bk_fail(err, BK_E_MISSING, 0, "version %u was struck out", rebuild->version);
	if (code) {
		bk_image_close(opened);
		return code;
	}
	entry->page_count = bk_image_page_count(opened);
	entry->page_size = bk_image_page_size(opened);
	*out = opened;
	return BK_OK;
}

/* Opens on the first keyframe that serves, from that of OPTIONS on, which then are the image's. */
static enum bk_code open_from(const struct bk_rebuild *rebuild, struct bk_image_options *options,
	struct bk_image **out, struct bk_entry *entry, struct bk_error *err)
{
	struct bk_error first = {.code = BK_OK}, last = {.code = BK_OK};
	enum bk_code code = open_once(rebuild, options, out, entry, &first);

	last = first;
	while (code == BK_E_DAMAGE && step_back(rebuild, options))
		code = open_once(rebuild, options, out, entry, &last);
	return code ? bk_fail_as(err, code == BK_E_DAMAGE ? &first : &last) : BK_OK;
}

/* From here to done_moving one thread works without the lock, and nobody else changes what it
 * reads. */
static void begin_moving(struct bk_rebuild *rebuild)
{
	rebuild->is_moving = true;
	pthread_mutex_unlock(&rebuild->mutex);
}

static void done_moving(struct bk_rebuild *rebuild)
{
	rebuild->is_moving = false;
	pthread_cond_broadcast(&rebuild->changed);
}

/* Waits while another thread opens the image; that goes on as long as anybody waits. */
static enum bk_code wait_for_image(struct bk_rebuild *rebuild, struct bk_error *err)
{
	bool left = false;

	atomic_fetch_add(&rebuild->waiting, 1);
	while (rebuild->is_moving && !(left = is_gone(rebuild))) {
		struct timespec until;

		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_nsec += ASK_MS * 1000000;
		until.tv_sec += until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
		pthread_cond_timedwait(&rebuild->changed, &rebuild->mutex, &until);
	}
	atomic_fetch_sub(&rebuild->waiting, 1);
	return left ? bk_fail(err, BK_E_CANCELLED, 0, "nobody waits for version %u any more",
			      rebuild->version)
		    : BK_OK;
}

/* With the lock held. */
static enum bk_code load(struct bk_rebuild *rebuild, struct bk_error *err)
{
	struct bk_image_options options;
	struct bk_image *opened = NULL;
	struct bk_entry entry;
	enum bk_code code;

	code = wait_for_image(rebuild, err);
	if (code || rebuild->image)
		return code;
	options = rebuild->options;
	begin_moving(rebuild);
	code = open_from(rebuild, &options, &opened, &entry, err);
	pthread_mutex_lock(&rebuild->mutex);
	if (!code) {
		rebuild->image = opened;
		rebuild->options = options;
		rebuild->past_damage += bk_image_is_past_damage(opened);
	} else if (code == BK_E_DAMAGE || code == BK_E_SQL) {
		bk_rebuild_give_up(rebuild);
	}
	if (!code && !rebuild->has_entry) {
		rebuild->entry = entry;
		rebuild->has_entry = true;
	}
	done_moving(rebuild);
	return code;
}

/* A read of DAMAGED failed: whether to read again, from an image on an older keyframe. The first
 * reader to come here lets go of DAMAGED, once all have left it. With the lock held. */
static bool leave(struct bk_rebuild *rebuild, const struct bk_image *damaged)
{
	struct bk_image_options options = rebuild->options;
	struct bk_image *left = NULL;
	bool may;

	if (rebuild->is_moving || rebuild->image != damaged)
		return true;
	if (rebuild->is_last)
		return false;
	begin_moving(rebuild);
	may = !bk_stepback_is_of_snapshot(rebuild->log, rebuild->version) &&
	      step_back(rebuild, &options);
	pthread_mutex_lock(&rebuild->mutex);
	while (may && rebuild->readers)
		pthread_cond_wait(&rebuild->changed, &rebuild->mutex);
	if (may) {
		left = rebuild->image;
		rebuild->image = NULL;
		rebuild->options = options;
	} else {
		bk_rebuild_give_up(rebuild);
	}
	done_moving(rebuild);
	pthread_mutex_unlock(&rebuild->mutex);
	bk_image_close(left);
	pthread_mutex_lock(&rebuild->mutex);
	return may;
}

/* Reads once; *FROM is what it was read from, NULL if that could not be opened. With the lock held.
 */
static enum bk_code read_once(struct bk_rebuild *rebuild, struct bk_image **from, void *dst,
	size_t size, uint64_t offset, size_t *done, struct bk_error *err)
{
	enum bk_code code = load(rebuild, err);

	*from = NULL;
	if (code)
		return code;
	*from = rebuild->image;
	rebuild->readers++;
	pthread_mutex_unlock(&rebuild->mutex);
	code = bk_image_read(*from, dst, size, offset, done, err);
	pthread_mutex_lock(&rebuild->mutex);
	rebuild->readers--;
	if (rebuild->is_moving && !rebuild->readers)
		pthread_cond_broadcast(&rebuild->changed);
	return code;
}

/* Somebody begins to read. With the lock held. */
static void begin_reading(struct bk_rebuild *rebuild)
{
	if (!rebuild->is_moving)
		atomic_store(&rebuild->toll.used_us, 0);
}

enum bk_code bk_rebuild_load(struct bk_rebuild *rebuild, struct bk_error *err)
{
	enum bk_code code;

	pthread_mutex_lock(&rebuild->mutex);
	begin_reading(rebuild);
	code = load(rebuild, err);
	pthread_mutex_unlock(&rebuild->mutex);
	return code;
}

void bk_rebuild_unload(struct bk_rebuild *rebuild)
{
	struct bk_image *left = NULL;

	pthread_mutex_lock(&rebuild->mutex);
	if (!rebuild->is_moving && !rebuild->readers) {
		left = rebuild->image;
		rebuild->image = NULL;
	}
	pthread_mutex_unlock(&rebuild->mutex);
	bk_image_close(left);
}

enum bk_code bk_rebuild_read(struct bk_rebuild *rebuild, void *dst, size_t size, uint64_t offset,
	size_t *done, struct bk_error *err)
{
	struct bk_error first = {.code = BK_OK}, last = {.code = BK_OK};
	struct bk_image *from;
	enum bk_code code;

	pthread_mutex_lock(&rebuild->mutex);
	begin_reading(rebuild);
	do {
		code = read_once(rebuild, &from, dst, size, offset, done, &last);
		if (code == BK_E_DAMAGE && !first.code)
			first = last;
	} while (code == BK_E_DAMAGE && from && leave(rebuild, from));
	pthread_mutex_unlock(&rebuild->mutex);
	return code ? bk_fail_as(err, code == BK_E_DAMAGE ? &first : &last) : BK_OK;
}

const struct bk_entry *bk_rebuild_entry(const struct bk_rebuild *rebuild)
{
	return &rebuild->entry;
}

struct bk_rebuild_state bk_rebuild_state(struct bk_rebuild *rebuild)
{
	struct bk_rebuild_state state = {0};

	pthread_mutex_lock(&rebuild->mutex);
	if (rebuild->image)
		state.memory = bk_image_memory(rebuild->image);
	state.past_damage = rebuild->past_damage;
	pthread_mutex_unlock(&rebuild->mutex);
	return state;
}

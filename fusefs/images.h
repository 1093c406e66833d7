/* images.h - open images, shared by all who read the same file, within a budget of memory.
 *
 * An open file holds a struct image, which is small; the bk_image behind it, with its replayed
 * pages, is there while the budget lasts. The one that nobody has open and that was used longest
 * ago goes first, then those of open files: they are opened anew at the next read. Where a read
 * meets damage, the image is opened anew on an older keyframe, and the read goes on (rebuild.h).
 *
 * Threads: any. */
#ifndef IMAGES_H
#define IMAGES_H

#include "damage.h"
#include "source.h"
#include <bk/image.h>
#include <bk/listing.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define IMAGES_BUCKETS 1024

struct image {
	uint64_t ino;
	struct source *source; /* held */
	uint32_t version, identity;
	int64_t time_us;
	unsigned handles, pins; /* open files; work under way */
	unsigned readers;       /* in IMAGE, without the lock */
	bool is_opening;        /* by one, for all: others wait */
	uint64_t passed_over;   /* keyframes, since they are damaged */
	bool is_last;           /* and none older helps */
	struct bk_image *image; /* NULL: not in memory */
	uint64_t size;          /* of the file; this and the next two are set once */
	uint32_t page_count, page_size;
	size_t bytes;                /* of memory, while IMAGE is there */
	struct image *chain;         /* next in the hash bucket */
	struct image *older, *newer; /* of those in memory, by use */
};

struct images {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	struct image *buckets[IMAGES_BUCKETS];
	struct image *oldest, *newest;
	size_t bytes, bytes_max, count; /* of those in memory */
	size_t bytes_charged;           /* by others, who share the budget */
	struct damage lost;             /* versions for which every keyframe was tried in vain */
	uint64_t past_damage; /* opened on an older keyframe, since the nearest is damaged */
	uint32_t generation;  /* of the current source: images of others are not kept */
};

void images_init(struct images *images, size_t bytes_max);
void images_done(struct images *images); /* nothing may be open any more */

/* Opens the image of ENTRY, which is in SOURCE; images_close lets it go. Fails as bk_image_open
 * does, and with BK_E_MISSING if the version became another meanwhile. */
BK_MUST_CHECK enum bk_code images_open(struct image **out, struct images *images,
	struct source *source, const struct bk_entry *entry, struct bk_error *err);
void images_close(struct images *images, struct image *image);

/* As bk_image_read. */
BK_MUST_CHECK enum bk_code images_read(struct images *images, struct image *image, void *dst,
	size_t size, uint64_t offset, size_t *done, struct bk_error *err);

/* Size and time of an open file, or one still in memory, of SOURCE if there is one, else of
 * another; false if INO is neither. Files of a log that was replaced are found only here. */
bool images_find(struct images *images, uint64_t ino, const struct source *source, uint64_t *size,
	int64_t *time_us);

/* The current source is now that of GENERATION: lets go of what nobody has open of others, so that
 * a log that was replaced does not keep its disk space. */
void images_replaced(struct images *images, uint32_t generation);

/* BYTES of the budget are somebody else's, until as many below 0 give them back. */
void images_charge(struct images *images, ssize_t bytes);

struct images_state {
	size_t count, bytes; /* in memory */
	uint64_t past_damage;
};

struct images_state images_state(struct images *images);

#endif

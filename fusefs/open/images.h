/* images.h - open images, shared by all who read the same file, within a budget of memory.
 *
 * An open file holds a struct image, which is small; the replayed pages behind it are there while
 * the budget lasts. The image that nobody has open and that was used longest ago goes first, then
 * those of open files: they are opened anew at the next read.
 *
 * Threads: any. */
#ifndef IMAGES_H
#define IMAGES_H

#include "damage.h"
#include "node.h"
#include "source.h"
#include <bk/rebuild.h>
#include <bk/recent.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct image {
	struct bk_recent_item item; /* its key: the inode number */
	struct source *source;      /* held */
	struct node node;
	struct bk_rebuild *rebuild; /* whose entry is that of the version */
	unsigned handles, pins;     /* open files; work under way */
	size_t bytes;               /* of memory, as last seen; 0: none */
	unsigned past_damage;       /* likewise: how often it was opened past damage */
};

struct images {
	pthread_mutex_t mutex;
	struct bk_recent table;
	size_t bytes, bytes_max, count; /* of those in memory */
	size_t bytes_charged;           /* by others, who share the budget */
	struct damage lost;             /* versions for which every keyframe was tried in vain */
	uint64_t past_damage; /* opened on an older keyframe, since the nearest is damaged */
	uint32_t generation;  /* of the current source: images of others are not kept */
};

void images_init(struct images *images, size_t bytes_max);
void images_done(struct images *images); /* nothing may be open any more */

/* Opens the image that NODE is in SOURCE; images_close lets it go. Fails as bk_rebuild_load does,
 * and with BK_E_MISSING if the version is another than NODE's by now. */
BK_MUST_CHECK enum bk_code images_open(struct image **out, struct images *images,
	struct source *source, const struct node *node, struct bk_error *err);
void images_close(struct images *images, struct image *image);

/* As bk_rebuild_read. */
BK_MUST_CHECK enum bk_code images_read(struct images *images, struct image *image, void *dst,
	size_t size, uint64_t offset, size_t *done, struct bk_error *err);

/* The entry of an open file, or one still in memory, of SOURCE if there is one, else of another,
 * and the generation of its log; false if INO is neither. Files of a log that was replaced are
 * found only here. */
bool images_find(struct images *images, uint64_t ino, const struct source *source,
	struct bk_entry *entry, uint32_t *generation);

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

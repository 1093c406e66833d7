/* imagescout.h - of an image that is copied from a log that stands afar: a thread that runs ahead
 * of those that copy, and has brought what they will read (pageahead.h).
 *
 * It says in which order parts are copied: where one is needed before it is there, from that on in
 * the direction in which who needs it goes (SQLite checks a tree from its end); and never more than
 * SCOUT_PARTS ahead.
 *
 * Threads: any. */
#ifndef BK_IMAGESCOUT_H
#define BK_IMAGESCOUT_H

#include "image.h"
#include <pthread.h>

#define SCOUT_PARTS 20

struct imagescout {
	struct bk_image *image;
	size_t count;   /* parts */
	uint32_t pages; /* of one */

	pthread_t thread;
	bool is_there;         /* else all that follows is unused, and parts come in their order */
	pthread_mutex_t mutex; /* over what follows */
	pthread_cond_t moved;
	uint8_t *states;          /* of each part: enum scout_state; owned */
	size_t hint;              /* the part to begin with */
	bool goes_up;             /* from there */
	size_t ring[SCOUT_PARTS]; /* parts ahead of who copies, the oldest first */
	size_t ahead;
	bool is_stopped;
};

/* Starts where the log of IMAGE stands afar and there is memory. */
void bk_imagescout_start(struct imagescout *scout, struct bk_image *image, size_t part_bytes);

/* From now on no part is given. */
void bk_imagescout_end(struct imagescout *scout);

/* When no other thread is in here any more. */
void bk_imagescout_stop(struct imagescout *scout);

/* The part that is to be copied next, while no other thread has got it from here; false if none is
 * left. Waits until one was brought. */
bool bk_imagescout_next(struct imagescout *scout, size_t *part);

/* PART is going to be copied by who needs it now. */
void bk_imagescout_need(struct imagescout *scout, size_t part);

#endif

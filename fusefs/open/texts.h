/* texts.h - the texts of open files that are no databases: a version's statements, which all who
 * have them open share, and status.json, of which each has his own.
 *
 * What they take counts with the images, which make room for them.
 *
 * Threads: any. A text does not change once it is made. */
#ifndef TEXTS_H
#define TEXTS_H

#include "images.h"
#include <bk/buf.h>
#include <bk/change.h>
#include <pthread.h>

/* Twice what a change may hold has room for the ends of its statements. */
#define TEXT_BYTES_MAX (2 * BK_CHANGE_BYTES_MAX)

struct text {
	struct bk_buf buf;
	uint64_t ino;        /* of a version's statements; 0: nobody else's */
	uint32_t generation; /* of their log */
	unsigned handles;
	struct text *next, **before;
};

struct texts {
	pthread_mutex_t mutex;
	/* Held by who makes a large one, so that nobody else makes the same. */
	pthread_mutex_t making;
	struct images *images; /* borrowed */
	struct text *first;
	size_t bytes;
};

void texts_init(struct texts *texts, struct images *images);
void texts_done(struct texts *texts); /* none may be open any more */

/* The text of INO, if somebody has it open and it is of SIZE; else NULL. */
struct text *texts_share(struct texts *texts, uint64_t ino, uint32_t generation, size_t size);

/* One that takes BUF over; NULL: no memory, and BUF is still the caller's. */
struct text *texts_add(
	struct texts *texts, uint64_t ino, uint32_t generation, const struct bk_buf *buf);

void texts_put(struct texts *texts, struct text *text); /* takes NULL */

/* Bytes of all that are open. */
size_t texts_bytes(struct texts *texts);

#endif

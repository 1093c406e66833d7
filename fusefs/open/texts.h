/* texts.h - the texts of open files that are no databases: a version's statements, which all who
 * have them open share, and status.json, of which each has his own.
 *
 * What they take of memory counts with the images, which make room for them.
 *
 * Threads: any. A text does not change once it is made. */
#ifndef TEXTS_H
#define TEXTS_H

#include "images.h"
#include <bk/buf.h>
#include <bk/io.h>
#include <bk/spill.h>
#include <pthread.h>

/* What is larger stands in a temporary file. */
#define TEXT_MEMORY_MAX ((size_t)4 << 20)

/* A text, or what there is of it while it is made: text_init, any text_append, then texts_add or
 * text_done. */
struct text_content {
	const struct bk_io *io;
	struct bk_buf buf;      /* all of it, or what is not yet in the file */
	struct bk_spill *spill; /* the beginning of it; NULL: all is in memory */
	uint64_t size;
};

void text_init(struct text_content *content, const struct bk_io *io);
void text_done(struct text_content *content);

/* Fails with BK_E_IO, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code text_append(
	struct text_content *content, const void *bytes, size_t size, struct bk_error *err);

/* What stands at OFFSET, into DST: *DONE bytes, fewer than SIZE only at its end. */
BK_MUST_CHECK enum bk_code text_read(const struct text_content *content, void *dst, size_t size,
	uint64_t offset, size_t *done, struct bk_error *err);

struct text {
	struct text_content content;
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
struct text *texts_share(struct texts *texts, uint64_t ino, uint32_t generation, uint64_t size);

/* One that takes CONTENT over; NULL: no memory, and CONTENT is still the caller's. */
struct text *texts_add(
	struct texts *texts, uint64_t ino, uint32_t generation, const struct text_content *content);

void texts_put(struct texts *texts, struct text *text); /* takes NULL */

/* Bytes of memory of all that are open. */
size_t texts_bytes(struct texts *texts);

#endif

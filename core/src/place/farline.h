/* farline.h - the line to the place of a log that is read from afar: who uses it, and how it is
 * made anew where it breaks.
 *
 * Calling sequence: bk_farline_init, bk_farline_ask, any calls, bk_farline_done.
 *
 * Threads: any. It is used by one alone, or, where the place can be read so, by many beside each
 * other. */
#ifndef BK_FARLINE_H
#define BK_FARLINE_H

#include "place.h"
#include <bk/io.h>
#include <pthread.h>

/* Is given what comes of the log without being asked for. */
typedef void farline_take(void *ctx, uint64_t offset, const uint8_t *bytes, size_t size);

struct farline {
	char *url;              /* owned */
	const struct bk_io *io; /* to run ssh through */
	farline_take *take;
	void *ctx;

	pthread_mutex_t mutex; /* over what follows, but for PLACE */
	pthread_cond_t free;
	unsigned users, waiting; /* beside each other; who wants it alone */
	bool is_alone;           /* somebody has it so, who may set what follows */
	struct place_log log;
	int64_t asked_us; /* when it was so, by the clock of IO; 0: the line broke since */
	bool is_shared;   /* the place can be read by many at once */

	struct place *place; /* of who has the line; NULL: it broke, and is to be made anew */
};

/* Fails with BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_farline_init(struct farline *line, const struct bk_io *io,
	const char *url, farline_take *take, void *ctx, struct bk_error *err);
void bk_farline_done(struct farline *line);

/* Asks for the log's head, which must be the log that it was; a line that broke is made anew,
 * ONCE_MORE if it broke just now. Fails with BK_E_MISSING where there is no such log, BK_E_IO,
 * BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_farline_ask(
	struct farline *line, bool once_more, struct bk_error *err);

/* What it told; how long ago, or -1 where the line broke since. */
int64_t bk_farline_told(struct farline *line, struct place_log *out, bool *is_shared);

/* Reads COUNT parts, or as much of each as there is. */
BK_MUST_CHECK enum bk_code bk_farline_read(
	struct farline *line, struct place_part *parts, size_t count, struct bk_error *err);

/* Asks for what the image of VERSION takes (of the newest one, if it is NULL), which TAKE is given.
 * What does not come so is read. */
void bk_farline_ask_image(struct farline *line, const uint32_t *version);

#endif

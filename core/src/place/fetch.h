/* fetch.h - parts of objects got several at a time, by threads of their own.
 *
 * Calling sequence: bk_fetch_new, any bk_fetch_add, each followed by a bk_fetch_wait, bk_fetch_free.
 *
 * Threads: add and wait from one. */
#ifndef BK_FETCH_H
#define BK_FETCH_H

#include "objects.h"
#include "pieces.h"

#define FETCH_THREADS 12

/* One part; stays where it is until it was waited for. */
struct fetch_job {
	char name[PIECES_NAME];
	uint64_t from;
	size_t size;
	uint8_t *out; /* SIZE bytes */
	enum bk_code code;
	bool is_done;
	struct fetch_job *next; /* that waits for a thread */
};

struct fetch;

/* OBJECTS is borrowed. Fails with BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_fetch_new(
	struct fetch **out, struct objects *objects, struct bk_error *err);
void bk_fetch_free(struct fetch *fetch); /* takes NULL; nothing may be under way */

void bk_fetch_add(struct fetch *fetch, struct fetch_job *job);

/* BK_OK, or that it has to be read once more: why is then said. */
enum bk_code bk_fetch_wait(struct fetch *fetch, struct fetch_job *job);

#endif

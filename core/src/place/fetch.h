/* fetch.h - parts of objects got several at a time, by threads of their own.
 *
 * Calling sequence: bk_fetch_new, any bk_fetch_add, each followed by a bk_fetch_wait,
 * bk_fetch_free.
 *
 * Threads: any may add, and wait for what it added. */
#ifndef BK_FETCH_H
#define BK_FETCH_H

#include "objects.h"
#include "pieces.h"

#define FETCH_THREADS 32

/* One part; stays where it is until it was waited for. */
struct fetch_job {
	char name[PIECES_NAME];
	uint64_t from;
	size_t size;
	uint8_t *out; /* room for SIZE bytes */

	enum bk_code code;
	bool is_there; /* the object */
	size_t got;    /* bytes of it */

	bool is_done;
	struct fetch_job *next; /* that waits for a thread */
};

struct fetch;

/* OBJECTS is borrowed. Fails with BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_fetch_new(
	struct fetch **out, struct objects *objects, struct bk_error *err);
void bk_fetch_free(struct fetch *fetch); /* takes NULL; nothing may be under way */

void bk_fetch_add(struct fetch *fetch, struct fetch_job *job);

/* Does JOB in this thread, in place of bk_fetch_add. */
void bk_fetch_do(struct fetch *fetch, struct fetch_job *job);

/* Waits until JOB is done; returns its code. */
enum bk_code bk_fetch_wait(struct fetch *fetch, struct fetch_job *job);

#endif

/* scratch.h - a buffer for each thread, freed when the thread ends.
 *
 * Threads: any. */
#ifndef SCRATCH_H
#define SCRATCH_H

#include <bk/error.h>
#include <pthread.h>
#include <stddef.h>

struct scratch {
	pthread_key_t key;
	size_t bytes_min; /* of a buffer */
};

/* Fails with BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code scratch_init(
	struct scratch *scratch, size_t bytes_min, struct bk_error *err);
void scratch_done(struct scratch *scratch);

/* This thread's own buffer, of at least SIZE bytes, until it asks again; NULL: no memory. */
char *scratch_get(struct scratch *scratch, size_t size);

#endif

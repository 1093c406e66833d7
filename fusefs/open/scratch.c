/* scratch.c - a buffer for each thread. */
#include "scratch.h"
#include <stdlib.h>

struct buffer {
	size_t size;
	char data[];
};

enum bk_code scratch_init(struct scratch *scratch, size_t bytes_min, struct bk_error *err)
{
	int rc = pthread_key_create(&scratch->key, free);

	scratch->bytes_min = bytes_min;
	return rc ? bk_fail(err, BK_E_NOMEM, rc, "cannot keep a buffer for each thread") : BK_OK;
}

void scratch_done(struct scratch *scratch)
{
	pthread_key_delete(scratch->key);
}

char *scratch_get(struct scratch *scratch, size_t size)
{
	struct buffer *buffer = pthread_getspecific(scratch->key);

	if (buffer && buffer->size >= size)
		return buffer->data;
	if (size < scratch->bytes_min)
		size = scratch->bytes_min;
	free(buffer);
	buffer = malloc(sizeof *buffer + size);
	if (buffer)
		buffer->size = size;
	if (pthread_setspecific(scratch->key, buffer)) {
		free(buffer);
		return NULL;
	}
	return buffer ? buffer->data : NULL;
}

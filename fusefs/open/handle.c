/* handle.c - open files. */
#include "handle.h"
#include <assert.h>
#include <stdlib.h>

void handles_init(struct handles *handles)
{
	handles->open = NULL;
	pthread_mutex_init(&handles->mutex, NULL);
}

void handles_done(struct handles *handles)
{
	assert(!handles->open);
	pthread_mutex_destroy(&handles->mutex);
}

struct handle *handle_new(const struct node *node)
{
	struct handle *handle = calloc(1, sizeof *handle);

	if (handle)
		handle->node = *node;
	return handle;
}

void handles_add(struct handles *handles, struct handle *handle)
{
	pthread_mutex_lock(&handles->mutex);
	handle->next = handles->open;
	handle->before = &handles->open;
	if (handle->next)
		handle->next->before = &handle->next;
	handles->open = handle;
	pthread_mutex_unlock(&handles->mutex);
}

void handle_close(struct handles *handles, struct handle *handle)
{
	pthread_mutex_lock(&handles->mutex);
	if (handle->before)
		*handle->before = handle->next;
	if (handle->next)
		handle->next->before = handle->before;
	pthread_mutex_unlock(&handles->mutex);
	free(handle);
}

bool handles_text_size(struct handles *handles, enum node_kind kind, size_t *size)
{
	struct handle *handle;

	pthread_mutex_lock(&handles->mutex);
	handle = handles->open;
	while (handle && handle->node.kind != kind)
		handle = handle->next;
	if (handle)
		*size = (size_t)handle->text->content.size;
	pthread_mutex_unlock(&handles->mutex);
	return handle;
}

struct node *handles_nodes(struct handles *handles, size_t *count)
{
	struct node *nodes;
	size_t n = 0;

	pthread_mutex_lock(&handles->mutex);
	for (struct handle *handle = handles->open; handle; handle = handle->next)
		n++;
	nodes = n ? malloc(n * sizeof *nodes) : NULL;
	*count = nodes ? n : 0;
	for (struct handle *handle = handles->open; nodes && handle; handle = handle->next)
		nodes[--n] = handle->node;
	pthread_mutex_unlock(&handles->mutex);
	return nodes;
}

/* texts.c - the texts of open files that are no databases. */
#include "texts.h"
#include <assert.h>
#include <stdlib.h>

void texts_init(struct texts *texts, struct images *images)
{
	*texts = (struct texts){.images = images};
	pthread_mutex_init(&texts->mutex, NULL);
	pthread_mutex_init(&texts->making, NULL);
}

void texts_done(struct texts *texts)
{
	assert(!texts->first);
	pthread_mutex_destroy(&texts->making);
	pthread_mutex_destroy(&texts->mutex);
}

struct text *texts_share(struct texts *texts, uint64_t ino, uint32_t generation, size_t size)
{
	struct text *text;

	pthread_mutex_lock(&texts->mutex);
	text = texts->first;
	while (text &&
		(text->ino != ino || text->generation != generation || text->buf.size != size))
		text = text->next;
	if (text)
		text->handles++;
	pthread_mutex_unlock(&texts->mutex);
	return text;
}

struct text *texts_add(
	struct texts *texts, uint64_t ino, uint32_t generation, const struct bk_buf *buf)
{
	struct text *text = malloc(sizeof *text);

	if (!text)
		return NULL;
	*text = (struct text){.buf = *buf, .ino = ino, .generation = generation, .handles = 1};
	pthread_mutex_lock(&texts->mutex);
	text->next = texts->first;
	text->before = &texts->first;
	if (text->next)
		text->next->before = &text->next;
	texts->first = text;
	texts->bytes += text->buf.capacity;
	pthread_mutex_unlock(&texts->mutex);
	images_charge(texts->images, (ssize_t)text->buf.capacity);
	return text;
}

void texts_put(struct texts *texts, struct text *text)
{
	bool is_last;

	if (!text)
		return;
	pthread_mutex_lock(&texts->mutex);
	is_last = --text->handles == 0;
	if (is_last) {
		*text->before = text->next;
		if (text->next)
			text->next->before = text->before;
		texts->bytes -= text->buf.capacity;
	}
	pthread_mutex_unlock(&texts->mutex);
	if (!is_last)
		return;
	images_charge(texts->images, -(ssize_t)text->buf.capacity);
	bk_buf_done(&text->buf);
	free(text);
}

size_t texts_bytes(struct texts *texts)
{
	size_t bytes;

	pthread_mutex_lock(&texts->mutex);
	bytes = texts->bytes;
	pthread_mutex_unlock(&texts->mutex);
	return bytes;
}

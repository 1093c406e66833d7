/* texts.c - the texts of open files that are no databases. */
#include "texts.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

void text_init(struct text_content *content, const struct bk_io *io)
{
	*content = (struct text_content){.io = io};
	bk_buf_init(&content->buf, TEXT_MEMORY_MAX);
}

void text_done(struct text_content *content)
{
	bk_spill_close(content->spill);
	content->spill = NULL;
	bk_buf_done(&content->buf);
}

/* Moves what is in memory to the end of the file. */
static enum bk_code spill(struct text_content *content, struct bk_error *err)
{
	uint64_t at = content->size - content->buf.size;
	enum bk_code code =
		content->spill ? BK_OK : bk_spill_open(&content->spill, content->io, NULL, err);

	if (!code)
		code = bk_spill_write(
			content->spill, content->buf.data, content->buf.size, at, err);
	if (!code)
		bk_buf_consume(&content->buf, content->buf.size);
	return code;
}

enum bk_code text_append(
	struct text_content *content, const void *bytes, size_t size, struct bk_error *err)
{
	enum bk_code code = BK_OK;

	while (size && !code) {
		size_t room = TEXT_MEMORY_MAX - content->buf.size, part = size < room ? size : room;

		code = room ? bk_buf_append(&content->buf, bytes, part, err) : spill(content, err);
		if (code)
			continue;
		content->size += part;
		bytes = (const char *)bytes + part;
		size -= part;
	}
	return code;
}

enum bk_code text_read(const struct text_content *content, void *dst, size_t size, uint64_t offset,
	size_t *done, struct bk_error *err)
{
	uint64_t filed = content->size - content->buf.size;
	uint64_t left = offset < content->size ? content->size - offset : 0;
	size_t at = 0, want = size < left ? size : (size_t)left;

	if (offset < filed) {
		size_t part = want < filed - offset ? want : (size_t)(filed - offset);
		enum bk_code code = bk_spill_read(content->spill, dst, part, offset, &at, err);

		if (code)
			return code;
	}
	if (at < want)
		memcpy((char *)dst + at, content->buf.data + (offset + at - filed), want - at);
	*done = want;
	return BK_OK;
}

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

struct text *texts_share(struct texts *texts, uint64_t ino, uint32_t generation, uint64_t size)
{
	struct text *text;

	pthread_mutex_lock(&texts->mutex);
	text = texts->first;
	while (text &&
		(text->ino != ino || text->generation != generation || text->content.size != size))
		text = text->next;
	if (text)
		text->handles++;
	pthread_mutex_unlock(&texts->mutex);
	return text;
}

struct text *texts_add(
	struct texts *texts, uint64_t ino, uint32_t generation, const struct text_content *content)
{
	struct text *text = malloc(sizeof *text);

	if (!text)
		return NULL;
	*text = (struct text){
		.content = *content, .ino = ino, .generation = generation, .handles = 1};
	pthread_mutex_lock(&texts->mutex);
	text->next = texts->first;
	text->before = &texts->first;
	if (text->next)
		text->next->before = &text->next;
	texts->first = text;
	texts->bytes += text->content.buf.capacity;
	pthread_mutex_unlock(&texts->mutex);
	images_charge(texts->images, (ssize_t)text->content.buf.capacity);
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
		texts->bytes -= text->content.buf.capacity;
	}
	pthread_mutex_unlock(&texts->mutex);
	if (!is_last)
		return;
	images_charge(texts->images, -(ssize_t)text->content.buf.capacity);
	text_done(&text->content);
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

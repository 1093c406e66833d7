/* buf.c - a growing array of bytes with a maximum. */
#include <assert.h>
#include <bk/buf.h>
#include <stdlib.h>
#include <string.h>

#define BUF_CAPACITY_FIRST 256

void bk_buf_init(struct bk_buf *buf, size_t max)
{
	*buf = (struct bk_buf){.max = max};
}

void bk_buf_done(struct bk_buf *buf)
{
	free(buf->data);
	*buf = (struct bk_buf){0};
}

static size_t buf_capacity(const struct bk_buf *buf, size_t need)
{
	size_t capacity = buf->capacity ? buf->capacity : BUF_CAPACITY_FIRST;

	while (capacity < need)
		capacity = capacity > buf->max / 2 ? buf->max : capacity * 2;
	return capacity < buf->max ? capacity : buf->max;
}

enum bk_code bk_buf_reserve(struct bk_buf *buf, size_t size, struct bk_error *err)
{
	size_t capacity;
	uint8_t *data;

	if (buf->capacity - buf->size >= size)
		return BK_OK;
	if (size > buf->max - buf->size)
		return bk_fail(err, BK_E_LIMIT, 0,
			"%zu bytes and %zu more are over the limit of %zu", buf->size, size,
			buf->max);
	capacity = buf_capacity(buf, buf->size + size);
	data = realloc(buf->data, capacity);
	if (!data)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for %zu bytes", capacity);
	buf->data = data;
	buf->capacity = capacity;
	return BK_OK;
}

enum bk_code bk_buf_append(struct bk_buf *buf, const void *data, size_t size, struct bk_error *err)
{
	enum bk_code code = bk_buf_reserve(buf, size, err);

	if (code)
		return code;
	if (size)
		memcpy(buf->data + buf->size, data, size);
	buf->size += size;
	return BK_OK;
}

void bk_buf_consume(struct bk_buf *buf, size_t size)
{
	assert(size <= buf->size);
	if (size && size < buf->size)
		memmove(buf->data, buf->data + size, buf->size - size);
	buf->size -= size;
}

void bk_buf_clear(struct bk_buf *buf, size_t keep)
{
	buf->size = 0;
	if (buf->capacity <= keep)
		return;
	free(buf->data);
	buf->data = NULL;
	buf->capacity = 0;
}

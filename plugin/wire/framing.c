/* framing.c - cutting lightningd's stream into messages. */
#include "framing.h"
#include <string.h>

#define ROOM_BYTES  ((size_t)64 << 10)
#define BUFFER_KEEP ((size_t)1 << 20)
#define BLANK_SIZE  2 /* of the blank line that ends a message */

void framing_init(struct framing *framing, size_t message_max)
{
	*framing = (struct framing){0};
	bk_buf_init(&framing->buf, message_max + BLANK_SIZE + ROOM_BYTES);
}

void framing_done(struct framing *framing)
{
	bk_buf_done(&framing->buf);
}

static size_t message_max(const struct framing *framing)
{
	return framing->buf.max - BLANK_SIZE - ROOM_BYTES;
}

/* Forgets the message given out last. */
static void drop_taken(struct framing *framing)
{
	bk_buf_consume(&framing->buf, framing->taken);
	framing->taken = 0;
	if (!framing->buf.size)
		bk_buf_clear(&framing->buf, BUFFER_KEEP);
}

/* The first blank line of SIZE bytes at AT, or NULL. Messages hold hardly any newline, and memchr
 * is many times as fast as memmem. */
static const uint8_t *blank_line(const uint8_t *at, size_t size)
{
	const uint8_t *end = at + size;

	while ((at = memchr(at, '\n', (size_t)(end - at)))) {
		if (end - at >= BLANK_SIZE && at[1] == '\n')
			return at;
		at++;
	}
	return NULL;
}

/* The blank line; scanning goes on where it stopped. NULL if it has not come yet. */
static const uint8_t *find_blank_line(struct framing *framing)
{
	const struct bk_buf *buf = &framing->buf;
	const uint8_t *found =
		buf->size > framing->scanned
			? blank_line(buf->data + framing->scanned, buf->size - framing->scanned)
			: NULL;

	if (found)
		framing->scanned = 0;
	else if (buf->size) /* its first byte may be there already */
		framing->scanned = buf->size - 1;
	return found;
}

enum framing_event framing_next(struct framing *framing, struct bk_slice *out)
{
	const uint8_t *end;
	bool was_skipping;

	do {
		drop_taken(framing);
		end = find_blank_line(framing);
		was_skipping = framing->is_skipping;
		if (!end)
			break;
		out->data = framing->buf.data;
		out->size = (size_t)(end - framing->buf.data);
		framing->taken = out->size + BLANK_SIZE;
		framing->is_skipping = false;
	} while (was_skipping || !out->size);
	if (end)
		return FRAMING_MESSAGE;
	/* The first byte of the blank line may be there already. */
	if (framing->buf.size <= message_max(framing) + 1 && !was_skipping)
		return FRAMING_MORE;
	/* All but the last byte, which may be the first of the blank line. */
	framing->taken = framing->buf.size ? framing->buf.size - 1 : 0;
	framing->scanned = 0;
	if (was_skipping)
		return FRAMING_MORE;
	framing->is_skipping = true;
	out->data = framing->buf.data;
	out->size = framing->taken;
	return FRAMING_TOO_LARGE;
}

enum bk_code framing_room(struct framing *framing, uint8_t **at, size_t *size, struct bk_error *err)
{
	enum bk_code code;

	drop_taken(framing);
	code = bk_buf_reserve(&framing->buf, ROOM_BYTES, err);
	if (code)
		return code;
	*at = framing->buf.data + framing->buf.size;
	*size = framing->buf.capacity - framing->buf.size;
	return BK_OK;
}

void framing_feed(struct framing *framing, size_t size)
{
	framing->buf.size += size;
}

bool framing_has_part(const struct framing *framing)
{
	const struct bk_buf *buf = &framing->buf;

	for (size_t i = framing->taken; i < buf->size; i++)
		if (buf->data[i] != '\n')
			return true;
	return framing->is_skipping;
}

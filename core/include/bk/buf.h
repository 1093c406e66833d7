/* buf.h - bytes borrowed, and bytes owned.
 *
 * A bk_slice points at bytes that somebody else keeps. A bk_buf owns its bytes, grows
 * as it is written to, and never past its maximum: whatever a stranger can make grow
 * has a limit with a name.
 *
 * Calling sequence: bk_buf_init, any appends, bk_buf_done. */
#ifndef BK_BUF_H
#define BK_BUF_H

#include <bk/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bk_slice {
	const void *data;
	size_t size;
};

struct bk_buf {
	uint8_t *data;
	size_t size;
	size_t capacity;
	size_t max; /* bytes; a growth beyond fails with BK_E_LIMIT */
};

void bk_buf_init(struct bk_buf *buf, size_t max);
void bk_buf_done(struct bk_buf *buf);

/* Makes room for SIZE more bytes behind buf->size, without using them.
 * Fails with BK_E_LIMIT, BK_E_NOMEM; BUF is then as it was. */
BK_MUST_CHECK enum bk_code bk_buf_reserve(struct bk_buf *buf, size_t size, struct bk_error *err);

/* Appends a copy of SIZE bytes. Fails as bk_buf_reserve does. */
BK_MUST_CHECK enum bk_code bk_buf_append(
	struct bk_buf *buf, const void *data, size_t size, struct bk_error *err);

/* Drops the first SIZE bytes, moving the rest to the front. */
void bk_buf_consume(struct bk_buf *buf, size_t size);

/* Empties BUF, and gives its memory back if that is more than KEEP bytes. */
void bk_buf_clear(struct bk_buf *buf, size_t keep);

#endif

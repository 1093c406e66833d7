/* codec.h - integers as they stand in the log (docs/format.md, 8).
 *
 * Reading goes through a cursor with sticky failure: any number of gets, then one look
 * at .failed. A get that would pass the end gives 0 and marks the cursor, so no length
 * from a file is ever used unchecked. */
#ifndef BK_CODEC_H
#define BK_CODEC_H

#include <bk/buf.h>

struct cursor {
	const uint8_t *at, *end;
	bool failed;
};

struct cursor bk_cursor_of(const void *data, size_t size);
size_t bk_cursor_left(const struct cursor *cur);
uint32_t bk_get_u32(struct cursor *cur);
uint64_t bk_get_u64(struct cursor *cur);
uint64_t bk_get_number(struct cursor *cur);                   /* kind u */
int64_t bk_get_signed(struct cursor *cur);                    /* kind s */
const uint8_t *bk_get_bytes(struct cursor *cur, size_t size); /* NULL if there are fewer */

/* A put writes at AT, which must have room, and returns the place behind. */
#define NUMBER_SIZE_MAX 10
uint8_t *bk_put_u16(uint8_t *at, uint16_t value);
uint8_t *bk_put_u32(uint8_t *at, uint32_t value);
uint8_t *bk_put_u64(uint8_t *at, uint64_t value);
uint8_t *bk_put_number(uint8_t *at, uint64_t value);
uint8_t *bk_put_signed(uint8_t *at, int64_t value);

static inline uint32_t bk_load_u32(const uint8_t *at)
{
	return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
	       (uint32_t)at[3] << 24;
}

static inline uint64_t bk_load_u64(const uint8_t *at)
{
	return bk_load_u32(at) | (uint64_t)bk_load_u32(at + 4) << 32;
}

#endif

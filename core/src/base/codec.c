/* codec.c - integers as they stand in the log. */
#include "codec.h"

struct cursor bk_cursor_of(const void *data, size_t size)
{
	return (struct cursor){.at = data, .end = (const uint8_t *)data + size};
}

size_t bk_cursor_left(const struct cursor *cur)
{
	return (size_t)(cur->end - cur->at);
}

const uint8_t *bk_get_bytes(struct cursor *cur, size_t size)
{
	const uint8_t *at = cur->at;

	if (cur->failed || bk_cursor_left(cur) < size) {
		cur->failed = true;
		return NULL;
	}
	cur->at += size;
	return at;
}

uint32_t bk_get_u32(struct cursor *cur)
{
	const uint8_t *at = bk_get_bytes(cur, 4);

	return at ? bk_load_u32(at) : 0;
}

uint64_t bk_get_u64(struct cursor *cur)
{
	const uint8_t *at = bk_get_bytes(cur, 8);

	return at ? bk_load_u64(at) : 0;
}

uint64_t bk_get_number(struct cursor *cur)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		const uint8_t *at = bk_get_bytes(cur, 1);

		if (!at)
			return 0;
		if (shift == 63 && *at > 1)
			break;
		value |= (uint64_t)(*at & 0x7f) << shift;
		if (!(*at & 0x80)) {
			/* A last byte of zero was superfluous: one value, one encoding. */
			if (*at == 0 && shift)
				break;
			return value;
		}
	}
	cur->failed = true;
	return 0;
}

int64_t bk_get_signed(struct cursor *cur)
{
	uint64_t value = bk_get_number(cur);

	return (int64_t)(value >> 1 ^ (0 - (value & 1)));
}

uint8_t *bk_put_u16(uint8_t *at, uint16_t value)
{
	*at++ = (uint8_t)value;
	*at++ = (uint8_t)(value >> 8);
	return at;
}

uint8_t *bk_put_u32(uint8_t *at, uint32_t value)
{
	return bk_put_u16(bk_put_u16(at, (uint16_t)value), (uint16_t)(value >> 16));
}

uint8_t *bk_put_u64(uint8_t *at, uint64_t value)
{
	return bk_put_u32(bk_put_u32(at, (uint32_t)value), (uint32_t)(value >> 32));
}

uint8_t *bk_put_number(uint8_t *at, uint64_t value)
{
	while (value > 0x7f) {
		*at++ = (uint8_t)(value | 0x80);
		value >>= 7;
	}
	*at++ = (uint8_t)value;
	return at;
}

uint8_t *bk_put_signed(uint8_t *at, int64_t value)
{
	return bk_put_number(at, (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0));
}

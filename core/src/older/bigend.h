/* bigend.h - integers as the older plugin writes them: big-endian. */
#ifndef BK_BIGEND_H
#define BK_BIGEND_H

#include <stdint.h>

static inline uint32_t bk_load_be32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 |
	       (uint32_t)at[3];
}

static inline uint64_t bk_load_be64(const uint8_t *at)
{
	return (uint64_t)bk_load_be32(at) << 32 | bk_load_be32(at + 4);
}

static inline void bk_store_be32(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 24);
	at[1] = (uint8_t)(value >> 16);
	at[2] = (uint8_t)(value >> 8);
	at[3] = (uint8_t)value;
}

static inline void bk_store_be64(uint8_t *at, uint64_t value)
{
	bk_store_be32(at, (uint32_t)(value >> 32));
	bk_store_be32(at + 4, (uint32_t)value);
}

#endif

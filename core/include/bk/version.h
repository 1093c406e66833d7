/* version.h - lightningd's data_version: a u32 that wraps.
 *
 * Versions are compared by distance only: after 4294967295 comes 0. */
#ifndef BK_VERSION_H
#define BK_VERSION_H

#include <stdbool.h>
#include <stdint.h>

/* How far A lies after B; negative if before. */
static inline int32_t bk_version_distance(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b);
}

static inline bool bk_version_after(uint32_t a, uint32_t b)
{
	return bk_version_distance(a, b) > 0;
}

#endif

/* page.h - what is true of a database's pages everywhere. */
#ifndef BK_PAGE_H
#define BK_PAGE_H

#include <stdint.h>

#define PAGE_SIZE_MAX 65536

/* The page that holds byte 2^30, where SQLite keeps its locks and never any data. */
static inline uint32_t bk_lock_page(uint32_t page_size)
{
	return ((uint32_t)1 << 30) / page_size + 1;
}

#endif

/* memory.h - what SQLite may take, as core sees it. */
#ifndef BK_MEMORY_IMPL_H
#define BK_MEMORY_IMPL_H

#include <bk/memory.h>
#include <stdint.h>

/* Raises the limit, where the program asked for one, to what GIVEN bytes of a log can need: it is
 * never lowered. Thread-safe. */
void bk_memory_for(uint64_t given);

/* The limit in force, in bytes; 0: the program asked for none. */
int64_t bk_memory_limit(void);

#endif

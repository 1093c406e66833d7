/* memory.c - what SQLite may take. */
#include <bk/memory.h>
#include <sqlite3.h>

/* Twice what a change within the limits of a message needs. */
#define HEAP_MAX ((sqlite3_int64)2 << 30)

void bk_limit_sqlite_memory(void)
{
	if (!sqlite3_hard_heap_limit64(-1))
		sqlite3_hard_heap_limit64(HEAP_MAX);
}

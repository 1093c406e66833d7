/* memory.c - what SQLite may take. */
#include "memory.h"
#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>

/* At first: page caches of all threads, and some values of the length that a small log may have. */
#define HEAP_MIN ((sqlite3_int64)128 << 20)
/* A value can stand in memory several times while it is worked on. */
#define HEAP_A_BYTE 16
/* Twice what a change within the limits of a message needs. */
#define HEAP_MAX ((sqlite3_int64)2 << 30)

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static bool is_ours; /* the limit was set here */

void bk_limit_sqlite_memory(void)
{
	pthread_mutex_lock(&mutex);
	if (!sqlite3_hard_heap_limit64(-1)) {
		sqlite3_hard_heap_limit64(HEAP_MIN);
		is_ours = true;
	}
	pthread_mutex_unlock(&mutex);
}

void bk_memory_for(uint64_t given)
{
	sqlite3_int64 wanted = HEAP_MAX;

	if (given < (uint64_t)(HEAP_MAX - HEAP_MIN) / HEAP_A_BYTE)
		wanted = HEAP_MIN + (sqlite3_int64)given * HEAP_A_BYTE;
	pthread_mutex_lock(&mutex);
	if (is_ours && sqlite3_hard_heap_limit64(-1) < wanted)
		sqlite3_hard_heap_limit64(wanted);
	pthread_mutex_unlock(&mutex);
}

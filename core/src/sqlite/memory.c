/* memory.c - what SQLite may take. */
#include "memory.h"
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdbool.h>

/* At first: page caches of all threads, and some values of the length that a small log may have. */
#define HEAP_MIN ((int64_t)128 << 20)
/* A value can stand in memory several times while it is worked on. */
#define HEAP_A_BYTE 16
/* Twice what a change within the limits of a message needs. */
#define HEAP_MAX ((int64_t)2 << 30)

/* SQLite counts what it takes under a mutex, at each allocation: threads that replay side by side
 * would wait for each other at that most of the time. So it is counted here, without one, and what
 * a thread takes and gives back is only told to the others when it has come to something. The limit
 * can be passed by SHARES times SHARE_STEP, and by what threads take in the same moment. */
#define SHARES     16
#define SHARE_STEP ((int64_t)64 << 10)

static sqlite3_mem_methods system_memory;
static atomic_int_fast64_t used, limit; /* bytes */
static struct {
	_Alignas(64) atomic_int_fast64_t untold; /* bytes that USED does not have yet */
} shares[SHARES];
static atomic_uint threads;
static _Thread_local unsigned thread; /* which it is, from 1; 0: not known yet */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static bool is_counted; /* here, and not by SQLite */
static bool is_ours;    /* or the limit that SQLite has was set here */

static void count(int64_t bytes)
{
	atomic_int_fast64_t *untold;
	int64_t now;

	if (!thread)
		thread = atomic_fetch_add(&threads, 1) + 1;
	untold = &shares[thread % SHARES].untold;
	now = atomic_fetch_add(untold, bytes) + bytes;
	if (now > SHARE_STEP || now < -SHARE_STEP)
		atomic_fetch_add(&used, atomic_exchange(untold, 0));
}

static bool has_room(int64_t bytes)
{
	return atomic_load(&used) + bytes <= atomic_load(&limit);
}

static void *count_malloc(int size)
{
	void *memory = has_room(size) ? system_memory.xMalloc(size) : NULL;

	if (memory)
		count(system_memory.xSize(memory));
	return memory;
}

static void count_free(void *memory)
{
	count(-system_memory.xSize(memory));
	system_memory.xFree(memory);
}

static void *count_realloc(void *memory, int size)
{
	int was = system_memory.xSize(memory);
	void *moved = has_room(size - was) ? system_memory.xRealloc(memory, size) : NULL;

	if (moved)
		count(system_memory.xSize(moved) - was);
	return moved;
}

/* Has SQLite ask here: only before it was used. */
static bool count_here(void)
{
	sqlite3_mem_methods methods;

	if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &system_memory) != SQLITE_OK)
		return false;
	methods = system_memory;
	methods.xMalloc = count_malloc;
	methods.xFree = count_free;
	methods.xRealloc = count_realloc;
	return sqlite3_config(SQLITE_CONFIG_MALLOC, &methods) == SQLITE_OK &&
	       sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0) == SQLITE_OK;
}

void bk_limit_sqlite_memory(void)
{
	pthread_mutex_lock(&mutex);
	if (!is_counted && !is_ours && count_here()) {
		atomic_store(&limit, HEAP_MIN);
		is_counted = true;
	} else if (!is_counted && !sqlite3_hard_heap_limit64(-1)) {
		sqlite3_hard_heap_limit64(HEAP_MIN);
		is_ours = true;
	}
	pthread_mutex_unlock(&mutex);
}

void bk_memory_for(uint64_t given)
{
	int64_t wanted = HEAP_MAX;

	if (given < (uint64_t)(HEAP_MAX - HEAP_MIN) / HEAP_A_BYTE)
		wanted = HEAP_MIN + (int64_t)given * HEAP_A_BYTE;
	pthread_mutex_lock(&mutex);
	if (is_counted && atomic_load(&limit) < wanted)
		atomic_store(&limit, wanted);
	if (is_ours && sqlite3_hard_heap_limit64(-1) < wanted)
		sqlite3_hard_heap_limit64(wanted);
	pthread_mutex_unlock(&mutex);
}

int64_t bk_memory_limit(void)
{
	int64_t now;

	pthread_mutex_lock(&mutex);
	now = is_counted ? atomic_load(&limit) : sqlite3_hard_heap_limit64(-1);
	pthread_mutex_unlock(&mutex);
	return now;
}

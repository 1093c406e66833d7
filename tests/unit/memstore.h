/* memstore.h - a store of whole objects in memory, for any number of clients, with faults from a
 * seed: answers that are lost, listings that are late, deletes that are forgotten. */
#ifndef MEMSTORE_H
#define MEMSTORE_H

#include "objects.h"
#include <pthread.h>

struct memobject {
	char name[128];
	uint8_t *data;
	size_t size;
	int64_t born_ms, dead_ms; /* DEAD_MS: INT64_MAX while it is there */
	bool is_folder;           /* that was claimed */
};

/* A put whose answer was lost, and which will be made yet. */
struct mempending {
	char name[128];
	uint8_t *data;
	size_t size;
};

struct memstore {
	pthread_mutex_t mutex; /* over all, in get */
	struct memobject *list;
	size_t count;
	int64_t now_ms;
	uint64_t random;
	/* Of 100 requests so many: are not made; are made, and the answer is lost. */
	unsigned fails, loses;
	unsigned stale; /* of 100 listings; by up to STALE_MS */
	int64_t stale_ms;
	int64_t list_at_ms; /* all listings are as of then; 0: no */
	unsigned forgets;   /* of 100 deletes */
	bool refuses_deletes, ignores_conditions;
	bool tells_no_sizes; /* in a listing */
	/* Of two puts at one moment both succeed, and the second stands: whether the name is free
	 * is looked at when one comes, then BETWEEN is called, with BETWEEN_CTX, then it is made.
	 * Of 100 puts so many are made only some requests later. */
	bool is_racy;
	void (*between)(void *ctx);
	void *between_ctx;
	unsigned lates;
	unsigned halves; /* so many new objects keep half of what is put, and are then said to be
			    there */
	struct mempending *pending;
	size_t pending_count;
	unsigned puts, gets, lists, removes, claims, looks;
};

void memstore_init(struct memstore *store, uint64_t seed);
void memstore_done(struct memstore *store);

/* A client of it, which its close frees. CLOCK_OFF_MS: how wrong its clock is. */
struct objects *memstore_client(struct memstore *store, int64_t clock_off_ms);

/* The object of that name; NULL: there is none. */
struct memobject *memstore_find(struct memstore *store, const char *name);
size_t memstore_alive(const struct memstore *store);

/* All that is to be made yet is. */
void memstore_land(struct memstore *store);

#endif

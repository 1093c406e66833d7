/* source.h - a log that is made up frame by frame, and a place in a store in memory that takes it.
 */
#ifndef SOURCE_H
#define SOURCE_H

#include "memstore.h"
#include "place.h"

/* A log whose id is ID times 16. */
struct source {
	uint8_t *bytes;
	size_t size, room;
	struct log_header header;
	uint64_t sum;
};

/* Its header, of a log that another of id PREDECESSOR may precede (0: none). */
void source_init(struct source *log, uint8_t id, uint8_t predecessor);

/* A frame of KIND, whose payload is SIZE times FILL. */
void source_add(struct source *log, uint8_t kind, size_t size, uint8_t fill);

/* The caller frees its bytes. */
struct source source_copy(const struct source *log);

/* Appends what stands between FROM and TO, synced. */
enum bk_code source_send(struct place *place, const struct source *log, uint64_t from, uint64_t to);

/* A place in STORE; the same, which has got all of LOG. */
struct place *store_place(struct memstore *store);
struct place *store_begin(struct memstore *store, const struct source *log);

/* The place's log, by readers of their own, is what LOG has up to END. */
void store_check(struct memstore *store, const struct source *log, uint64_t end);

/* Tends to the place until there is nothing to do for an hour. */
void store_tend(struct place *place);

#endif

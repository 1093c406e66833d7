/* source.h - a log that is made up frame by frame (madelog.h), and a place in a store in memory
 * that takes it. */
#ifndef SOURCE_H
#define SOURCE_H

#include "madelog.h"
#include "memstore.h"
#include "place.h"

/* Appends what stands between FROM and TO, synced. */
enum bk_code source_send(struct place *place, const struct source *log, uint64_t from, uint64_t to);

/* A place in STORE; the same, which has got all of LOG. */
struct place *store_place(struct memstore *store);
struct place *store_begin(struct memstore *store, const struct source *log);

/* A place in STORE, which LOG, made to be of one frame, is sent to; and its end, with both. */
struct place *store_begin_one(struct memstore *store, struct source *log);
void store_end(struct memstore *store, struct source *log, struct place *place);

/* A change of SIZE bytes more, which PLACE takes. */
void source_grow(struct place *place, struct source *log, size_t size, uint8_t fill);

/* OTHER is LOG up to where both go on with a change of their own; returns where that is. */
uint64_t source_part(struct source *log, struct source *other);

/* The place's log, by readers of their own, is what LOG has up to END. */
void store_check(struct memstore *store, const struct source *log, uint64_t end);

/* Tends to the place until there is nothing to do for an hour. */
void store_tend(struct place *place);

#endif

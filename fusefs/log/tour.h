/* tour.h - the log's versions, one after the other.
 *
 * Calling sequence: tour_open or tour_open_first, any tour_next, tour_close.
 *
 * Functions return 0 or an errno; damage that they meet is noted for status.json.
 *
 * Threads: one. */
#ifndef TOUR_H
#define TOUR_H

#include "source.h"
#include <bk/listing.h>

/* Oldest first. What damage hides is passed over. */
struct tour {
	struct source *source;
	struct bk_listing *listing; /* NULL: to be opened at NEXT */
	uint32_t next;
	bool is_measured;
};

/* From the first version that is FROM or after it. */
void tour_open(struct tour *tour, struct source *source, uint32_t from);

/* From the log's first version. */
int tour_open_first(struct tour *tour, struct source *source);

/* The next version; at the end *MORE is false and ENTRY not written. */
int tour_next(struct tour *tour, struct bk_entry *entry, bool *more);

/* As tour_next, but sizes of the newest versions are learned first (those that cannot be stay
 * unknown). */
int tour_next_measured(struct tour *tour, struct bk_entry *entry, bool *more);

void tour_close(struct tour *tour);

/* The newest version of a bucket; ENOENT if it has none. */
int bucket_newest(struct source *source, uint32_t bucket, struct bk_entry *entry);

#endif

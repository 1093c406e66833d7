/* stored.h - the stored pages of a log that was taken apart (docs/format.md, 5). */
#ifndef STORED_H
#define STORED_H

#include "pieces.h"

#define STORED_MAX 1024

struct stored {
	uint64_t address; /* of its record */
	uint32_t page;
	unsigned depth;
	size_t size;
	uint8_t *content; /* the table's */
};

struct stored_table {
	struct stored list[STORED_MAX];
	size_t count;
};

/* Decodes the stored pages of COUNT pieces, as far as that can be done. With RESEAL it makes their
 * sums right, too. They are found by the pieces' addresses, or if IN_PLACE by their places. */
void stored_read(
	struct stored_table *table, struct piece *pieces, size_t count, bool in_place, bool reseal);
void stored_done(struct stored_table *table);

const struct stored *stored_at(const struct stored_table *table, uint64_t address);

#endif

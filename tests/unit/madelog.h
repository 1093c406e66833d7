/* madelog.h - a log that is made up frame by frame, of any bytes. */
#ifndef MADELOG_H
#define MADELOG_H

#include "frame.h"

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

#endif

/* madelog.c - see madelog.h. */
#include "madelog.h"
#include <stdlib.h>
#include <string.h>

void source_add(struct source *log, uint8_t kind, size_t size, uint8_t fill)
{
	struct frame_head head = {
		.kind = kind, .size = (uint32_t)size, .chain = (uint32_t)log->sum};
	uint8_t *at;

	if (log->size + FRAME_HEAD_SIZE + size > log->room) {
		log->room = 2 * (log->size + FRAME_HEAD_SIZE + size);
		log->bytes = realloc(log->bytes, log->room);
	}
	at = log->bytes + log->size;
	memset(at + FRAME_HEAD_SIZE, fill, size);
	bk_frame_finish(at, &head, log->header.seed + log->size);
	log->size += (size_t)bk_frame_size(&head);
	log->sum = head.sum;
}

void source_init(struct source *log, uint8_t id, uint8_t predecessor)
{
	*log = (struct source){.header.is_sealed = true, .room = 4096, .bytes = malloc(4096)};
	memset(log->header.id, id, LOG_ID_SIZE);
	memset(log->header.predecessor, predecessor, LOG_ID_SIZE);
	bk_header_encode(log->bytes, &log->header);
	log->size = LOG_HEADER_SIZE;
	log->sum = log->header.sum;
}

struct source source_copy(const struct source *log)
{
	struct source copy = *log;

	copy.bytes = malloc(copy.room);
	memcpy(copy.bytes, log->bytes, copy.size);
	return copy;
}

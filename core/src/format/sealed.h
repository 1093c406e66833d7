/* sealed.h - frames of a sealed log: closed and opened (docs/format.md, 13).
 *
 * What is sealed is the payload, together with the log's id, the frame's offset, and its head but
 * for sum and magic. Sums and chain are those of the frame as it stands, and need no key. */
#ifndef BK_SEALED_H
#define BK_SEALED_H

#include "frame.h"
#include "logkey.h"
#include <bk/buf.h>

/* What seals the frames of a log. */
struct sealing {
	const struct log_header *header;
	const struct log_key *key;
};

/* Writes into OUT, which it empties, the whole frame of HEAD and its PAYLOAD at OFFSET, sealed, and
 * filled up where the log's header has it so. Fills in HEAD's sum and extra. Fails with BK_E_IO
 * where the system has no random bytes, BK_E_LIMIT, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_frame_close(struct bk_buf *out, struct frame_head *head,
	const uint8_t *payload, uint64_t offset, const struct sealing *sealing,
	const struct bk_io *io, struct bk_error *err);

/* Opens the payload of the FRAME with HEAD at OFFSET, whose sum is right: into OUT, which has
 * head->size bytes. HEAD becomes that of the frame as it was before it was sealed. Returns NULL, or
 * what is wrong with it. */
const char *bk_frame_open(uint8_t *out, struct frame_head *head, const uint8_t *frame,
	uint64_t offset, const struct sealing *sealing);

/* Where a record stands, as maps and records name it (docs/format.md, 5): the offset of its bytes;
 * in a sealed log, where only a frame as a whole can be read, the frame's offset, above
 * PLACE_SHIFT, and its place in the payload. Places grow with the log. */
#define PLACE_SHIFT     22
#define PLACE_FRAME_MAX (UINT64_MAX >> PLACE_SHIFT)

static inline uint64_t bk_place(bool is_sealed, uint64_t frame_offset, uint64_t in_payload)
{
	return is_sealed ? frame_offset << PLACE_SHIFT | in_payload
			 : frame_offset + FRAME_HEAD_SIZE + in_payload;
}

/* All records that stand before the frame at OFFSET have lower places. */
static inline uint64_t bk_place_limit(bool is_sealed, uint64_t offset)
{
	return is_sealed ? offset << PLACE_SHIFT : offset;
}

#endif

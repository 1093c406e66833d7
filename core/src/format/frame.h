/* frame.h - the log's header and the head of a frame (docs/format.md, 2 and 3).
 *
 * Pure functions over bytes: nothing here reads a file. */
#ifndef BK_FRAME_H
#define BK_FRAME_H

#include <bk/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOG_HEADER_SIZE 128
#define LOG_ID_SIZE     16
#define LOG_FORMAT      1
#define LOG_MINOR       1

struct log_header {
	uint8_t id[LOG_ID_SIZE];
	uint8_t predecessor[LOG_ID_SIZE];
	int64_t created_us;
	bool is_sealed; /* its frames are (sealed.h) */
	bool is_padded; /* and are filled up when they are written */
	uint32_t minor; /* of the format that the log was made with */
	uint64_t sum;   /* of the header: what the first frame is chained to */
	uint64_t seed;  /* from the id; with a frame's offset added, its sum's seed */
};

/* Writes LOG_HEADER_SIZE bytes and fills in HEADER's sum and seed. */
void bk_header_encode(uint8_t *out, struct log_header *header);

/* Fails with BK_E_FORMAT if DATA is no log's header or asks for more than we understand, with
 * BK_E_DAMAGE if it is one that was altered. NAME goes into the message. */
BK_MUST_CHECK enum bk_code bk_header_decode(struct log_header *header, const uint8_t *data,
	size_t size, const char *name, struct bk_error *err);

/* Makes a header of the id that TEXT begins with, 32 hexadecimal digits; false if it does not. */
bool bk_header_from_id(struct log_header *header, const uint8_t *text, size_t size);

#define FRAME_HEAD_SIZE 48
#define FRAME_MAGIC                                                                                \
	"\xb7"                                                                                     \
	"BKF"

enum frame_kind {
	FRAME_CHANGE = 1,
	FRAME_PAGES = 2,
	FRAME_MAP = 3,
	FRAME_KEYFRAME = 4,
	FRAME_REWIND = 5,
	FRAME_EVENT = 6,
	FRAME_SUCCEEDED = 7,
	FRAME_SLOT = 8,
};

/* Flags of `must` that stand for every kind: the payload is sealed, and was filled up before. */
#define FRAME_SEALED 0x80
#define FRAME_PADDED 0x40

/* Flags of `must`, each with the kind it belongs to. */
#define CHANGE_STREAM 0x01
#define CHANGE_LONE   0x02
#define CHANGE_FK_OFF 0x04
#define CHANGE_STATE  0x08
#define CHANGE_UNLIKE 0x10
#define CHANGE_FLAGS  0x1f /* all of them */

/* With CHANGE_STATE: the low byte of `may` tells of the node's connection, and stands in an entry's
 * flags from this bit on. */
#define CHANGE_STATE_SHIFT 12
#define CHANGE_STATE_MASK  ((uint32_t)0xff << CHANGE_STATE_SHIFT)
#define KEYFRAME_FULL      0x01
#define KEYFRAME_NOTES     0x02
#define KEYFRAME_CARRIED   0x04
#define KEYFRAME_THINNED   0x08
#define KEYFRAME_FLAGS     0x0f /* all of them */

/* Limits on payloads (docs/format.md, 9). */
#define PAYLOAD_CHANGE_MAX   (1u << 30)
#define PAYLOAD_PIECE_MAX    (4u << 20) /* PAGES and MAP */
#define PAYLOAD_KEYFRAME_MAX (256u << 20)
#define PAYLOAD_REWIND_SIZE  16u /* SUCCEEDED too */
#define PAYLOAD_EVENT_MAX    (64u << 10)
#define UNSYNCED_MAX         (1u << 31)

struct frame_head {
	uint64_t sum;
	uint64_t keyframe; /* offset of the newest keyframe before; 0: none */
	int64_t time_us;
	uint32_t size;  /* of the payload */
	uint32_t extra; /* of a frame that was opened: what stands in the file beside its payload */
	uint32_t version;
	uint32_t unsynced;
	uint32_t chain;
	uint8_t kind;
	uint8_t must;
	uint16_t may;
};

/* The most that the payload of a frame of KIND may have (docs/format.md, 9); sealed, it stands in
 * an eighth and SEALED_MORE more. */
uint32_t bk_payload_max(uint8_t kind);
#define SEALED_MORE 64

/* Writes the head, but for its sum. */
void bk_frame_head_encode(uint8_t *frame, const struct frame_head *head);

/* Writes the head in front of the payload that already stands at FRAME + FRAME_HEAD_SIZE,
 * and fills in HEAD's sum. SEED is the log's plus the frame's offset. */
void bk_frame_finish(uint8_t *frame, struct frame_head *head, uint64_t seed);

/* Reads the head and tells whether it could be one: magic, and a size within the kind's
 * limit. FRAME has FRAME_HEAD_SIZE bytes. */
bool bk_frame_plausible(struct frame_head *head, const uint8_t *frame);

/* Whether the sum of the whole frame is right. SEED as in bk_frame_finish. */
bool bk_frame_intact(const struct frame_head *head, const uint8_t *frame, uint64_t seed);

/* Whether this reader understands the frame's kind and flags. */
bool bk_frame_understood(const struct frame_head *head);

/* Fails with BK_E_DAMAGE: the payload of the frame at OFFSET, a WHAT, makes no sense. */
enum bk_code bk_frame_senseless(const char *what, uint64_t offset, struct bk_error *err);

/* Bytes of the file. */
static inline uint64_t bk_frame_size(const struct frame_head *head)
{
	return FRAME_HEAD_SIZE + (uint64_t)head->size + head->extra;
}

#endif

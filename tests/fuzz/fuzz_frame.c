/* fuzz_frame.c - the header and one whole frame. */
#include "frame.h"
#include "fuzz.h"
#include <string.h>

#define SEED_AT 1000

static void check_header(const uint8_t *data, size_t size)
{
	uint8_t bytes[LOG_HEADER_SIZE] = {0};
	struct log_header header = {0}, again;
	struct bk_error err = {0};

	if (bk_header_decode(&header, data, size, "it", &err))
		REQUIRE((err.code == BK_E_FORMAT || err.code == BK_E_DAMAGE) && *err.msg);
	/* Any id and time can be written, and read back. */
	memcpy(bytes, data, size < sizeof bytes ? size : sizeof bytes);
	memcpy(header.id, bytes, LOG_ID_SIZE);
	memcpy(header.predecessor, bytes + LOG_ID_SIZE, LOG_ID_SIZE);
	memcpy(&header.created_us, bytes + 2 * LOG_ID_SIZE, sizeof header.created_us);
	bk_header_encode(bytes, &header);
	REQUIRE(bk_header_decode(&again, bytes, sizeof bytes, "it", &err) == BK_OK);
	REQUIRE(again.sum == header.sum && again.seed == header.seed);
	REQUIRE(again.created_us == header.created_us);
	REQUIRE(memcmp(again.id, header.id, LOG_ID_SIZE) == 0);
}

/* A frame as it comes from a file: no part of it is valid by chance. */
static void check_raw(const uint8_t *data, size_t size)
{
	struct frame_head head;

	if (size < FRAME_HEAD_SIZE || !bk_frame_plausible(&head, data) ||
		bk_frame_size(&head) > size)
		return;
	REQUIRE(head.size <= PAYLOAD_CHANGE_MAX + PAYLOAD_CHANGE_MAX / 8 + SEALED_MORE);
	REQUIRE(head.unsynced <= UNSYNCED_MAX);
	if (bk_frame_intact(&head, data, SEED_AT))
		REQUIRE(!bk_frame_intact(&head, data, SEED_AT + 1));
}

/* The same bytes as what a frame could say: sealed, it is read as it was written, and any flipped
 * bit shows. */
static void check_sealed(const uint8_t *data, size_t size)
{
	struct frame_head head = {0}, back;
	uint8_t *frame = malloc(FRAME_HEAD_SIZE + size);
	size_t bit;

	REQUIRE(frame && size >= FRAME_HEAD_SIZE);
	bk_frame_plausible(&head, data);
	head.kind = (uint8_t)(1 + head.kind % 5); /* those whose payload may be of any size */
	head.size = (uint32_t)(size - FRAME_HEAD_SIZE);
	head.unsynced &= UNSYNCED_MAX - 1;
	memcpy(frame + FRAME_HEAD_SIZE, data + FRAME_HEAD_SIZE, head.size);
	if (head.kind == FRAME_REWIND)
		head.kind = FRAME_CHANGE;
	bk_frame_finish(frame, &head, SEED_AT);
	REQUIRE(bk_frame_plausible(&back, frame) && bk_frame_intact(&back, frame, SEED_AT));
	REQUIRE(back.sum == head.sum && back.kind == head.kind && back.must == head.must);
	REQUIRE(back.size == head.size && back.version == head.version);
	REQUIRE(back.time_us == head.time_us && back.keyframe == head.keyframe);
	REQUIRE(back.unsynced == head.unsynced && back.chain == head.chain);
	bk_frame_understood(&back);
	bit = (size_t)(head.sum % (size * 8));
	frame[bit / 8] ^= (uint8_t)(1u << bit % 8);
	if (bk_frame_plausible(&back, frame) && bk_frame_size(&back) <= size)
		REQUIRE(!bk_frame_intact(&back, frame, SEED_AT));
	free(frame);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_header(data, size);
	check_raw(data, size);
	if (size >= FRAME_HEAD_SIZE)
		check_sealed(data, size);
	return 0;
}

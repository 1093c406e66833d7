/* logbuild.c - logs in memory whose sums are right. */
#include "logbuild.h"
#include "fuzz.h"
#include <string.h>

#define BYTES_MAX ((size_t)64 << 20)

static uint8_t *room(struct logbuild *build, size_t size)
{
	struct bk_error err;

	REQUIRE(bk_buf_reserve(&build->bytes, size, &err) == BK_OK);
	build->bytes.size += size;
	return build->bytes.data + build->bytes.size - size;
}

void logbuild_init(struct logbuild *build)
{
	*build = (struct logbuild){.header.created_us = 1700000000000000};
	bk_buf_init(&build->bytes, BYTES_MAX);
	bk_header_encode(room(build, LOG_HEADER_SIZE), &build->header);
	build->last_sum = build->header.sum;
}

void logbuild_done(struct logbuild *build)
{
	bk_buf_done(&build->bytes);
}

uint64_t logbuild_frame(struct logbuild *build, struct frame_head *head, const void *payload,
	size_t size, bool unchained)
{
	uint64_t offset = build->bytes.size;
	uint8_t *frame = room(build, FRAME_HEAD_SIZE + size);

	if (size)
		memcpy(frame + FRAME_HEAD_SIZE, payload, size);
	head->size = (uint32_t)size;
	head->chain = (uint32_t)build->last_sum ^ unchained;
	bk_frame_finish(frame, head, build->header.seed + offset);
	build->last_sum = head->sum;
	return offset;
}

/* opened.c - PAGES frames of a sealed log, opened. */
#include "opened.h"
#include <string.h>

/* A sealed PAGES frame. */
#define FRAME_STANDS_MAX ((size_t)PAYLOAD_PIECE_MAX + PAYLOAD_PIECE_MAX / 8 + 4096)

void bk_opened_init(struct opened_frames *frames)
{
	*frames = (struct opened_frames){0};
	for (size_t i = 0; i < OPENED_FRAMES; i++)
		bk_buf_init(&frames->all[i].payload, FRAME_STANDS_MAX);
	bk_buf_init(&frames->frame, FRAME_STANDS_MAX);
}

void bk_opened_done(struct opened_frames *frames)
{
	for (size_t i = 0; i < OPENED_FRAMES; i++)
		bk_buf_done(&frames->all[i].payload);
	bk_buf_done(&frames->frame);
}

void bk_opened_forget(struct opened_frames *frames)
{
	for (size_t i = 0; i < OPENED_FRAMES; i++)
		frames->all[i].is_sure = false;
}

static enum bk_code bad_frame(
	const struct file *file, uint64_t offset, const char *what, struct bk_error *err)
{
	return bk_fail(err, BK_E_DAMAGE, 0, "%s is damaged at offset %llu: %s", file->path,
		(unsigned long long)offset, what);
}

/* Brings the frame at OFFSET into FRAME, whole. */
static enum bk_code read_frame(struct bk_buf *frame, const struct file *file, uint64_t offset,
	struct frame_head *head, struct bk_error *err)
{
	size_t more = 0;
	enum bk_code code;

	frame->size = 0;
	code = bk_buf_reserve(frame, OPENED_GUESS, err);
	if (!code)
		code = bk_file_read(file, frame->data, OPENED_GUESS, offset, &frame->size, err);
	if (code)
		return code;
	if (frame->size < FRAME_HEAD_SIZE || !bk_frame_plausible(head, frame->data) ||
		head->kind != FRAME_PAGES)
		return bad_frame(file, offset, "no pages are stored here", err);
	if (bk_frame_size(head) <= frame->size)
		return BK_OK;
	more = (size_t)bk_frame_size(head) - frame->size;
	code = bk_buf_reserve(frame, more, err);
	if (!code)
		code = bk_file_read(
			file, frame->data + frame->size, more, offset + frame->size, &more, err);
	frame->size += code ? 0 : more;
	if (!code && frame->size < bk_frame_size(head))
		return bad_frame(file, offset, "the file ends within a stored page", err);
	return code;
}

/* Opens the frame with HEAD at OFFSET, which stands in BYTES, into OPENED. */
static enum bk_code open_into(struct opened *opened, const uint8_t *bytes, struct frame_head *head,
	const struct file *file, uint64_t offset, const struct sealing *sealing,
	struct bk_error *err)
{
	const char *wrong;
	enum bk_code code;

	opened->offset = 0;
	opened->payload.size = 0;
	code = bk_buf_reserve(&opened->payload, head->size, err);
	if (code)
		return code;
	memcpy(opened->head, bytes, FRAME_HEAD_SIZE);
	wrong = bk_frame_open(opened->payload.data, head, bytes, offset, sealing);
	if (wrong)
		return bad_frame(file, offset, wrong, err);
	opened->payload.size = head->size;
	opened->offset = offset;
	opened->is_sure = true;
	return BK_OK;
}

/* Where a payload of SIZE bytes goes: in the place of the one used longest ago. */
static struct opened *place_for(struct opened_frames *frames, size_t size)
{
	struct opened *oldest = &frames->all[1];

	if (size > OPENED_SMALL)
		return &frames->all[0];
	for (size_t i = 2; i < OPENED_FRAMES; i++)
		if (frames->all[i].used < oldest->used)
			oldest = &frames->all[i];
	return oldest;
}

static struct opened *look_up(struct opened_frames *frames, uint64_t offset)
{
	for (size_t i = 0; i < OPENED_FRAMES; i++)
		if (frames->all[i].offset == offset)
			return &frames->all[i];
	return NULL;
}

/* Whether the frame still stands there: its head has the sum of all of it. */
static enum bk_code look_again(struct opened *opened, const struct file *file, struct bk_error *err)
{
	uint8_t head[FRAME_HEAD_SIZE];
	size_t size = 0;
	enum bk_code code = BK_OK;

	if (!opened->is_sure)
		code = bk_file_read(file, head, sizeof head, opened->offset, &size, err);
	if (code || opened->is_sure)
		return code;
	opened->is_sure = size == sizeof head && !memcmp(head, opened->head, sizeof head);
	if (!opened->is_sure)
		opened->offset = 0;
	return BK_OK;
}

/* Reads and opens the frame at OFFSET. */
static enum bk_code open_frame(struct opened_frames *frames, const struct file *file,
	uint64_t offset, const struct sealing *sealing, struct opened **opened,
	struct bk_error *err)
{
	const uint8_t *bytes;
	struct frame_head head;
	enum bk_code code = read_frame(&frames->frame, file, offset, &head, err);

	if (code)
		return code;
	bytes = frames->frame.data;
	if (!bk_frame_intact(&head, bytes, sealing->header->seed + offset))
		return bad_frame(file, offset, "the frame's checksum does not fit", err);
	*opened = place_for(frames, head.size);
	return open_into(*opened, bytes, &head, file, offset, sealing, err);
}

enum bk_code bk_opened_find(struct opened_frames *frames, const struct file *file, uint64_t offset,
	const struct sealing *sealing, const struct bk_buf **payload, struct bk_error *err)
{
	struct opened *opened = offset ? look_up(frames, offset) : NULL;
	enum bk_code code = opened ? look_again(opened, file, err) : BK_OK;

	if (!code && (!opened || !opened->offset))
		code = open_frame(frames, file, offset, sealing, &opened, err);
	if (code)
		return code;
	opened->used = ++frames->clock;
	*payload = &opened->payload;
	return BK_OK;
}

/* writer_event.c - what a writer notes beside the changes, and what that says of the head. */
#include "codec.h"
#include "writer.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Puts an EVENT with TEXT by PUT, through the buffer FRAME. */
static enum bk_code put_event(struct bk_writer *writer, struct put *put, struct bk_buf *frame,
	enum event_code event, const char *text, struct bk_error *err)
{
	uint8_t code_bytes[4];
	uint64_t offset;
	enum bk_code code = bk_put_begin(frame, err);

	put->kind = FRAME_EVENT;
	put->time_us = bk_writer_now_us(writer);
	bk_put_u32(code_bytes, event);
	if (!code)
		code = bk_buf_append(frame, code_bytes, sizeof code_bytes, err);
	if (!code)
		code = bk_buf_append(frame, text, strlen(text), err);
	if (!code)
		code = bk_writer_put(writer, put, frame, &offset, err);
	return code;
}

enum bk_code bk_writer_event(
	struct bk_writer *writer, enum event_code event, const char *text, struct bk_error *err)
{
	struct put put = {.version = writer->log->state.version};

	return put_event(writer, &put, &writer->frame, event, text, err);
}

enum bk_code bk_writer_put_seen(struct bk_writer *writer, uint32_t version, uint64_t changes,
	const struct bk_stamp *stamp, bool *is_head, struct bk_error *err)
{
	struct put put = {.version = version, .is_of_head = true, .changes = changes};
	struct bk_buf frame;
	char text[200];
	enum bk_code code;

	snprintf(text, sizeof text,
		"version=%" PRIu32 "\ncounter=%" PRIu32 "\ninode=%" PRIu64 "\nmtime=%" PRId64
		"\nctime=%" PRId64 "\nsize=%" PRIu64 "\n",
		version, stamp->counter, stamp->inode, stamp->mtime_ns, stamp->ctime_ns,
		stamp->size);
	bk_buf_init(&frame, FRAME_HEAD_SIZE + 4 + sizeof text);
	code = put_event(writer, &put, &frame, EVENT_SEEN, text, err);
	bk_buf_done(&frame);
	*is_head = !code;
	return code == BK_E_BUSY ? BK_OK : code;
}

enum bk_code bk_writer_note_seen(
	struct bk_writer *writer, const struct bk_stamp *stamp, struct bk_error *err)
{
	bool is_head;

	return bk_writer_put_seen(
		writer, writer->log->state.version, writer->changes, stamp, &is_head, err);
}

/* A line must stay one. */
static void line_of(char *out, size_t size, const char *key, const char *value)
{
	size_t length = (size_t)snprintf(out, size, "%s=%.*s", key, BK_DOUBT_TEXT - 1, value);

	for (size_t i = 0; i < length; i++)
		if ((unsigned char)out[i] < ' ')
			out[i] = ' ';
	strcpy(out + length, "\n");
}

enum bk_code bk_writer_raise_doubt(struct bk_writer *writer, const char *why, struct bk_error *err)
{
	char text[BK_DOUBT_TEXT + 16];

	line_of(text, sizeof text, "why", why);
	return bk_writer_event(writer, EVENT_DOUBT, text, err);
}

enum bk_code bk_writer_settle_doubt(struct bk_writer *writer, const char *by, struct bk_error *err)
{
	char text[BK_DOUBT_TEXT + 16];

	line_of(text, sizeof text, "by", by);
	return bk_writer_event(writer, EVENT_SETTLED, text, err);
}

void bk_writer_head(const struct bk_writer *writer, struct bk_head *head)
{
	const struct state *state = &writer->log->state;

	pthread_mutex_lock(&writer->log->mutex);
	*head = (struct bk_head){.version = state->version,
		.is_committed =
			bk_state_is_committed(state) || (writer->is_others && !writer->changes),
		.has_stamp = state->facts.has_seen,
		.stamp = state->facts.seen,
		.durable = writer->durable};
	pthread_mutex_unlock(&writer->log->mutex);
}

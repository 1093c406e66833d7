/* link.c - messages over a stream. */
#include "link.h"
#include <errno.h>

#define KEEP ((size_t)512 << 10)

void bk_link_init(struct link *link, const struct bk_server_stream *stream)
{
	link->stream = *stream;
	bk_buf_init(&link->in, WIRE_HEAD_SIZE + WIRE_BODY_MAX);
	bk_buf_init(&link->out, WIRE_HEAD_SIZE + WIRE_BODY_MAX);
}

void bk_link_done(struct link *link)
{
	bk_buf_done(&link->in);
	bk_buf_done(&link->out);
}

enum bk_code bk_link_begin(struct link *link, struct bk_error *err)
{
	enum bk_code code;

	bk_buf_clear(&link->out, KEEP);
	code = bk_buf_reserve(&link->out, WIRE_HEAD_SIZE, err);
	if (!code)
		link->out.size = WIRE_HEAD_SIZE;
	return code;
}

enum bk_code bk_link_send(struct link *link, enum wire_type type, struct bk_error *err)
{
	size_t done = 0;

	bk_wire_put_head(link->out.data, (uint32_t)(link->out.size - WIRE_HEAD_SIZE), type);
	while (done < link->out.size) {
		int64_t n = link->stream.send(
			link->stream.ctx, link->out.data + done, link->out.size - done);

		if (n == -EINTR || n == -EAGAIN)
			continue;
		if (n <= 0)
			return bk_fail(err, BK_E_IO, n ? (int)-n : EPIPE, "the connection broke");
		done += (size_t)n;
	}
	return BK_OK;
}

/* Brings SIZE bytes more into the buffer; *ENDED where the stream ends before the first. */
static enum bk_code fill(struct link *link, size_t size, bool *ended, struct bk_error *err)
{
	enum bk_code code = bk_buf_reserve(&link->in, size, err);
	size_t done = 0;

	*ended = false;
	while (!code && done < size) {
		int64_t n = link->stream.receive(
			link->stream.ctx, link->in.data + link->in.size, size - done);

		if (n == -EINTR || n == -EAGAIN)
			continue;
		if (n < 0 || (!n && (done || link->in.size)))
			return bk_fail(err, BK_E_IO, n < 0 ? (int)-n : 0,
				"the connection broke in the midst of a message");
		*ended = !n;
		if (!n)
			break;
		done += (size_t)n;
		link->in.size += (size_t)n;
	}
	return code;
}

enum bk_code bk_link_receive(
	struct link *link, struct message *out, bool *more, struct bk_error *err)
{
	bool ended;
	uint32_t size;
	enum bk_code code;

	bk_buf_clear(&link->in, KEEP);
	code = fill(link, WIRE_HEAD_SIZE, &ended, err);
	*more = !code && !ended;
	if (!*more)
		return code;
	if (!bk_wire_get_head(link->in.data, &size, &out->type))
		return bk_fail(err, BK_E_INVALID, 0, "what comes is no message of a mirror");
	code = fill(link, size, &ended, err);
	out->body = link->in.data + WIRE_HEAD_SIZE;
	out->size = size;
	return code;
}

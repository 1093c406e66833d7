/* link.h - messages (wire.h) over a stream, whole or not at all. */
#ifndef BK_LINK_H
#define BK_LINK_H

#include "wire.h"
#include <bk/server.h>

struct link {
	struct bk_server_stream stream; /* borrowed */
	struct bk_buf in, out;
};

/* A message that came; its body is the link's, until the next one. */
struct message {
	uint8_t type;
	const uint8_t *body;
	size_t size;
};

void bk_link_init(struct link *link, const struct bk_server_stream *stream);
void bk_link_done(struct link *link);

/* Begins a message; more of it comes through bk_buf_append(&link->out). */
BK_MUST_CHECK enum bk_code bk_link_begin(struct link *link, struct bk_error *err);

/* Sends what was begun as one message of TYPE. Fails with BK_E_IO, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_link_send(
	struct link *link, enum wire_type type, struct bk_error *err);

/* The next message; *MORE is false where the stream ends between two. Fails with BK_E_INVALID where
 * what comes is none, BK_E_IO, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_link_receive(
	struct link *link, struct message *out, bool *more, struct bk_error *err);

#endif

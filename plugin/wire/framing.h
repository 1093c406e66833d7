/* framing.h - cutting lightningd's stream into messages, which end in a blank line. */
#ifndef FRAMING_H
#define FRAMING_H

#include <bk/buf.h>

/* Largest message that is taken, in bytes. lightningd's own largest are a few megabytes. */
#define MESSAGE_BYTES_MAX ((size_t)512 << 20)

struct framing {
	struct bk_buf buf;
	size_t scanned;   /* bytes of buf that hold no blank line */
	size_t taken;     /* bytes of the message given out last */
	bool is_skipping; /* within a message that was too large */
};

void framing_init(struct framing *framing, size_t message_max);
void framing_done(struct framing *framing);

/* What framing_next found. */
enum framing_event {
	FRAMING_MESSAGE,   /* *OUT is a message, without its blank line, until the next call */
	FRAMING_MORE,      /* feed it more bytes */
	FRAMING_TOO_LARGE, /* *OUT is the beginning of a message over the limit; the rest is
			    * skipped as it comes */
};

/* The next message in what was fed. Empty messages are passed over. */
enum framing_event framing_next(struct framing *framing, struct bk_slice *out);

/* Room for at least one byte to read into, *SIZE of them; then framing_feed says how many came.
 * Fails with BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code framing_room(
	struct framing *framing, uint8_t **at, size_t *size, struct bk_error *err);
void framing_feed(struct framing *framing, size_t size);

/* After FRAMING_MORE: whether a message has begun to come, whose end has not. */
bool framing_has_part(const struct framing *framing);

#endif

/* peer.h - talking to a plugin as lightningd does: JSON messages that end in a blank line, over its
 * stdin and stdout.
 *
 * Neither side is ever waited for without listening to it: a plugin that writes while we write
 * does not stand still. Every wait has a deadline.
 *
 * Calling sequence: peer_start, any peer_send and peer_receive, peer_done. */
#ifndef PEER_H
#define PEER_H

#include "child.h"
#include <stdbool.h>

/* How messages are cut into writes. With any but SPLIT_NONE the plugin has read each part
 * before the next one is written. */
enum peer_split {
	SPLIT_NONE,
	SPLIT_BYTES,  /* at every byte */
	SPLIT_RANDOM, /* at random bytes, by a seed */
};

/* Largest message that a plugin may send us. */
#define PEER_MESSAGE_MAX ((size_t)64 << 20)

struct peer {
	struct child child;
	struct bk_buf input;
	size_t taken; /* bytes of the message given out last */
	unsigned timeout_ms;
	enum peer_split split;
	uint64_t random;
	bool is_gone; /* it closed its stdout, or does not read any more */
};

/* Starts argv[0]. TIMEOUT_MS is for each send and receive. Fails as child_start does. */
BK_MUST_CHECK enum bk_code peer_start(struct peer *peer, char *const argv[],
	const struct child_options *options, unsigned timeout_ms, struct bk_error *err);

/* Ends it with SIGKILL if it still runs. */
void peer_done(struct peer *peer);

/* Writes SIZE bytes. Where the plugin does not take them any more that is no failure: the next
 * receive tells. Fails with BK_E_BUSY after the timeout, BK_E_IO. */
BK_MUST_CHECK enum bk_code peer_send(
	struct peer *peer, const void *bytes, size_t size, struct bk_error *err);

/* Waits until the plugin has read all that was sent. Fails with BK_E_BUSY after the timeout. */
BK_MUST_CHECK enum bk_code peer_wait_read(struct peer *peer, struct bk_error *err);

/* The next message, without its blank line, valid until the next call. At the end of its output
 * peer->is_gone is true and *MESSAGE is empty. Fails with BK_E_BUSY after the timeout, BK_E_LIMIT,
 * BK_E_IO. */
BK_MUST_CHECK enum bk_code peer_receive(
	struct peer *peer, struct bk_slice *message, struct bk_error *err);

/* Closes its stdin. */
void peer_hang_up(struct peer *peer);

#endif

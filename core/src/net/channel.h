/* channel.h - a connection over which bytes go in order, each wait with an end.
 *
 * Calling sequence: bk_channel_open or bk_channel_over; any bk_channel_send and bk_channel_recv;
 * bk_channel_close. After a failure nothing more can be told of where the other side is: it can
 * only be closed.
 *
 * Threads: one at a time. */
#ifndef BK_CHANNEL_H
#define BK_CHANNEL_H

#include <bk/net.h>

struct channel {
	const struct bk_net *net;
	int fd;           /* -1 while closed */
	unsigned wait_ms; /* without a byte, before it counts as broken */
};

#define CHANNEL_CLOSED ((struct channel){.fd = -1})

/* Connects to what URL names, by its proxy if it has one. Fails with BK_E_IO (the message names who
 * cannot be reached), BK_E_NOMEM; CHANNEL is then closed. */
BK_MUST_CHECK enum bk_code bk_channel_open(struct channel *channel, const struct bk_net *net,
	const struct bk_socket_url *url, unsigned wait_ms, struct bk_error *err);

void bk_channel_close(struct channel *channel);

/* Sends all SIZE bytes. Fails with BK_E_IO. */
BK_MUST_CHECK enum bk_code bk_channel_send(
	struct channel *channel, const void *data, size_t size, struct bk_error *err);

/* Receives SIZE bytes, all of them. Fails with BK_E_IO. */
BK_MUST_CHECK enum bk_code bk_channel_recv(
	struct channel *channel, void *data, size_t size, struct bk_error *err);

#endif

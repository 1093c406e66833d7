/* channel.c - a connection over which bytes go in order, each wait with an end. */
#include "channel.h"
#include <errno.h>

void bk_channel_close(struct channel *channel)
{
	if (channel->fd >= 0)
		channel->net->ops->close(channel->net->ctx, channel->fd);
	*channel = CHANNEL_CLOSED;
}

/* Waits until EVENTS come. */
static enum bk_code wait_for(struct channel *channel, short events, struct bk_error *err)
{
	const struct bk_net *net = channel->net;
	struct pollfd poll_fd = {.fd = channel->fd, .events = events};
	int64_t until = net->ops->now_ms(net->ctx) + channel->wait_ms, left;
	int rc = -EINTR;

	while (rc == -EINTR && (left = until - net->ops->now_ms(net->ctx)) > 0)
		rc = net->ops->poll(net->ctx, &poll_fd, 1, (int)left);
	if (rc == 0 || rc == -EINTR)
		return bk_fail(err, BK_E_IO, ETIMEDOUT, "the other side was silent for %u s",
			channel->wait_ms / 1000);
	return rc < 0 ? bk_fail(err, BK_E_IO, -rc, "cannot wait for the other side") : BK_OK;
}

enum bk_code bk_channel_send(
	struct channel *channel, const void *data, size_t size, struct bk_error *err)
{
	const struct bk_net *net = channel->net;
	const uint8_t *at = data;
	enum bk_code code = BK_OK;

	while (size && !code) {
		int64_t n = net->ops->send(net->ctx, channel->fd, at, size);

		if (n > 0) {
			at += n;
			size -= (size_t)n;
		} else if (n == -EAGAIN) {
			code = wait_for(channel, POLLOUT, err);
		} else if (n != -EINTR) {
			code = bk_fail(err, BK_E_IO, (int)-n, "the connection was lost");
		}
	}
	return code;
}

enum bk_code bk_channel_recv(struct channel *channel, void *data, size_t size, struct bk_error *err)
{
	const struct bk_net *net = channel->net;
	uint8_t *at = data;
	enum bk_code code = BK_OK;

	while (size && !code) {
		int64_t n = net->ops->recv(net->ctx, channel->fd, at, size);

		if (n > 0) {
			at += n;
			size -= (size_t)n;
		} else if (n == -EAGAIN) {
			code = wait_for(channel, POLLIN, err);
		} else if (n != -EINTR) {
			code = bk_fail(err, BK_E_IO, (int)-n,
				n ? "the connection was lost"
				  : "the other side ended the connection");
		}
	}
	return code;
}

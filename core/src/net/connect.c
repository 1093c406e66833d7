/* connect.c - a channel to where a URL leads. */
#include "channel.h"
#include "socks5.h"
#include <errno.h>

enum bk_code bk_channel_open(struct channel *channel, const struct bk_net *net,
	const struct bk_socket_url *url, unsigned wait_ms, struct bk_error *err)
{
	const struct bk_endpoint *to = url->has_proxy ? &url->proxy : &url->target;
	struct bk_error why;
	enum bk_code code = BK_OK;

	*channel = (struct channel){.net = net, .wait_ms = wait_ms};
	channel->fd = net->ops->connect(net->ctx, to->host, to->port, wait_ms);
	if (channel->fd == -ENOENT)
		code = bk_fail(err, BK_E_IO, 0, "there is no host %s", to->host);
	else if (channel->fd < 0)
		code = bk_fail(err, BK_E_IO, -channel->fd, "cannot reach %s%s, port %s",
			url->has_proxy ? "the proxy " : "", to->host, to->port);
	if (!code && url->has_proxy) {
		code = bk_socks5_connect(channel, &url->target, &why);
		if (code)
			bk_fail(err, code, why.sys_errno, "the proxy %s, port %s: %s", to->host,
				to->port, why.msg);
	}
	if (code)
		bk_channel_close(channel);
	return code;
}

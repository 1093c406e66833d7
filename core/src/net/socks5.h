/* socks5.h - being put through by a SOCKS5 proxy (RFC 1928), such as Tor. */
#ifndef BK_SOCKS5_H
#define BK_SOCKS5_H

#include "channel.h"

/* Has the proxy at the other end of CHANNEL connect it to TARGET, whose name goes there as it is:
 * the proxy finds it. Without a password. Fails with BK_E_IO. */
BK_MUST_CHECK enum bk_code bk_socks5_connect(
	struct channel *channel, const struct bk_endpoint *target, struct bk_error *err);

#endif

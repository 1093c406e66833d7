/* socks5.c - being put through by a SOCKS5 proxy (RFC 1928). */
#include "socks5.h"
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

enum { VERSION = 5, NO_PASSWORD = 0, CONNECT = 1, IS_IPV4 = 1, IS_NAME = 3, IS_IPV6 = 4 };

#define REQUEST_MAX (4 + 1 + 255 + 2)

/* What the proxy says in its answer. */
static const char *reason(uint8_t code)
{
	static const char *const reasons[] = {"it failed", "its rules do not allow that",
		"the network cannot be reached", "the host cannot be reached",
		"the connection was refused", "it took too long", "it cannot connect",
		"it knows no such kind of address"};

	return code >= 1 && code <= sizeof reasons / sizeof *reasons ? reasons[code - 1]
								     : "it refused";
}

static enum bk_code greet(struct channel *channel, struct bk_error *err)
{
	static const uint8_t hello[] = {VERSION, 1, NO_PASSWORD};
	uint8_t answer[2];
	enum bk_code code = bk_channel_send(channel, hello, sizeof hello, err);

	if (!code)
		code = bk_channel_recv(channel, answer, sizeof answer, err);
	if (!code && answer[0] != VERSION)
		code = bk_fail(err, BK_E_IO, 0, "it does not speak SOCKS5");
	if (!code && answer[1] != NO_PASSWORD)
		code = bk_fail(err, BK_E_IO, 0, "it wants a password");
	return code;
}

/* Writes TARGET's address, or its name, and port; returns how many bytes. */
static size_t put_target(uint8_t *out, const struct bk_endpoint *target)
{
	size_t length = strlen(target->host), size;
	int port = atoi(target->port);

	if (inet_pton(AF_INET, target->host, out + 1) == 1) {
		out[0] = IS_IPV4;
		size = 1 + 4;
	} else if (inet_pton(AF_INET6, target->host, out + 1) == 1) {
		out[0] = IS_IPV6;
		size = 1 + 16;
	} else {
		out[0] = IS_NAME;
		out[1] = (uint8_t)length;
		memcpy(out + 2, target->host, length);
		size = 2 + length;
	}
	out[size] = (uint8_t)(port >> 8);
	out[size + 1] = (uint8_t)port;
	return size + 2;
}

/* Reads over the address that the answer ends with. */
static enum bk_code skip_address(struct channel *channel, uint8_t kind, struct bk_error *err)
{
	uint8_t rest[255 + 2], length = 0;
	enum bk_code code = BK_OK;

	if (kind == IS_NAME)
		code = bk_channel_recv(channel, &length, 1, err);
	else
		length = kind == IS_IPV6 ? 16 : 4;
	return code ? code : bk_channel_recv(channel, rest, (size_t)length + 2, err);
}

enum bk_code bk_socks5_connect(
	struct channel *channel, const struct bk_endpoint *target, struct bk_error *err)
{
	uint8_t request[REQUEST_MAX] = {VERSION, CONNECT, 0}, answer[4];
	enum bk_code code = greet(channel, err);

	if (!code)
		code = bk_channel_send(channel, request, 3 + put_target(request + 3, target), err);
	if (!code)
		code = bk_channel_recv(channel, answer, sizeof answer, err);
	if (!code && answer[1])
		code = bk_fail(err, BK_E_IO, 0, "to %s, port %s: %s", target->host, target->port,
			reason(answer[1]));
	return code ? code : skip_address(channel, answer[3], err);
}

/* peeraddr.c - a peer's address, as peers.address of lightningd's database has it. */
#include "peeraddr.h"
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* BOLT 7, address descriptors. */
enum { TYPE_IPV4 = 1, TYPE_IPV6 = 2, TYPE_TOR_V3 = 4, TYPE_DNS = 5 };

#define NAME_MAX_LENGTH 255
#define PORT_DEFAULT    9735
#define ONION           ".onion"
#define ONION_DIGITS    56
#define ONION_BYTES     35

static bool starts_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

static bool parse_port(const char *text, uint16_t *port)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || !value || value > UINT16_MAX)
		return false;
	*port = (uint16_t)value;
	return true;
}

/* Parts "host:port", "[host]:port", "host" and "2001:db8::1". HOST has room for NAME_MAX_LENGTH
 * and a zero. */
static bool part(const char *text, char *host, uint16_t *port)
{
	const char *begin = text, *end, *colon;

	if (*text == '[') {
		begin = text + 1;
		end = strchr(begin, ']');
		if (!end || (end[1] && end[1] != ':'))
			return false;
		colon = end[1] ? end + 1 : NULL;
	} else {
		colon = strchr(text, ':');
		if (colon && (strchr(colon + 1, ':') || !colon[1]))
			colon = NULL;
		end = colon ? colon : text + strlen(text);
	}
	if (end - begin > NAME_MAX_LENGTH)
		return false;
	memcpy(host, begin, (size_t)(end - begin));
	host[end - begin] = '\0';
	*port = PORT_DEFAULT;
	return !colon || parse_port(colon + 1, port);
}

/* The 56 base32 digits of an onion address, version 3 (RFC 4648, without padding). */
static bool parse_onion(const char *digits, uint8_t *out)
{
	uint32_t bits = 0;
	unsigned held = 0;
	size_t size = 0;

	for (size_t i = 0; i < ONION_DIGITS; i++) {
		char c = digits[i];
		uint32_t value;

		if (c >= 'a' && c <= 'z')
			value = (uint32_t)(c - 'a');
		else if (c >= 'A' && c <= 'Z')
			value = (uint32_t)(c - 'A');
		else if (c >= '2' && c <= '7')
			value = (uint32_t)(c - '2') + 26;
		else
			return false;
		bits = bits << 5 | value;
		held += 5;
		if (held >= 8) {
			held -= 8;
			out[size++] = (uint8_t)(bits >> held);
		}
	}
	return true;
}

static bool is_onion(const char *host)
{
	size_t length = strlen(host), end = strlen(ONION);

	return length > end && strcasecmp(host + length - end, ONION) == 0;
}

/* HOST to OUT, with its type; returns the bytes, 0 if it is none. */
static size_t put_host(const char *host, bool is_name, uint8_t *out)
{
	size_t length = strlen(host);

	if (!is_name && strcmp(host, "localhost") == 0)
		host = "127.0.0.1";
	else if (!is_name && strcmp(host, "ip6-localhost") == 0)
		host = "::1";
	if (inet_pton(AF_INET, host, out + 1) == 1) {
		*out = TYPE_IPV4;
		return is_name ? 0 : 5;
	}
	if (inet_pton(AF_INET6, host, out + 1) == 1) {
		*out = TYPE_IPV6;
		return is_name ? 0 : 17;
	}
	if (!is_name && is_onion(host)) {
		*out = TYPE_TOR_V3;
		return length == ONION_DIGITS + strlen(ONION) && parse_onion(host, out + 1)
			       ? 1 + ONION_BYTES
			       : 0;
	}
	if (!length)
		return 0;
	out[0] = TYPE_DNS;
	out[1] = (uint8_t)length;
	memcpy(out + 2, host, length);
	return 2 + length;
}

enum peeraddr_kind bk_peeraddr_parse(const char *text, uint8_t *out, size_t *size)
{
	char host[NAME_MAX_LENGTH + 1];
	uint16_t port;
	bool is_name;

	*size = 0;
	/* A socket of the machine's own, a service of Tor to listen on, any interface. */
	if (*text == '/' || *text == ':' || !*text || starts_with(text, "autotor:") ||
		starts_with(text, "statictor:"))
		return PEERADDR_NONE;
	if (starts_with(text, "ws:"))
		text += strlen("ws:");
	is_name = starts_with(text, "dns:");
	if (is_name)
		text += strlen("dns:");
	if (!part(text, host, &port))
		return PEERADDR_WRONG;
	*size = put_host(host, is_name, out);
	if (!*size)
		return PEERADDR_WRONG;
	out[(*size)++] = (uint8_t)(port >> 8);
	out[(*size)++] = (uint8_t)port;
	return PEERADDR_WIRE;
}

bool bk_peeraddr_is_wire(const uint8_t *wire, size_t size)
{
	switch (size ? *wire : 0) {
	case TYPE_IPV4:
		return size == 1 + 4 + 2;
	case TYPE_IPV6:
		return size == 1 + 16 + 2;
	case TYPE_TOR_V3:
		return size == 1 + ONION_BYTES + 2;
	case TYPE_DNS:
		return size > 2 && size == (size_t)2 + wire[1] + 2;
	default:
		return false;
	}
}

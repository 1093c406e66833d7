/* endpoint.c - HOST:PORT, and the URL of a socket. */
#include <bk/net.h>
#include <stdio.h>
#include <string.h>

#define SCHEME "socket:"
#define PROXY  "proxy=socks5:"

/* Whether TEXT, SIZE bytes, can be a host's name or address. */
static bool is_host(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (text[i] <= ' ' || text[i] >= 0x7f || strchr("/?#@[]\\\"", text[i]))
			return false;
	return size && size < BK_HOST_MAX;
}

static enum bk_code take_port(struct bk_endpoint *out, const char *text, struct bk_error *err)
{
	unsigned port = 0;
	size_t size = strlen(text);

	for (size_t i = 0; i < size && i < BK_PORT_MAX; i++)
		port = text[i] >= '0' && text[i] <= '9' && port <= 65535
			       ? port * 10 + (unsigned)(text[i] - '0')
			       : 65536;
	if (!size || size >= BK_PORT_MAX || port > 65535)
		return bk_fail(err, BK_E_INVALID, 0, "\"%.64s\" is no port: it is a number", text);
	memcpy(out->port, text, size + 1);
	return BK_OK;
}

/* Sets *HOST and *SIZE to what stands before the port, and *PORT behind the colon between them;
 * NULL where there is none. */
static void split(const char *text, const char **host, size_t *size, const char **port)
{
	const char *bracket = *text == '[' ? strchr(text, ']') : NULL;
	const char *colon = bracket ? bracket + 1 : strrchr(text, ':');

	*host = bracket ? text + 1 : text;
	*size = bracket ? (size_t)(bracket - text - 1) : colon ? (size_t)(colon - text) : 0;
	*port = colon && *colon == ':' ? colon + 1 : NULL;
	if (bracket || !colon)
		return;
	/* An address of IPv6 without brackets could end anywhere. */
	if (memchr(text, ':', *size))
		*port = NULL;
}

enum bk_code bk_endpoint_parse(
	struct bk_endpoint *out, const char *text, const char *default_host, struct bk_error *err)
{
	struct bk_endpoint found = {0};
	const char *host, *port;
	size_t size;
	enum bk_code code;

	split(text, &host, &size, &port);
	if (default_host && (*text == ':' || !strchr(text, ':'))) {
		host = default_host;
		size = strlen(default_host);
		port = *text == ':' ? text + 1 : text;
	}
	if (!port || !is_host(host, size))
		return bk_fail(err, BK_E_INVALID, 0,
			"\"%.256s\" is no HOST:PORT, with an address of IPv6 in brackets", text);
	code = take_port(&found, port, err);
	if (code)
		return code;
	memcpy(found.host, host, size);
	*out = found;
	return BK_OK;
}

bool bk_socket_url_is(const char *url)
{
	return strncmp(url, SCHEME, strlen(SCHEME)) == 0;
}

/* Reads what stands behind the target: QUERY, behind its question mark. */
static enum bk_code take_query(struct bk_socket_url *out, const char *query, struct bk_error *err)
{
	if (strncmp(query, PROXY, strlen(PROXY)) != 0)
		return bk_fail(err, BK_E_INVALID, 0,
			"\"%.256s\" is not understood: it can be proxy=socks5:HOST:PORT", query);
	out->has_proxy = true;
	return bk_endpoint_parse(&out->proxy, query + strlen(PROXY), NULL, err);
}

enum bk_code bk_socket_url_parse(struct bk_socket_url *out, const char *url, struct bk_error *err)
{
	struct bk_socket_url found = {0};
	char target[BK_HOST_MAX + BK_PORT_MAX + 3];
	const char *query = strchr(url, '?');
	size_t size = query ? (size_t)(query - url) : strlen(url);
	enum bk_code code = BK_OK;

	if (!bk_socket_url_is(url) || size - strlen(SCHEME) >= sizeof target)
		return bk_fail(err, BK_E_INVALID, 0,
			"\"%.256s\" is no socket:HOST:PORT[?proxy=socks5:HOST:PORT]", url);
	snprintf(target, sizeof target, "%.*s", (int)(size - strlen(SCHEME)), url + strlen(SCHEME));
	code = bk_endpoint_parse(&found.target, target, NULL, err);
	if (!code && query)
		code = take_query(&found, query + 1, err);
	if (!code)
		*out = found;
	return code;
}

/* objecturl.c - davs://, dav:// and s3:// URLs. */
#include "objecturl.h"
#include "objectescape.h"
#include <arpa/inet.h>
#include <bk/dest.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAVS "davs://"
#define DAV  "dav://"
#define S3   "s3://"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS  "0123456789"
#define REGION  "us-east-1"

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

bool bk_objecturl_is(const char *url)
{
	return begins(url, DAVS) || begins(url, DAV) || begins(url, S3);
}

static enum bk_code bad(struct bk_error *err, const char *what)
{
	return bk_fail(err, BK_E_INVALID, 0,
		"the URL of the store %s: write davs://user@host/path/ or "
		"s3://bucket/prefix/?endpoint=host&region=name",
		what);
}

/* HOST[:PORT], taken apart in place; *PORT is NULL where there is none. */
struct authority {
	const char *host, *port;
	bool is_bracketed;
};

static bool is_made_of(const char *text, const char *bytes)
{
	return *text && !text[strspn(text, bytes)];
}

static bool is_port(const char *text)
{
	long number = strlen(text) <= 5 && is_made_of(text, DIGITS) ? strtol(text, NULL, 10) : 0;

	return number > 0 && number <= UINT16_MAX;
}

static bool is_ipv6(const char *host)
{
	uint8_t address[16];

	return inet_pton(AF_INET6, host, address) == 1;
}

static enum bk_code take_authority(struct authority *out, char *text, struct bk_error *err)
{
	char *end = text, *colon;

	*out = (struct authority){.host = text};
	if (*text == '[') {
		out->is_bracketed = true;
		out->host = ++text;
		end = strchr(text, ']');
		if (!end)
			return bad(err, "has a [ without a ]");
		*end++ = '\0';
		if (*end && *end != ':')
			return bad(err, "names no host");
	}
	colon = strchr(end, ':');
	if (colon) {
		*colon = '\0';
		out->port = colon + 1;
	}
	if (out->port && !is_port(out->port))
		return bad(err, "has a port that is none");
	if (out->is_bracketed ? !is_ipv6(out->host) : !is_made_of(out->host, LETTERS DIGITS ".-_"))
		return bad(err, "names no host");
	return BK_OK;
}

/* Whether what goes to HOST stays on this computer, or is a secret anyhow. */
static bool is_onion(const char *host)
{
	size_t length = strlen(host);

	return length > 6 && strcmp(host + length - 6, ".onion") == 0;
}

static bool is_near(const char *host)
{
	uint8_t address[16];

	if (inet_pton(AF_INET, host, address) == 1)
		return address[0] == 127;
	return strcmp(host, "localhost") == 0 || strcmp(host, "::1") == 0 || is_onion(host);
}

static enum bk_code make_origin(
	struct object_url *out, const struct authority *to, bool is_clear, struct bk_error *err)
{
	out->host = to->host;
	if (is_clear && !is_near(to->host))
		return bad(err, "would go over the network in the clear");
	if (is_onion(to->host) && !out->proxy)
		return bad(err, "is an onion address, which needs proxy=socks5h:HOST:PORT");
	if (asprintf(&out->origin, "%s://%s%s%s%s%s", is_clear ? "http" : "https",
		    to->is_bracketed ? "[" : "", to->host, to->is_bracketed ? "]" : "",
		    to->port ? ":" : "", to->port ? to->port : "") >= 0)
		return BK_OK;
	out->origin = NULL;
	return bk_fail(err, BK_E_NOMEM, 0, "no memory for a URL");
}

/* No part of a path may be empty, or lead elsewhere. */
static bool is_path(const char *path)
{
	for (size_t length; *path; path += length + (path[length] == '/')) {
		length = strcspn(path, "/");
		if (!length || (length == 1 && *path == '.') ||
			(length == 2 && path[0] == '.' && path[1] == '.'))
			return false;
	}
	return true;
}

/* Makes the path of requests out of bucket and prefix. */
static enum bk_code make_path(struct object_url *out, struct bk_error *err)
{
	size_t room = OBJECT_ESCAPED(strlen(out->bucket) + strlen(out->prefix)) + 3;
	char *at = out->path = malloc(room);

	if (!at)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a URL");
	*at++ = '/';
	if (*out->bucket) {
		at = bk_object_escape(at, out->bucket, true);
		*at++ = '/';
	}
	at = bk_object_escape(at, out->prefix, false);
	if (at[-1] != '/')
		*at++ = '/';
	*at = '\0';
	return BK_OK;
}

/* Takes PATH, behind the first slash, which has a byte of room behind its end. */
static enum bk_code take_path(struct object_url *out, char *path, struct bk_error *err)
{
	if (!bk_object_unescape(path) || !is_path(path))
		return bad(err, "has a path that leads nowhere");
	if (*path && path[strlen(path) - 1] != '/')
		strcat(path, "/");
	out->prefix = path;
	return make_path(out, err);
}

static enum bk_code take_proxy(struct object_url *out, char *value, struct bk_error *err)
{
	static const char scheme[] = "socks5h:";
	struct authority proxy;
	enum bk_code code;

	if (!begins(value, scheme) || out->proxy)
		return bad(err, "has a proxy that is not one socks5h:HOST:PORT");
	code = take_authority(&proxy, value + strlen(scheme), err);
	if (!code && !proxy.port)
		return bad(err, "has a proxy without a port");
	if (!code && asprintf(&out->proxy, "socks5h://%s%s%s:%s", proxy.is_bracketed ? "[" : "",
			     proxy.host, proxy.is_bracketed ? "]" : "", proxy.port) < 0) {
		out->proxy = NULL;
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a URL");
	}
	return code;
}

/* Takes one option, NAME=VALUE; an endpoint into *ENDPOINT. */
static enum bk_code take_option(
	struct object_url *out, char *option, char **endpoint, struct bk_error *err)
{
	char *value = strchr(option, '=');

	if (!value || !bk_object_unescape(value) || !value[1])
		return bad(err, "has an option that is not NAME=VALUE");
	*value++ = '\0';
	if (strcmp(option, "proxy") == 0)
		return take_proxy(out, value, err);
	if (strcmp(option, "ca") == 0 && *value == '/')
		out->ca_file = value;
	else if (strcmp(option, "credentials") == 0 && *value == '/')
		out->credentials = value;
	else if (strcmp(option, "in-the-clear") == 0 && strcmp(value, "yes") == 0)
		out->takes_clear = true;
	else if (out->is_s3 && strcmp(option, "region") == 0 &&
		 is_made_of(value, LETTERS DIGITS "-_"))
		out->region = value;
	else if (out->is_s3 && strcmp(option, "endpoint") == 0)
		*endpoint = value;
	else
		return bad(err, "has an option that is not understood (files are named from / on)");
	return BK_OK;
}

static enum bk_code take_options(
	struct object_url *out, char *options, char **endpoint, struct bk_error *err)
{
	enum bk_code code = BK_OK;
	char *option;

	while (!code && options && (option = strsep(&options, "&")))
		code = take_option(out, option, endpoint, err);
	return code;
}

static enum bk_code take_endpoint(struct object_url *out, char *endpoint, struct bk_error *err)
{
	static const char clear[] = "http://", sealed[] = "https://";
	struct authority to;
	bool is_clear = endpoint && begins(endpoint, clear);
	enum bk_code code;

	if (!endpoint) {
		if (asprintf(&out->origin, "https://s3.%s.amazonaws.com", out->region) < 0)
			out->origin = NULL;
		out->host = out->origin ? out->origin + strlen(sealed) : NULL;
		return out->origin ? BK_OK : bk_fail(err, BK_E_NOMEM, 0, "no memory for a URL");
	}
	if (is_clear)
		endpoint += strlen(clear);
	else if (begins(endpoint, sealed))
		endpoint += strlen(sealed);
	code = take_authority(&to, endpoint, err);
	return code ? code : make_origin(out, &to, is_clear, err);
}

/* Takes what stands before the path: a bucket, or [user@]host[:port]. */
static enum bk_code take_where(
	struct object_url *out, char *where, bool is_clear, char *endpoint, struct bk_error *err)
{
	char *at = strrchr(where, '@');
	struct authority to;
	enum bk_code code;

	if (out->is_s3) {
		out->bucket = where;
		if (!is_made_of(where, LETTERS DIGITS ".-_") || !is_path(where))
			return bad(err, "names no bucket");
		return take_endpoint(out, endpoint, err);
	}
	if (at) {
		*at = '\0';
		if (strchr(where, ':'))
			return bad(err, "has a password in it, which belongs into a file");
		if (!*where || !bk_object_unescape(where) || strchr(where, ':'))
			return bad(err, "has a user that is none");
		out->user = where;
		where = at + 1;
	}
	code = take_authority(&to, where, err);
	return code ? code : make_origin(out, &to, is_clear, err);
}

static enum bk_code take_apart(struct object_url *out, const char *url, struct bk_error *err)
{
	char *where = strstr(out->text, "://") + 3, *options = strchr(where, '?'), *path;
	char *endpoint = NULL;
	enum bk_code code;

	if (options) {
		/* One byte more for the slash that a path may lack. */
		memmove(options + 1, options, strlen(options) + 1);
		*options++ = '\0';
		*options++ = '\0';
	}
	path = strchr(where, '/');
	if (!path && !out->is_s3)
		return bad(err, "names no path");
	if (path)
		*path++ = '\0';
	code = take_options(out, options, &endpoint, err);
	if (!code)
		code = take_where(out, where, begins(url, DAV), endpoint, err);
	if (!code)
		code = take_path(out, path ? path : where + strlen(where), err);
	return code;
}

enum bk_code bk_objecturl_parse(struct object_url *out, const char *url, struct bk_error *err)
{
	enum bk_code code;

	*out = (struct object_url){
		.is_s3 = begins(url, S3), .bucket = "", .prefix = "", .region = REGION};
	if (!bk_objecturl_is(url) || strlen(url) > BK_DEST_URL_MAX || strchr(url, '#'))
		return bad(err, "is none, or too long");
	out->text = calloc(1, strlen(url) + 3);
	if (!out->text)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a URL");
	strcpy(out->text, url);
	code = take_apart(out, url, err);
	if (code)
		bk_objecturl_done(out);
	return code;
}

void bk_objecturl_done(struct object_url *url)
{
	free(url->text);
	free(url->origin);
	free(url->path);
	free(url->proxy);
	*url = (struct object_url){0};
}

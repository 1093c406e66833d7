/* dest.c - destinations: where a log lives, as a URL. */
#include "hex.h"
#include <bk/dest.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Decodes %XX in place. A % that no two hex digits follow stands for itself: the older plugin wrote
 * paths into URLs as they are. False if a zero byte comes out. */
static bool decode_percent(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++) {
		int high = *from == '%' ? bk_hex_value(from[1]) : -1;
		int low = high >= 0 ? bk_hex_value(from[2]) : -1;

		if (low < 0) {
			*to++ = *from;
			continue;
		}
		if (!high && !low)
			return false;
		*to++ = (char)(high << 4 | low);
		from += 2;
	}
	*to = '\0';
	return true;
}

static bool has_scheme(const char *url)
{
	size_t name =
		strspn(url, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");

	return name > 1 && url[name] == ':';
}

static enum bk_code bad_url(const char *url, const char *what, struct bk_error *err)
{
	return bk_fail(err, BK_E_INVALID, 0,
		"\"%.200s\" %s: write file:///path/to/file.bkp or a plain path", url, what);
}

enum bk_code bk_dest_path(char **path, const char *url, struct bk_error *err)
{
	const char *start = url;
	bool is_url = strncmp(url, "file:", 5) == 0;
	char *copy;

	if (!*url || strlen(url) > BK_DEST_URL_MAX)
		return bad_url(url, *url ? "is too long" : "names no file", err);
	if (!is_url && has_scheme(url))
		return bk_fail(err, BK_E_INVALID, 0,
			"\"%.200s\" is of a kind that this release does not serve: a node's log is "
			"at file:///path/to/file.bkp or a plain path; logs elsewhere are at "
			"ssh://, davs://, dav:// and s3://",
			url);
	if (is_url) {
		start += 5;
		if (strncmp(start, "//", 2) == 0)
			start += 2;
		if (strncmp(start, "localhost/", 10) == 0)
			start += 9;
		if (*start != '/')
			return bad_url(url, "names no absolute path", err);
	}
	copy = strdup(start);
	if (!copy)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a path");
	if ((is_url && !decode_percent(copy)) || copy[strlen(copy) - 1] == '/') {
		free(copy);
		return bad_url(url, "names no file", err);
	}
	*path = copy;
	return BK_OK;
}

enum bk_code bk_dest_url(char **url, const char *path, struct bk_error *err)
{
	static const char digits[] = "0123456789ABCDEF";
	char *cwd = *path == '/' ? strdup("") : getcwd(NULL, 0), *text, *to;

	if (!cwd)
		return bk_fail(err, BK_E_IO, errno, "cannot tell the current directory");
	text = malloc(8 + 3 * (strlen(cwd) + strlen(path)) + 2);
	if (!text) {
		free(cwd);
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a URL");
	}
	to = text + sprintf(text, "file://");
	for (int part = 0; part < 2; part++) {
		for (const char *from = part ? path : cwd; *from; from++) {
			/* What a JSON reader or a shell could trip over, and % itself. */
			if (*from != '%' && *from > ' ' && *from < 0x7f && *from != '"' &&
				*from != '\\') {
				*to++ = *from;
				continue;
			}
			*to++ = '%';
			*to++ = digits[(unsigned char)*from >> 4];
			*to++ = digits[(unsigned char)*from & 15];
		}
		if (!part && *cwd && cwd[1])
			*to++ = '/';
	}
	*to = '\0';
	free(cwd);
	*url = text;
	return BK_OK;
}

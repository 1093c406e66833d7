/* jsontext.c - calls as JSON. */
#include "jsontext.h"
#include <stdio.h>

/* What stands for the byte C within a JSON string; NULL if it stands for itself. */
static const char *escape(unsigned char c, char room[7])
{
	switch (c) {
	case '"':
		return "\\\"";
	case '\\':
		return "\\\\";
	case '\n':
		return "\\n";
	case '\t':
		return "\\t";
	default:
		if (c >= ' ')
			return NULL;
		snprintf(room, 7, "\\u%04x", c);
		return room;
	}
}

enum bk_code json_string(struct bk_buf *out, const struct bk_slice *text, struct bk_error *err)
{
	const unsigned char *at = text->data, *end = at + text->size;
	enum bk_code code = bk_buf_append(out, "\"", 1, err);

	while (!code && at < end) {
		const unsigned char *plain = at;
		const char *instead = NULL;
		char room[7];

		while (at < end && !(instead = escape(*at, room)))
			at++;
		code = bk_buf_append(out, plain, (size_t)(at - plain), err);
		if (!code && instead) {
			code = json_raw(out, err, "%s", instead);
			at++;
		}
	}
	return code ? code : bk_buf_append(out, "\"", 1, err);
}

enum bk_code json_raw(struct bk_buf *out, struct bk_error *err, const char *fmt, ...)
{
	char text[256];
	va_list args;
	int size;

	va_start(args, fmt);
	size = vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	if (size < 0 || (size_t)size >= sizeof text)
		return bk_fail(err, BK_E_LIMIT, 0, "a JSON text of %d bytes is too long", size);
	return bk_buf_append(out, text, (size_t)size, err);
}

enum bk_code json_change(struct bk_buf *out, const struct bk_change *change, struct bk_error *err)
{
	enum bk_code code = json_raw(out, err, "\"data_version\":%u,\"writes\":[", change->version);

	for (size_t i = 0; !code && i < change->statement_count; i++) {
		if (i)
			code = bk_buf_append(out, ",", 1, err);
		if (!code)
			code = json_string(out, &change->statements[i], err);
	}
	return code ? code : bk_buf_append(out, "]", 1, err);
}

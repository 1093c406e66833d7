/* webobject.c - objects by HTTP, as WebDAV and S3 have them alike: put, got and removed. */
#include "secret.h"
#include "web.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct web *web_of(struct objects *objects)
{
	return (struct web *)objects;
}

uint64_t bk_web_size(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	return digits && !text[digits] ? strtoull(text, NULL, 10) : OBJECT_UNTOLD;
}

int64_t bk_web_now(struct objects *objects)
{
	const struct bk_http *http = web_of(objects)->http;

	return http->ops->now_ms(http->ctx);
}

int64_t bk_web_date(struct objects *objects)
{
	return web_of(objects)->date_s;
}

void bk_web_close(struct objects *objects)
{
	struct web *web = (struct web *)objects;

	bk_objecturl_done(&web->url);
	bk_secret_free(web->who);
	free(web);
}

enum bk_code bk_web_put(struct objects *objects, const char *name, const void *data, size_t size,
	bool *was_there, struct bk_error *err)
{
	struct web *web = web_of(objects);
	struct web_answer answer = {0};
	struct web_ask ask;
	enum bk_code code = bk_web_begin(&ask, web, "PUT", name, "", err);

	if (code)
		return code;
	ask.body = (struct bk_slice){.data = data ? data : "", .size = size};
	ask.conflicts_pass = web->url.is_s3;
	bk_web_header(&ask, "If-None-Match: *");
	code = bk_web_ask(web, &ask, WEB_PIECE_MAX, &answer, err);
	*was_there = answer.status == 412;
	if (!code && answer.status / 100 != 2 && !*was_there)
		code = bk_web_refused(&ask, &answer, err);
	bk_buf_done(&answer.body);
	bk_web_end(&ask);
	return code;
}

/* Appends what ANSWER has of the bytes that were asked for: all of the object, where the store
 * knows no ranges. */
static enum bk_code take_bytes(struct bk_buf *out, const struct web_answer *answer, uint64_t from,
	size_t size, struct bk_error *err)
{
	const struct bk_buf *body = &answer->body;
	uint64_t skip = answer->status == 200 ? from : 0;
	size_t there = skip < body->size ? body->size - (size_t)skip : 0;

	if (size && there > size)
		there = size;
	return there ? bk_buf_append(out, body->data + skip, there, err) : BK_OK;
}

enum bk_code bk_web_get(struct objects *objects, const char *name, uint64_t from, size_t size,
	struct bk_buf *out, bool *is_there, struct bk_error *err)
{
	struct web *web = web_of(objects);
	struct web_answer answer = {0};
	char range[96];
	struct web_ask ask;
	enum bk_code code = bk_web_begin(&ask, web, "GET", name, "", err);

	if (code)
		return code;
	snprintf(range, sizeof range, "Range: bytes=%" PRIu64 "-%" PRIu64, from, from + size - 1);
	if (size)
		bk_web_header(&ask, range);
	code = bk_web_ask(web, &ask, WEB_PIECE_MAX, &answer, err);
	*is_there = answer.status != 404;
	if (!code && (answer.status == 200 || (answer.status == 206 && size)))
		code = take_bytes(out, &answer, from, size, err);
	else if (!code && answer.status != 404 && answer.status != 416)
		code = bk_web_refused(&ask, &answer, err);
	bk_buf_done(&answer.body);
	bk_web_end(&ask);
	return code;
}

enum bk_code bk_web_remove(
	struct objects *objects, const char *name, bool *is_refused, struct bk_error *err)
{
	struct web *web = web_of(objects);
	struct web_answer answer = {0};
	struct web_ask ask;
	enum bk_code code = bk_web_begin(&ask, web, "DELETE", name, "", err);

	if (code)
		return code;
	code = bk_web_ask(web, &ask, WEB_PIECE_MAX, &answer, err);
	*is_refused = answer.status == 403 || answer.status == 405 || answer.status == 501;
	if (!code && answer.status / 100 != 2 && answer.status != 404 && !*is_refused)
		code = bk_web_refused(&ask, &answer, err);
	bk_buf_done(&answer.body);
	bk_web_end(&ask);
	return code;
}

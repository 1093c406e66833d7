/* dav.c - a store that speaks WebDAV. */
#include "objectescape.h"
#include "web.h"
#include "xml.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_MAX ((size_t)512 << 20)

static const char question[] =
	"<?xml version=\"1.0\" encoding=\"utf-8\"?>"
	"<D:propfind xmlns:D=\"DAV:\"><D:prop><D:getcontentlength/><D:getlastmodified/>"
	"<D:resourcetype/></D:prop></D:propfind>";

/* A listing as it is taken apart. */
struct reading {
	struct xml xml;
	const char *itself; /* the path that was asked for */
	char *href;         /* XML_TEXT_MAX + 1 bytes */
	struct object_entry entry;
	bool is_listing;     /* the outermost tag says so */
	bool is_of_property; /* what is told now is of some properties, not of the entry */
	bool is_missing;     /* the entry stands there only to say that it is not */
	size_t count;
	objects_each *each;
	void *ctx;
};

/* The path of HREF, unescaped in place, which may be a whole URL, without a slash at its end. NULL
 * if it is none. */
static char *path_of(char *href)
{
	char *scheme = strstr(href, "://"), *path = scheme ? strchr(scheme + 3, '/') : href;
	size_t length;

	if (!path || *path != '/' || !bk_object_unescape(path))
		return NULL;
	for (length = strlen(path); length && path[length - 1] == '/'; length--)
		path[length - 1] = '\0';
	return path;
}

/* One entry is whole. The folder itself, which each listing has, is none. */
static enum bk_code take_entry(struct reading *reading, struct bk_error *err)
{
	char *path = path_of(reading->href), *name = path ? strrchr(path, '/') : NULL;

	if (!path)
		return bk_fail(err, BK_E_IO, 0, "the store lists what is no path");
	if (reading->is_missing || strcmp(path, reading->itself) == 0 || !name || !name[1])
		return BK_OK;
	if (++reading->count > OBJECTS_LIST_MAX)
		return bk_fail(err, BK_E_LIMIT, 0, "the store lists more than %zu objects",
			OBJECTS_LIST_MAX);
	reading->entry.name = name + 1;
	if (reading->entry.is_folder)
		reading->entry.size = 0;
	return reading->each(reading->ctx, &reading->entry, err);
}

/* Whether STATUS, "HTTP/1.1 200 OK", says yes. */
static bool is_good(const char *status)
{
	return status[strcspn(status, " ")] && status[strcspn(status, " ") + 1] == '2';
}

/* What has ended is one of what we ask for. */
static enum bk_code take_close(struct reading *reading, struct bk_error *err)
{
	const struct xml *xml = &reading->xml;

	if (strcmp(xml->name, "href") == 0)
		strcpy(reading->href, xml->text);
	else if (strcmp(xml->name, "getcontentlength") == 0 && *xml->text)
		reading->entry.size = bk_web_size(xml->text);
	else if (strcmp(xml->name, "getlastmodified") == 0)
		reading->entry.changed_s = bk_web_time(xml->text);
	else if (strcmp(xml->name, "propstat") == 0)
		reading->is_of_property = false;
	else if (strcmp(xml->name, "status") == 0 && !reading->is_of_property)
		reading->is_missing = !is_good(xml->text);
	else if (strcmp(xml->name, "response") == 0)
		return take_entry(reading, err);
	return BK_OK;
}

static enum bk_code read_answer(
	struct reading *reading, const struct bk_buf *body, struct bk_error *err)
{
	enum xml_what what;
	enum bk_code code = BK_OK;

	bk_xml_begin(&reading->xml, body->data ? (const char *)body->data : "", body->size);
	while (!code && (what = bk_xml_next(&reading->xml)) != XML_END) {
		if (what == XML_BAD)
			return bk_fail(err, BK_E_IO, 0, "the store's listing is none");
		if (what == XML_CLOSE) {
			code = take_close(reading, err);
		} else if (reading->xml.depth == 1) {
			reading->is_listing = strcmp(reading->xml.name, "multistatus") == 0;
		} else if (strcmp(reading->xml.name, "response") == 0) {
			reading->entry = (struct object_entry){.size = OBJECT_UNTOLD};
			reading->is_of_property = reading->is_missing = false;
			*reading->href = '\0';
		} else if (strcmp(reading->xml.name, "propstat") == 0) {
			reading->is_of_property = true;
		} else if (strcmp(reading->xml.name, "collection") == 0) {
			reading->entry.is_folder = true;
		}
	}
	if (!code && !reading->is_listing)
		return bk_fail(err, BK_E_IO, 0, "the store's listing is none");
	return code;
}

/* Reads BODY, the listing of what ASK asked for. */
static enum bk_code take_listing(struct reading *reading, const struct web_ask *ask,
	const struct bk_buf *body, struct bk_error *err)
{
	char *itself = strdup(ask->target);
	enum bk_code code;

	reading->href = malloc(XML_TEXT_MAX + 1);
	reading->itself = itself ? path_of(itself) : NULL;
	if (reading->href && reading->itself)
		code = read_answer(reading, body, err);
	else
		code = bk_fail(err, BK_E_NOMEM, 0, "no memory for a listing");
	free(reading->href);
	free(itself);
	return code;
}

static enum bk_code dav_list(struct objects *objects, const char *folder, const char *after,
	objects_each *each, void *ctx, struct bk_error *err)
{
	struct web *web = (struct web *)objects;
	struct reading reading = {.each = each, .ctx = ctx};
	struct web_answer answer = {0};
	struct web_ask ask;
	enum bk_code code = bk_web_begin(&ask, web, "PROPFIND", folder, *folder ? "/" : "", err);

	(void)after;
	if (code)
		return code;
	ask.body = (struct bk_slice){.data = question, .size = sizeof question - 1};
	bk_web_header(&ask, "Depth: 1");
	bk_web_header(&ask, "Content-Type: application/xml");
	code = bk_web_ask(web, &ask, ANSWER_MAX, &answer, err);
	if (!code && answer.status == 207)
		code = take_listing(&reading, &ask, &answer.body, err);
	else if (!code && answer.status != 404)
		code = bk_web_refused(&ask, &answer, err);
	bk_buf_done(&answer.body);
	bk_web_end(&ask);
	return code;
}

static enum bk_code dav_has(
	struct objects *objects, const char *name, bool *is_there, struct bk_error *err)
{
	struct web *web = (struct web *)objects;
	struct web_answer answer = {0};
	struct web_ask ask;
	enum bk_code code = bk_web_begin(&ask, web, "PROPFIND", name, *name ? "/" : "", err);

	if (code)
		return code;
	ask.body = (struct bk_slice){.data = question, .size = sizeof question - 1};
	bk_web_header(&ask, "Depth: 0");
	bk_web_header(&ask, "Content-Type: application/xml");
	code = bk_web_ask(web, &ask, WEB_PIECE_MAX, &answer, err);
	*is_there = answer.status == 207;
	if (!code && !*is_there && answer.status != 404)
		code = bk_web_refused(&ask, &answer, err);
	bk_buf_done(&answer.body);
	bk_web_end(&ask);
	return code;
}

/* One MKCOL of FOLDER, "": of the store's own path. *STATUS is 405 where it is there, though a
 * second one that comes at the same moment is told 403 (Apache). */
static enum bk_code make(struct web *web, const char *folder, int *status, struct bk_error *err)
{
	struct web_answer answer = {0};
	struct web_ask ask;
	bool is_there = false;
	enum bk_code code = bk_web_begin(&ask, web, "MKCOL", folder, *folder ? "/" : "", err);

	if (code)
		return code;
	code = bk_web_ask(web, &ask, WEB_PIECE_MAX, &answer, err);
	if (!code && answer.status == 403)
		code = dav_has(&web->objects, folder, &is_there, err);
	*status = is_there ? 405 : answer.status;
	if (!code && *status / 100 != 2 && *status != 405 && *status != 409 && *status != 404)
		code = bk_web_refused(&ask, &answer, err);
	bk_buf_done(&answer.body);
	bk_web_end(&ask);
	return code;
}

static enum bk_code dav_make_folder(
	struct objects *objects, const char *folder, struct bk_error *err)
{
	struct web *web = (struct web *)objects;
	int status = 0;
	enum bk_code code = make(web, folder, &status, err);

	/* 405: it is there. 409, or 404: what it would be in is not. */
	if (!code && *folder && (status == 409 || status == 404)) {
		code = make(web, "", &status, err);
		if (!code && status / 100 == 2)
			code = make(web, folder, &status, err);
	}
	if (!code && status / 100 != 2 && status != 405)
		code = bk_fail(err, BK_E_IO, 0,
			"the store has no folder for this place: make %s there", web->url.path);
	return code;
}

static enum bk_code dav_claim(
	struct objects *objects, const char *name, bool *is_ours, struct bk_error *err)
{
	int status = 0;
	enum bk_code code = make((struct web *)objects, name, &status, err);

	*is_ours = status == 201;
	if (!code && !*is_ours && status != 405)
		code = bk_fail(
			err, BK_E_IO, 0, "the store answers MKCOL of %s with %d", name, status);
	return code;
}

const struct objects_ops bk_dav_ops = {
	.put = bk_web_put,
	.get = bk_web_get,
	.list = dav_list,
	.remove = bk_web_remove,
	.make_folder = dav_make_folder,
	.claim = dav_claim,
	.has = dav_has,
	.now_ms = bk_web_now,
	.date_s = bk_web_date,
	.close = bk_web_close,
};

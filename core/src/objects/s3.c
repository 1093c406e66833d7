/* s3.c - a store that speaks S3. */
#include "objectescape.h"
#include "web.h"
#include "xml.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_MAX ((size_t)16 << 20)
#define PAGES_MAX  (2 * OBJECTS_LIST_MAX / 1000)

/* A listing as it is taken apart, page by page. */
struct paging {
	struct xml xml;
	struct object_entry entry;
	char key[XML_TEXT_MAX + 1];  /* of the entry under way; "": it had none */
	char next[XML_TEXT_MAX + 1]; /* the token of the page that follows; "": none does */
	size_t skip;                 /* bytes of each key before the entry's name */
	size_t count;
	objects_each *each;
	void *ctx;
};

static enum bk_code take_entry(struct paging *paging, bool is_folder, struct bk_error *err)
{
	size_t length = strlen(paging->key);

	if (length <= paging->skip)
		return BK_OK; /* a name for the folder itself, which some make */
	if (++paging->count > OBJECTS_LIST_MAX)
		return bk_fail(err, BK_E_LIMIT, 0, "the store lists more than %zu objects",
			OBJECTS_LIST_MAX);
	if (is_folder && paging->key[length - 1] == '/')
		paging->key[length - 1] = '\0';
	paging->entry.is_folder = is_folder;
	if (is_folder)
		paging->entry.size = 0;
	paging->entry.name = paging->key + paging->skip;
	return paging->each(paging->ctx, &paging->entry, err);
}

static enum bk_code take_close(struct paging *paging, bool *is_more, struct bk_error *err)
{
	const struct xml *xml = &paging->xml;

	if (strcmp(xml->name, "Key") == 0 || strcmp(xml->name, "Prefix") == 0)
		strcpy(paging->key, xml->text);
	else if (strcmp(xml->name, "Size") == 0)
		paging->entry.size = bk_web_size(xml->text);
	else if (strcmp(xml->name, "LastModified") == 0)
		paging->entry.changed_s = bk_web_time(xml->text);
	else if (strcmp(xml->name, "IsTruncated") == 0)
		*is_more = strcmp(xml->text, "true") == 0;
	else if (strcmp(xml->name, "NextContinuationToken") == 0)
		strcpy(paging->next, xml->text);
	else if (strcmp(xml->name, "Contents") == 0)
		return take_entry(paging, false, err);
	else if (strcmp(xml->name, "CommonPrefixes") == 0)
		return take_entry(paging, true, err);
	return BK_OK;
}

static enum bk_code read_page(struct paging *paging, const struct bk_buf *body, struct bk_error *err)
{
	bool is_more = false, is_listing = false;
	enum xml_what what;
	enum bk_code code = BK_OK;

	*paging->next = '\0';
	bk_xml_begin(&paging->xml, body->data ? (const char *)body->data : "", body->size);
	while (!code && (what = bk_xml_next(&paging->xml)) != XML_END) {
		if (what == XML_BAD)
			return bk_fail(err, BK_E_IO, 0, "the store's listing is none");
		if (what == XML_CLOSE) {
			code = take_close(paging, &is_more, err);
		} else if (paging->xml.depth == 1) {
			is_listing = strcmp(paging->xml.name, "ListBucketResult") == 0;
		} else if (strcmp(paging->xml.name, "Contents") == 0 ||
			   strcmp(paging->xml.name, "CommonPrefixes") == 0) {
			paging->entry = (struct object_entry){.size = OBJECT_UNTOLD};
			*paging->key = '\0';
		}
	}
	if (!code && !is_listing)
		return bk_fail(err, BK_E_IO, 0, "the store's listing is none");
	if (!code && is_more && !*paging->next)
		return bk_fail(err, BK_E_IO, 0, "the store's listing does not say how it goes on");
	return code;
}

/* Appends &NAME=TEXT to the query that ends at AT. */
static char *add_word(char *at, const char *name, const char *text)
{
	return bk_object_escape(stpcpy(at, name), text, true);
}

/* The query for one page: its words in the order of their names, as they are signed. */
static char *query_of(const struct web *web, const char *folder, const char *after, const char *next)
{
	size_t prefix_size = strlen(web->url.prefix) + strlen(folder) + 2;
	char *prefix = malloc(prefix_size), *start = malloc(prefix_size + strlen(after));
	char *query = malloc(128 + OBJECT_ESCAPED(2 * prefix_size + strlen(after) + strlen(next)));
	char *at = query;

	if (query && prefix && start) {
		sprintf(prefix, "%s%s%s", web->url.prefix, folder, *folder ? "/" : "");
		sprintf(start, "%s%s", prefix, after);
		at = stpcpy(at, "?");
		if (*next) {
			at = add_word(at, "continuation-token=", next);
			at = stpcpy(at, "&");
		}
		at = stpcpy(at, "delimiter=%2F&list-type=2");
		at = add_word(at, "&prefix=", prefix);
		if (*after && !*next)
			add_word(at, "&start-after=", start);
	} else {
		free(query);
		query = NULL;
	}
	free(prefix);
	free(start);
	return query;
}

static enum bk_code list_page(struct web *web, struct paging *paging, const char *folder,
	const char *after, struct bk_error *err)
{
	char *query = query_of(web, folder, after, paging->next);
	struct web_answer answer = {0};
	struct web_ask ask;
	enum bk_code code = query ? bk_web_begin_bucket(&ask, web, query, err)
				  : bk_fail(err, BK_E_NOMEM, 0, "no memory for a request");

	free(query);
	if (code)
		return code;
	code = bk_web_ask(web, &ask, ANSWER_MAX, &answer, err);
	if (!code && answer.status == 200)
		code = read_page(paging, &answer.body, err);
	else if (!code)
		code = bk_web_refused(&ask, &answer, err);
	bk_buf_done(&answer.body);
	bk_web_end(&ask);
	return code;
}

static enum bk_code s3_list(struct objects *objects, const char *folder, const char *after,
	objects_each *each, void *ctx, struct bk_error *err)
{
	struct web *web = (struct web *)objects;
	struct paging *paging = calloc(1, sizeof *paging);
	size_t pages = 0;
	enum bk_code code;

	if (!paging)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a listing");
	paging->each = each;
	paging->ctx = ctx;
	paging->skip = strlen(web->url.prefix) + (*folder ? strlen(folder) + 1 : 0);
	do
		code = list_page(web, paging, folder, after, err);
	while (!code && *paging->next && ++pages < PAGES_MAX);
	if (!code && *paging->next)
		code = bk_fail(err, BK_E_LIMIT, 0, "the store's listing does not end");
	free(paging);
	return code;
}

/* A folder is no more than a part of names. */
static enum bk_code s3_make_folder(
	struct objects *objects, const char *folder, struct bk_error *err)
{
	(void)objects;
	(void)folder;
	(void)err;
	return BK_OK;
}

const struct objects_ops bk_s3_ops = {
	.put = bk_web_put,
	.get = bk_web_get,
	.list = s3_list,
	.remove = bk_web_remove,
	.make_folder = s3_make_folder,
	.now_ms = bk_web_now,
	.date_s = bk_web_date,
	.close = bk_web_close,
};

/* web.c - requests to one store by HTTP, tried again where what goes wrong may pass. */
#include "web.h"
#include "codec.h"
#include "objectescape.h"
#include "secret.h"
#include "sign.h"
#include "xml.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONNECT_MS 10000
#define STILL_S    30
#define ALL_MS     600000

#define TRIES       4
#define WAIT_MS     200u
#define WAIT_MAX_MS 60000u

enum bk_code bk_web_begin(struct web_ask *ask, const struct web *web, const char *method,
	const char *name, const char *query, struct bk_error *err)
{
	const struct object_url *url = &web->url;
	size_t room = strlen(url->origin) + strlen(url->path) + OBJECT_ESCAPED(strlen(name)) +
		      strlen(query) + 1;

	*ask = (struct web_ask){.method = method, .target = malloc(room)};
	if (!ask->target)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a request");
	strcpy(bk_object_escape(stpcpy(stpcpy(ask->target, url->origin), url->path), name, false),
		query);
	return BK_OK;
}

enum bk_code bk_web_begin_bucket(
	struct web_ask *ask, const struct web *web, const char *query, struct bk_error *err)
{
	*ask = (struct web_ask){.method = "GET"};
	if (asprintf(&ask->target, "%s/%s%s", web->url.origin, web->url.bucket, query) >= 0)
		return BK_OK;
	ask->target = NULL;
	return bk_fail(err, BK_E_NOMEM, 0, "no memory for a request");
}

void bk_web_header(struct web_ask *ask, const char *line)
{
	ask->headers[ask->count++] = line;
}

void bk_web_end(struct web_ask *ask)
{
	free(ask->target);
}

/* The word that a store of S3 gives as its reason, or "". */
static void reason_of(char out[XML_NAME_MAX], const struct web_answer *answer)
{
	struct xml xml;
	enum xml_what what;

	*out = '\0';
	bk_xml_begin(&xml, answer->body.data ? (const char *)answer->body.data : "",
		answer->body.size);
	while ((what = bk_xml_next(&xml)) < XML_END)
		if (what == XML_CLOSE && strcmp(xml.name, "Code") == 0)
			break;
	if (what == XML_CLOSE && strlen(xml.text) < XML_NAME_MAX &&
		!xml.text[strspn(xml.text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")])
		strcpy(out, xml.text);
}

enum bk_code bk_web_refused(
	const struct web_ask *ask, const struct web_answer *answer, struct bk_error *err)
{
	char reason[XML_NAME_MAX];
	bool is_who = answer->status == 401 || answer->status == 403;

	reason_of(reason, answer);
	return bk_fail(err, BK_E_IO, 0, "the store answers %s with %d%s%s%s", ask->method,
		answer->status, *reason ? ", " : "", reason,
		is_who ? ": it does not take our credentials, or forbids that" : "");
}

/* Whether the same may go better in a moment. */
static bool is_passing(const struct web_ask *ask, int status)
{
	return status == 408 || status == 423 || status == 429 || status == 500 ||
	       (status >= 502 && status <= 504) || (status == 409 && ask->conflicts_pass);
}

/* Before the try number NUMBER, from 1. */
static void wait_before(struct web *web, unsigned number, unsigned asked_s)
{
	const struct bk_io *io = web->io;
	uint8_t bytes[4] = {0};
	unsigned ms = WAIT_MS << (number - 1);

	io->ops->random(io->ctx, bytes, sizeof bytes);
	ms += bk_load_u32(bytes) % (ms / 2);
	if (asked_s > ms / 1000)
		ms = asked_s < WAIT_MAX_MS / 1000 ? asked_s * 1000 : WAIT_MAX_MS;
	web->http->ops->wait(web->http->ctx, ms);
}

/* The store refused us for our clock: from now on we go by its own. */
static bool takes_its_clock(
	struct web *web, const struct web_answer *answer, const struct bk_http_answer *got)
{
	char reason[XML_NAME_MAX];
	int64_t offset_s = got->date_s - web->http->ops->time_s(web->http->ctx);

	if (answer->status != 403 || !web->url.is_s3 || !got->date_s || web->offset_s == offset_s)
		return false;
	reason_of(reason, answer);
	if (strcmp(reason, "RequestTimeTooSkewed") != 0 && llabs(offset_s) < 300)
		return false;
	web->offset_s = offset_s;
	return true;
}

/* What is sent with ASK besides: who we are, signed. */
static enum bk_code add_signature(struct web *web, const struct web_ask *ask,
	struct signature *signature, const char **headers, struct bk_error *err)
{
	int64_t now_s = web->http->ops->time_s(web->http->ctx) + web->offset_s;
	enum bk_code code = bk_sign(signature, web->who, web->url.region, ask->method, ask->target,
		&ask->body, now_s, err);

	for (size_t i = 0; i < signature->count; i++)
		headers[ask->count + i] = signature->lines[i];
	headers[ask->count + signature->count] = NULL;
	return code;
}

static enum bk_code perform(struct web *web, const struct bk_http_request *request, size_t body_max,
	struct bk_http_answer *got, struct bk_error *err)
{
	enum bk_code code;

	bk_buf_done(&got->body);
	*got = (struct bk_http_answer){0};
	bk_buf_init(&got->body, body_max);
	code = web->http->ops->perform(web->http->ctx, request, got, err);
	if (!code && got->date_s)
		web->date_s = got->date_s;
	return code;
}

/* One try. */
static enum bk_code ask_once(struct web *web, const struct web_ask *ask, size_t body_max,
	struct bk_http_answer *got, struct bk_error *err)
{
	struct signature signature = {.count = 0};
	const char *headers[WEB_HEADERS_MAX + 1];
	struct bk_http_request request = {.method = ask->method,
		.url = ask->target,
		.headers = headers,
		.body = ask->body,
		.ca_file = web->url.ca_file,
		.proxy = web->url.proxy,
		.connect_ms = CONNECT_MS,
		.still_s = STILL_S,
		.all_ms = ALL_MS};
	bool has_user = *web->who->user;
	enum bk_code code = BK_OK;

	memcpy(headers, ask->headers, sizeof headers);
	if (has_user && web->url.is_s3) {
		code = add_signature(web, ask, &signature, headers, err);
	} else if (has_user) {
		request.user = web->who->user;
		request.password = web->who->password;
	}
	if (!code)
		code = perform(web, &request, body_max, got, err);
	bk_secret_wipe(&signature, sizeof signature);
	return code;
}

static enum bk_code cannot_ask(const struct web *web, struct bk_error *err)
{
	struct bk_error why = *err;

	return bk_fail(err, why.code, 0, "the store at %.200s cannot be asked: %.250s",
		web->url.host, why.msg);
}

enum bk_code bk_web_ask(struct web *web, const struct web_ask *ask, size_t body_max,
	struct web_answer *answer, struct bk_error *err)
{
	struct bk_http_answer got = {0};
	enum bk_code code = BK_E_IO;
	unsigned tries = 0;
	bool again = true;

	while (again) {
		code = ask_once(web, ask, body_max, &got, err);
		*answer = (struct web_answer){.status = got.status, .body = got.body};
		again = ++tries < TRIES && (code ? code == BK_E_IO && !got.will_fail_again
						 : is_passing(ask, got.status));
		if (again)
			wait_before(web, tries, code ? 0 : got.retry_after_s);
		else if (!code && tries < TRIES)
			again = takes_its_clock(web, answer, &got);
	}
	if (!code && is_passing(ask, got.status))
		code = bk_web_refused(ask, answer, err);
	else if (code == BK_E_IO)
		code = cannot_ask(web, err);
	return code;
}

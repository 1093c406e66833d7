/* web.h - requests to one store by HTTP: who asks, how often it is tried, what an answer says. */
#ifndef BK_WEB_H
#define BK_WEB_H

#include "credentials.h"
#include "objects.h"
#include <bk/http.h>

#define WEB_HEADERS_MAX 8
#define WEB_PIECE_MAX   ((size_t)9 << 20) /* the most of an answer that is no listing */

struct web {
	struct objects objects;
	const struct bk_io *io;
	const struct bk_http *http;
	struct object_url url;
	struct credentials *who;
	_Atomic int64_t date_s;   /* as the store told last */
	_Atomic int64_t offset_s; /* its clock to ours, where it refused us for that */
};

/* One request, made with bk_web_begin. */
struct web_ask {
	const char *method;
	char *target; /* owned: the whole URL */
	struct bk_slice body;
	bool conflicts_pass; /* 409 is tried again */
	const char *headers[WEB_HEADERS_MAX + 1];
	size_t count;
};

/* What came back. */
struct web_answer {
	int status;
	struct bk_buf body;
};

/* Begins a request for NAME, a path under the store's, and QUERY behind it, escaped ("": none). */
BK_MUST_CHECK enum bk_code bk_web_begin(struct web_ask *ask, const struct web *web,
	const char *method, const char *name, const char *query, struct bk_error *err);
/* The same for the bucket itself, of S3. */
BK_MUST_CHECK enum bk_code bk_web_begin_bucket(
	struct web_ask *ask, const struct web *web, const char *query, struct bk_error *err);
void bk_web_header(struct web_ask *ask, const char *line); /* borrowed; at most four */
void bk_web_end(struct web_ask *ask);

/* Makes it, again and again where it may pass; BODY_MAX: bytes of an answer. ANSWER is to be given
 * back by bk_buf_done, of its body, whatever comes. Fails with BK_E_IO where no answer came that
 * says more than "later", BK_E_LIMIT, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_web_ask(struct web *web, const struct web_ask *ask, size_t body_max,
	struct web_answer *answer, struct bk_error *err);

/* Fails with BK_E_IO: the ANSWER to METHOD is none that should come. */
enum bk_code bk_web_refused(
	const struct web_ask *ask, const struct web_answer *answer, struct bk_error *err);

/* What both kinds of store have alike (objects.h). */
BK_MUST_CHECK enum bk_code bk_web_put(struct objects *objects, const char *name, const void *data,
	size_t size, bool *was_there, struct bk_error *err);
BK_MUST_CHECK enum bk_code bk_web_get(struct objects *objects, const char *name, uint64_t from,
	size_t size, struct bk_buf *out, bool *is_there, struct bk_error *err);
BK_MUST_CHECK enum bk_code bk_web_remove(
	struct objects *objects, const char *name, bool *is_refused, struct bk_error *err);
int64_t bk_web_now(struct objects *objects);
int64_t bk_web_date(struct objects *objects);
void bk_web_close(struct objects *objects);

/* How large an object is by TEXT, of a listing; OBJECT_UNTOLD if that is no number. */
uint64_t bk_web_size(const char *text);

/* When TEXT was, in seconds since 1970: "Fri, 27 Nov 2026 11:30:15 GMT" or
 * "2026-11-27T11:30:15.000Z"; 0 if it is neither. */
int64_t bk_web_time(const char *text);

extern const struct objects_ops bk_dav_ops, bk_s3_ops;

#endif

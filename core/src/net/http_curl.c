/* http_curl.c - HTTP by libcurl. Handles are kept, and with each the connections that it made. */
#include "curl.h"
#include <bk/http.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* Handles that wait for work; more are thrown away no sooner than the program ends, for there are
 * never many more. */
#define IDLE_MAX 64

/* Whoever wants to be left alone for longer is asked again after that. */
#define RETRY_MAX_S 86400

struct handles {
	pthread_mutex_t mutex;
	CURL *idle[IDLE_MAX];
	size_t count;
};

/* One request under way. */
struct call {
	const struct curl *curl;
	CURL *easy;
	const struct bk_http_request *request;
	struct bk_http_answer *answer;
	struct bk_error *err;
	enum bk_code code; /* why what came was not taken */
	bool failed;       /* an option was not taken */
	size_t sent;
	struct curl_slist *headers;
	char said[CURL_ERROR_SIZE];
};

static CURL *take_handle(struct handles *handles, const struct curl *curl)
{
	CURL *easy = NULL;

	pthread_mutex_lock(&handles->mutex);
	if (handles->count)
		easy = handles->idle[--handles->count];
	pthread_mutex_unlock(&handles->mutex);
	return easy ? easy : curl->init();
}

/* Its connections stay; all else is forgotten. */
static void give_handle(struct handles *handles, const struct curl *curl, CURL *easy)
{
	curl->reset(easy);
	pthread_mutex_lock(&handles->mutex);
	if (handles->count < IDLE_MAX)
		handles->idle[handles->count++] = easy;
	pthread_mutex_unlock(&handles->mutex);
}

static size_t take_body(char *data, size_t size, size_t count, void *ctx)
{
	struct call *call = ctx;

	call->code = bk_buf_append(&call->answer->body, data, size * count, call->err);
	return call->code ? 0 : size * count;
}

static size_t give_body(char *out, size_t size, size_t count, void *ctx)
{
	struct call *call = ctx;
	const struct bk_slice *body = &call->request->body;
	size_t left = body->size - call->sent, part = size * count < left ? size * count : left;

	memcpy(out, (const char *)body->data + call->sent, part);
	call->sent += part;
	return part;
}

/* What is sent may have to be sent again, over another connection. */
static int seek_body(void *ctx, curl_off_t offset, int origin)
{
	struct call *call = ctx;

	if (origin != SEEK_SET || offset < 0 || (size_t)offset > call->request->body.size)
		return CURL_SEEKFUNC_CANTSEEK;
	call->sent = (size_t)offset;
	return CURL_SEEKFUNC_OK;
}

/* The value of the header LINE, SIZE bytes, if that is NAME; written to OUT. */
static bool header_value(const char *line, size_t size, const char *name, char *out, size_t room)
{
	size_t length = strlen(name);

	if (size <= length || line[length] != ':' || strncasecmp(line, name, length) != 0)
		return false;
	line += length + 1;
	size -= length + 1;
	while (size && (*line == ' ' || *line == '\t')) {
		line++;
		size--;
	}
	if (size >= room)
		return false;
	memcpy(out, line, size);
	out[size] = '\0';
	return true;
}

static size_t take_header(char *line, size_t size, size_t count, void *ctx)
{
	struct call *call = ctx;
	struct bk_http_answer *answer = call->answer;
	char value[64];

	size *= count;
	if (header_value(line, size, "Retry-After", value, sizeof value)) {
		time_t when = call->curl->getdate(value, NULL), now = time(NULL);
		long seconds = strspn(value, "0123456789") ? strtol(value, NULL, 10)
			       : when > now                ? (long)(when - now)
							   : 0;

		if (seconds > RETRY_MAX_S)
			seconds = RETRY_MAX_S;
		answer->retry_after_s = seconds > 0 ? (unsigned)seconds : 0;
	} else if (header_value(line, size, "Date", value, sizeof value)) {
		time_t when = call->curl->getdate(value, NULL);

		answer->date_s = when > 0 ? when : 0;
	}
	return size;
}

#define SET(call, option, value)                                                                   \
	((call)->failed |= (call)->curl->setopt((call)->easy, option, value) != CURLE_OK)

static void set_limits(struct call *call)
{
	const struct bk_http_request *request = call->request;

	SET(call, CURLOPT_NOSIGNAL, 1L);
	SET(call, CURLOPT_CONNECTTIMEOUT_MS, (long)request->connect_ms);
	SET(call, CURLOPT_TIMEOUT_MS, (long)request->all_ms);
	if (request->still_s) {
		SET(call, CURLOPT_LOW_SPEED_LIMIT, 1024L);
		SET(call, CURLOPT_LOW_SPEED_TIME, (long)request->still_s);
	}
	if (request->follows) {
		SET(call, CURLOPT_FOLLOWLOCATION, 1L);
		SET(call, CURLOPT_MAXREDIRS, 5L);
	}
}

static void set_way(struct call *call)
{
	const struct bk_http_request *request = call->request;

	SET(call, CURLOPT_URL, request->url);
	SET(call, CURLOPT_PATH_AS_IS, 1L);
	SET(call, CURLOPT_PROTOCOLS_STR, "http,https");
	SET(call, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	SET(call, CURLOPT_USERAGENT, "lightning-backup/" BK_RELEASE);
	SET(call, CURLOPT_PROXY, request->proxy ? request->proxy : "");
	if (request->ca_file) {
		SET(call, CURLOPT_CAINFO, request->ca_file);
		call->curl->setopt(call->easy, CURLOPT_CAPATH, NULL);
	}
}

static void set_body(struct call *call)
{
	const struct bk_http_request *request = call->request;

	if (request->body.data) {
		SET(call, CURLOPT_UPLOAD, 1L);
		SET(call, CURLOPT_INFILESIZE_LARGE, (curl_off_t)request->body.size);
		SET(call, CURLOPT_READFUNCTION, give_body);
		SET(call, CURLOPT_READDATA, call);
		SET(call, CURLOPT_SEEKFUNCTION, seek_body);
		SET(call, CURLOPT_SEEKDATA, call);
	}
	SET(call, CURLOPT_CUSTOMREQUEST, request->method);
	SET(call, CURLOPT_WRITEFUNCTION, take_body);
	SET(call, CURLOPT_WRITEDATA, call);
	SET(call, CURLOPT_HEADERFUNCTION, take_header);
	SET(call, CURLOPT_HEADERDATA, call);
	SET(call, CURLOPT_ERRORBUFFER, call->said);
}

static void add_header(struct call *call, const char *line)
{
	struct curl_slist *longer = call->curl->slist_append(call->headers, line);

	call->failed |= !longer;
	if (longer)
		call->headers = longer;
}

static void set_headers(struct call *call)
{
	const struct bk_http_request *request = call->request;

	/* Nobody is asked whether he wants what comes. */
	add_header(call, "Expect:");
	/* Ranges and sizes are of what was put; and a listing is read as it comes. */
	add_header(call, "Accept-Encoding: identity");
	for (size_t i = 0; request->headers && request->headers[i]; i++)
		add_header(call, request->headers[i]);
	SET(call, CURLOPT_HTTPHEADER, call->headers);
	if (!request->user)
		return;
	SET(call, CURLOPT_USERNAME, request->user);
	SET(call, CURLOPT_PASSWORD, request->password ? request->password : "");
	SET(call, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
}

static enum bk_code run(struct call *call)
{
	CURLcode result;
	long status = 0;

	set_limits(call);
	set_way(call);
	set_body(call);
	set_headers(call);
	if (call->failed)
		return bk_fail(call->err, BK_E_IO, 0, "this libcurl does not take a request");
	result = call->curl->perform(call->easy);
	call->answer->will_fail_again =
		result == CURLE_PEER_FAILED_VERIFICATION || result == CURLE_SSL_CACERT_BADFILE;
	if (call->code)
		return call->code;
	if (result)
		return bk_fail(call->err, result == CURLE_OUT_OF_MEMORY ? BK_E_NOMEM : BK_E_IO, 0,
			"%s", *call->said ? call->said : call->curl->strerror(result));
	call->curl->getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
	call->answer->status = (int)status;
	return BK_OK;
}

/* A connection that breaks while it is written to is no signal to anybody here. */
static void hold_pipe(sigset_t *before)
{
	sigset_t pipe_only;

	sigemptyset(&pipe_only);
	sigaddset(&pipe_only, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe_only, before);
}

static void let_pipe(const sigset_t *before)
{
	const struct timespec now = {0};
	sigset_t pipe_only;

	sigemptyset(&pipe_only);
	sigaddset(&pipe_only, SIGPIPE);
	if (!sigismember(before, SIGPIPE))
		sigtimedwait(&pipe_only, NULL, &now);
	pthread_sigmask(SIG_SETMASK, before, NULL);
}

static enum bk_code curl_perform(void *ctx, const struct bk_http_request *request,
	struct bk_http_answer *answer, struct bk_error *err)
{
	struct call call = {.request = request, .answer = answer, .err = err};
	enum bk_code code = bk_curl_load(&call.curl, err);
	sigset_t before;

	if (code)
		return code;
	call.easy = take_handle(ctx, call.curl);
	if (!call.easy)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for libcurl");
	hold_pipe(&before);
	code = run(&call);
	let_pipe(&before);
	give_handle(ctx, call.curl, call.easy);
	call.curl->slist_free(call.headers);
	return code;
}

static int64_t curl_now(void *ctx)
{
	struct timespec now;

	(void)ctx;
	clock_gettime(CLOCK_BOOTTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t curl_time(void *ctx)
{
	(void)ctx;
	return time(NULL);
}

static void curl_wait(void *ctx, unsigned ms)
{
	const struct timespec wait = {ms / 1000, (long)(ms % 1000) * 1000000};

	(void)ctx;
	nanosleep(&wait, NULL);
}

const struct bk_http *bk_http_real(void)
{
	static struct handles handles = {.mutex = PTHREAD_MUTEX_INITIALIZER};
	static const struct bk_http_ops ops = {.perform = curl_perform,
		.now_ms = curl_now,
		.time_s = curl_time,
		.wait = curl_wait};
	static const struct bk_http http = {.ops = &ops, .ctx = &handles};

	return &http;
}

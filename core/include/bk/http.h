/* http.h - the seam between the library and HTTP, beside those of files (io.h) and connections
 * (net.h): one request and its answer at a time, and the clock that they are waited by. Tests hand
 * down another one, which answers from memory and fails as it likes.
 *
 * The real one is libcurl's, which is loaded when the first request is made, and not linked: it
 * brings thirty libraries along, which would make each start of a program 11 ms longer.
 *
 * Threads: any, each with a request of its own. */
#ifndef BK_HTTP_H
#define BK_HTTP_H

#include <bk/buf.h>
#include <stdint.h>

struct bk_http_request {
	const char *method;          /* in capitals */
	const char *url;             /* http or https; escaped as it goes out */
	const char *const *headers;  /* each "Name: value", ended by NULL; NULL: none */
	struct bk_slice body;        /* is sent unless its data is NULL */
	const char *user, *password; /* go out as they are; NULL: nobody's */
	const char *ca_file; /* the only certificates that are believed; NULL: the system's */
	const char *proxy;   /* "socks5h://HOST:PORT"; NULL: none, whatever the environment says */
	unsigned connect_ms, all_ms; /* ends */
	unsigned still_s; /* so long less than 1 KiB a second may come or go; 0: as long as it may */
	bool follows;     /* goes where the answer sends it, 5 times at most */
};

struct bk_http_answer {
	int status;             /* 100 to 599 */
	unsigned retry_after_s; /* as it asks to be left alone; 0: it does not */
	int64_t date_s;         /* its own clock, seconds since 1970; 0: it does not say */
	bool will_fail_again;   /* with BK_E_IO: soon, too, as where its certificate is no good */
	struct bk_buf body;     /* begun by the caller, with a maximum: what comes is appended */
};

struct bk_http_ops {
	/* Makes the request. Fails with BK_E_IO where no whole answer came, and no credential is in
	 * the message; with BK_E_LIMIT where it is over its maximum; BK_E_MISSING where this
	 * computer has no libcurl; BK_E_NOMEM. */
	enum bk_code (*perform)(void *ctx, const struct bk_http_request *request,
		struct bk_http_answer *answer, struct bk_error *err);
	int64_t (*now_ms)(void *ctx); /* of a clock that is never set, and goes on in sleep */
	int64_t (*time_s)(void *ctx); /* since 1970 */
	void (*wait)(void *ctx, unsigned ms);
};

struct bk_http {
	const struct bk_http_ops *ops;
	void *ctx;
};

/* The real one. Never fails; lives for ever, with the connections that it keeps open. */
const struct bk_http *bk_http_real(void);

#endif

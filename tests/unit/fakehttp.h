/* fakehttp.h - an HTTP seam that answers from memory, and notes what was asked. */
#ifndef FAKEHTTP_H
#define FAKEHTTP_H

#include <bk/http.h>
#include <bk/io.h>

#define FAKE_MAX 16

/* What one request gets. STATUS 0: no answer. */
struct fake_answer {
	int status;
	const char *body;
	unsigned retry_after_s;
	int64_t date_s;
	bool will_fail_again;
};

struct fake_http {
	struct bk_http http;
	struct bk_io io; /* the posix one, with HTTP in it */
	struct bk_io_ops ops;
	struct fake_answer answers[FAKE_MAX]; /* the last one again and again */
	size_t count, asked;
	char requests[FAKE_MAX][4096]; /* METHOD URL, and a line each header; the user, the body */
	unsigned waits[FAKE_MAX], wait_count;
	int64_t time_s, now_ms;
};

void fake_http_init(struct fake_http *fake);
void fake_http_answer(struct fake_http *fake, struct fake_answer answer);

#endif

/* heartbeat.c - a URL that is fetched while all is well. */
#include "heartbeat.h"
#include <bk/http.h>

#define ALL_MS     15000
#define CONNECT_MS 10000
#define ANSWER_MAX ((size_t)1 << 20)

enum bk_code heartbeat_send(const char *url, struct bk_error *err)
{
	const struct bk_http *http = bk_http_real();
	const struct bk_http_request request = {
		.method = "GET", .url = url, .connect_ms = CONNECT_MS, .all_ms = ALL_MS, .follows = true};
	struct bk_http_answer answer = {0};
	struct bk_error why;
	enum bk_code code;

	bk_buf_init(&answer.body, ANSWER_MAX);
	code = http->ops->perform(http->ctx, &request, &answer, &why);
	bk_buf_done(&answer.body);
	/* The URL is a secret of its own: who knows it can send heartbeats. */
	if (code)
		return bk_fail(err, code, 0, "the heartbeat could not be sent: %s", why.msg);
	if (answer.status >= 400)
		return bk_fail(err, BK_E_IO, 0,
			"the heartbeat could not be sent: the answer is %d", answer.status);
	return BK_OK;
}

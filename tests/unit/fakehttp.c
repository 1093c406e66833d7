/* fakehttp.c - an HTTP seam that answers from memory. */
#include "fakehttp.h"
#include "support.h"

static void note(char *out, size_t size, const struct bk_http_request *request)
{
	size_t used = (size_t)snprintf(out, size, "%s %s\n", request->method, request->url);

	for (size_t i = 0; request->headers && request->headers[i]; i++)
		used += (size_t)snprintf(out + used, size - used, "%s\n", request->headers[i]);
	if (request->user)
		used += (size_t)snprintf(out + used, size - used, "user %s %s\n", request->user,
			request->password);
	if (request->body.data)
		snprintf(out + used, size - used, "body %.*s\n", (int)request->body.size,
			(const char *)request->body.data);
}

static enum bk_code fake_perform(void *ctx, const struct bk_http_request *request,
	struct bk_http_answer *answer, struct bk_error *err)
{
	struct fake_http *fake = ctx;
	const struct fake_answer *given;

	cr_assert(fake->count && fake->asked < FAKE_MAX, "more requests than foreseen: %s %s",
		request->method, request->url);
	note(fake->requests[fake->asked], sizeof *fake->requests, request);
	given = &fake->answers[fake->asked < fake->count ? fake->asked : fake->count - 1];
	fake->asked++;
	answer->will_fail_again = given->will_fail_again;
	if (!given->status)
		return bk_fail(err, BK_E_IO, 0, "no answer came");
	answer->status = given->status;
	answer->retry_after_s = given->retry_after_s;
	answer->date_s = given->date_s;
	return given->body ? bk_buf_append(&answer->body, given->body, strlen(given->body), err)
			   : BK_OK;
}

static int64_t fake_now(void *ctx)
{
	return ((struct fake_http *)ctx)->now_ms;
}

static int64_t fake_time(void *ctx)
{
	return ((struct fake_http *)ctx)->time_s;
}

static void fake_wait(void *ctx, unsigned ms)
{
	struct fake_http *fake = ctx;

	fake->now_ms += ms;
	fake->waits[fake->wait_count++ % FAKE_MAX] = ms;
}

static int no_random(void *ctx, void *data, size_t size)
{
	(void)ctx;
	memset(data, 0, size);
	return 0;
}

void fake_http_init(struct fake_http *fake)
{
	static const struct bk_http_ops ops = {.perform = fake_perform,
		.now_ms = fake_now,
		.time_s = fake_time,
		.wait = fake_wait};

	*fake = (struct fake_http){.http = {.ops = &ops, .ctx = fake}, .io = *bk_io_posix()};
	fake->ops = *fake->io.ops;
	fake->ops.random = no_random;
	fake->io.ops = &fake->ops;
	fake->io.http = &fake->http;
}

void fake_http_answer(struct fake_http *fake, struct fake_answer answer)
{
	cr_assert(fake->count < FAKE_MAX);
	fake->answers[fake->count++] = answer;
}

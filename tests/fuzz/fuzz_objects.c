/* fuzz_objects.c - what a store of whole objects answers, and the place that it is read for: listings
 * by WebDAV and by S3, and whatever bytes stand where they lead. The first byte chooses the kind. */
#include "fuzz.h"
#include "place_objects.h"
#include "webstore.h"
#include <bk/http.h>
#include <string.h>

struct input {
	const uint8_t *data;
	size_t size;
	unsigned asked;
};

/* Listings are the input; so is each object, but for the last: there is an end to all. */
static enum bk_code perform(void *ctx, const struct bk_http_request *request,
	struct bk_http_answer *answer, struct bk_error *err)
{
	struct input *input = ctx;

	answer->status = strcmp(request->method, "PROPFIND") == 0 ? 207 : 200;
	if (input->asked++ > 50)
		answer->status = 404;
	return bk_buf_append(&answer->body, input->data, input->size, err);
}

static int64_t no_time(void *ctx)
{
	(void)ctx;
	return 1;
}

static void no_wait(void *ctx, unsigned ms)
{
	(void)ctx;
	(void)ms;
}

static enum bk_code each(void *ctx, const struct object_entry *entry, struct bk_error *err)
{
	(void)ctx;
	(void)err;
	REQUIRE(*entry->name && strlen(entry->name) <= 4096);
	return BK_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct bk_http_ops ops = {
		.perform = perform, .now_ms = no_time, .time_s = no_time, .wait = no_wait};
	struct input input = {.data = data + 1, .size = size ? size - 1 : 0};
	const struct bk_http http = {.ops = &ops, .ctx = &input};
	struct bk_io io = *bk_io_posix();
	struct objects *objects;
	struct place *place;
	struct place_head head;
	struct bk_error err;

	if (!size)
		return 0;
	unsetenv("HOME");
	io.http = &http;
	REQUIRE(!bk_objects_open(
		&objects, &io, *data & 1 ? "s3://b/p/?endpoint=localhost" : "davs://h/p/", &err));
	if (objects->ops->list(objects, *data & 2 ? "f" : "", "", each, NULL, &err))
		REQUIRE(*err.msg);
	REQUIRE(!bk_place_objects(&place, objects, true, &err));
	if (place->ops->head(place, &head, &err))
		REQUIRE(*err.msg);
	place->ops->close(place);
	return 0;
}

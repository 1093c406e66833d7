/* fuzz_client.c - what a server of places answers a node: whatever it is, each request ends with an
 * answer that can be used, or with a reason. */
#include "fuzz.h"
#include "place_ssh.h"
#include <bk/io.h>
#include <errno.h>
#include <string.h>

struct server {
	const uint8_t *data;
	size_t size;
};

static int run(void *ctx, char *const argv[], void **stream)
{
	(void)argv;
	*stream = ctx;
	return 0;
}

static int64_t receive(void *ctx, void *stream, void *data, size_t size, unsigned timeout_ms)
{
	struct server *server = stream;
	size_t part = server->size < size ? server->size : size;

	(void)ctx;
	(void)timeout_ms;
	memcpy(data, server->data, part);
	server->data += part;
	server->size -= part;
	return (int64_t)part;
}

static int64_t transmit(void *ctx, void *stream, const void *data, size_t size, unsigned timeout_ms)
{
	(void)ctx;
	(void)stream;
	(void)data;
	(void)timeout_ms;
	return (int64_t)size;
}

static void hang_up(void *ctx, void *stream, char *said, size_t size)
{
	(void)ctx;
	(void)stream;
	REQUIRE(size);
	*said = '\0';
}

static void talk(struct place *place)
{
	uint8_t id[LOG_ID_SIZE] = {0}, header[LOG_HEADER_SIZE] = {0}, bytes[600];
	struct place_head head;
	struct bk_error err;
	struct bk_buf names;
	size_t got = 0;

	bk_buf_init(&names, 1 << 20);
	for (int i = 0; i < 3; i++) {
		err.msg[0] = '\0';
		REQUIRE(!place->ops->head(place, &head, &err) || *err.msg);
		REQUIRE(!place->ops->begin(place, header, PLACE_SUCCEEDS, &err) || *err.msg);
		REQUIRE(!place->ops->append(place, id, 128, header, 100, true, &err) || *err.msg);
		if (!place->ops->read(place, id, 0, bytes, sizeof bytes, &got, &err))
			REQUIRE(got <= sizeof bytes);
		REQUIRE(!place->ops->list(place, &names, &err) || *err.msg);
		REQUIRE(!place->ops->commit(place, id, &err) || *err.msg);
	}
	bk_buf_done(&names);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct server server = {data, size};
	const struct bk_io_ops ops = {
		.run = run, .receive = receive, .send = transmit, .hang_up = hang_up};
	const struct bk_io io = {.ops = &ops, .ctx = &server};
	struct place *place;
	struct bk_error err;

	if (!bk_place_ssh(&place, &io, "ssh://h/n", &err)) {
		talk(place);
		place->ops->close(place);
	}
	return 0;
}

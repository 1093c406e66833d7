/* fuzz_server.c - what a client sends a server of places: whatever it is, the log that the server
 * holds stays, under its own name or aside, and nothing is written outside the server's directory.
 */
#include "fuzz.h"
#include "simfs.h"
#include "store.h"
#include <bk/server.h>
#include <errno.h>
#include <string.h>

#define NAME "/srv/node.bkp"
#define ID   0x5a

struct client {
	const uint8_t *data;
	size_t size;
};

static int64_t receive(void *ctx, void *data, size_t size)
{
	struct client *client = ctx;
	size_t part = client->size < size ? client->size : size;

	memcpy(data, client->data, part);
	client->data += part;
	client->size -= part;
	return (int64_t)part;
}

static int64_t transmit(void *ctx, const void *data, size_t size)
{
	(void)ctx;
	(void)data;
	return (int64_t)size;
}

/* A log of three frames, held for a node. */
static size_t make_log(uint8_t *bytes)
{
	struct log_header header = {.created_us = 1};
	size_t size = LOG_HEADER_SIZE;
	uint64_t sum;

	memset(header.id, ID, LOG_ID_SIZE);
	bk_header_encode(bytes, &header);
	sum = header.sum;
	for (int i = 0; i < 3; i++) {
		struct frame_head head = {.kind = FRAME_PAGES, .size = 20, .chain = (uint32_t)sum};

		memset(bytes + size + FRAME_HEAD_SIZE, i, head.size);
		bk_frame_finish(bytes + size, &head, header.seed + size);
		size += (size_t)bk_frame_size(&head);
		sum = head.sum;
	}
	return size;
}

struct search {
	struct simfs *fs;
	const uint8_t *log;
	size_t size;
	bool is_found;
};

/* The log is whole in the file NAME, or begins it. */
static int look(void *ctx, const char *name)
{
	struct search *search = ctx;
	char path[512];
	uint8_t *data;
	size_t size;

	snprintf(path, sizeof path, "/srv/%s", name);
	if (simfs_peek(search->fs, path, &data, &size) && size >= search->size &&
		memcmp(data, search->log, search->size) == 0)
		search->is_found = true;
	return 0;
}

static int none(void *ctx, const char *name)
{
	(void)ctx;
	(void)name;
	return 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct bk_server_options options = {.root = "/srv", .bytes_max = 1 << 20};
	struct client client = {data, size};
	const struct bk_server_stream stream = {receive, transmit, &client};
	struct simfs *fs = simfs_new(1);
	const struct bk_io *io = simfs_io(fs);
	struct bk_error err;
	uint8_t log[1024];
	struct search search = {.fs = fs, .log = log, .size = make_log(log)};

	simfs_mkdir(fs, "/srv");
	simfs_put(fs, NAME, log, search.size);
	(void)!bk_server_run(io, &options, &stream, &err);
	look(&search, "node.bkp");
	if (!search.is_found) {
		char aside[64];

		/* It was put aside by a client's word, and kept under its id and the time. */
		for (int64_t back = 0; back < 1000 && !search.is_found; back++) {
			snprintf(aside, sizeof aside, "node.bkp.was-5a5a5a5a-%lld",
				(long long)(io->ops->now_us(io->ctx) / 1000000 - back));
			look(&search, aside);
		}
	}
	REQUIRE(search.is_found);
	REQUIRE(io->ops->list(io->ctx, "/", "", none, NULL) == 0);
	REQUIRE(simfs_open_files(fs) == 0);
	simfs_free(fs);
	return 0;
}

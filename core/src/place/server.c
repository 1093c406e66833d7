/* server.c - a server of places: takes a client's requests, one after the other. */
#include "codec.h"
#include "link.h"
#include "sight.h"
#include "store.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* More names than a store ever keeps aside. */
#define LIST_MAX ((size_t)64 << 10)

/* Logs in one directory, where nobody says otherwise. */
#define LOGS_MAX 1000

struct server {
	const struct bk_io *io;
	const struct bk_server_options *options;
	struct link link;
	struct store store;
	bool is_open; /* the client has named a log */
	struct bk_error
		failed; /* an append that was not answered failed; the next answer says so */
};

static enum bk_code answer(struct server *server, enum wire_type type, const void *body,
	size_t size, struct bk_error *err)
{
	enum bk_code code = bk_link_begin(&server->link, err);

	if (!code)
		code = bk_buf_append(&server->link.out, body, size, err);
	return code ? code : bk_link_send(&server->link, type, err);
}

static enum bk_code answer_failure(
	struct server *server, const struct bk_error *why, struct bk_error *err)
{
	uint8_t body[4 + BK_ERROR_MESSAGE_MAX];
	size_t length = strlen(why->msg);

	memcpy(bk_put_u32(body, bk_wire_of_code(why->code)), why->msg, length);
	return answer(server, WIRE_ERROR, body, 4 + length, err);
}

static enum bk_code bad(const char *what, struct bk_error *err)
{
	return bk_fail(err, BK_E_INVALID, 0, "the client sends %s", what);
}

/* Whether a call of CODE went well: what it met on its way may stand in WHY all the same. */
static bool is_done(enum bk_code code, struct bk_error *why)
{
	if (!code)
		why->code = BK_OK;
	return !code;
}

static enum bk_code open_store(
	struct server *server, const char *name, size_t size, struct bk_error *why)
{
	const struct bk_server_options *options = server->options;
	const struct store_options store = {.keep_s = options->keep_s,
		.bytes_max = options->bytes_max,
		.is_append_only = options->append_only};
	enum bk_code code;
	char *path;

	if (!bk_wire_is_name(name, size))
		return bk_fail(why, BK_E_INVALID, 0,
			"\"%.*s\" can be no log's name here: letters, digits, '.', '_' and '-', no "
			"more than %d of them, and none of the endings that the server uses itself",
			(int)(size < 64 ? size : 64), name, WIRE_NAME_MAX);
	if (asprintf(&path, "%s/%.*s", options->root, (int)size, name) < 0)
		return bk_fail(why, BK_E_NOMEM, 0, "no memory for a path");
	code = bk_store_init(&server->store, server->io, path, &store, why);
	free(path);
	server->is_open = !code;
	return code;
}

static enum bk_code take_hello(
	struct server *server, const struct message *message, struct bk_error *err)
{
	uint8_t body[WIRE_HELLO_SIZE];
	uint32_t version;
	struct bk_error why = {.code = BK_OK};

	if (server->is_open || message->type != WIRE_HELLO ||
		!bk_wire_get_hello(message->body, message->size, &version))
		return bad("no greeting first", err);
	if (version != WIRE_VERSION)
		bk_fail(&why, BK_E_FORMAT, 0,
			"the node speaks version %u of the protocol, and the server version %d: "
			"use "
			"the same release on both",
			version, WIRE_VERSION);
	else
		is_done(open_store(server, (const char *)message->body + WIRE_HELLO_SIZE,
				message->size - WIRE_HELLO_SIZE, &why),
			&why);
	if (why.code)
		return answer_failure(server, &why, err);
	bk_wire_put_hello(body, (server->options->append_only ? WIRE_APPEND_ONLY : 0) |
					(server->options->look ? WIRE_IMAGES : 0));
	return answer(server, WIRE_HELLO, body, sizeof body, err);
}

/* Each of these does what a request asks for. What goes wrong with the log is put into WHY, and
 * told; what is wrong with the request ends the connection. */

static enum bk_code take_head(struct server *server, struct bk_error *why, struct bk_error *err)
{
	uint8_t body[2 * WIRE_LOG_SIZE];
	struct place_head head;

	if (!is_done(bk_store_head(&server->store, &head, why), why))
		return BK_OK;
	bk_wire_put_log(body, &head.now);
	bk_wire_put_log(body + WIRE_LOG_SIZE, &head.coming);
	return answer(server, WIRE_HEAD, body, sizeof body, err);
}

/* For the seam's list. */
static int count_log(void *ctx, const char *name)
{
	unsigned *count = ctx;

	*count += bk_wire_is_name(name, strlen(name));
	return 0;
}

/* Whether there is room for one log more, if it is one more. */
static enum bk_code check_room(struct server *server, struct bk_error *why)
{
	const struct bk_server_options *options = server->options;
	const struct bk_io *io = server->io;
	unsigned max = options->logs_max ? options->logs_max : LOGS_MAX, count = 0;
	struct place_head head;
	enum bk_code code = bk_store_head(&server->store, &head, why);
	int rc;

	if (code || head.now.is_there || !io->ops->list)
		return code;
	rc = io->ops->list(io->ctx, options->root, "", count_log, &count);
	if (rc < 0)
		return bk_fail(why, BK_E_IO, -rc, "cannot list %s", options->root);
	if (count < max)
		return BK_OK;
	return bk_fail(why, BK_E_LIMIT, 0,
		"%s holds %u logs, and no more may begin there: its operator can raise that, with "
		"--max-logs",
		options->root, count);
}

static enum bk_code take_begin(struct server *server, const struct message *message,
	struct bk_error *why, struct bk_error *err)
{
	if (message->size != 8 + LOG_HEADER_SIZE || message->body[0] > PLACE_ANEW)
		return bad("a log's begin that is none", err);
	if (!is_done(check_room(server, why), why))
		return BK_OK;
	if (!is_done(bk_store_begin(&server->store, message->body + 8,
			     (enum place_begin)message->body[0], why),
		    why))
		return BK_OK;
	return answer(server, WIRE_OK, NULL, 0, err);
}

static enum bk_code take_append(struct server *server, const struct message *message,
	struct bk_error *why, struct bk_error *err)
{
	const uint8_t *body = message->body;
	struct bk_error failed = server->failed;
	bool sync;

	if (message->size < WIRE_RUN_SIZE || message->size - WIRE_RUN_SIZE > PLACE_RUN_MAX ||
		bk_load_u64(body) > WIRE_SYNC)
		return bad("bytes of a log that are none", err);
	sync = bk_load_u64(body);
	if (!failed.code)
		is_done(bk_store_append(&server->store, body + 8, bk_load_u64(body + 24),
				body + WIRE_RUN_SIZE, message->size - WIRE_RUN_SIZE, sync, &failed),
			&failed);
	server->failed = sync ? (struct bk_error){.code = BK_OK} : failed;
	if (!sync)
		return BK_OK;
	*why = failed;
	return failed.code ? BK_OK : answer(server, WIRE_OK, NULL, 0, err);
}

static enum bk_code take_commit(struct server *server, const struct message *message,
	struct bk_error *why, struct bk_error *err)
{
	if (message->size != LOG_ID_SIZE)
		return bad("a commit that is none", err);
	if (!is_done(bk_store_commit(&server->store, message->body, why), why))
		return BK_OK;
	return answer(server, WIRE_OK, NULL, 0, err);
}

static enum bk_code take_read(struct server *server, const struct message *message,
	struct bk_error *why, struct bk_error *err)
{
	uint8_t id[LOG_ID_SIZE];
	uint64_t offset;
	uint32_t size;
	size_t got;
	enum bk_code code;

	if (message->size != WIRE_READ_SIZE || bk_load_u32(message->body + 24) > PLACE_RUN_MAX)
		return bad("a read that is none", err);
	memcpy(id, message->body, LOG_ID_SIZE);
	offset = bk_load_u64(message->body + 16);
	size = bk_load_u32(message->body + 24);
	code = bk_link_begin(&server->link, err);
	if (!code)
		code = bk_buf_reserve(&server->link.out, size, err);
	if (code || !is_done(bk_store_read(&server->store, id, offset,
				     server->link.out.data + WIRE_HEAD_SIZE, size, &got, why),
			    why))
		return code;
	server->link.out.size += got;
	return bk_link_send(&server->link, WIRE_DATA, err);
}

/* Adds the parts of the log ID from that at *INDEX on to the answer, as far as they follow each
 * other and there is room. */
static enum bk_code add_run(struct server *server, const uint8_t *id, const struct sight *sight,
	size_t *index, struct bk_error *why, struct bk_error *err)
{
	struct bk_buf *out = &server->link.out;
	size_t room = PLACE_RUN_MAX + WIRE_HEAD_SIZE - out->size - WIRE_PART_SIZE;
	size_t count = bk_sight_run(sight, *index, room / SIGHT_PART), got;
	uint64_t offset = sight->parts[*index] * SIGHT_PART;
	enum bk_code code = bk_buf_reserve(out, WIRE_PART_SIZE + count * (size_t)SIGHT_PART, err);

	if (code || !is_done(bk_store_read(&server->store, id, offset,
				     out->data + out->size + WIRE_PART_SIZE,
				     count * (size_t)SIGHT_PART, &got, why),
			    why))
		return code;
	bk_put_u32(bk_put_u64(out->data + out->size, offset), (uint32_t)got);
	out->size += WIRE_PART_SIZE + got;
	*index += count;
	return BK_OK;
}

/* Sends what was seen of the log ID, in as many messages as it takes. */
static enum bk_code send_seen(struct server *server, const uint8_t *id, const struct sight *sight,
	struct bk_error *why, struct bk_error *err)
{
	enum bk_code code = BK_OK;

	for (size_t i = 0; !code && i < sight->count;) {
		code = bk_link_begin(&server->link, err);
		while (!code && !why->code && i < sight->count &&
			server->link.out.size + WIRE_PART_SIZE + SIGHT_PART <=
				PLACE_RUN_MAX + WIRE_HEAD_SIZE)
			code = add_run(server, id, sight, &i, why, err);
		if (code || why->code)
			return code;
		code = bk_link_send(&server->link, WIRE_DATA, err);
	}
	return code ? code : answer(server, WIRE_OK, NULL, 0, err);
}

/* Which parts an image takes is found out by opening it. */
static enum bk_code take_image(struct server *server, const struct message *message,
	struct bk_error *why, struct bk_error *err)
{
	struct sight *sight = malloc(sizeof *sight);
	struct bk_io io = *server->io;
	uint8_t id[LOG_ID_SIZE];
	uint32_t flags, version;
	enum bk_code code;

	if (!sight)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory to look at an image");
	flags = message->size == WIRE_IMAGE_SIZE ? bk_load_u32(message->body + 16) : UINT32_MAX;
	if (flags > WIRE_NEWEST) {
		free(sight);
		return bad("a question for an image that is none", err);
	}
	memcpy(id, message->body, LOG_ID_SIZE);
	version = bk_load_u32(message->body + 20);
	bk_sight_begin(sight, server->store.path);
	io.saw = bk_sight_note;
	io.saw_ctx = sight;
	if (server->options->look)
		server->options->look(
			&io, server->store.path, flags & WIRE_NEWEST ? NULL : &version);
	bk_sight_end(sight);
	code = send_seen(server, id, sight, why, err);
	free(sight);
	return code;
}

static enum bk_code take_list(struct server *server, struct bk_error *why, struct bk_error *err)
{
	struct bk_buf names;
	enum bk_code code = BK_OK;

	bk_buf_init(&names, LIST_MAX);
	if (is_done(bk_store_list(&server->store, &names, why), why))
		code = answer(
			server, WIRE_DATA, names.data ? (void *)names.data : "", names.size, err);
	bk_buf_done(&names);
	return code;
}

static enum bk_code take(struct server *server, const struct message *message, struct bk_error *why,
	struct bk_error *err)
{
	/* What an append could not tell is told first. */
	if (server->failed.code && message->type != WIRE_APPEND) {
		*why = server->failed;
		server->failed = (struct bk_error){.code = BK_OK};
		return BK_OK;
	}
	switch (message->type) {
	case WIRE_HEAD:
		return take_head(server, why, err);
	case WIRE_BEGIN:
		return take_begin(server, message, why, err);
	case WIRE_APPEND:
		return take_append(server, message, why, err);
	case WIRE_COMMIT:
		return take_commit(server, message, why, err);
	case WIRE_READ:
		return take_read(server, message, why, err);
	case WIRE_LIST:
		return take_list(server, why, err);
	case WIRE_IMAGE:
		return take_image(server, message, why, err);
	default:
		return bad("a request that is none", err);
	}
}

static enum bk_code take_message(
	struct server *server, const struct message *message, struct bk_error *err)
{
	struct bk_error why = {.code = BK_OK};
	enum bk_code code;

	if (!server->is_open)
		return take_hello(server, message, err);
	code = take(server, message, &why, err);
	return !code && why.code ? answer_failure(server, &why, err) : code;
}

static enum bk_code check_root(
	const struct bk_io *io, const struct bk_server_options *options, struct bk_error *err)
{
	struct bk_io_stat st;

	if (io->ops->stat_path(io->ctx, options->root, &st) < 0 || !st.is_directory)
		return bk_fail(err, BK_E_MISSING, 0, "there is no directory %s", options->root);
	return BK_OK;
}

enum bk_code bk_server_run(const struct bk_io *io, const struct bk_server_options *options,
	const struct bk_server_stream *stream, struct bk_error *err)
{
	struct server server = {.io = io, .options = options};
	struct message message;
	bool more = true;
	enum bk_code code = check_root(io, options, err);

	if (code)
		return code;
	bk_link_init(&server.link, stream);
	while (!code && more) {
		code = bk_link_receive(&server.link, &message, &more, err);
		if (!code && more)
			code = take_message(&server, &message, err);
	}
	if (server.is_open)
		bk_store_done(&server.store);
	bk_link_done(&server.link);
	return code;
}

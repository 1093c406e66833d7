/* place_ssh.c - a place on another computer: what place.h asks for, as messages. */
#include "place_ssh.h"
#include "codec.h"
#include "link.h"
#include "sshurl.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A place that does not move for so long is away. */
#define MOVE_MS 60000

/* More than a server has to send of an image. */
#define IMAGE_MESSAGES_MAX 64

struct place_ssh {
	struct place place;
	const struct bk_io *io;
	void *command;
	char *host;
	uint32_t flags; /* of the server's HELLO */
	struct link link;
	char said[256]; /* by ssh, when it ended */
};

static struct place_ssh *ssh_of(struct place *place)
{
	return (struct place_ssh *)place;
}

static int64_t receive(void *ctx, void *data, size_t size)
{
	struct place_ssh *ssh = ctx;

	return ssh->command ? ssh->io->ops->receive(ssh->io->ctx, ssh->command, data, size, MOVE_MS)
			    : -EPIPE;
}

static int64_t transmit(void *ctx, const void *data, size_t size)
{
	struct place_ssh *ssh = ctx;

	return ssh->command ? ssh->io->ops->send(ssh->io->ctx, ssh->command, data, size, MOVE_MS)
			    : -EPIPE;
}

static void hang_up(struct place_ssh *ssh)
{
	if (ssh->command)
		ssh->io->ops->hang_up(ssh->io->ctx, ssh->command, ssh->said, sizeof ssh->said);
	ssh->command = NULL;
}

/* The connection is of no use any more; what ssh said explains it best. */
static enum bk_code broken(struct place_ssh *ssh, struct bk_error *err)
{
	struct bk_error why = *err;

	hang_up(ssh);
	if (*ssh->said)
		return bk_fail(err, why.code, 0, "%s: %s", ssh->host, ssh->said);
	return bk_fail(err, why.code, 0, "%s: %s", ssh->host, why.msg);
}

/* What the server says went wrong. */
static enum bk_code failed(
	const struct place_ssh *ssh, const struct message *message, struct bk_error *err)
{
	struct cursor cur = bk_cursor_of(message->body, message->size);
	enum bk_code code = bk_wire_code(bk_get_u32(&cur));
	size_t length = bk_cursor_left(&cur);

	return bk_fail(err, code, 0, "%s: %.*s", ssh->host,
		(int)(length < BK_ERROR_MESSAGE_MAX ? length : BK_ERROR_MESSAGE_MAX),
		length ? (const char *)cur.at : "");
}

/* Waits for the answer, which must be of TYPE, or of the type OR. */
static enum bk_code wait_either(struct place_ssh *ssh, enum wire_type type, enum wire_type or,
	struct message *message, struct bk_error *err)
{
	bool more;
	enum bk_code code = bk_link_receive(&ssh->link, message, &more, err);

	if (!code && !more)
		code = bk_fail(err, BK_E_IO, 0, "the connection ended");
	if (!code && message->type == WIRE_ERROR)
		return failed(ssh, message, err);
	if (!code && message->type != type && message->type != or)
		code = bk_fail(err, BK_E_IO, 0, "it answers something else than was asked");
	return code ? broken(ssh, err) : BK_OK;
}

static enum bk_code wait_for(
	struct place_ssh *ssh, enum wire_type type, struct message *message, struct bk_error *err)
{
	return wait_either(ssh, type, type, message, err);
}

/* Sends a request of HEAD, and DATA behind it. */
static enum bk_code request(struct place_ssh *ssh, enum wire_type type, const void *head,
	size_t head_size, const void *data, size_t size, struct bk_error *err)
{
	enum bk_code code = bk_link_begin(&ssh->link, err);

	if (!code)
		code = bk_buf_append(&ssh->link.out, head, head_size, err);
	if (!code && size)
		code = bk_buf_append(&ssh->link.out, data, size, err);
	if (!code)
		code = bk_link_send(&ssh->link, type, err);
	return code ? broken(ssh, err) : BK_OK;
}

static enum bk_code bad_answer(struct place_ssh *ssh, struct bk_error *err)
{
	bk_fail(err, BK_E_IO, 0, "its answer is none");
	return broken(ssh, err);
}

static enum bk_code ssh_head(struct place *place, struct place_head *out, struct bk_error *err)
{
	struct place_ssh *ssh = ssh_of(place);
	struct message message;
	enum bk_code code = request(ssh, WIRE_HEAD, NULL, 0, NULL, 0, err);

	if (!code)
		code = wait_for(ssh, WIRE_HEAD, &message, err);
	if (code)
		return code;
	if (message.size != 2 * WIRE_LOG_SIZE)
		return bad_answer(ssh, err);
	bk_wire_get_log(&out->now, message.body);
	bk_wire_get_log(&out->coming, message.body + WIRE_LOG_SIZE);
	return BK_OK;
}

static enum bk_code wait_ok(struct place_ssh *ssh, struct bk_error *err)
{
	struct message message;

	return wait_for(ssh, WIRE_OK, &message, err);
}

static enum bk_code ssh_begin(
	struct place *place, const uint8_t *header, enum place_begin how, struct bk_error *err)
{
	uint8_t head[8] = {(uint8_t)how};
	enum bk_code code =
		request(ssh_of(place), WIRE_BEGIN, head, sizeof head, header, LOG_HEADER_SIZE, err);

	return code ? code : wait_ok(ssh_of(place), err);
}

static enum bk_code ssh_append(struct place *place, const uint8_t *id, uint64_t offset,
	const void *data, size_t size, bool sync, struct bk_error *err)
{
	uint8_t head[WIRE_RUN_SIZE];
	enum bk_code code;

	memcpy(bk_put_u64(head, sync ? WIRE_SYNC : 0), id, LOG_ID_SIZE);
	bk_put_u64(head + 24, offset);
	code = request(ssh_of(place), WIRE_APPEND, head, sizeof head, data, size, err);
	return code || !sync ? code : wait_ok(ssh_of(place), err);
}

static enum bk_code ssh_commit(struct place *place, const uint8_t *id, struct bk_error *err)
{
	enum bk_code code = request(ssh_of(place), WIRE_COMMIT, id, LOG_ID_SIZE, NULL, 0, err);

	return code ? code : wait_ok(ssh_of(place), err);
}

static enum bk_code ask_part(struct place_ssh *ssh, const uint8_t *id,
	const struct place_part *part, struct bk_error *err)
{
	uint8_t head[WIRE_READ_SIZE];

	memcpy(head, id, LOG_ID_SIZE);
	bk_put_u32(bk_put_u64(head + 16, part->offset), (uint32_t)part->size);
	return request(ssh, WIRE_READ, head, sizeof head, NULL, 0, err);
}

static enum bk_code take_part(struct place_ssh *ssh, struct place_part *part, struct bk_error *err)
{
	struct message message;
	enum bk_code code = wait_for(ssh, WIRE_DATA, &message, err);

	if (code)
		return code;
	if (message.size > part->size)
		return bad_answer(ssh, err);
	memcpy(part->data, message.body, message.size);
	part->got = message.size;
	return BK_OK;
}

/* All are asked for before the first answer is read. What fails leaves answers on the line, so
 * nothing else comes over it. */
static enum bk_code ssh_parts(struct place *place, const uint8_t *id, struct place_part *parts,
	size_t count, struct bk_error *err)
{
	struct place_ssh *ssh = ssh_of(place);
	enum bk_code code = BK_OK;
	size_t taken = 0;

	for (size_t i = 0; !code && i < count; i++)
		code = ask_part(ssh, id, &parts[i], err);
	while (!code && taken < count)
		code = take_part(ssh, &parts[taken++], err);
	if (code && taken < count)
		hang_up(ssh);
	return code;
}

static enum bk_code ssh_read(struct place *place, const uint8_t *id, uint64_t offset, void *data,
	size_t size, size_t *got, struct bk_error *err)
{
	struct place_part part = {.offset = offset,
		.data = data,
		.size = size < PLACE_RUN_MAX ? size : PLACE_RUN_MAX};
	enum bk_code code = ssh_parts(place, id, &part, 1, err);

	if (!code)
		*got = part.got;
	return code;
}

/* Gives TAKE the parts in MESSAGE; false where it is not made of such. */
static bool take_parts(const struct message *message,
	void (*take)(void *ctx, uint64_t offset, const uint8_t *bytes, size_t size), void *ctx)
{
	struct cursor cur = bk_cursor_of(message->body, message->size);

	while (bk_cursor_left(&cur) >= WIRE_PART_SIZE) {
		uint64_t offset = bk_get_u64(&cur);
		uint32_t size = bk_get_u32(&cur);
		const uint8_t *bytes = bk_get_bytes(&cur, size);

		if (!bytes || offset > INT64_MAX)
			return false;
		take(ctx, offset, bytes, size);
	}
	return !bk_cursor_left(&cur);
}

static enum bk_code ssh_image(struct place *place, const uint8_t *id, const uint32_t *version,
	void (*take)(void *ctx, uint64_t offset, const uint8_t *bytes, size_t size), void *ctx,
	struct bk_error *err)
{
	struct place_ssh *ssh = ssh_of(place);
	uint8_t head[WIRE_IMAGE_SIZE];
	struct message message;
	enum bk_code code;

	if (!(ssh->flags & WIRE_IMAGES))
		return BK_OK;
	memcpy(head, id, LOG_ID_SIZE);
	bk_put_u32(bk_put_u32(head + 16, version ? 0 : WIRE_NEWEST), version ? *version : 0);
	code = request(ssh, WIRE_IMAGE, head, sizeof head, NULL, 0, err);
	for (unsigned i = 0; !code && i < IMAGE_MESSAGES_MAX; i++) {
		code = wait_either(ssh, WIRE_DATA, WIRE_OK, &message, err);
		if (!code && message.type == WIRE_OK)
			return BK_OK;
		if (!code && !take_parts(&message, take, ctx))
			return bad_answer(ssh, err);
	}
	return code ? code : bad_answer(ssh, err);
}

static enum bk_code ssh_list(struct place *place, struct bk_buf *names, struct bk_error *err)
{
	struct message message;
	enum bk_code code = request(ssh_of(place), WIRE_LIST, NULL, 0, NULL, 0, err);

	if (!code)
		code = wait_for(ssh_of(place), WIRE_DATA, &message, err);
	return code ? code : bk_buf_append(names, message.body, message.size, err);
}

static void ssh_close(struct place *place)
{
	struct place_ssh *ssh = ssh_of(place);

	hang_up(ssh);
	bk_link_done(&ssh->link);
	free(ssh->host);
	free(ssh);
}

static const struct place_ops ssh_ops = {
	.head = ssh_head,
	.begin = ssh_begin,
	.append = ssh_append,
	.commit = ssh_commit,
	.read = ssh_read,
	.parts = ssh_parts,
	.image = ssh_image,
	.list = ssh_list,
	.close = ssh_close,
};

static enum bk_code greet(struct place_ssh *ssh, const char *name, struct bk_error *err)
{
	uint8_t head[WIRE_HELLO_SIZE];
	struct message message;
	enum bk_code code;

	bk_wire_put_hello(head, WIRE_VERSION);
	code = request(ssh, WIRE_HELLO, head, sizeof head, name, strlen(name), err);
	if (!code)
		code = wait_for(ssh, WIRE_HELLO, &message, err);
	if (!code && !bk_wire_get_hello(message.body, message.size, &ssh->flags))
		code = bad_answer(ssh, err);
	return code;
}

static enum bk_code connect_to(
	struct place_ssh *ssh, const struct sshurl *url, struct bk_error *err)
{
	const struct bk_io *io = ssh->io;
	char *argv[SSHURL_ARGS_MAX];
	int rc;

	memcpy(argv, url->argv, sizeof argv); /* as exec takes them; none is written to */
	rc = io->ops->run ? io->ops->run(io->ctx, argv, &ssh->command) : -ENOSYS;
	if (rc < 0)
		return bk_fail(err, BK_E_IO, -rc, "cannot run ssh");
	return greet(ssh, url->name, err);
}

enum bk_code bk_place_ssh(
	struct place **out, const struct bk_io *io, const char *url, struct bk_error *err)
{
	struct place_ssh *ssh = calloc(1, sizeof *ssh);
	const struct bk_server_stream stream = {receive, transmit, ssh};
	struct sshurl parts = {0};
	enum bk_code code = ssh ? bk_sshurl_parse(&parts, url, err)
				: bk_fail(err, BK_E_NOMEM, 0, "no memory to connect");

	if (code) {
		free(ssh);
		return code;
	}
	ssh->place.ops = &ssh_ops;
	ssh->io = io;
	bk_link_init(&ssh->link, &stream);
	ssh->host = strdup(parts.host);
	code = ssh->host ? connect_to(ssh, &parts, err)
			 : bk_fail(err, BK_E_NOMEM, 0, "no memory to connect");
	bk_sshurl_done(&parts);
	if (code)
		ssh_close(&ssh->place);
	else
		*out = &ssh->place;
	return code;
}

/* server.c - a server of the older plugin's protocol: its log, and one connection after the other.
 */
#include "incoming.h"
#include "serving.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IDLE_MS            10000
#define SILENCE_MS         60000
#define LOCK_WAIT_MS       5000

/* zlib makes what it cannot pack a little longer. */
#define PACKED_MAX (BK_CHANGE_BYTES_MAX + BK_CHANGE_BYTES_MAX / 1024)

static void close_log(struct bk_older_server *server)
{
	bk_follower_stop(server->follower);
	bk_writer_leave(server->writer);
	server->follower = NULL;
	server->writer = NULL;
}

static enum bk_code open_log(struct bk_older_server *server, struct bk_error *err)
{
	const struct bk_writer_options options = {
		.program = "backup-cli server", .lock_wait_ms = LOCK_WAIT_MS};
	enum bk_code code =
		bk_writer_open(&server->writer, server->io, server->path, &options, err);

	if (!code)
		code = bk_serving_follow(server, err);
	server->has_failed = code;
	if (code)
		close_log(server);
	return code;
}

static void take_options(
	struct bk_older_server *server, const struct bk_older_server_options *options)
{
	if (options)
		server->options = *options;
	if (!server->options.idle_ms)
		server->options.idle_ms = IDLE_MS;
	if (!server->options.silence_ms)
		server->options.silence_ms = SILENCE_MS;
	if (!server->options.snapshot_bytes_max)
		server->options.snapshot_bytes_max = INCOMING_BYTES_MAX;
}

enum bk_code bk_older_server_new(struct bk_older_server **out, const struct bk_io *io,
	const struct bk_net *net, const char *path, const struct bk_older_server_options *options,
	struct bk_error *err)
{
	struct bk_older_server *server = calloc(1, sizeof *server);
	enum bk_code code = BK_OK;

	if (!server)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory to serve %s", path);
	server->io = io;
	server->net = net;
	server->channel = CHANNEL_CLOSED;
	take_options(server, options);
	bk_buf_init(&server->packed, PACKED_MAX);
	bk_buf_init(&server->unpacked, BK_CHANGE_BYTES_MAX);
	server->path = strdup(path);
	if (!server->path || asprintf(&server->incoming, "%s.incoming", path) < 0) {
		server->incoming = NULL;
		code = bk_fail(err, BK_E_NOMEM, 0, "no memory to serve %s", path);
	}
	if (!code)
		code = open_log(server, err);
	if (code)
		bk_older_server_free(server);
	else
		*out = server;
	return code;
}

void bk_older_server_free(struct bk_older_server *server)
{
	if (!server)
		return;
	bk_channel_close(&server->channel);
	close_log(server);
	bk_older_statements_done(&server->statements);
	bk_buf_done(&server->packed);
	bk_buf_done(&server->unpacked);
	free(server->path);
	free(server->incoming);
	free(server);
}

static enum bk_code serve_metadata(struct bk_older_server *server, struct bk_error *err)
{
	struct metadata metadata = {.version = bk_writer_version(server->writer)};
	struct bk_log_status status;
	enum bk_code code = bk_log_status(bk_writer_log(server->writer), &status, err);

	if (code)
		return code;
	if (!bk_serving_can_rewind(server, &metadata.previous))
		metadata.previous = 0;
	metadata.count = status.changes;
	return bk_packet_send_metadata(&server->channel, &metadata, err);
}

/* What clients may say, and needs no answer. */
static enum bk_code skip(
	struct bk_older_server *server, const struct packet *packet, struct bk_error *err)
{
	server->packed.size = 0;
	if (packet->size > PACKET_TEXT_MAX)
		return bk_fail(err, BK_E_LIMIT, 0, "a packet of kind %u with %u bytes",
			packet->kind, packet->size);
	return bk_packet_payload(&server->channel, packet, &server->packed, err);
}

static enum bk_code serve_packet(
	struct bk_older_server *server, const struct packet *packet, struct bk_error *err)
{
	switch (packet->kind) {
	case PACKET_CHANGE:
		return bk_serve_change(server, packet, err);
	case PACKET_SNAPSHOT:
		return bk_serve_snapshot(server, packet, err);
	case PACKET_REWIND:
		return bk_serve_rewind(server, packet, err);
	case PACKET_ACK:
	case PACKET_NACK:
	case PACKET_METADATA:
	case PACKET_COMPACT_RES:
		return skip(server, packet, err);
	default:
		break;
	}
	if (packet->size)
		return bk_fail(err, BK_E_INVALID, 0, "a packet of kind %u with %u bytes",
			packet->kind, packet->size);
	switch (packet->kind) {
	case PACKET_REQ_METADATA:
		return serve_metadata(server, err);
	case PACKET_RESTORE:
		return bk_serve_restore(server, err);
	case PACKET_COMPACT:
		return bk_serve_compact(server, err);
	default:
		return bk_fail(
			err, BK_E_INVALID, 0, "a packet of the unknown kind %u", packet->kind);
	}
}

/* Waits for the next packet. False, if another connection comes to LISTENING, and this one has been
 * idle: its other side may be gone without our having been told. */
static bool wait_for_packet(struct bk_older_server *server, int listening)
{
	const struct bk_net *net = server->net;
	int64_t began = net->ops->now_ms(net->ctx);
	struct pollfd fds[] = {
		{.fd = server->channel.fd, .events = POLLIN}, {.fd = listening, .events = POLLIN}};

	for (;;) {
		int64_t idle = net->ops->now_ms(net->ctx) - began;
		bool is_long = idle >= server->options.idle_ms;
		int rc = net->ops->poll(net->ctx, fds, is_long ? 2 : 1,
			is_long ? -1 : (int)(server->options.idle_ms - idle));

		if (rc < 0 && rc != -EINTR)
			return false;
		if (rc > 0 && fds[0].revents)
			return true;
		if (rc > 0)
			return false;
	}
}

/* Until it ends, or says what makes no sense. */
static void serve_connection(struct bk_older_server *server, int listening)
{
	struct packet packet;
	struct bk_error err = {.code = BK_OK};
	enum bk_code code = BK_OK;

	server->is_fresh = true;
	while (!code && wait_for_packet(server, listening)) {
		code = bk_packet_head(&server->channel, &packet, &err);
		if (!code)
			code = serve_packet(server, &packet, &err);
	}
	if (!code)
		bk_serving_say(server, BK_OLDER_NOTICE,
			"the connection was idle, and another one comes: it is closed");
	else if (code == BK_E_IO && !server->has_failed)
		bk_serving_say(server, BK_OLDER_INFO, "Connection closed: %s", err.msg);
	else
		bk_serving_say(server, BK_OLDER_ERROR, "connection closed: %s", err.msg);
}

/* The next who connects, waiting for one; server->channel stays closed if that was nothing. */
static enum bk_code accept_next(struct bk_older_server *server, int listening, struct bk_error *err)
{
	const struct bk_net *net = server->net;
	struct pollfd waiting = {.fd = listening, .events = POLLIN};
	int fd = net->ops->poll(net->ctx, &waiting, 1, -1);

	if (fd >= 0)
		fd = net->ops->accept(net->ctx, listening);
	if (fd == -EINTR || fd == -EAGAIN || fd == -ECONNABORTED || fd == -EPROTO)
		return BK_OK;
	if (fd < 0)
		return bk_fail(err, BK_E_IO, -fd, "cannot take a connection");
	server->channel =
		(struct channel){.net = net, .fd = fd, .wait_ms = server->options.silence_ms};
	return BK_OK;
}

/* Serves the connection, with a log that works. */
static enum bk_code serve_one(struct bk_older_server *server, int listening, struct bk_error *err)
{
	enum bk_code code = BK_OK;

	if (server->has_failed) {
		close_log(server);
		code = open_log(server, err);
	}
	if (code)
		return code;
	bk_serving_say(server, BK_OLDER_INFO, "Servicing incoming connection");
	serve_connection(server, listening);
	return BK_OK;
}

enum bk_code bk_older_server_run(
	struct bk_older_server *server, int listening, struct bk_error *err)
{
	enum bk_code code = BK_OK;

	while (!code) {
		code = accept_next(server, listening, err);
		if (!code && server->channel.fd >= 0)
			code = serve_one(server, listening, err);
		bk_channel_close(&server->channel);
	}
	return code;
}

/* serve_snapshot.c - SNAPSHOT, as a server takes it: piece by piece, into a file. */
#include "bigend.h"
#include "incoming.h"
#include "newest.h"
#include "serving.h"
#include <bk/live.h>
#include <bk/snapshot.h>
#include <bk/verify.h>
#include <bk/version.h>

/* Whether it is the snapshot that the log has at its head: it came before. */
static enum bk_code is_repeated(
	struct bk_older_server *server, uint32_t version, bool *repeated, struct bk_error *err)
{
	struct bk_log *log = bk_writer_log(server->writer);
	struct bk_against_result result;
	struct bk_entry entry;
	struct bk_buf newest;
	bool found;
	enum bk_code code;

	*repeated = false;
	if (!server->is_fresh || version != bk_writer_version(server->writer) || !version)
		return BK_OK;
	bk_buf_init(&newest, BK_CHANGE_BYTES_MAX);
	code = bk_older_newest(log, &entry, &newest, &found, err);
	bk_buf_done(&newest);
	if (code || found)
		return code;
	code = bk_verify_against(log, server->incoming, NULL, &result, err);
	*repeated = !code && result.is_held && bk_against_is_same(&result);
	return code;
}

static enum bk_code refuse(struct bk_older_server *server, const char *why, struct bk_error *err)
{
	bk_serving_say(server, BK_OLDER_WARNING, "refused: %s", why);
	return bk_serving_answer(server, PACKET_NACK, err);
}

static enum bk_code store(struct bk_older_server *server, uint32_t version, struct bk_error *err)
{
	struct bk_error why;
	enum bk_code code;

	code = bk_writer_snapshot(
		server->writer, server->incoming, BK_SNAPSHOT_GAP, 0, NULL, NULL, &why);
	if (code == BK_E_UNSAFE || code == BK_E_SQL)
		return refuse(server, why.msg, err);
	server->has_failed |= code != BK_OK;
	if (code)
		return bk_fail_as(err, &why);
	server->is_fresh = false;
	bk_serving_say(server, BK_OLDER_INFO, "stored a snapshot of version %u", version);
	return bk_serving_answer(server, PACKET_ACK, err);
}

/* What stands at `incoming` should be a database of VERSION. */
static enum bk_code take(struct bk_older_server *server, uint32_t version, struct bk_error *err)
{
	uint32_t found, head = bk_writer_version(server->writer);
	struct bk_error why;
	bool repeated;
	enum bk_code code = bk_live_version(server->incoming, 0, &found, &why);

	if (!code && found != version)
		code = bk_fail(&why, BK_E_SQL, 0,
			"a snapshot of version %u says that it is version %u", version, found);
	if (!code && bk_version_after(head, version))
		code = bk_fail(&why, BK_E_UNSAFE, 0,
			"a snapshot of version %u is older than the backup, which is at %u. If it "
			"is "
			"surely the newest state, move the log away, and serve another",
			version, head);
	if (code == BK_E_SQL || code == BK_E_BUSY || code == BK_E_UNSAFE)
		return refuse(server, why.msg, err);
	if (code)
		return bk_fail_as(err, &why);
	code = is_repeated(server, version, &repeated, err);
	if (code)
		return code;
	return repeated ? bk_serving_answer(server, PACKET_ACK, err) : store(server, version, err);
}

enum bk_code bk_serve_snapshot(
	struct bk_older_server *server, const struct packet *packet, struct bk_error *err)
{
	struct incoming incoming = {.io = server->io,
		.path = server->incoming,
		.bytes_max = server->options.snapshot_bytes_max};
	uint8_t version[4];
	enum bk_code code;

	if (packet->size < sizeof version)
		return bk_fail(err, BK_E_INVALID, 0, "a snapshot of %u bytes", packet->size);
	code = bk_channel_recv(&server->channel, version, sizeof version, err);
	if (!code)
		code = bk_incoming_begin(&incoming, err);
	if (!code)
		code = bk_incoming_receive(&incoming, &server->channel,
			packet->size - (uint32_t)sizeof version, err);
	if (!code)
		code = bk_incoming_end(&incoming, err);
	if (!code)
		code = take(server, bk_load_be32(version), err);
	bk_incoming_remove(&incoming);
	return code;
}

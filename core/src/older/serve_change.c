/* serve_change.c - CHANGE and REWIND, as a server takes them. */
#include "newest.h"
#include "rebuilt.h"
#include "serving.h"
#include "writer.h"
#include <string.h>

#define KEEP_BYTES ((size_t)1 << 20)

/* What a change may unpack to: so much, and more for each packed byte, as a log of ours has it
 * (log/decoder.h). What nodes write grows to 10 to 20 times its size. */
#define GROWN_BYTES  ((size_t)32 << 20)
#define GROWN_A_BYTE ((size_t)64)

/* Changes between two tries to heal. */
#define STUCK_CHANGES 128

/* Whether what was unpacked is the newest change of the log: it came before, and its
 * acknowledgement was lost with the connection. */
static enum bk_code is_repeated(
	struct bk_older_server *server, uint32_t version, bool *repeated, struct bk_error *err)
{
	struct bk_entry entry;
	struct bk_buf newest;
	bool found;
	enum bk_code code;

	*repeated = false;
	if (!server->is_fresh || version != bk_writer_version(server->writer))
		return BK_OK;
	bk_buf_init(&newest, BK_CHANGE_BYTES_MAX);
	code = bk_older_newest(bk_writer_log(server->writer), &entry, &newest, &found, err);
	*repeated = !code && found && entry.version == version &&
		    newest.size == server->unpacked.size &&
		    memcmp(newest.data, server->unpacked.data, newest.size) == 0;
	bk_buf_done(&newest);
	return code;
}

/* A change that cannot be replayed, as the follower said, is healed with what can be rebuilt here.
 */
static void heal(struct bk_older_server *server)
{
	struct bk_error why;

	if (!bk_follower_needs_snapshot(server->follower) || (server->stuck && server->stuck--))
		return;
	server->stuck = STUCK_CHANGES;
	if (bk_rebuilt_keep(server->writer, server->io, server->incoming, &why))
		bk_serving_say(server, BK_OLDER_WARNING,
			"a change is not proven to be what the node had; what it gives here is "
			"kept");
	else
		bk_serving_say(server, BK_OLDER_ERROR,
			"what came since a change that cannot be replayed cannot be restored (%s): "
			"send a snapshot, by backup-cli init on the node, with lightningd stopped",
			why.msg);
}

/* Stores CHANGE. What the log's disk refuses ends the connection without an answer: the client
 * comes back, and may find that there is room again. */
static enum bk_code store(
	struct bk_older_server *server, const struct bk_change *change, struct bk_error *err)
{
	struct bk_error why;
	enum bk_code code;

	heal(server);
	code = bk_writer_append(server->writer, change, &why);
	if (code == BK_E_INVALID || code == BK_E_LIMIT) {
		bk_serving_say(server, BK_OLDER_WARNING, "refused: %s", why.msg);
		return bk_serving_answer(server, PACKET_NACK, err);
	}
	server->has_failed |= code != BK_OK;
	if (code)
		return bk_fail_as(err, &why);
	bk_serving_say(server, BK_OLDER_DEBUG, "stored the change of version %u", change->version);
	return bk_serving_answer(server, PACKET_ACK, err);
}

static enum bk_code take(struct bk_older_server *server, uint32_t version, struct bk_error *err)
{
	struct bk_change change = {.version = version};
	bool repeated;
	enum bk_code code = is_repeated(server, version, &repeated, err);

	if (code)
		return code;
	server->is_fresh = false;
	if (repeated) {
		bk_serving_say(server, BK_OLDER_INFO,
			"version %u came once more, and is stored already", version);
		return bk_serving_answer(server, PACKET_ACK, err);
	}
	code = bk_older_split(
		&server->statements, server->unpacked.data, server->unpacked.size, err);
	change.statements = server->statements.list;
	change.statement_count = server->statements.count;
	return code ? code : store(server, &change, err);
}

/* What came is unpacked, as far as a change may grow by that. */
static enum bk_code unpack(struct bk_older_server *server, uint32_t *version, struct bk_error *err)
{
	size_t packed = server->packed.size;

	bk_buf_clear(&server->unpacked, KEEP_BYTES);
	server->unpacked.max = packed < (BK_CHANGE_BYTES_MAX - GROWN_BYTES) / GROWN_A_BYTE
				       ? GROWN_BYTES + GROWN_A_BYTE * packed
				       : BK_CHANGE_BYTES_MAX;
	return bk_packet_unpack(server->packed.data, packed, version, &server->unpacked, err);
}

enum bk_code bk_serve_change(
	struct bk_older_server *server, const struct packet *packet, struct bk_error *err)
{
	uint32_t version;
	struct bk_error why;
	enum bk_code code;

	bk_buf_clear(&server->packed, KEEP_BYTES);
	code = bk_packet_payload(&server->channel, packet, &server->packed, err);
	if (code)
		return code;
	code = unpack(server, &version, &why);
	if (code == BK_E_LIMIT) {
		bk_serving_say(server, BK_OLDER_WARNING,
			"refused: a change that unpacks to too much: %s", why.msg);
		return bk_serving_answer(server, PACKET_NACK, err);
	}
	return code ? bk_fail_as(err, &why) : take(server, version, err);
}

/* Durable before it is acknowledged: a client that finds the struck change here after a power cut
 * would take it for the one that it sends next. */
static enum bk_code rewind_to(
	struct bk_older_server *server, uint32_t version, struct bk_error *err)
{
	enum bk_code code = bk_writer_rewind(server->writer, version, err);

	if (!code)
		code = bk_writer_sync(server->writer, err);
	server->has_failed |= code != BK_OK;
	if (code)
		return code;
	server->is_fresh = false;
	bk_serving_say(server, BK_OLDER_INFO, "version %u was never committed: back at version %u",
		version + 1, version);
	return bk_serving_answer(server, PACKET_ACK, err);
}

enum bk_code bk_serve_rewind(
	struct bk_older_server *server, const struct packet *packet, struct bk_error *err)
{
	uint32_t to, version;
	enum bk_code code = bk_packet_u32(&server->channel, packet, &to, err);

	if (code)
		return code;
	/* It came before, and the acknowledgement was lost. */
	if (to == bk_writer_version(server->writer))
		return bk_serving_answer(server, PACKET_ACK, err);
	if (bk_serving_can_rewind(server, &version) && to == version)
		return rewind_to(server, version, err);
	bk_serving_say(server, BK_OLDER_WARNING, "refused: version %u cannot go back to version %u",
		bk_writer_version(server->writer), to);
	return bk_serving_answer(server, PACKET_NACK, err);
}

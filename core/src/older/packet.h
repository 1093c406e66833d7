/* packet.h - the packets of the older plugin's protocol (docs/older.md): a kind, the size of a
 * payload, the payload. */
#ifndef BK_PACKET_H
#define BK_PACKET_H

#include "channel.h"
#include <bk/change.h>

enum packet_kind {
	PACKET_CHANGE = 1,
	PACKET_SNAPSHOT = 2,
	PACKET_REWIND = 3,
	PACKET_REQ_METADATA = 4,
	PACKET_RESTORE = 5,
	PACKET_ACK = 6,
	PACKET_NACK = 7,
	PACKET_METADATA = 8,
	PACKET_DONE = 9,
	PACKET_COMPACT = 10,
	PACKET_COMPACT_RES = 11,
};

#define PACKET_HEAD_SIZE     5
#define PACKET_METADATA_SIZE 20
#define PROTOCOL_VERSION     1

/* Of any packet but a CHANGE, a SNAPSHOT and the text of a COMPACT_RES. */
#define PACKET_SMALL_MAX 64
#define PACKET_TEXT_MAX  65536

struct packet {
	uint8_t kind;
	uint32_t size; /* of its payload, which was not received yet */
};

struct metadata {
	uint32_t version, previous;
	uint64_t count;
};

/* Receives a packet's head. Fails as bk_channel_recv does. */
BK_MUST_CHECK enum bk_code bk_packet_head(
	struct channel *channel, struct packet *packet, struct bk_error *err);

/* Receives the payload, all of it, into OUT. Fails with BK_E_LIMIT, and receives nothing, if OUT
 * may not hold so much. What was announced and does not come takes no memory. */
BK_MUST_CHECK enum bk_code bk_packet_payload(struct channel *channel, const struct packet *packet,
	struct bk_buf *out, struct bk_error *err);

/* The same for a payload of a u32 alone. */
BK_MUST_CHECK enum bk_code bk_packet_u32(struct channel *channel, const struct packet *packet,
	uint32_t *value, struct bk_error *err);

BK_MUST_CHECK enum bk_code bk_packet_send(struct channel *channel, enum packet_kind kind,
	const void *payload, size_t size, struct bk_error *err);
BK_MUST_CHECK enum bk_code bk_packet_send_u32(
	struct channel *channel, enum packet_kind kind, uint32_t value, struct bk_error *err);

BK_MUST_CHECK enum bk_code bk_packet_send_metadata(
	struct channel *channel, const struct metadata *metadata, struct bk_error *err);
BK_MUST_CHECK enum bk_code bk_packet_metadata(struct channel *channel, const struct packet *packet,
	struct metadata *metadata, struct bk_error *err);

/* Appends CHANGE as a whole packet to OUT. Fails with BK_E_LIMIT, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_packet_of_change(
	struct bk_buf *out, const struct bk_change *change, struct bk_error *err);

/* The same of statements as they stand in a payload (payload.h). */
BK_MUST_CHECK enum bk_code bk_packet_of_payload(struct bk_buf *out, uint32_t version,
	const void *payload, size_t size, struct bk_error *err);

/* Takes a CHANGE's payload apart: *VERSION, and what it unpacks to, appended to OUT. Fails with
 * BK_E_INVALID, BK_E_LIMIT, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_packet_unpack(const void *payload, size_t size, uint32_t *version,
	struct bk_buf *out, struct bk_error *err);

#endif

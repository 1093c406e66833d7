/* packet.c - the packets of the older plugin's protocol. */
#include "packet.h"
#include "bigend.h"
#include "payload.h"
#include "zip.h"
#include <string.h>

/* Memory for a payload grows as it comes, by so much at most. */
#define STEP_BYTES ((size_t)1 << 20)

enum bk_code bk_packet_head(struct channel *channel, struct packet *packet, struct bk_error *err)
{
	uint8_t head[PACKET_HEAD_SIZE];
	enum bk_code code = bk_channel_recv(channel, head, sizeof head, err);

	if (code)
		return code;
	*packet = (struct packet){.kind = head[0], .size = bk_load_be32(head + 1)};
	return BK_OK;
}

enum bk_code bk_packet_payload(struct channel *channel, const struct packet *packet,
	struct bk_buf *out, struct bk_error *err)
{
	size_t left = packet->size;
	enum bk_code code = BK_OK;

	if (left > out->max - out->size)
		return bk_fail(err, BK_E_LIMIT, 0,
			"a packet of kind %u with %u bytes is over the limit of %zu", packet->kind,
			packet->size, out->max);
	while (left && !code) {
		size_t step = left < STEP_BYTES ? left : STEP_BYTES;

		code = bk_buf_reserve(out, step, err);
		if (!code)
			code = bk_channel_recv(channel, out->data + out->size, step, err);
		if (!code)
			out->size += step;
		left -= step;
	}
	return code;
}

enum bk_code bk_packet_u32(
	struct channel *channel, const struct packet *packet, uint32_t *value, struct bk_error *err)
{
	uint8_t bytes[4];
	enum bk_code code;

	if (packet->size != sizeof bytes)
		return bk_fail(err, BK_E_INVALID, 0, "a packet of kind %u has %u bytes, and not 4",
			packet->kind, packet->size);
	code = bk_channel_recv(channel, bytes, sizeof bytes, err);
	if (!code)
		*value = bk_load_be32(bytes);
	return code;
}

enum bk_code bk_packet_send(struct channel *channel, enum packet_kind kind, const void *payload,
	size_t size, struct bk_error *err)
{
	uint8_t bytes[PACKET_HEAD_SIZE + PACKET_SMALL_MAX];
	size_t first = size < PACKET_SMALL_MAX ? size : PACKET_SMALL_MAX;
	enum bk_code code;

	bytes[0] = (uint8_t)kind;
	bk_store_be32(bytes + 1, (uint32_t)size);
	if (first)
		memcpy(bytes + PACKET_HEAD_SIZE, payload, first);
	code = bk_channel_send(channel, bytes, PACKET_HEAD_SIZE + first, err);
	if (!code && size > first)
		code = bk_channel_send(
			channel, (const uint8_t *)payload + first, size - first, err);
	return code;
}

enum bk_code bk_packet_send_u32(
	struct channel *channel, enum packet_kind kind, uint32_t value, struct bk_error *err)
{
	uint8_t bytes[4];

	bk_store_be32(bytes, value);
	return bk_packet_send(channel, kind, bytes, sizeof bytes, err);
}

enum bk_code bk_packet_send_metadata(
	struct channel *channel, const struct metadata *metadata, struct bk_error *err)
{
	uint8_t bytes[PACKET_METADATA_SIZE];

	bk_store_be32(bytes, PROTOCOL_VERSION);
	bk_store_be32(bytes + 4, metadata->version);
	bk_store_be32(bytes + 8, metadata->previous);
	bk_store_be64(bytes + 12, metadata->count);
	return bk_packet_send(channel, PACKET_METADATA, bytes, sizeof bytes, err);
}

enum bk_code bk_packet_metadata(struct channel *channel, const struct packet *packet,
	struct metadata *metadata, struct bk_error *err)
{
	uint8_t bytes[PACKET_METADATA_SIZE];
	enum bk_code code;

	if (packet->kind != PACKET_METADATA || packet->size != sizeof bytes)
		return bk_fail(err, BK_E_INVALID, 0,
			"the server does not speak the older plugin's protocol: it answers with a "
			"packet of kind %u, %u bytes",
			packet->kind, packet->size);
	code = bk_channel_recv(channel, bytes, sizeof bytes, err);
	if (!code && bk_load_be32(bytes) != PROTOCOL_VERSION)
		code = bk_fail(err, BK_E_INVALID, 0, "the server speaks version %u of the protocol",
			bk_load_be32(bytes));
	if (code)
		return code;
	*metadata = (struct metadata){.version = bk_load_be32(bytes + 4),
		.previous = bk_load_be32(bytes + 8),
		.count = bk_load_be64(bytes + 12)};
	return BK_OK;
}

/* Begins a CHANGE of VERSION in OUT; *AT is where it stands there. */
static enum bk_code begin_change(
	struct bk_buf *out, uint32_t version, size_t *at, struct bk_error *err)
{
	uint8_t head[PACKET_HEAD_SIZE + 4] = {PACKET_CHANGE};

	*at = out->size;
	bk_store_be32(head + PACKET_HEAD_SIZE, version);
	return bk_buf_append(out, head, sizeof head, err);
}

/* The packet that begins AT is whole. */
static enum bk_code end_change(struct bk_buf *out, size_t at, struct bk_error *err)
{
	size_t size = out->size - at - PACKET_HEAD_SIZE;

	if (size > UINT32_MAX)
		return bk_fail(err, BK_E_LIMIT, 0, "a change is too large for a packet");
	bk_store_be32(out->data + at + 1, (uint32_t)size);
	return BK_OK;
}

enum bk_code bk_packet_of_payload(struct bk_buf *out, uint32_t version, const void *payload,
	size_t size, struct bk_error *err)
{
	struct zip zip;
	size_t at;
	enum bk_code code = begin_change(out, version, &at, err);

	if (!code)
		code = bk_zip_begin(&zip, err);
	if (code)
		return code;
	code = bk_zip_pack(&zip, payload, size, out, err);
	if (!code)
		code = bk_zip_pack_end(&zip, out, err);
	bk_zip_done(&zip);
	return code ? code : end_change(out, at, err);
}

enum bk_code bk_packet_of_change(
	struct bk_buf *out, const struct bk_change *change, struct bk_error *err)
{
	struct bk_buf payload;
	enum bk_code code;

	bk_buf_init(&payload, BK_CHANGE_BYTES_MAX);
	code = bk_older_join(&payload, change, err);
	if (!code)
		code = bk_packet_of_payload(out, change->version, payload.data, payload.size, err);
	bk_buf_done(&payload);
	return code;
}

/* A zip_fn. */
static enum bk_code append(void *ctx, const void *bytes, size_t size, struct bk_error *err)
{
	return bk_buf_append(ctx, bytes, size, err);
}

enum bk_code bk_packet_unpack(const void *payload, size_t size, uint32_t *version,
	struct bk_buf *out, struct bk_error *err)
{
	struct unzip unzip;
	enum bk_code code;

	if (size < 4)
		return bk_fail(err, BK_E_INVALID, 0, "a change of %zu bytes has no version", size);
	*version = bk_load_be32(payload);
	code = bk_unzip_begin(&unzip, append, out, err);
	if (code)
		return code;
	code = bk_unzip_feed(&unzip, (const uint8_t *)payload + 4, size - 4, err);
	if (!code)
		code = bk_unzip_end(&unzip, err);
	bk_unzip_done(&unzip);
	return code;
}

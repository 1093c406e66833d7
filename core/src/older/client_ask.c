/* client_ask.c - what a client of the older plugin's protocol asks beside its changes. */
#include "asking.h"
#include "bigend.h"
#include "importing.h"
#include "outgoing.h"
#include <bk/image.h>
#include <stdio.h>

/* A server may have to copy much before it answers. */
#define LONG_WAIT_MS 1800000

/* Once more, if the connection was lost meanwhile: what DO_IT does can be done twice. */
static enum bk_code do_twice(struct bk_older_client *client,
	enum bk_code (*do_it)(struct bk_older_client *client, void *what, struct bk_error *err),
	void *what, struct bk_error *err)
{
	unsigned try = 0; /* to connect anew: the first at once */
	enum bk_code code = BK_E_IO;

	while (code == BK_E_IO && try <= client->options.tries) {
		if (client->channel.fd < 0 && !bk_asking_again(client, try++)) {
			code = bk_fail_as(err, &client->why);
			continue;
		}
		code = do_it(client, what, err);
		if (code == BK_E_IO)
			bk_asking_lose(client, err);
	}
	return code == BK_E_IO ? bk_asking_give_up(client, err) : code;
}

static enum bk_code send_rewind(struct bk_older_client *client, void *what, struct bk_error *err)
{
	uint32_t version = *(const uint32_t *)what;
	char doing[64];
	enum bk_code code = BK_OK;

	/* A connection that was made anew has told. */
	if (client->at.version == version)
		return BK_OK;
	snprintf(doing, sizeof doing, "to go back to version %u", version);
	code = bk_packet_send_u32(&client->channel, PACKET_REWIND, version, err);
	return code ? code : bk_asking_answer(client, doing, err);
}

enum bk_code bk_older_client_rewind(
	struct bk_older_client *client, uint32_t version, struct bk_error *err)
{
	enum bk_code code = do_twice(client, send_rewind, &version, err);

	if (!code) {
		client->at.version = version;
		client->at.previous = 0;
	}
	return code;
}

struct sending {
	const struct bk_io *io;
	const char *beside;
	struct bk_image *image;
};

static enum bk_code send_image(struct bk_older_client *client, void *what, struct bk_error *err)
{
	const struct sending *sending = what;
	char doing[64];
	enum bk_code code = bk_outgoing_send(
		&client->channel, sending->io, sending->beside, sending->image, err);

	snprintf(doing, sizeof doing, "a snapshot of version %u", bk_image_version(sending->image));
	client->channel.wait_ms = LONG_WAIT_MS;
	if (!code)
		code = bk_asking_answer(client, doing, err);
	client->channel.wait_ms = client->options.wait_ms;
	return code;
}

enum bk_code bk_older_client_snapshot(struct bk_older_client *client, const struct bk_io *io,
	struct bk_log *log, uint32_t version, struct bk_error *err)
{
	struct sending sending = {.io = io, .beside = bk_log_path(log)};
	enum bk_code code = bk_image_open(&sending.image, log, version, NULL, err);

	if (code)
		return code;
	code = do_twice(client, send_image, &sending, err);
	bk_image_close(sending.image);
	/* How many changes that leaves is asked: servers count in their own way. */
	return code ? code : bk_asking_connect(client, err);
}

static enum bk_code take_snapshot(struct bk_older_client *client, const struct packet *packet,
	struct bk_import *import, struct bk_error *err)
{
	uint8_t version[4];
	enum bk_code code;

	if (packet->size < sizeof version)
		return bk_fail(err, BK_E_INVALID, 0, "a snapshot of %u bytes", packet->size);
	code = bk_channel_recv(&client->channel, version, sizeof version, err);
	if (!code)
		code = bk_import_snapshot_begin(import, bk_load_be32(version), err);
	if (!code)
		code = bk_import_snapshot_receive(import, &client->channel,
			packet->size - (uint32_t)sizeof version, err);
	return code ? code : bk_import_snapshot_end(import, err);
}

static enum bk_code take_change(struct bk_older_client *client, const struct packet *packet,
	struct bk_import *import, struct bk_error *err)
{
	struct bk_buf unpacked;
	uint32_t version;
	enum bk_code code;

	client->packet.size = 0;
	bk_buf_init(&unpacked, BK_CHANGE_BYTES_MAX);
	code = bk_packet_payload(&client->channel, packet, &client->packet, err);
	if (!code)
		code = bk_packet_unpack(
			client->packet.data, client->packet.size, &version, &unpacked, err);
	if (!code)
		code = bk_import_change(import, version, unpacked.data, unpacked.size, err);
	bk_buf_done(&unpacked);
	return code;
}

/* Takes one packet of the answer; *DONE: it was the last. */
static enum bk_code take_packet(
	struct bk_older_client *client, struct bk_import *import, bool *done, struct bk_error *err)
{
	struct packet packet;
	enum bk_code code = bk_packet_head(&client->channel, &packet, err);

	if (code)
		return code;
	switch (packet.kind) {
	case PACKET_CHANGE:
		return take_change(client, &packet, import, err);
	case PACKET_SNAPSHOT:
		return take_snapshot(client, &packet, import, err);
	case PACKET_DONE:
		*done = true;
		return BK_OK;
	case PACKET_NACK:
		return bk_fail(err, BK_E_UNSAFE, 0,
			"%s cannot give what it has; its own log tells why", client->name);
	default:
		return bk_fail(err, BK_E_INVALID, 0,
			"%s sends a packet of kind %u in the midst of a restore", client->name,
			packet.kind);
	}
}

enum bk_code bk_older_client_restore(
	struct bk_older_client *client, struct bk_import *import, struct bk_error *err)
{
	bool done = false;
	enum bk_code code = bk_packet_send(&client->channel, PACKET_RESTORE, NULL, 0, err);

	client->channel.wait_ms = LONG_WAIT_MS;
	while (!code && !done)
		code = take_packet(client, import, &done, err);
	client->channel.wait_ms = client->options.wait_ms;
	return code;
}

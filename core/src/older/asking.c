/* asking.c - the connection of a client of the older plugin's protocol. */
#include "asking.h"
#include <string.h>

void bk_asking_lose(struct bk_older_client *client, const struct bk_error *why)
{
	client->why = *why;
	bk_channel_close(&client->channel);
}

static enum bk_code ask_metadata(struct bk_older_client *client, struct bk_error *err)
{
	struct packet packet;
	enum bk_code code = bk_packet_send(&client->channel, PACKET_REQ_METADATA, NULL, 0, err);

	if (!code)
		code = bk_packet_head(&client->channel, &packet, err);
	return code ? code : bk_packet_metadata(&client->channel, &packet, &client->at, err);
}

enum bk_code bk_asking_connect(struct bk_older_client *client, struct bk_error *err)
{
	enum bk_code code;

	bk_channel_close(&client->channel);
	code = bk_channel_open(
		&client->channel, client->net, &client->url, client->options.wait_ms, err);
	if (!code)
		code = ask_metadata(client, err);
	if (code)
		bk_asking_lose(client, err);
	return code;
}

bool bk_asking_again(struct bk_older_client *client, unsigned try)
{
	const struct bk_net *net = client->net;
	unsigned delay = client->options.delay_ms;
	struct bk_error err;

	for (unsigned i = 1; i < try; i++)
		delay += delay / 2;
	if (try && client->options.lost)
		client->options.lost(
			client->options.ctx, client->why.msg, try, client->options.tries, delay);
	if (try)
		net->ops->poll(net->ctx, NULL, 0, (int)delay);
	return !bk_asking_connect(client, &err);
}

enum bk_code bk_asking_answer(
	struct bk_older_client *client, const char *doing, struct bk_error *err)
{
	struct packet packet;
	uint32_t version;
	enum bk_code code = bk_packet_head(&client->channel, &packet, err);

	if (!code && packet.kind != PACKET_ACK && packet.kind != PACKET_NACK)
		code = bk_fail(err, BK_E_INVALID, 0, "%s answers with a packet of kind %u to %s",
			client->name, packet.kind, doing);
	if (!code)
		code = bk_packet_u32(&client->channel, &packet, &version, err);
	if (!code && packet.kind == PACKET_NACK)
		code = bk_fail(err, BK_E_UNSAFE, 0,
			"%s, which is at version %u, refuses %s; its own log tells why",
			client->name, version, doing);
	return code;
}

enum bk_code bk_asking_give_up(const struct bk_older_client *client, struct bk_error *err)
{
	return bk_fail(err, BK_E_IO, client->why.sys_errno,
		"%s cannot be reached, after %u tries: %s", client->name, client->options.tries + 1,
		client->why.msg);
}

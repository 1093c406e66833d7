/* client.c - a client of the older plugin's protocol: changes, each stored once. */
#include "asking.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRIES      5
#define DELAY_MS   5000
#define WAIT_MS    120000
#define KEEP_BYTES ((size_t)1 << 20)
#define PACKET_MAX (BK_CHANGE_BYTES_MAX + BK_CHANGE_BYTES_MAX / 1024)

static void take_options(
	struct bk_older_client *client, const struct bk_older_client_options *options)
{
	if (options)
		client->options = *options;
	if (!client->options.tries)
		client->options.tries = TRIES;
	if (!client->options.delay_ms)
		client->options.delay_ms = DELAY_MS;
	if (!client->options.wait_ms)
		client->options.wait_ms = WAIT_MS;
}

/* Connects at first, with as many tries as later. What makes no sense is not tried again. */
static enum bk_code connect_first(struct bk_older_client *client, struct bk_error *err)
{
	enum bk_code code = bk_asking_connect(client, err);

	for (unsigned try = 1; code == BK_E_IO && try <= client->options.tries; try++)
		if (bk_asking_again(client, try))
			return BK_OK;
		else
			code = client->why.code;
	return code == BK_E_IO ? bk_asking_give_up(client, err)
	       : code          ? bk_fail_as(err, &client->why)
			       : code;
}

enum bk_code bk_older_client_open(struct bk_older_client **out, const struct bk_net *net,
	const char *url, const struct bk_older_client_options *options, struct bk_error *err)
{
	struct bk_older_client *client = calloc(1, sizeof *client);
	enum bk_code code;

	if (!client)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory to connect");
	client->net = net;
	client->channel = CHANNEL_CLOSED;
	take_options(client, options);
	bk_buf_init(&client->packet, PACKET_MAX);
	client->name = strdup(url);
	code = client->name ? bk_socket_url_parse(&client->url, url, err)
			    : bk_fail(err, BK_E_NOMEM, 0, "no memory to connect");
	if (!code)
		code = connect_first(client, err);
	if (code)
		bk_older_client_close(client);
	else
		*out = client;
	return code;
}

void bk_older_client_close(struct bk_older_client *client)
{
	if (!client)
		return;
	bk_channel_close(&client->channel);
	bk_buf_done(&client->packet);
	free(client->name);
	free(client);
}

struct bk_older_at bk_older_client_at(const struct bk_older_client *client)
{
	return (struct bk_older_at){.version = client->at.version,
		.previous = client->at.previous,
		.count = client->at.count};
}

static void send_packet(struct bk_older_client *client)
{
	struct bk_error why;

	if (bk_channel_send(&client->channel, client->packet.data, client->packet.size, &why))
		bk_asking_lose(client, &why);
}

enum bk_code bk_older_client_begin(
	struct bk_older_client *client, const struct bk_change *change, struct bk_error *err)
{
	enum bk_code code;

	bk_buf_clear(&client->packet, KEEP_BYTES);
	client->version = change->version;
	client->before = client->at;
	code = bk_packet_of_change(&client->packet, change, err);
	if (!code && client->channel.fd >= 0)
		send_packet(client);
	return code;
}

/* The server has the change that was begun. */
static void take_stored(struct bk_older_client *client)
{
	client->at = (struct metadata){.version = client->version,
		.previous = client->before.version,
		.count = client->before.count + 1};
}

/* The connection was made anew: whether the server has the change. A lone pragma repeats the
 * version before it, and only the count tells; where it does not, it can be sent twice. */
static enum bk_code look(struct bk_older_client *client, bool *stored, struct bk_error *err)
{
	const struct metadata *before = &client->before;
	bool repeats = client->version == before->version;

	*stored = client->at.version == client->version &&
		  (!repeats || client->at.count > before->count);
	if (*stored || client->at.version == before->version)
		return BK_OK;
	return bk_fail(err, BK_E_UNSAFE, 0,
		"%s is at version %u, where version %u was sent after version %u: somebody else "
		"writes to it",
		client->name, client->at.version, client->version, before->version);
}

/* One try behind a loss. */
static enum bk_code try_again(
	struct bk_older_client *client, unsigned try, bool *stored, struct bk_error *err)
{
	enum bk_code code;

	*stored = false;
	if (!bk_asking_again(client, try))
		return client->why.code == BK_E_IO ? BK_OK : bk_fail_as(err, &client->why);
	code = look(client, stored, err);
	if (!code && !*stored)
		send_packet(client);
	return code;
}

/* Waits for the answer; a loss is noted, and no failure. */
static enum bk_code wait_stored(struct bk_older_client *client, bool *stored, struct bk_error *err)
{
	char doing[64];
	enum bk_code code;

	*stored = false;
	if (client->channel.fd < 0)
		return BK_OK;
	snprintf(doing, sizeof doing, "the change of version %u", client->version);
	code = bk_asking_answer(client, doing, err);
	*stored = !code;
	if (code != BK_E_IO)
		return code;
	bk_asking_lose(client, err);
	return BK_OK;
}

enum bk_code bk_older_client_finish(struct bk_older_client *client, struct bk_error *err)
{
	bool stored;
	enum bk_code code = wait_stored(client, &stored, err);

	for (unsigned try = 0; !code && !stored; try++) {
		if (try > client->options.tries)
			return bk_asking_give_up(client, err);
		code = try_again(client, try, &stored, err);
		if (!code && !stored)
			code = wait_stored(client, &stored, err);
	}
	if (!code)
		take_stored(client);
	return code;
}

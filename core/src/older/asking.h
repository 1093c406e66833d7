/* asking.h - a client of the older plugin's protocol, as its parts see it: the connection, made
 * anew where it is lost. */
#ifndef BK_ASKING_H
#define BK_ASKING_H

#include "packet.h"
#include <bk/olderclient.h>

struct bk_older_client {
	const struct bk_net *net;
	char *name; /* the URL, for messages */
	struct bk_socket_url url;
	struct bk_older_client_options options;
	struct channel channel; /* closed while it is lost */
	struct metadata at;
	/* The change that was begun: its packet, the version it leads to, and where the server was.
	 */
	struct bk_buf packet;
	uint32_t version;
	struct metadata before;
	struct bk_error why; /* of the last loss */
};

/* Connects, and asks where the server is. Fails with BK_E_IO, BK_E_INVALID, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_asking_connect(struct bk_older_client *client, struct bk_error *err);

/* Waits as long as the TRY-th try wants (0: not at all), having said so, and connects. False, with
 * client->why, where that failed. */
bool bk_asking_again(struct bk_older_client *client, unsigned try);

/* The connection is lost, and why. */
void bk_asking_lose(struct bk_older_client *client, const struct bk_error *why);

/* Receives the answer to what was sent last, and takes the version in it over. Fails with
 * BK_E_UNSAFE if that is NACK, BK_E_INVALID if it is nothing that can be, BK_E_IO. DOING is told in
 * messages. */
BK_MUST_CHECK enum bk_code bk_asking_answer(
	struct bk_older_client *client, const char *doing, struct bk_error *err);

/* "gave up": no try helped. Returns BK_E_IO. */
enum bk_code bk_asking_give_up(const struct bk_older_client *client, struct bk_error *err);

#endif

/* serving.h - a server of the older plugin's protocol, as its parts see it: the log, the connection
 * that is being served, and what is answered. */
#ifndef BK_SERVING_H
#define BK_SERVING_H

#include "packet.h"
#include "payload.h"
#include <bk/follower.h>
#include <bk/olderserver.h>
#include <bk/writer.h>

struct bk_older_server {
	const struct bk_io *io;
	const struct bk_net *net;
	struct bk_older_server_options options;
	char *path, *incoming; /* the log, and where a snapshot stands while it comes */
	struct bk_writer *writer;
	struct bk_follower *follower;
	bool has_failed; /* the writer: the log is to be opened anew */
	unsigned stuck;  /* changes until it is tried again to heal what cannot be replayed */
	struct channel channel;
	bool is_fresh; /* nothing was stored for this connection: what comes may have come before */
	struct bk_buf packed, unpacked;
	struct bk_older_statements statements;
};

void bk_serving_say(struct bk_older_server *server, enum bk_older_level level, const char *fmt, ...)
	BK_PRINTF(3, 4);

/* Answers ACK or NACK, with the version that the log is at now. */
BK_MUST_CHECK enum bk_code bk_serving_answer(
	struct bk_older_server *server, enum packet_kind kind, struct bk_error *err);

/* The version that a REWIND may lead to: the newest change that may yet turn out never to have been
 * committed is there, and nothing behind it. False: there is none. */
bool bk_serving_can_rewind(const struct bk_older_server *server, uint32_t *version);

/* Starts the follower of the log. Fails as bk_follower_start does. */
BK_MUST_CHECK enum bk_code bk_serving_follow(struct bk_older_server *server, struct bk_error *err);

/* The parts, each of which takes one PACKET whose head has come, and answers it. What is wrong with
 * what came is answered and said; they fail, and the connection is to be closed, with BK_E_INVALID
 * and BK_E_LIMIT if that is no packet at all, BK_E_IO, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_serve_change(
	struct bk_older_server *server, const struct packet *packet, struct bk_error *err);
BK_MUST_CHECK enum bk_code bk_serve_rewind(
	struct bk_older_server *server, const struct packet *packet, struct bk_error *err);
BK_MUST_CHECK enum bk_code bk_serve_snapshot(
	struct bk_older_server *server, const struct packet *packet, struct bk_error *err);
BK_MUST_CHECK enum bk_code bk_serve_restore(struct bk_older_server *server, struct bk_error *err);

BK_MUST_CHECK enum bk_code bk_serve_compact(struct bk_older_server *server, struct bk_error *err);

#endif

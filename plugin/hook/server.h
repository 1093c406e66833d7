/* server.h - the server that each change goes to as well, where backup.lock names one by socket:
 * (the older plugin's protocol, docs/older.md). The log beside the node is the primary all the
 * same. */
#ifndef SERVER_H
#define SERVER_H

#include "lockfile.h"
#include "watch.h"
#include <bk/change.h>
#include <bk/olderclient.h>

struct server;

/* Connects to the server that LOCKFILE names; *OUT is NULL where it names none. Tries for about a
 * minute. Fails as bk_older_client_open does. */
BK_MUST_CHECK enum bk_code server_open(struct server **out, const struct bk_net *net,
	const struct lockfile *lockfile, struct watch *watch, struct bk_error *err);

void server_close(struct server *server); /* takes NULL */

struct bk_older_at server_at(const struct server *server);

/* Sends CHANGE, and waits until it is stored; in between, the log takes it too. Nothing, where
 * SERVER is NULL. Fail as bk_older_client_begin and bk_older_client_finish do. */
BK_MUST_CHECK enum bk_code server_begin(
	struct server *server, const struct bk_change *change, struct bk_error *err);
BK_MUST_CHECK enum bk_code server_finish(struct server *server, struct bk_error *err);

/* As bk_older_client_rewind and bk_older_client_snapshot. */
BK_MUST_CHECK enum bk_code server_rewind(
	struct server *server, uint32_t version, struct bk_error *err);
BK_MUST_CHECK enum bk_code server_snapshot(struct server *server, const struct bk_io *io,
	struct bk_log *log, uint32_t version, struct bk_error *err);

#endif

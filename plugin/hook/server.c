/* server.c - the server that each change goes to as well. */
#include "server.h"
#include "out.h"
#include <stdlib.h>

struct server {
	struct bk_older_client *client;
	struct watch *watch; /* borrowed */
};

/* A bk_older_lost_fn. */
static void say_lost(void *ctx, const char *why, unsigned try, unsigned tries, unsigned delay_ms)
{
	(void)ctx;
	out_log(LEVEL_UNUSUAL,
		"the backup server: %s. It is tried again in %u.%u seconds (%u of %u); lightningd "
		"waits",
		why, delay_ms / 1000, delay_ms % 1000 / 100, try, tries);
}

enum bk_code server_open(struct server **out, const struct bk_net *net,
	const struct lockfile *lockfile, struct watch *watch, struct bk_error *err)
{
	const struct bk_older_client_options options = {.lost = say_lost};
	struct server *server;
	enum bk_code code;

	*out = NULL;
	if (!bk_socket_url_is(lockfile->backend_url))
		return BK_OK;
	server = calloc(1, sizeof *server);
	if (!server)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory to connect to the backup server");
	server->watch = watch;
	watch_begin(watch, "connecting to the backup server");
	code = bk_older_client_open(&server->client, net, lockfile->backend_url, &options, err);
	watch_end(watch);
	if (code)
		free(server);
	else
		*out = server;
	return code;
}

void server_close(struct server *server)
{
	if (!server)
		return;
	bk_older_client_close(server->client);
	free(server);
}

struct bk_older_at server_at(const struct server *server)
{
	return bk_older_client_at(server->client);
}

enum bk_code server_begin(
	struct server *server, const struct bk_change *change, struct bk_error *err)
{
	return server ? bk_older_client_begin(server->client, change, err) : BK_OK;
}

enum bk_code server_finish(struct server *server, struct bk_error *err)
{
	enum bk_code code;

	if (!server)
		return BK_OK;
	watch_begin(server->watch, "sending the change to the backup server");
	code = bk_older_client_finish(server->client, err);
	watch_end(server->watch);
	return code;
}

enum bk_code server_rewind(struct server *server, uint32_t version, struct bk_error *err)
{
	enum bk_code code;

	watch_begin(server->watch, "striking out the change on the backup server");
	code = bk_older_client_rewind(server->client, version, err);
	watch_end(server->watch);
	return code;
}

enum bk_code server_snapshot(struct server *server, const struct bk_io *io, struct bk_log *log,
	uint32_t version, struct bk_error *err)
{
	enum bk_code code;

	watch_begin(server->watch, "sending a snapshot to the backup server");
	code = bk_older_client_snapshot(server->client, io, log, version, err);
	watch_end(server->watch);
	return code;
}

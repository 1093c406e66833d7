/* init_server.c - a backup server (socket:) that a node's changes shall go to as well. */
#include "common.h"
#include "init.h"
#include <bk/olderclient.h>
#include <bk/version.h>
#include <stdio.h>

bool init_is_server(const struct init *init)
{
	return bk_socket_url_is(init->url);
}

static enum bk_code refuse_newer(
	const struct init *init, const struct bk_older_at *at, struct bk_error *err)
{
	struct word url, dir;

	if (!init->has_database)
		return bk_fail(err, BK_E_UNSAFE, 0,
			"%s holds a backup, of version %u, and there is no database %s. To get it "
			"back: backup-cli restore %s %s. For a new node, serve an empty log",
			init->url, at->version, init->database_path, word_of(&url, init->url),
			word_of(&dir, init->dir));
	return bk_fail(err, BK_E_UNSAFE, 0,
		"the database %s is at version %u, older than what %s holds, version %u: it lost "
		"some state, and a node that starts from it can lose the funds of its channels; or "
		"that server has another node's backup. Move the database away and run: backup-cli "
		"restore %s %s. Only if you are sure that it is the newest: serve an empty log",
		init->database_path, init->version, init->url, at->version,
		word_of(&url, init->url), word_of(&dir, init->dir));
}

/* Sends the database, as the log has it. */
static enum bk_code send_snapshot(
	const struct init *init, struct bk_older_client *client, struct bk_error *err)
{
	struct bk_log *log;
	enum bk_code code = bk_log_open(&log, init->io, init->log_path, err);

	if (code)
		return code;
	code = bk_older_client_snapshot(client, init->io, log, init->version, err);
	bk_log_close(log);
	if (!code)
		printf("Successfully written initial snapshot to %s (version %u)\n", init->url,
			init->version);
	return code;
}

/* Whether it is level, or the plugin brings it level: over a log that was there it may have been
 * behind for long, or one change ahead after a crash. */
static enum bk_code level(
	const struct init *init, struct bk_older_client *client, bool is_new, struct bk_error *err)
{
	struct bk_older_at at = bk_older_client_at(client);
	uint32_t version = init->has_database ? init->version : 0;
	int32_t ahead = bk_version_distance(at.version, version);

	if (ahead > 1 || (ahead == 1 && (!init->has_database || at.previous != version)))
		return refuse_newer(init, &at, err);
	return is_new && init->has_database && ahead < 0 ? send_snapshot(init, client, err) : BK_OK;
}

enum bk_code init_server(const struct init *init, bool is_new, struct bk_error *err)
{
	const struct bk_older_client_options options = {.tries = 1, .delay_ms = 1000};
	struct bk_older_client *client;
	enum bk_code code;

	if (!init_is_server(init))
		return BK_OK;
	code = bk_older_client_open(&client, bk_net_posix(), init->url, &options, err);
	if (code)
		return code;
	code = level(init, client, is_new, err);
	bk_older_client_close(client);
	return code;
}

enum bk_code init_server_policy(const struct init *init, struct bk_error *err)
{
	static const struct policy_text day = {.all = "1d"};
	enum bk_code code;

	if (!init_is_server(init) || (init->has_lock && init->lock.has_policy))
		return BK_OK;
	code = lockfile_write_policy(init->node_io, init->lock_path, &day, err);
	if (!code)
		printf("The server keeps all; the log beside the node, %s, keeps a day (\"keep\" in "
		       "backup.lock).\n",
			init->log_path);
	return code;
}

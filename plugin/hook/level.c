/* level.c - bringing the backup server level with the node. */
#include "level.h"
#include "out.h"
#include "reasons.h"
#include <bk/version.h>
#include <stdio.h>

static enum bk_code send_snapshot(
	struct session *session, const struct call *call, struct refusal *why)
{
	uint32_t base = call_base(call);
	struct bk_error err;

	if (server_snapshot(
		    session->server, session->io, bk_writer_log(session->writer), base, &err))
		return refuse_server(why, &session->names, &err);
	session->heal.is_taken = false;
	out_log(LEVEL_INFO, "the backup server has a snapshot of version %u", base);
	return BK_OK;
}

/* The server is behind: the node ran on without it. */
static enum bk_code catch_up(struct session *session, const struct call *call, struct refusal *why)
{
	char state[128];

	snprintf(state, sizeof state, "the node is at version %u, the backup server at %u",
		call_base(call), server_at(session->server).version);
	if (session->lockfile.halt_on_gap)
		return refuse_halt(why, &session->names, state);
	out_log(LEVEL_UNUSUAL, "Backup is out of date, healing it: %s. Sending it a full snapshot",
		state);
	return send_snapshot(session, call, why);
}

/* Its newest change was never committed. */
static enum bk_code rewind_server(
	struct session *session, const struct call *call, struct refusal *why)
{
	struct bk_error err;

	if (server_rewind(session->server, call_base(call), &err))
		return refuse_server(why, &session->names, &err);
	out_log(LEVEL_INFO,
		"Last changes not applied, rewinding non-committed transaction: version %u, on the "
		"backup server",
		call_base(call) + 1);
	return BK_OK;
}

enum bk_code level_first(struct session *session, const struct call *call, struct refusal *why)
{
	struct bk_older_at at;
	struct call older = *call;
	int32_t ahead;

	if (!session->server)
		return BK_OK;
	at = server_at(session->server);
	ahead = bk_version_distance(at.version, call_base(call));
	if (ahead == 1 && at.previous == call_base(call))
		return rewind_server(session, call, why);
	older.head = at.version;
	if (ahead > 0)
		return refuse_older(why, &session->names, &older);
	if (ahead < 0)
		return catch_up(session, call, why);
	return level_later(session, call, why);
}

enum bk_code level_later(struct session *session, const struct call *call, struct refusal *why)
{
	return session->server && session->heal.is_taken ? send_snapshot(session, call, why)
							 : BK_OK;
}

/* succeed.c - a successor takes the place of the log that a session writes. */
#include "succeed.h"
#include "out.h"
#include "seen.h"
#include <stdint.h>
#include <unistd.h>

/* Called from the compaction's thread. */
static void wake(void *ctx)
{
	const struct session *session = ctx;
	const uint64_t one = 1;

	/* If that is lost, the successor is offered again. */
	(void)!write(session->wake, &one, sizeof one);
}

/* The same: what backup.lock says now. */
static bool read_policy(void *ctx, struct bk_policy *out)
{
	const struct session *session = ctx;
	struct lockfile lockfile;
	struct bk_error ignored;
	bool has;

	if (lockfile_read(&lockfile, session->io, LOCKFILE_NAME, &ignored))
		return false;
	has = lockfile.has_policy;
	*out = lockfile.policy;
	lockfile_done(&lockfile);
	return has;
}

/* The same: mirrors that backup.lock names since. */
static void look(void *ctx)
{
	const struct session *session = ctx;

	places_look(session->places, session->lockfile.backend_url);
}

/* The same: what wrote to the log before is let go, and backup.lock knows of the new one. */
static void let_go(void *ctx)
{
	struct session *session = ctx;
	struct before *before = &session->before;

	space_stop(before->space);
	bk_follower_stop(before->follower);
	bk_writer_leave(before->writer);
	*before = (struct before){0};
	seen_note(session->io, session->writer, &session->lockfile, session->places);
}

enum bk_code succeed_start(struct session *session, struct bk_error *err)
{
	const struct compaction_options options = {.io = session->io,
		.path = session->path,
		.mirrors = places_mirrors(session->places),
		.look = look,
		.policy = read_policy,
		.ready = wake,
		.taken = let_go,
		.ctx = session};

	return compaction_start(&session->compaction, &options, err);
}

/* Whether the log may be succeeded: no comparison reads it, and no snapshot is needed to heal it.
 */
static bool may_turn(struct session *session)
{
	return session->writer && session->is_settled && !session->compare &&
	       !(session->follower && bk_follower_needs_snapshot(session->follower));
}

/* From now on the session writes to TO. */
static enum bk_code move_on(struct session *session, struct bk_writer *to, struct bk_error *err)
{
	enum bk_code code;

	session->before = (struct before){
		.writer = session->writer, .follower = session->follower, .space = session->space};
	session->writer = session->heal.writer = to;
	session->follower = NULL;
	session->space = session->heal.space = NULL;
	code = bk_writer_announce(to, session->names.program, err);
	return code ? code : session_follow(session, err);
}

bool succeed_turn(struct session *session)
{
	struct bk_successor *successor =
		may_turn(session) ? compaction_begin_take(session->compaction) : NULL;
	struct bk_error why = {.code = BK_OK}, err;
	struct bk_writer *to;
	enum bk_code code = BK_OK;

	if (!successor)
		return true;
	watch_begin(session->watch, "having the log's successor take its place");
	if (!bk_successor_take(successor, session->writer, &to, &why))
		code = move_on(session, to, &err);
	watch_end(session->watch);
	compaction_end_take(session->compaction, &why);
	if (code)
		out_log(LEVEL_UNUSUAL, "after the compaction: %s. The log is opened anew", err.msg);
	return !code;
}

/* session.c - a log that is open for this node. */
#include "session.h"
#include "lockurl.h"
#include "out.h"
#include "reasons.h"
#include "seen.h"
#include <bk/image.h>
#include <bk/keyring.h>
#include <bk/log.h>
#include <bk/olderfile.h>
#include <stdlib.h>
#include <string.h>

/* lightningd waits for us: so long for the lock of a plugin before us that is on its way out. */
#define LOCK_WAIT_MS 5000

/* At the end the database may be locked by a commit under way, for so long. */
#define LAST_LOOK_MS 200

/* A larger database is not copied at the end. */
#define LAST_HEAL_BYTES ((uint64_t)1 << 30)

/* Changes between two tries to heal, where backup.lock names no other interval. */
#define HEAL_INTERVAL 128

/* Called from the follower's thread. */
static void follower_says(void *ctx, const struct bk_error *err)
{
	(void)ctx;
	if (err->code == BK_E_SQL || err->code == BK_E_DAMAGE)
		out_log(LEVEL_BROKEN,
			"a change cannot be replayed: %s. The node goes on; the backup heals "
			"itself with a full snapshot at the next change",
			err->msg);
	else
		out_log(LEVEL_UNUSUAL,
			"could not write a keyframe: %s. Changes are stored all the same; it is "
			"tried again with later ones",
			err->msg);
}

void session_expect(struct session *session)
{
	const struct continuity *continuity = &session->continuity;

	bk_follower_expect(session->follower, continuity->is_known, continuity->stamp.inode,
		continuity->stamp.counter + continuity->commits);
}

enum bk_code session_follow(struct session *session, struct bk_error *err)
{
	struct bk_follower_options options = {
		.notify = follower_says, .database = session->lockfile.database};
	enum bk_code code = space_start(&session->space, session->writer, &session->names, err);

	if (!code && !session->lockfile.no_keyframes)
		code = bk_follower_start(&session->follower, session->writer, &options, err);
	if (code)
		return code;
	session_expect(session);
	bk_writer_start_zeros(session->writer);
	session->heal.space = session->space;
	return BK_OK;
}

/* What of backup.lock deserves a word. */
static void warn_of_settings(const struct session *session)
{
	if (session->lockfile.no_keyframes)
		out_log(LEVEL_UNUSUAL,
			"\"keyframe_changes\": 0 in %s is for measuring: no keyframes are "
			"written, old versions open slowly, and a change that cannot be replayed "
			"is never noticed. Remove it there, and start lightningd again",
			session->names.lockfile);
}

/* The key file that backup.lock names. A log that is in the clear is another then. */
static enum bk_code take_key(struct session *session, struct refusal *why)
{
	struct bk_keyring *keys = session->io->keys;
	const char *file = session->lockfile.key_file;
	struct bk_error err;

	if (!file || !keys)
		return BK_OK;
	bk_keyring_want_sealed(keys, true);
	if (bk_keyring_add_file(keys, session->io, file, &err))
		return refuse_key(why, &session->names, file, &err);
	return BK_OK;
}

static enum bk_code find_log(struct session *session, struct refusal *why)
{
	struct bk_error err;

	names_fill(&session->names, NULL, NULL);
	if (lockfile_read(&session->lockfile, session->io, LOCKFILE_NAME, &err))
		return refuse_lockfile(why, &session->names, &err);
	names_fill(&session->names, &session->lockfile, NULL);
	if (lockfile_path(&session->path, &session->lockfile, &err))
		return refuse_log(why, &session->names, &err);
	names_fill(&session->names, &session->lockfile, session->path);
	return take_key(session, why);
}

static enum bk_code look_at_database(
	struct session *session, struct call *call, struct refusal *why)
{
	struct bk_error err;

	session->live = bk_live_new(session->lockfile.database);
	if (!session->live) {
		bk_fail(&err, BK_E_NOMEM, 0, "no memory to look at the node's database");
		return refusal_of(why, &err, NULL);
	}
	watch_begin(session->watch, "looking at the node's database");
	call->is_live_known =
		!bk_live_look(session->live, LIVE_BUSY_MS, &session->look, &session->look_error);
	watch_end(session->watch);
	call->live = session->look.version;
	return BK_OK;
}

/* Whether the log is this node's, as far as both say whose they are. Nothing is written for that.
 * What keeps the log from being read is met again when it is opened. */
static enum bk_code check_owner(
	struct session *session, const struct call *call, struct refusal *why)
{
	char node[BK_NODE_TEXT] = "";
	struct bk_error ignored;
	struct bk_log *log;

	if (!call_sees_database(call) || !*session->look.node ||
		bk_log_open(&log, session->io, session->path, &ignored))
		return BK_OK;
	if (bk_log_node(log, node, &ignored))
		*node = '\0';
	bk_log_close(log);
	if (!*node || strcmp(node, session->look.node) == 0)
		return BK_OK;
	return refuse_other_node(why, &session->names, node, session->look.node);
}

static enum bk_code open_writer(struct session *session, struct refusal *why)
{
	unsigned changes = session->lockfile.keyframe_changes;
	struct bk_writer_options options = {.program = session->names.program,
		.lock_wait_ms = LOCK_WAIT_MS,
		.interval_changes = changes,
		.seen_log = session->lockfile.seen.log,
		.seen_bytes = session->lockfile.seen.bytes};
	struct bk_error err;
	enum bk_code code = places_open(
		&session->places, session->io, &session->lockfile.places, session->watch, &err);

	if (code)
		return refuse_places(why, &session->names, &err);
	options.mirrors = places_mirrors(session->places);
	watch_begin(session->watch, session->lockfile.places.count
					    ? "asking the log's mirrors, and opening it"
					    : "opening the log");
	code = bk_writer_open(&session->writer, session->io, session->path, &options, &err);
	watch_end(session->watch);
	if (code == BK_E_BUSY)
		return refuse_held(why, &session->names, session->io, session->path, &err);
	if (code == BK_E_FORMAT && bk_olderfile_is(session->io, session->path))
		return refuse_older_file(why, &session->names);
	if (code == BK_E_UNSAFE && seen_check(session->io, session->path, &session->lockfile, false,
					   &session->names, why))
		return code;
	if (code)
		return refuse_log(why, &session->names, &err);
	session->heal = (struct heal){.writer = session->writer,
		.watch = session->watch,
		.database = session->lockfile.database,
		.interval = changes ? changes : HEAL_INTERVAL};
	return BK_OK;
}

static enum bk_code open_server(
	struct session *session, const struct bk_net *net, struct refusal *why)
{
	struct bk_error err;

	return server_open(&session->server, net, &session->lockfile, session->watch, &err)
		       ? refuse_server(why, &session->names, &err)
		       : BK_OK;
}

enum bk_code session_open(struct session *session, const struct bk_io *io, const struct bk_net *net,
	struct watch *watch, struct call *call, struct refusal *why)
{
	struct bk_head head;
	uint64_t cut;
	enum bk_code code;

	*session = (struct session){.io = io, .watch = watch};
	code = find_log(session, why);
	if (!code)
		code = look_at_database(session, call, why);
	if (!code) {
		watch_begin(watch, "opening the log");
		code = check_owner(session, call, why);
		watch_end(watch);
	}
	if (!code)
		code = seen_check(session->io, session->path, &session->lockfile,
			session->lockfile.places.count, &session->names, why);
	if (!code)
		code = open_writer(session, why);
	if (!code)
		code = open_server(session, net, why);
	if (code)
		return code;
	warn_of_settings(session);
	if (bk_log_is_exposed(bk_writer_log(session->writer)))
		out_log(LEVEL_UNUSUAL,
			"any user of this computer can read the log, which holds the node's "
			"database, and can lock it, which keeps lightningd from starting. Run: "
			"chmod 600 %s",
			session->names.log);
	cut = bk_writer_cut_bytes(session->writer);
	if (cut)
		out_log(LEVEL_UNUSUAL,
			"cut %llu bytes off the end of %s: a write that never finished, and was "
			"never acknowledged",
			(unsigned long long)cut, session->path);
	bk_writer_head(session->writer, &head);
	call->head = head.version;
	call->is_head_committed = head.is_committed;
	return BK_OK;
}

void session_in_step(struct session *session, uint32_t base)
{
	struct bk_error ignored;
	struct bk_look look;
	bool is_seen = !bk_live_look(session->live, 0, &look, &ignored) && look.has_stamp &&
		       look.version == base;

	continuity_begin(&session->continuity, is_seen ? &look.stamp : NULL);
}

/* What the node's database shows committed at the end needs no comparison at the next start. */
static void note_head(struct session *session)
{
	struct bk_error ignored;
	struct bk_head head;
	struct bk_look look;

	bk_writer_head(session->writer, &head);
	if (!session->continuity.is_known || head.has_stamp ||
		bk_live_look(session->live, LAST_LOOK_MS, &look, &ignored) || !look.has_stamp ||
		look.version != head.version ||
		!continuity_check(&session->continuity, &look.stamp))
		return;
	(void)!bk_writer_note_seen(session->writer, &look.stamp, &ignored);
}

/* The newest change cannot be rebuilt, and no call comes any more that would heal it: it is healed
 * now, if the database shows it committed, and copying it takes little of the time that lightningd
 * leaves us. */
static void heal_head(struct session *session)
{
	struct bk_error ignored;
	struct bk_look look;

	if (bk_live_look(session->live, LAST_LOOK_MS, &look, &ignored) ||
		look.version != bk_writer_version(session->writer) ||
		look.stamp.size > LAST_HEAL_BYTES)
		return;
	heal_replay(&session->heal);
}

void session_close(struct session *session, bool in_order)
{
	bool is_stuck = session->follower && bk_follower_needs_snapshot(session->follower);

	compaction_stop(session->compaction);
	session->heal.space = NULL;
	space_stop(session->space);
	compare_stop(session->compare);
	bk_follower_stop(session->follower);
	if (is_stuck && session->is_settled)
		heal_head(session);
	if (session->writer && session->is_settled) {
		note_head(session);
		seen_note(session->io, session->writer, &session->lockfile, session->places);
	}
	if (in_order && session->is_settled)
		bk_writer_close(session->writer);
	else
		bk_writer_leave(session->writer);
	places_close(session->places);
	server_close(session->server);
	bk_live_free(session->live);
	lockfile_done(&session->lockfile);
	free(session->path);
	*session = (struct session){0};
}

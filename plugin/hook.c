/* hook.c - db_write: making each change durable in the log before lightningd commits it. */
#include "hook.h"
#include "decide.h"
#include "lockfile.h"
#include "message.h"
#include "out.h"
#include "space.h"
#include "watch.h"
#include <bk/dest.h>
#include <bk/keyframer.h>
#include <bk/live.h>
#include <bk/writer.h>
#include <stdlib.h>
#include <time.h>

/* lightningd waits for us: so long for a lock on its database, and for the lock of a plugin before
 * us that is on its way out. */
#define LIVE_BUSY_MS 1000
#define LOCK_WAIT_MS 5000

/* Progress of a long copy is said so often. */
#define PROGRESS_SECONDS 10

struct hook {
	const struct bk_io *io;
	struct lockfile lockfile;
	char *path; /* of the log */
	struct bk_writer *writer;
	struct bk_keyframer *keyframer;
	struct space *space;
	struct watch *watch;
	struct statements statements;
	bool is_settled; /* the first call of this process was taken */
	time_t progress_told;
};

struct hook *hook_new(const struct bk_io *io)
{
	struct hook *hook = calloc(1, sizeof *hook);

	if (hook)
		hook->io = io;
	return hook;
}

bool hook_close(struct hook *hook)
{
	bool was_open = hook->writer;

	space_stop(hook->space);
	bk_keyframer_stop(hook->keyframer);
	bk_writer_close(hook->writer);
	lockfile_done(&hook->lockfile);
	free(hook->path);
	hook->space = NULL;
	hook->keyframer = NULL;
	hook->writer = NULL;
	hook->path = NULL;
	hook->is_settled = false;
	return was_open;
}

void hook_free(struct hook *hook)
{
	if (!hook)
		return;
	hook_close(hook);
	watch_stop(hook->watch);
	free(hook->statements.list);
	free(hook);
}

/* Called from the keyframer's thread. */
static void keyframer_says(void *ctx, const struct bk_error *err)
{
	(void)ctx;
	if (err->code == BK_E_SQL || err->code == BK_E_DAMAGE)
		out_log(LEVEL_BROKEN,
			"a change cannot be replayed: %s. The node goes on; the backup heals "
			"itself "
			"with a full snapshot at the next change",
			err->msg);
	else
		out_log(LEVEL_UNUSUAL,
			"could not write a keyframe: %s. Changes are stored all the same; it is "
			"tried "
			"again with the next ones",
			err->msg);
}

/* What runs beside the changes. */
static enum bk_code start_threads(struct hook *hook, struct bk_error *err)
{
	enum bk_code code = space_start(&hook->space, hook->writer, err);

	if (code || hook->lockfile.no_keyframes)
		return code;
	return bk_keyframer_start(&hook->keyframer, hook->writer, keyframer_says, hook, err);
}

static enum bk_code open_log(struct hook *hook, struct bk_error *err)
{
	struct bk_writer_options options = {.program = "the plugin backup",
		.lock_wait_ms = LOCK_WAIT_MS,
		.interval_changes = hook->lockfile.keyframe_changes};
	enum bk_code code = bk_dest_path(&hook->path, hook->lockfile.backend_url, err);
	uint64_t cut;

	if (code)
		return code;
	if (!hook->watch)
		code = watch_start(&hook->watch, err);
	if (code)
		return code;
	watch_begin(hook->watch, "opening the log");
	code = bk_writer_open(&hook->writer, hook->io, hook->path, &options, err);
	watch_end(hook->watch);
	if (code)
		return code;
	cut = bk_writer_cut_bytes(hook->writer);
	if (cut)
		out_log(LEVEL_UNUSUAL,
			"cut %llu bytes off the end of %s: a write that never finished, and was "
			"never "
			"acknowledged",
			(unsigned long long)cut, hook->path);
	return BK_OK;
}

/* Turns the failure to open the log into something that says how to go on. */
static void explain_open(const struct hook *hook, struct bk_error *err)
{
	struct bk_error why = *err;

	switch (why.code) {
	case BK_E_MISSING:
		bk_fail(err, why.code, 0,
			"the log is not there: %s. If its disk is not mounted, mount it. To begin "
			"a "
			"new backup: backup-cli init --lightning-dir . %s",
			why.msg, hook->lockfile.backend_url);
		break;
	case BK_E_DAMAGE:
		bk_fail(err, why.code, 0,
			"%s. backup-cli verify %s tells what can still be read. To go on: move the "
			"log "
			"aside, keep it, and run: backup-cli init --lightning-dir . %s",
			why.msg, hook->lockfile.backend_url, hook->lockfile.backend_url);
		break;
	default:
		break;
	}
}

static enum bk_code hook_open(struct hook *hook, struct bk_error *err)
{
	enum bk_code code = lockfile_read(&hook->lockfile, LOCKFILE_NAME, err);

	if (code == BK_E_MISSING)
		return bk_fail(err, code, 0,
			"Could not find backup.lock in the lightning-dir, so there is no backup. "
			"To set "
			"one up: backup-cli init --lightning-dir . "
			"file:///path/on/another/disk/file.bkp");
	if (code)
		return code;
	code = open_log(hook, err);
	if (code)
		explain_open(hook, err);
	return code;
}

static void say_progress(void *ctx, uint64_t done, uint64_t total)
{
	struct hook *hook = ctx;
	time_t now = time(NULL);

	if (now - hook->progress_told < PROGRESS_SECONDS)
		return;
	hook->progress_told = now;
	out_log(LEVEL_INFO, "copying the database: %llu of %llu pages", (unsigned long long)done,
		(unsigned long long)total);
}

static enum bk_code take_snapshot(
	struct hook *hook, enum bk_snapshot_reason reason, struct bk_error *err)
{
	enum bk_code code;

	hook->progress_told = time(NULL);
	watch_begin(hook->watch, "copying the node's database into the log");
	code = bk_writer_snapshot(hook->writer, hook->lockfile.database, reason, LIVE_BUSY_MS,
		say_progress, hook, err);
	watch_end(hook->watch);
	return code;
}

static enum bk_code heal_gap(struct hook *hook, const struct call *call, struct bk_error *err)
{
	enum bk_code code;

	if (hook->lockfile.halt_on_gap)
		return bk_fail(err, BK_E_INVALID, 0,
			"Backup is out of date, we cannot continue safely: the node is at version "
			"%u, "
			"the backup at %u, and backup.lock says \"on_gap\": \"halt\". To take a "
			"full "
			"snapshot and go on, set \"on_gap\": \"heal\" there",
			call_base(call), call->head);
	out_log(LEVEL_UNUSUAL,
		"Backup is out of date, healing it: the node is at version %u, the backup at %u. "
		"Taking a full snapshot of %s",
		call_base(call), call->head, hook->lockfile.database);
	code = take_snapshot(hook, BK_SNAPSHOT_GAP, err);
	if (code)
		return code;
	out_log(LEVEL_UNUSUAL, "the backup is whole again, from version %u on", call_base(call));
	return BK_OK;
}

static enum bk_code refuse_gap(const struct hook *hook, const struct call *call,
	const struct bk_error *why, struct bk_error *err)
{
	return bk_fail(err, BK_E_INVALID, 0,
		"Backup is out of date: the node is at version %u, the backup at %u, and a full "
		"snapshot cannot be taken now (%s). Nothing is lost. Start lightningd again; if it "
		"stays, run backup-cli init --lightning-dir . with a new file while lightningd is "
		"stopped, instead of %s",
		call_base(call), call->head, why->code ? why->msg : "another database stands there",
		hook->lockfile.backend_url);
}

static enum bk_code refuse_older(
	const struct hook *hook, const struct call *call, struct bk_error *err)
{
	return bk_fail(err, BK_E_UNSAFE, 0,
		"the node's database is older than its backup: it lost some state. It is at "
		"version "
		"%u, the backup at %u. Running on could publish a revoked state and lose the funds "
		"of "
		"channels. Move the database away and run: backup-cli restore %s . Only if you are "
		"sure "
		"that this database is the newest: move the log aside and run: backup-cli init "
		"--lightning-dir . %s",
		call_base(call), call->head, hook->lockfile.backend_url,
		hook->lockfile.backend_url);
}

static enum bk_code rewind_head(struct hook *hook, const struct call *call, struct bk_error *err)
{
	enum bk_code code = bk_writer_rewind(hook->writer, call->head - 1, err);

	if (code == BK_E_INVALID)
		return refuse_older(hook, call, err);
	if (!code)
		out_log(LEVEL_INFO,
			"Last changes not applied, rewinding non-committed transaction: version %u",
			call->head);
	return code;
}

/* The first call of this process: brings log and node in step, or says why not. */
static enum bk_code settle(struct hook *hook, struct call *call, struct bk_error *err)
{
	struct bk_error live = {0};

	call->is_live_known =
		!bk_live_version(hook->lockfile.database, LIVE_BUSY_MS, &call->live, &live);
	switch (decide_first(call)) {
	case VERDICT_APPEND:
		out_log(LEVEL_INFO, "Versions match up: %u", call->head);
		return BK_OK;
	case VERDICT_REWIND:
		return rewind_head(hook, call, err);
	case VERDICT_HEAL:
		return heal_gap(hook, call, err);
	case VERDICT_GAP:
		return refuse_gap(hook, call, &live, err);
	case VERDICT_OLDER:
	case VERDICT_OUT_OF_ORDER:
		return refuse_older(hook, call, err);
	}
	return BK_OK;
}

/* A keyframer that met a change it cannot replay needs a full keyframe, which is only possible
 * now: lightningd waits, and its database stands still. */
static void heal_replay(struct hook *hook)
{
	struct bk_error err;

	if (!hook->keyframer || !bk_keyframer_needs_snapshot(hook->keyframer))
		return;
	if (take_snapshot(hook, BK_SNAPSHOT_REPLAY_FAILED, &err))
		out_log(LEVEL_BROKEN,
			"the full snapshot that heals the backup failed: %s. It is tried again at "
			"the "
			"next change",
			err.msg);
	else
		out_log(LEVEL_UNUSUAL, "the backup is whole again: took a full snapshot");
}

static enum bk_code refuse_order(const struct call *call, struct bk_error *err)
{
	return bk_fail(err, BK_E_INVALID, 0,
		"db_write of version %u after version %u: a change is missing in between. Start "
		"lightningd again: the backup then looks at its database and heals itself",
		call->version, call->head);
}

static enum bk_code prepare(struct hook *hook, const struct bk_change *change, struct bk_error *err)
{
	struct call call = {
		.version = change->version, .is_lone = bk_change_pragma(change) != BK_PRAGMA_NONE};
	enum bk_code code;

	if (!hook->writer) {
		code = hook_open(hook, err);
		if (code)
			return code;
	}
	call.head = bk_writer_version(hook->writer);
	if (!hook->is_settled) {
		code = settle(hook, &call, err);
		if (!code)
			code = start_threads(hook, err);
		hook->is_settled = !code;
		return code;
	}
	if (decide_later(&call) != VERDICT_APPEND)
		return refuse_order(&call, err);
	heal_replay(hook);
	return BK_OK;
}

static enum bk_code append(struct hook *hook, const struct bk_change *change, struct bk_error *err)
{
	struct bk_error why;
	enum bk_code code;

	watch_begin(hook->watch, "writing and syncing the change to the log");
	code = bk_writer_append(hook->writer, change, err);
	watch_end(hook->watch);
	if (code != BK_E_IO)
		return code;
	why = *err;
	return bk_fail(err, code, 0,
		"%s. lightningd stops, and nothing is lost: it has not committed this change. Mend "
		"that "
		"(make space, mount the disk), then start lightningd: it goes on where it was",
		why.msg);
}

void hook_db_write(struct hook *hook, const cJSON *id, const cJSON *params)
{
	struct bk_change change;
	struct bk_error err = {0};
	enum bk_code code = message_change(&change, params, &hook->statements, &err);

	if (!code)
		code = prepare(hook, &change, &err);
	if (!code)
		code = append(hook, &change, &err);
	if (!code) {
		out_continue(id);
		return;
	}
	out_log(LEVEL_BROKEN, "%s", err.msg);
	out_refuse(id, err.msg);
	hook_close(hook);
}

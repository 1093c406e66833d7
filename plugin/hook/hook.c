/* hook.c - db_write: making each change durable in the log before lightningd commits it. */
#include "hook.h"
#include "decide.h"
#include "heal.h"
#include "lockfile.h"
#include "message.h"
#include "names.h"
#include "out.h"
#include "reasons.h"
#include "space.h"
#include "watch.h"
#include <bk/dest.h>
#include <bk/keyframer.h>
#include <bk/live.h>
#include <bk/snapshot.h>
#include <bk/verify.h>
#include <bk/writer.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

/* lightningd waits for us: so long for the lock of a plugin before us that is on its way out. */
#define LOCK_WAIT_MS 5000

/* Changes between two tries to heal, where backup.lock names no other interval. */
#define HEAL_INTERVAL 128

/* A larger database is not compared while lightningd waits: 8 s were measured for 2 GB. */
#define COMPARE_BYTES_MAX ((off_t)4 << 30)

struct hook {
	const struct bk_io *io;
	struct lockfile lockfile;
	struct names names;
	char *path; /* of the log */
	struct bk_writer *writer;
	struct bk_keyframer *keyframer;
	struct space *space;
	struct watch *watch;
	struct heal heal;
	struct statements statements;
	bool is_settled; /* the first call of this process was taken */
};

struct hook *hook_new(const struct bk_io *io)
{
	struct hook *hook = calloc(1, sizeof *hook);

	if (hook)
		hook->io = io;
	return hook;
}

bool hook_close(struct hook *hook, bool in_order)
{
	bool was_open = hook->writer;

	space_stop(hook->space);
	bk_keyframer_stop(hook->keyframer);
	if (in_order && hook->is_settled)
		bk_writer_close(hook->writer);
	else
		bk_writer_leave(hook->writer);
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
	hook_close(hook, false);
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
			"itself with a full snapshot at the next change",
			err->msg);
	else
		out_log(LEVEL_UNUSUAL,
			"could not write a keyframe: %s. Changes are stored all the same; it is "
			"tried again with the next ones",
			err->msg);
}

/* What runs beside the changes. */
static enum bk_code start_threads(struct hook *hook, struct refusal *why)
{
	struct bk_error err;
	enum bk_code code = space_start(&hook->space, hook->writer, &hook->names, &err);

	if (!code && !hook->lockfile.no_keyframes)
		code = bk_keyframer_start(
			&hook->keyframer, hook->writer, keyframer_says, hook, &err);
	if (code)
		return refusal_of(why, &err, NULL);
	hook->heal.space = hook->space;
	return BK_OK;
}

static enum bk_code open_log(struct hook *hook, struct bk_error *err)
{
	struct bk_writer_options options = {.program = "the plugin backup",
		.lock_wait_ms = LOCK_WAIT_MS,
		.interval_changes = hook->lockfile.keyframe_changes};
	enum bk_code code = bk_dest_path(&hook->path, hook->lockfile.backend_url, err);

	if (code)
		return code;
	names_fill(&hook->names, &hook->lockfile, hook->path);
	if (!hook->watch)
		code = watch_start(&hook->watch, err);
	if (code)
		return code;
	watch_begin(hook->watch, "opening the log");
	code = bk_writer_open(&hook->writer, hook->io, hook->path, &options, err);
	watch_end(hook->watch);
	return code;
}

/* What of backup.lock deserves a word. */
static void warn_of_settings(const struct hook *hook)
{
	if (hook->lockfile.no_keyframes)
		out_log(LEVEL_UNUSUAL,
			"\"keyframe_changes\": 0 in %s is for measuring: no keyframes are "
			"written, old versions open slowly, and a change that cannot be replayed "
			"is never noticed. Remove it there, and start lightningd again",
			hook->names.lockfile);
}

static void prepare_heal(struct hook *hook)
{
	unsigned changes = hook->lockfile.keyframe_changes;

	hook->heal = (struct heal){.writer = hook->writer,
		.watch = hook->watch,
		.database = hook->lockfile.database,
		.interval = changes ? changes : HEAL_INTERVAL};
}

static enum bk_code hook_open(struct hook *hook, struct refusal *why)
{
	struct bk_error err;
	uint64_t cut;

	names_fill(&hook->names, NULL, NULL);
	if (lockfile_read(&hook->lockfile, hook->io, LOCKFILE_NAME, &err))
		return refuse_lockfile(why, &hook->names, &err);
	names_fill(&hook->names, &hook->lockfile, NULL);
	if (open_log(hook, &err))
		return refuse_log(why, &hook->names, &err);
	prepare_heal(hook);
	warn_of_settings(hook);
	if (bk_writer_is_exposed(hook->writer))
		out_log(LEVEL_UNUSUAL,
			"any user of this computer can read the log, which holds the node's "
			"database, and can lock it, which keeps lightningd from starting. Run: "
			"chmod 600 %s",
			hook->names.log);
	cut = bk_writer_cut_bytes(hook->writer);
	if (cut)
		out_log(LEVEL_UNUSUAL,
			"cut %llu bytes off the end of %s: a write that never finished, and was "
			"never acknowledged",
			(unsigned long long)cut, hook->path);
	return BK_OK;
}

/* STATE says what is not as it should be. */
static enum bk_code heal(
	struct hook *hook, const struct call *call, const char *state, struct refusal *why)
{
	struct bk_error err;

	if (hook->lockfile.halt_on_gap)
		return refuse_halt(why, &hook->names, call);
	out_log(LEVEL_UNUSUAL,
		"Backup is out of date, healing it: %s. Taking a full snapshot of %s", state,
		hook->lockfile.database);
	if (heal_snapshot(&hook->heal, BK_SNAPSHOT_GAP, &err))
		return refuse_heal(why, &hook->names, call, &err);
	out_log(LEVEL_UNUSUAL, "the backup is whole again, from version %u on", call_base(call));
	return BK_OK;
}

static enum bk_code heal_gap(struct hook *hook, const struct call *call, struct refusal *why)
{
	char state[80];

	snprintf(state, sizeof state, "the node is at version %u, the backup at %u",
		call_base(call), call->head);
	return heal(hook, call, state, why);
}

/* Both have the same version, and not the same rows. */
static enum bk_code heal_head(struct hook *hook, const struct call *call,
	const struct bk_against_result *result, struct refusal *why)
{
	char state[512];
	struct bk_error err;
	enum bk_code code;

	snprintf(state, sizeof state,
		"the node and the backup are both at version %u, but that is not the same change: "
		"%.256s",
		call->head, result->first);
	/* Ours was never committed. Where a keyframe stands on it, the snapshot takes its place. */
	code = hook->lockfile.halt_on_gap ? BK_OK
					  : bk_writer_rewind(hook->writer, call->head - 1, &err);
	if (code && code != BK_E_INVALID)
		return refusal_of(why, &err, hook->names.log);
	return heal(hook, call, state, why);
}

/* Whether the head has to be compared with the node's database, and can be. */
static bool is_head_unsure(const struct hook *hook, const struct call *call)
{
	struct stat st;

	if (!call->is_live_known || call->live != call->head ||
		bk_writer_is_head_sure(hook->writer))
		return false;
	if (stat(hook->lockfile.database, &st) == 0 && st.st_size <= COMPARE_BYTES_MAX)
		return true;
	out_log(LEVEL_UNUSUAL,
		"the session before did not end in order, and %s is too large to be compared with "
		"its backup now. backup-cli verify --against it does that beside the node",
		hook->lockfile.database);
	return false;
}

/* Log and database are at the same version. But where the session before did not end in order,
 * lightningd may have lost the head, and committed another change of that number while no plugin
 * watched. */
static enum bk_code check_head(struct hook *hook, const struct call *call, struct refusal *why)
{
	const struct bk_against_options options = {.busy_ms = LIVE_BUSY_MS};
	struct bk_against_result result = {0};
	struct bk_error err;
	enum bk_code code = BK_OK;

	if (is_head_unsure(hook, call)) {
		watch_begin(hook->watch, "comparing the node's database with its backup");
		code = bk_verify_against(bk_writer_log(hook->writer), hook->lockfile.database,
			&options, &result, &err);
		watch_end(hook->watch);
	}
	if (result.differences)
		return heal_head(hook, call, &result, why);
	out_log(LEVEL_INFO, "Versions match up: %u", call->head);
	if (code)
		out_log(LEVEL_UNUSUAL, "could not compare the node's database with its backup: %s",
			err.msg);
	if (code == BK_E_SQL || code == BK_E_DAMAGE)
		heal_replay(&hook->heal);
	return BK_OK;
}

static enum bk_code rewind_head(struct hook *hook, const struct call *call, struct refusal *why)
{
	struct bk_error err;
	enum bk_code code;

	watch_begin(hook->watch, "striking out the change in the log that was never committed");
	code = bk_writer_rewind(hook->writer, call->head - 1, &err);
	watch_end(hook->watch);
	if (code == BK_E_INVALID)
		return refuse_older(why, &hook->names, call);
	if (code)
		return refusal_of(why, &err, hook->names.log);
	out_log(LEVEL_INFO,
		"Last changes not applied, rewinding non-committed transaction: version %u",
		call->head);
	return BK_OK;
}

/* The first call of this process: brings log and node in step, or says why not. */
static enum bk_code settle(struct hook *hook, struct call *call, struct refusal *why)
{
	struct bk_error live = {0};

	watch_begin(hook->watch, "looking at the node's database");
	call->is_live_known =
		!bk_live_version(hook->lockfile.database, LIVE_BUSY_MS, &call->live, &live);
	watch_end(hook->watch);
	switch (decide_first(call)) {
	case VERDICT_APPEND:
		return check_head(hook, call, why);
	case VERDICT_REWIND:
		return rewind_head(hook, call, why);
	case VERDICT_HEAL:
		return heal_gap(hook, call, why);
	case VERDICT_GAP:
		return refuse_gap(why, &hook->names, call, &live);
	case VERDICT_OLDER:
		return refuse_older(why, &hook->names, call);
	}
	return BK_OK;
}

static enum bk_code prepare(struct hook *hook, const struct bk_change *change, struct refusal *why)
{
	struct call call = {.version = change->version, .is_lone = bk_change_is_pragma(change)};
	enum bk_code code;

	if (!hook->writer) {
		code = hook_open(hook, why);
		if (code)
			return code;
	}
	call.head = bk_writer_version(hook->writer);
	if (!hook->is_settled) {
		code = settle(hook, &call, why);
		if (!code)
			code = start_threads(hook, why);
		hook->is_settled = !code;
		return code;
	}
	if (!call_follows(&call))
		return refuse_order(why, &call);
	/* A keyframer that met a change it cannot replay needs a full keyframe. */
	if (hook->keyframer && bk_keyframer_needs_snapshot(hook->keyframer))
		heal_replay(&hook->heal);
	return BK_OK;
}

static enum bk_code append(struct hook *hook, const struct bk_change *change, struct refusal *why)
{
	struct bk_error err;
	enum bk_code code;

	watch_begin(hook->watch, "writing and syncing the change to the log");
	code = bk_writer_append(hook->writer, change, &err);
	watch_end(hook->watch);
	return code ? refusal_of(why, &err, hook->names.log) : BK_OK;
}

void hook_db_write(struct hook *hook, const cJSON *id, const cJSON *params)
{
	struct bk_change change;
	struct refusal why;
	struct bk_error err;
	enum bk_code code = BK_OK;

	if (message_change(&change, params, &hook->statements, &err))
		code = refuse_params(&why, params, &err);
	if (!code)
		code = prepare(hook, &change, &why);
	if (!code)
		code = append(hook, &change, &why);
	if (!code) {
		out_continue(id);
		return;
	}
	refusal_send(&why, id);
	hook_close(hook, false);
}

/* node.c - a made-up node and the plugin beside it. */
#include "node.h"
#include "codename.h"
#include <bk/compact.h>
#include <bk/restore.h>
#include <bk/snapshot.h>
#include <bk/successor.h>
#include <bk/writer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void node_init(struct node *node, uint64_t seed, const char *dir)
{
	static const uint32_t page_sizes[] = {512, 512, 1024, 4096};
	static const unsigned intervals[] = {1, 2, 3, 4, 8};

	*node = (struct node){.rng = rng_of(seed, 7)};
	node->fs = simfs_new(seed);
	node->model = model_new(page_sizes[rng_below(&node->rng, 4)]);
	node->check.interval_changes = intervals[rng_below(&node->rng, 5)];
	node->check.counts = &node->counts;
	node->check.restores = node->restores;
	node->check.place.seed = seed;
	snprintf(node->database, sizeof node->database, "%s/live.sqlite3", dir);
}

/* What happens to the model is seen by the hook, which may run in the follower's thread. */
static void settle(struct node *node)
{
	simfs_lock(node->fs);
	node->model->durable = node->model->count;
	simfs_unlock(node->fs);
}

static void enter(const struct node *node)
{
	if (node->enter)
		node->enter();
}

static enum bk_code leave(const struct node *node, enum bk_code code)
{
	if (node->leave)
		node->leave();
	return code;
}

/* Every call of core's goes through this. */
#define CORE(node, call) (enter(node), leave(node, (call)))

static void stop(struct node *node, bool is_killed)
{
	bool had_failed = simfs_has_failed(node->fs);

	atomic_store(&node->is_dying, is_killed);
	atomic_fetch_add(&node->kills, is_killed);
	if (is_killed)
		simfs_kill(node->fs);
	enter(node);
	bk_follower_stop(node->follower);
	bk_writer_close(node->writer);
	leave(node, BK_OK);
	simfs_revive(node->fs);
	atomic_fetch_add(&node->kills, is_killed);
	atomic_store(&node->is_dying, false);
	node->failed_in_close |= !had_failed && simfs_has_failed(node->fs);
	node->follower = NULL;
	node->writer = NULL;
}

void node_done(struct node *node)
{
	stop(node, false);
	unlink(node->database);
	model_free(node->model);
	simfs_free(node->fs);
}

static void follower_says(void *ctx, const struct bk_error *err)
{
	struct node *node = ctx;

	if (!node->expects_failures && !atomic_load(&node->is_dying))
		check_fail(&node->check, "a keyframe: %s", err->msg);
}

/* The answer to a call: true if it was done. A failure where none was meant ends the test. */
static bool done(
	struct node *node, enum bk_code code, const struct bk_error *err, const char *doing)
{
	if (!node->expects_failures)
		check_ok(&node->check, code, err, doing);
	if (code)
		CHECK(&node->check, *err->msg && err->code == code);
	if (code && node->only_code && code != node->only_code)
		check_fail(&node->check, "%s: a failure of another kind: %s: %s", doing,
			code_name(code), err->msg);
	node->failures += code != BK_OK;
	return !code;
}

static bool open_writer(struct node *node)
{
	struct bk_writer_options options = {
		.program = "a test", .interval_changes = node->check.interval_changes};
	struct bk_error err;

	return done(node,
		CORE(node, bk_writer_open(
				   &node->writer, simfs_io(node->fs), LOG_PATH, &options, &err)),
		&err, "opening the log");
}

static bool start(struct node *node)
{
	struct bk_follower_options options = {.notify = follower_says, .ctx = node};
	struct bk_error err;

	if (!open_writer(node))
		return false;
	if (node->has_thread)
		bk_writer_start_zeros(node->writer);
	if (node->has_thread && !done(node,
					CORE(node, bk_follower_start(&node->follower, node->writer,
							   &options, &err)),
					&err, "a follower"))
		return false;
	simfs_lock(node->fs);
	model_restart(node->model);
	simfs_unlock(node->fs);
	settle(node);
	return true;
}

static bool try_create(struct node *node, bool is_empty)
{
	struct bk_error err;
	uint32_t version;

	return done(node,
		CORE(node, simfs_create(node->fs, LOG_PATH, is_empty ? NULL : node->database,
				   &version, &err)),
		&err, "init");
}

static void create(struct node *node)
{
	bool is_empty = rng_chance(&node->rng, 30);
	uint32_t first = rng_chance(&node->rng, 20) ? UINT32_MAX - rng_below(&node->rng, 20)
						    : 1 + rng_below(&node->rng, 1000);
	struct sql sql;

	if (!is_empty) {
		sql_schema(&sql, first);
		model_unwatched(node->model, &sql);
		model_save(node->model, node->database);
	}
	simfs_lock(node->fs);
	model_create(node->model, is_empty ? 0 : first);
	simfs_unlock(node->fs);
	if (!try_create(node, is_empty)) {
		uint8_t *bytes;
		size_t size;

		CHECK(&node->check, !simfs_peek(node->fs, LOG_PATH, &bytes, &size));
		CHECK(&node->check, try_create(node, is_empty));
	}
	settle(node);
}

/* After a change failed for good none is taken, until the log is opened anew. */
static void check_refuses(struct node *node, enum bk_code code, const struct bk_change *change)
{
	struct bk_error err;

	if (code == BK_E_IO)
		CHECK(&node->check,
			CORE(node, bk_writer_append(node->writer, change, &err)) != BK_OK);
}

static bool change(struct node *node, struct sql *sql)
{
	struct bk_slice slices[MODEL_STATEMENTS_MAX];
	struct bk_change call;
	struct bk_error err;
	bool is_lone = strncmp(sql->text[0], "PRAGMA", 6) == 0;
	uint32_t version = model_version(node->model) + !is_lone;
	enum bk_code code;

	call = sql_change(sql, version, slices);
	simfs_lock(node->fs);
	if (is_lone)
		model_lone(node->model, sql);
	else
		model_change(node->model, version, sql);
	simfs_unlock(node->fs);
	code = CORE(node, bk_writer_append(node->writer, &call, &err));
	if (done(node, code, &err, "appending"))
		settle(node);
	else
		check_refuses(node, code, &call);
	return !code;
}

static bool random_change(struct node *node)
{
	uint32_t version = model_version(node->model) + 1;
	struct sql sql;

	if (model_has_schema(node->model))
		sql_random(&sql, &node->rng, version);
	else
		sql_schema(&sql, version);
	return change(node, &sql);
}

/* What lightningd sends for a migration. */
static bool migrate(struct node *node)
{
	struct sql off = {0}, on = {0}, rebuild;

	if (!model_has_schema(node->model))
		return true;
	sql_add(&off, "PRAGMA foreign_keys = OFF;");
	if (!change(node, &off))
		return false;
	sql_rebuild(&rebuild, model_version(node->model) + 1);
	if (!change(node, &rebuild))
		return false;
	sql_add(&on, "PRAGMA foreign_keys = ON;");
	return change(node, &on);
}

/* The node was killed inside the last call, and rolled it back. */
static bool rewind_last(struct node *node)
{
	struct bk_error err;

	if (node->model->deeds[node->model->count - 1].kind != DEED_CHANGE)
		return true;
	simfs_lock(node->fs);
	model_rewind(node->model);
	simfs_unlock(node->fs);
	if (!done(node,
		    CORE(node, bk_writer_rewind(node->writer, model_version(node->model), &err)),
		    &err, "a rewind"))
		return false;
	/* Not durable before the next change, which comes at once. */
	return random_change(node);
}

/* What a write that never finished leaves behind the log's end: bytes that begin like a frame, or
 * not. */
static void leave_torn_tail(struct node *node)
{
	uint8_t tail[300], *bytes;
	uint32_t length = 1 + rng_below(&node->rng, sizeof tail);
	size_t size;

	simfs_lock(node->fs);
	CHECK(&node->check, simfs_peek(node->fs, LOG_PATH, &bytes, &size) && size > sizeof tail);
	memcpy(tail, bytes + size - sizeof tail + rng_below(&node->rng, sizeof tail - length + 1),
		length);
	if (rng_chance(&node->rng, 30))
		memset(tail, rng_chance(&node->rng, 50) ? 0 : 0xa5, length);
	simfs_append(node->fs, LOG_PATH, tail, length);
	simfs_unlock(node->fs);
}

static bool restart(struct node *node)
{
	stop(node, rng_chance(&node->rng, 60));
	if (rng_chance(&node->rng, 30))
		leave_torn_tail(node);
	return start(node) && (!rng_chance(&node->rng, 50) || rewind_last(node));
}

static bool snapshot(struct node *node, enum bk_snapshot_reason reason)
{
	struct bk_error err;

	if (!model_has_schema(node->model))
		return true;
	model_save(node->model, node->database);
	simfs_lock(node->fs);
	model_snapshot(node->model);
	simfs_unlock(node->fs);
	if (!done(node,
		    CORE(node, bk_writer_snapshot(node->writer, node->database, reason, 100, NULL,
				       NULL, &err)),
		    &err, "a snapshot"))
		return false;
	settle(node);
	return true;
}

/* The node ran without the plugin for a while. */
static bool gap(struct node *node)
{
	uint32_t count = 1 + rng_below(&node->rng, 4), version = model_version(node->model);
	struct sql sql;

	if (!model_has_schema(node->model))
		return true;
	stop(node, rng_chance(&node->rng, 50));
	model_restart(node->model);
	for (uint32_t i = 0; i < count; i++) {
		sql_random(&sql, &node->rng, ++version);
		model_unwatched(node->model, &sql);
	}
	return start(node) && snapshot(node, BK_SNAPSHOT_GAP);
}

static bool try_restore(struct node *node, const struct restored *restored)
{
	struct bk_restore_options options = {.has_version = true, .version = restored->version};
	struct bk_restore_result result;
	struct bk_error err;

	if (!done(node,
		    CORE(node, bk_restore(bk_writer_log(node->writer), restored->path, &options,
				       &result, &err)),
		    &err, "a restore"))
		return false;
	/* The writer holds the log. Under another name than the node's, a restore goes on where
	 * that cannot be found out. */
	if (!result.node_runs) {
		CHECK(&node->check, node->expects_failures);
		node->failures++;
	}
	free(result.path);
	return true;
}

static bool restore(struct node *node)
{
	struct version_view *views = calloc(MODEL_DEEDS_MAX, sizeof *views), view;
	size_t count = model_view(node->model, node->model->count, views);
	struct restored *restored = &node->restores[node->check.restore_count];

	view = views[rng_below(&node->rng, (uint32_t)count)];
	free(views);
	if (node->check.restore_count == RESTORES_MAX || !view.content->size)
		return true;
	snprintf(restored->path, sizeof restored->path, "/out/%zu.sqlite3",
		node->check.restore_count);
	simfs_lock(node->fs);
	restored->version = view.version;
	restored->sum = view.content->sum;
	node->check.restore_count++;
	simfs_unlock(node->fs);
	if (!try_restore(node, restored)) {
		check_restored(&node->check, node->fs, node->model);
		CHECK(&node->check, try_restore(node, restored));
	}
	simfs_lock(node->fs);
	restored->is_done = true;
	simfs_unlock(node->fs);
	return true;
}

/* What the writer's own thread does at any moment. */
static bool lay_zeros(struct node *node)
{
	struct bk_error err;

	return done(node, CORE(node, bk_writer_lay_zeros(node->writer, &err)), &err, "zeros ahead");
}

/* A reader builds the log's successor. */
static bool build_successor(struct node *node)
{
	const struct bk_compact_options options = {.program = "a test"};
	struct bk_compact_result result;
	struct bk_log *log;
	struct bk_error err;
	bool good = done(node, CORE(node, bk_log_open(&log, simfs_io(node->fs), LOG_PATH, &err)),
		&err, "opening the log");

	if (!good)
		return false;
	good = done(
		node, CORE(node, bk_compact(log, &options, &result, &err)), &err, "a compaction");
	if (good)
		CHECK(&node->check, result.versions_before == result.versions_after);
	bk_log_close(log);
	return good;
}

/* Changes go to the successor at once; the old one's threads end some time behind it. */
static bool go_on_with(struct node *node, struct bk_writer *to)
{
	struct bk_follower_options options = {.notify = follower_says, .ctx = node};
	struct bk_follower *follower = node->follower;
	struct bk_writer *old = node->writer;
	struct bk_error err;
	bool good;

	node->follower = NULL;
	node->writer = to;
	good = done(node, CORE(node, bk_writer_announce(to, "a test", &err)), &err, "an event");
	if (good && node->has_thread)
		good = done(node,
			CORE(node, bk_follower_start(&node->follower, to, &options, &err)), &err,
			"a follower");
	for (uint32_t i = rng_below(&node->rng, 3); good && i; i--)
		good = random_change(node);
	enter(node);
	bk_follower_stop(follower);
	bk_writer_leave(old);
	leave(node, BK_OK);
	return good;
}

/* Catches up by a reader's own handle, beside changes. */
static bool catch_up(struct node *node, struct bk_successor *successor, struct bk_log **log)
{
	struct bk_log *seen = *log;
	enum bk_log_news news;
	struct bk_error err;
	uint64_t left;

	if (!done(node, CORE(node, bk_log_refresh(seen, &news, &err)), &err, "following the log"))
		return false;
	if (news == BK_LOG_REPLACED) {
		if (!done(node, CORE(node, bk_log_open_again(log, seen, &err)), &err,
			    "opening the log"))
			return false;
		bk_successor_from(successor, *log);
		bk_log_close(seen);
	}
	return done(node, CORE(node, bk_successor_catch_up(successor, &left, &err)), &err,
		"catching up");
}

static bool take_with(struct node *node, struct bk_successor *successor, struct bk_log **log,
	struct bk_writer **to)
{
	struct bk_error err;

	for (uint32_t i = 1 + rng_below(&node->rng, 2); i; i--)
		if (!catch_up(node, successor, log) || !random_change(node))
			return false;
	return done(node, CORE(node, bk_successor_take(successor, node->writer, to, &err)), &err,
		"a successor");
}

/* As the plugin does it: one thread has it catch up, the one that changes come from takes it. */
static bool take_successor(struct node *node)
{
	struct bk_successor *successor = NULL;
	struct bk_writer *to = NULL;
	struct bk_log *log;
	struct bk_error err;
	bool good = done(node, CORE(node, bk_log_open(&log, simfs_io(node->fs), LOG_PATH, &err)),
		&err, "opening the log");

	if (!good)
		return false;
	good = done(node, CORE(node, bk_successor_open(&successor, log, &err)), &err,
		"opening a successor");
	if (good)
		good = take_with(node, successor, &log, &to);
	enter(node);
	bk_successor_close(successor);
	leave(node, BK_OK);
	bk_log_close(log);
	return good && go_on_with(node, to);
}

static bool compact(struct node *node)
{
	if (!build_successor(node))
		return false;
	for (uint32_t i = rng_below(&node->rng, 4); i; i--)
		if (!random_change(node))
			return false;
	return take_successor(node);
}

static bool step(struct node *node)
{
	struct bk_error err;
	uint32_t dice = rng_below(&node->rng, 100);

	if (dice < 70)
		return random_change(node);
	if (dice < 74 && !node->has_thread)
		return lay_zeros(node);
	if (dice < 80 && !node->has_thread)
		return done(node, CORE(node, bk_keyframes_build(node->writer, &err)), &err,
			"keyframes");
	if (dice < 88)
		return restart(node);
	if (dice < 91)
		return migrate(node);
	if (dice < 94)
		return gap(node);
	if (dice < 96)
		return snapshot(node, BK_SNAPSHOT_REPLAY_FAILED);
	return dice < 98 ? restore(node) : compact(node);
}

/* After a failure lightningd stops, rolls back what was refused, and starts again: what the log
 * holds of it is struck out. */
static void recover(struct node *node)
{
	size_t acknowledged = node->model->durable, deeds;

	stop(node, rng_chance(&node->rng, 50));
	if (!open_writer(node))
		CHECK(&node->check, open_writer(node));
	deeds = check_log(&node->check, bk_writer_log(node->writer), node->model);
	simfs_lock(node->fs);
	model_forget(node->model, deeds);
	simfs_unlock(node->fs);
	settle(node);
	if (deeds > acknowledged)
		CHECK(&node->check, rewind_last(node));
}

void node_run(struct node *node, unsigned steps)
{
	create(node);
	if (!start(node))
		recover(node);
	for (unsigned i = 0; i < steps; i++)
		if (!step(node))
			recover(node);
	stop(node, false);
}

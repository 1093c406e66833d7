/* node.c - a made-up node and the plugin beside it. */
#include "node.h"
#include <bk/restore.h>
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

/* What happens to the model is seen by the hook, which may run in the keyframer's thread. */
static void settle(struct node *node)
{
	simfs_lock(node->fs);
	node->model->durable = node->model->count;
	simfs_unlock(node->fs);
}

static void stop(struct node *node, bool is_killed)
{
	atomic_store(&node->is_dying, is_killed);
	if (is_killed)
		simfs_kill(node->fs);
	bk_keyframer_stop(node->keyframer);
	bk_writer_close(node->writer);
	simfs_revive(node->fs);
	atomic_store(&node->is_dying, false);
	node->keyframer = NULL;
	node->writer = NULL;
}

void node_done(struct node *node)
{
	stop(node, false);
	unlink(node->database);
	model_free(node->model);
	simfs_free(node->fs);
}

static void keyframer_says(void *ctx, const struct bk_error *err)
{
	struct node *node = ctx;

	if (!node->expects_failures && !atomic_load(&node->is_dying))
		check_fail(&node->check, "a keyframe: %s", err->msg);
}

/* The answer to a call: true if it was done. A failure where none was meant ends the test. */
static bool done(
	const struct node *node, enum bk_code code, const struct bk_error *err, const char *doing)
{
	if (!node->expects_failures)
		check_ok(&node->check, code, err, doing);
	return !code;
}

static bool start(struct node *node)
{
	struct bk_writer_options options = {
		.program = "a test", .interval_changes = node->check.interval_changes};
	struct bk_error err;

	if (!done(node, bk_writer_open(&node->writer, simfs_io(node->fs), LOG_PATH, &options, &err),
		    &err, "opening the log"))
		return false;
	if (node->has_thread &&
		!done(node, bk_keyframer_start(&node->keyframer, node->writer, keyframer_says, node,
				    &err),
			&err, "a keyframer"))
		return false;
	simfs_lock(node->fs);
	model_restart(node->model);
	simfs_unlock(node->fs);
	settle(node);
	return true;
}

static void create(struct node *node)
{
	bool is_empty = rng_chance(&node->rng, 30);
	uint32_t first = rng_chance(&node->rng, 20) ? UINT32_MAX - rng_below(&node->rng, 20)
						    : 1 + rng_below(&node->rng, 1000);
	struct bk_error err;
	uint32_t version;
	struct sql sql;

	if (!is_empty) {
		sql_schema(&sql, first);
		model_unwatched(node->model, &sql);
		model_save(node->model, node->database);
	}
	simfs_lock(node->fs);
	model_create(node->model, is_empty ? 0 : first);
	simfs_unlock(node->fs);
	done(node, bk_log_create(simfs_io(node->fs), LOG_PATH, is_empty ? NULL : node->database, 100,
			   NULL, NULL, &version, &err),
		&err, "init");
	settle(node);
}

static void change(struct node *node, struct sql *sql)
{
	struct bk_slice slices[MODEL_STATEMENTS_MAX];
	struct bk_change call;
	struct bk_error err;
	bool is_lone = strncmp(sql->text[0], "PRAGMA", 6) == 0;
	uint32_t version = model_version(node->model) + !is_lone;

	call = sql_change(sql, version, slices);
	simfs_lock(node->fs);
	if (is_lone)
		model_lone(node->model, sql);
	else
		model_change(node->model, version, sql);
	simfs_unlock(node->fs);
	if (done(node, bk_writer_append(node->writer, &call, &err), &err, "appending"))
		settle(node);
}

static void random_change(struct node *node)
{
	uint32_t version = model_version(node->model) + 1;
	struct sql sql;

	if (model_has_schema(node->model))
		sql_random(&sql, &node->rng, version);
	else
		sql_schema(&sql, version);
	change(node, &sql);
}

/* What lightningd sends for a migration. */
static void migrate(struct node *node)
{
	struct sql off = {0}, on = {0}, rebuild;

	if (!model_has_schema(node->model))
		return;
	sql_add(&off, "PRAGMA foreign_keys = OFF;");
	change(node, &off);
	sql_rebuild(&rebuild, model_version(node->model) + 1);
	change(node, &rebuild);
	sql_add(&on, "PRAGMA foreign_keys = ON;");
	change(node, &on);
}

/* The node was killed inside the last call, and rolled it back. */
static void rewind_last(struct node *node)
{
	struct bk_error err;

	if (node->model->deeds[node->model->count - 1].kind != DEED_CHANGE)
		return;
	simfs_lock(node->fs);
	model_rewind(node->model);
	simfs_unlock(node->fs);
	done(node, bk_writer_rewind(node->writer, model_version(node->model), &err), &err,
		"a rewind");
	/* Not durable before the next change, which comes at once. */
	random_change(node);
}

static void restart(struct node *node)
{
	stop(node, rng_chance(&node->rng, 60));
	if (start(node) && rng_chance(&node->rng, 50))
		rewind_last(node);
}

static void snapshot(struct node *node, enum bk_snapshot_reason reason)
{
	struct bk_error err;

	model_save(node->model, node->database);
	simfs_lock(node->fs);
	model_snapshot(node->model);
	simfs_unlock(node->fs);
	done(node, bk_writer_snapshot(node->writer, node->database, reason, 100, NULL, NULL, &err),
		&err, "a snapshot");
	settle(node);
}

/* The node ran without the plugin for a while. */
static void gap(struct node *node)
{
	uint32_t count = 1 + rng_below(&node->rng, 4), version = model_version(node->model);
	struct sql sql;

	if (!model_has_schema(node->model))
		return;
	stop(node, rng_chance(&node->rng, 50));
	model_restart(node->model);
	for (uint32_t i = 0; i < count; i++) {
		sql_random(&sql, &node->rng, ++version);
		model_unwatched(node->model, &sql);
	}
	if (start(node))
		snapshot(node, BK_SNAPSHOT_GAP);
}

static void restore(struct node *node)
{
	struct version_view *views = calloc(MODEL_DEEDS_MAX, sizeof *views);
	size_t count = model_view(node->model, node->model->count, views);
	struct version_view *view = &views[rng_below(&node->rng, (uint32_t)count)];
	struct bk_restore_options options = {.has_version = true, .version = view->version};
	struct restored *restored = &node->restores[node->check.restore_count];
	struct bk_restore_result result;
	struct bk_error err;

	if (node->check.restore_count == RESTORES_MAX || !view->content->size) {
		free(views);
		return;
	}
	snprintf(restored->path, sizeof restored->path, "/out/%zu.sqlite3",
		node->check.restore_count);
	simfs_lock(node->fs);
	restored->version = view->version;
	restored->sum = view->content->sum;
	node->check.restore_count++;
	simfs_unlock(node->fs);
	if (done(node, bk_restore(bk_writer_log(node->writer), restored->path, &options, &result, &err),
		    &err, "a restore")) {
		free(result.path);
		simfs_lock(node->fs);
		restored->is_done = true;
		simfs_unlock(node->fs);
	}
	free(views);
}

static void step(struct node *node)
{
	struct bk_error err;
	uint32_t dice = rng_below(&node->rng, 100);

	if (dice < 70)
		random_change(node);
	else if (dice < 80 && !node->has_thread)
		done(node, bk_keyframes_build(node->writer, &err), &err, "keyframes");
	else if (dice < 88)
		restart(node);
	else if (dice < 91)
		migrate(node);
	else if (dice < 94)
		gap(node);
	else if (dice < 96 && model_has_schema(node->model))
		snapshot(node, BK_SNAPSHOT_REPLAY_FAILED);
	else if (dice < 98)
		restore(node);
	else
		random_change(node);
}

void node_run(struct node *node, unsigned steps)
{
	create(node);
	if (!start(node))
		return;
	for (unsigned i = 0; i < steps && node->writer; i++)
		step(node);
	stop(node, false);
}

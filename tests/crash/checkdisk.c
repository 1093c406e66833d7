/* checkdisk.c - what a machine came up with: read, recovered, recovered again, written to. */
#include "check.h"
#include <assert.h>
#include <bk/follower.h>
#include <bk/restore.h>
#include <bk/snapshot.h>
#include <bk/writer.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 2

/* The power goes a second time, NTH calls into the recovery. */
struct again {
	const struct check *check;
	const struct model *model;
	struct rng *rng;
	unsigned depth;
	unsigned nth;
	unsigned seen;
};

static void lose_power_again(void *ctx, struct simfs *fs)
{
	struct again *again = ctx;
	struct simfs *disk;

	if (++again->seen != again->nth)
		return;
	again->check->counts->cuts++;
	again->check->counts->nested++;
	disk = simfs_after_power_loss(fs, again->rng);
	check_disk(again->check, disk, again->model, again->rng, again->depth + 1);
	simfs_free(disk);
}

static struct bk_writer *open_writer(const struct check *check, struct simfs *disk)
{
	struct bk_writer_options options = {
		.program = "a test", .interval_changes = check->interval_changes};
	struct bk_writer *writer;
	struct bk_error err;

	check_ok(check, bk_writer_open(&writer, simfs_io(disk), LOG_PATH, &options, &err), &err,
		"opening the log for writing");
	return writer;
}

/* Appends one change to WRITER and MODEL. */
static void append(
	const struct check *check, struct bk_writer *writer, struct model *model, struct rng *rng)
{
	struct bk_slice slices[MODEL_STATEMENTS_MAX];
	uint32_t version = model_version(model) + 1;
	struct bk_change change;
	struct bk_error err;
	struct sql sql;

	if (model_has_schema(model))
		sql_random(&sql, rng, version);
	else
		sql_schema(&sql, version);
	change = sql_change(&sql, version, slices);
	model_change(model, version, &sql);
	check_ok(check, bk_writer_append(writer, &change, &err), &err, "appending");
	model->durable = model->count;
	check->counts->appends++;
}

/* Whether the head is a change that the node may not have committed. */
static bool may_rewind(const struct model *model)
{
	return model->deeds[model->count - 1].kind == DEED_CHANGE && model->count > 1;
}

/* The node goes on: with the last change struck out or not, keyframes built or not. Once something
 * new is acknowledged the power may go once more. */
static void go_on(const struct check *check, struct simfs *disk, const struct model *before,
	size_t deeds, struct rng *rng, unsigned depth)
{
	struct bk_writer *writer = open_writer(check, disk);
	struct model *model = model_new(512);
	struct again again = {.check = check, .model = model, .rng = rng, .depth = depth};
	struct bk_error err;
	uint32_t steps = 1 + rng_below(rng, 3);

	model_copy(model, before, deeds, deeds);
	if (rng_chance(rng, 40))
		check_ok(check, bk_writer_lay_zeros(writer, &err), &err, "zeros ahead");
	again.nth = depth < DEPTH_MAX && rng_chance(rng, 30) ? 1 + rng_below(rng, 8) : 0;
	if (may_rewind(model) && rng_chance(rng, 40)) {
		check_ok(check, bk_writer_rewind(writer, model_version(model) - 1, &err), &err,
			"a rewind");
		model_rewind(model);
	}
	for (uint32_t i = 0; i < steps; i++) {
		append(check, writer, model, rng);
		simfs_set_hook(disk, lose_power_again, &again);
		if (rng_chance(rng, 25))
			check_ok(check, bk_keyframes_build(writer, &err), &err, "a keyframe");
	}
	CHECK(check, check_log(check, bk_writer_log(writer), model) == model->count);
	check_images(check, bk_writer_log(writer), model, model->count, rng);
	bk_writer_close(writer);
	simfs_set_hook(disk, NULL, NULL);
	model_free(model);
}

/* A restore that was interrupted can be done again; what is left of it is not in the way. */
static void restore_again(const struct check *check, struct bk_log *log)
{
	const struct restored *last = check->restores + check->restore_count - 1;
	struct bk_restore_options options = {.has_version = true};
	struct bk_restore_result result;
	struct bk_error err;
	enum bk_code code;

	if (!check->restore_count || last->is_done)
		return;
	options.version = last->version;
	code = bk_restore(log, last->path, &options, &result, &err);
	if (code == BK_E_EXISTS)
		return;
	check_ok(check, code, &err, "a restore");
	free(result.path);
}

/* What is read before anything was recovered; returns how many deeds are there. */
static size_t read_first(const struct check *check, struct simfs *disk, const struct model *model,
	struct rng *rng, size_t *least)
{
	struct bk_log *log;
	struct bk_error err;
	size_t deeds;

	check_ok(check, bk_log_open(&log, simfs_io(disk), LOG_PATH, &err), &err, "opening the log");
	deeds = check_log(check, log, model);
	*least = check_log_least(check, log, model);
	check_images(check, log, model, deeds, rng);
	restore_again(check, log);
	check_restored(check, disk, model);
	bk_log_close(log);
	return deeds;
}

/* An init that was interrupted left nothing, or a whole log. */
static bool check_created(const struct check *check, struct simfs *disk, const struct model *model)
{
	struct bk_error err;
	uint8_t *bytes;
	size_t size;
	uint32_t version;

	if (simfs_peek(disk, LOG_PATH, &bytes, &size))
		return true;
	CHECK(check, !model->durable);
	check_ok(check, simfs_create(disk, LOG_PATH, NULL, &version, &err), &err, "init once more");
	return false;
}

void check_disk(const struct check *check, struct simfs *disk, const struct model *model,
	struct rng *rng, unsigned depth)
{
	struct model *exact, *maybe;
	struct again again = {.check = check, .rng = rng, .depth = depth};
	struct bk_writer *writer;
	size_t deeds, least;

	check_restored(check, disk, model);
	if (!check_created(check, disk, model))
		return;
	deeds = read_first(check, disk, model, rng, &least);
	exact = model_new(512);
	maybe = model_new(512);
	model_copy(exact, model, deeds, deeds);
	/* What was under way and is not there may yet come back, while nothing is written over it:
	 * its bytes can stand in blocks that the disk gives to the file again. */
	model_copy(maybe, model, model->count, least);
	again.model = maybe;
	again.nth = depth < DEPTH_MAX && rng_chance(rng, 30) ? 1 + rng_below(rng, 10) : 0;
	simfs_set_hook(disk, lose_power_again, &again);
	writer = open_writer(check, disk);
	CHECK(check, check_log(check, bk_writer_log(writer), exact) == deeds);
	if (rng_chance(rng, 50))
		simfs_kill(disk);
	bk_writer_close(writer);
	simfs_revive(disk);
	simfs_set_hook(disk, NULL, NULL);
	go_on(check, disk, model, deeds, rng, depth);
	CHECK(check, simfs_open_files(disk) == 0);
	model_free(exact);
	model_free(maybe);
}

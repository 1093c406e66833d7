/* world.c - what an integration test works in. */
#include "world.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CLI_TIMEOUT_MS 300000
#define CLI_ARGUMENTS  12
#define SEED_DEFAULT   20260101
#define RESTORED_NAME  "restored.sqlite3"

static void name_places(struct world *world)
{
	snprintf(world->node_dir, PATH_MAX, "%s", world_path(world, "node"));
	snprintf(world->database, PATH_MAX, "%s", world_path(world, "node/" NODEDB_NAME));
	snprintf(world->log, PATH_MAX, "%s", world_path(world, "node.bkp"));
	cr_assert_eq(mkdir(world->node_dir, 0700), 0);
}

void world_make(struct world *world)
{
	*world = (struct world){0};
	must(tempdir_make(&world->dir, &world->err), &world->err);
	name_places(world);
}

void world_make_fast(struct world *world)
{
	*world = (struct world){0};
	must(tempdir_make_fast(&world->dir, &world->err), &world->err);
	name_places(world);
}

void world_done(struct world *world)
{
	node_close(world->node);
	trace_close(world->trace);
	tempdir_remove(&world->dir);
}

const char *world_path(const struct world *world, const char *name)
{
	return tempdir_path(&world->dir, name);
}

int world_cli(struct world *world, const char *const argv[], struct run *run)
{
	const char *whole[CLI_ARGUMENTS + 2] = {BK_CLI};
	struct run ignored;
	int status;

	for (size_t i = 0; argv[i]; i++) {
		cr_assert_lt(i, CLI_ARGUMENTS);
		whole[i + 1] = argv[i];
	}
	must(run_program(run ? run : &ignored, (char *const *)(uintptr_t)whole, NULL,
		     CLI_TIMEOUT_MS, &world->err),
		&world->err);
	status = run ? run->status : ignored.status;
	if (!run)
		run_done(&ignored);
	return status;
}

void world_set_up(struct world *world)
{
	const char *argv[] = {"init", "--lightning-dir", world->node_dir, world->log, NULL};
	struct run run;

	cr_assert_eq(world_cli(world, argv, &run), 0, "%s", run_err(&run));
	run_done(&run);
}

void world_lockfile(struct world *world, const char *keys)
{
	char *text;

	cr_assert_geq(
		asprintf(&text, "{\"backend_url\": \"file://%s\", %s}\n", world->log, keys), 0);
	must(file_put(world_path(world, "node/backup.lock"), text, &world->err), &world->err);
	free(text);
}

void world_node(struct world *world, const struct node_options *options)
{
	struct node_options filled = options ? *options : (struct node_options){0};

	filled.plugin = BK_PLUGIN;
	filled.dir = world->node_dir;
	node_close(world->node);
	world->node = NULL;
	must(node_open(&world->node, &filled, &world->err), &world->err);
}

void world_generate(struct world *world, uint64_t seed)
{
	trace_close(world->trace);
	world->trace = NULL;
	must(trace_open_generated(&world->trace, seed, UINT64_MAX, &world->err), &world->err);
	must(trace_skip_to(world->trace, node_version(world->node), &world->err), &world->err);
}

void world_start(struct world *world)
{
	must(node_start(world->node, &world->err), &world->err);
}

void world_stop(struct world *world)
{
	int status;

	must(node_stop(world->node, &status, &world->err), &world->err);
	cr_assert_eq(status, 0, "the plugin exited with %d", status);
}

struct trace_call world_next(struct world *world)
{
	struct trace_call call = {0};
	bool more = false;

	must(trace_next(world->trace, &call, &more, &world->err), &world->err);
	cr_assert(more, "the trace is at its end");
	return call;
}

void world_play(struct world *world, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		struct trace_call call = world_next(world);
		enum node_answer answer;

		must(node_call(world->node, &call, &answer, &world->err), &world->err);
		cr_assert_eq(answer, NODE_COMMITTED, "version %u: %s", call.change.version,
			node_reason(world->node));
	}
}

void world_play_unwatched(struct world *world, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		struct trace_call call = world_next(world);

		must(node_call_unwatched(world->node, &call, &world->err), &world->err);
	}
}

void world_check_refusal(struct world *world)
{
	const char *reason = node_reason(world->node);

	cr_assert(strstr(reason, "lightningd stops before it commits this change; "), "%s", reason);
	cr_assert(strstr(reason, "nothing is lost") || strstr(reason, "the backup stays as it is"),
		"%s", reason);
	cr_assert(strstr(reason, "To go on: "), "%s", reason);
	cr_assert(strstr(reason, "start lightningd"), "%s", reason);
	/* Whoever reads it stands elsewhere. */
	cr_assert_not(strstr(reason, "-dir . "), "%s", reason);
}

const char *world_in_dir(const struct world *world, const char *before, const char *behind)
{
	static char text[PATH_MAX + 256];

	snprintf(text, sizeof text, "%s%s%s", before, world->node_dir, behind);
	return text;
}

void world_expect_refusal_of(struct world *world, const struct trace_call *call, const char *text)
{
	enum node_answer answer;

	must(node_call(world->node, call, &answer, &world->err), &world->err);
	cr_assert_eq(answer, NODE_REFUSED, "version %u was not refused", call->change.version);
	cr_assert(strstr(node_reason(world->node), text), "the reason is: %s",
		node_reason(world->node));
	world_expect_log(world, "unusual", text);
	world_check_refusal(world);
}

void world_expect_refusal(struct world *world, const char *text)
{
	struct trace_call call = world_next(world);

	world_expect_refusal_of(world, &call, text);
}

void world_expect_log(struct world *world, const char *level, const char *text)
{
	cr_assert(node_has_logged(world->node, level, text), "not logged: %s: %s. But:\n%s", level,
		text, node_logs(world->node));
}

struct trace_call world_call(uint32_t version, const char *statement)
{
	static struct bk_slice slice;

	slice = (struct bk_slice){statement, strlen(statement)};
	return (struct trace_call){.change = {
					   .version = version,
					   .statements = &slice,
					   .statement_count = 1,
				   }};
}

void world_check_restore(struct world *world, const char *database)
{
	const char *restored = world_path(world, RESTORED_NAME);
	const char *argv[] = {"restore", world->log, restored, NULL};
	struct run run;

	unlink(restored);
	cr_assert_eq(world_cli(world, argv, &run), 0, "%s", run_err(&run));
	run_done(&run);
	must(databases_compare(restored, database, &world->err), &world->err);
}

void world_check_versions(struct world *world, uint32_t first, uint32_t last)
{
	struct loglist list;

	must(loglist_read(&list, BK_CLI, world->log, LOGLIST_VERSIONS, &world->err), &world->err);
	cr_assert_eq(list.count, (size_t)(last - first) + 1, "%zu versions, not %u to %u",
		list.count, first, last);
	for (size_t i = 0; i < list.count; i++)
		cr_assert_eq(list.entries[i].version, first + (uint32_t)i);
	loglist_done(&list);
}

uint32_t world_head(struct world *world)
{
	struct loglist list;
	uint32_t version;

	must(loglist_read(&list, BK_CLI, world->log, LOGLIST_VERSIONS, &world->err), &world->err);
	version = list.count ? list.entries[list.count - 1].version : 0;
	loglist_done(&list);
	return version;
}

void world_check(struct world *world)
{
	world_check_restore(world, world->database);
	world_check_versions(world, 1, node_version(world->node));
}

uint64_t world_seed(void)
{
	const char *set = getenv("BK_SEED");
	uint64_t seed = set ? strtoull(set, NULL, 10) : SEED_DEFAULT;
	static bool is_printed;

	if (!is_printed)
		fprintf(stderr, "BK_SEED=%llu\n", (unsigned long long)seed);
	is_printed = true;
	return seed;
}

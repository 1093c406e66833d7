/* test_traces.c - recorded traffic of real nodes, played through the plugin and stopped at each
 * version for which the node's own database was kept: what is restored is that database. */
#include "world.h"
#include <dirent.h>
#include <stdio.h>
#include <string.h>

/* The large trace takes its time under the sanitizers. */
#define TIMEOUT_S 1200

/* The path of FILE of the trace NAME; NULL, with a word about it, where there are no traces. */
static const char *trace_path(char *path, size_t size, const char *name, const char *file)
{
	const char *dir = traces_dir();

	if (!dir) {
		fprintf(stderr, "skipped: no traces\n");
		return NULL;
	}
	snprintf(path, size, "%s/%s/%s", dir, name, file);
	return path;
}

static uint32_t play_to(struct world *world, uint32_t version)
{
	uint32_t reached = 0;

	while (reached != version) {
		struct trace_call call = world_next(world);
		enum node_answer answer;

		must(node_call(world->node, &call, &answer, &world->err), &world->err);
		cr_assert_eq(answer, NODE_COMMITTED, "%s", node_reason(world->node));
		reached = call.change.version;
	}
	return reached;
}

static void check_at(struct world *world, const char *name, uint32_t version)
{
	char path[PATH_MAX], file[64];
	const char *expected = world_path(world, "expected.sqlite3");

	snprintf(file, sizeof file, "db-%u.sqlite3.zst", version);
	must(file_copy(trace_path(path, sizeof path, name, file), expected, &world->err),
		&world->err);
	world_check_restore(world, expected);
}

/* Plays the trace NAME to each of VERSIONS, 0 at the end, and starts the plugin anew after each. */
static void play_recorded(const char *name, const uint32_t *versions)
{
	struct node_options options = {.no_database = true};
	struct world world;
	char path[PATH_MAX];

	if (!trace_path(path, sizeof path, name, "trace.jsonl.zst"))
		return;
	world_make_fast(&world);
	world_set_up(&world);
	world_node(&world, &options);
	must(trace_open(&world.trace, path, &world.err), &world.err);
	for (; *versions; versions++) {
		world_start(&world);
		play_to(&world, *versions);
		must(node_init(world.node, true, &world.err), &world.err);
		world_stop(&world);
		check_at(&world, name, *versions);
	}
	world_done(&world);
}

Test(traces, small, .timeout = TIMEOUT_S)
{
	play_recorded("small", (const uint32_t[]){401, 610, 934, 0});
}

Test(traces, large, .timeout = TIMEOUT_S)
{
	play_recorded("large", (const uint32_t[]){30416, 60992, 0});
}

/* An upgrade of an old node: the backup begins with its database, which may have no version yet. */
static void play_migration(const char *dir, const char *name)
{
	struct world world;
	char path[2 * PATH_MAX];

	world_make_fast(&world);
	snprintf(path, sizeof path, "%s/%s/before.sqlite3.zst", dir, name);
	must(file_copy(path, world.database, &world.err), &world.err);
	world_set_up(&world);
	world_node(&world, NULL);
	snprintf(path, sizeof path, "%s/%s/trace.jsonl.zst", dir, name);
	must(trace_open(&world.trace, path, &world.err), &world.err);
	world_start(&world);
	for (;;) {
		struct trace_call call;
		enum node_answer answer;
		bool more;

		must(trace_next(world.trace, &call, &more, &world.err), &world.err);
		if (!more)
			break;
		must(node_call(world.node, &call, &answer, &world.err), &world.err);
		cr_assert_eq(answer, NODE_COMMITTED, "%s: %s", name, node_reason(world.node));
	}
	world_stop(&world);
	world_check_restore(&world, world.database);
	snprintf(path, sizeof path, "%s/%s/after.sqlite3.zst", dir, name);
	must(file_copy(path, world_path(&world, "after.sqlite3"), &world.err), &world.err);
	world_check_restore(&world, world_path(&world, "after.sqlite3"));
	world_done(&world);
}

Test(traces, migrations, .timeout = TIMEOUT_S)
{
	char path[PATH_MAX];
	struct dirent *entry;
	unsigned count = 0;
	DIR *dir;

	if (!trace_path(path, sizeof path, "migrations", "."))
		return;
	dir = opendir(path);
	cr_assert(dir, "no migrations in %s", path);
	while ((entry = readdir(dir))) {
		if (*entry->d_name == '.')
			continue;
		play_migration(path, entry->d_name);
		count++;
	}
	closedir(dir);
	cr_assert_gt(count, 0);
}

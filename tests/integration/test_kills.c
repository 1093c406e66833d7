/* test_kills.c - SIGKILL at random moments, in the middle of calls too, and a new start each time:
 * every change that the node committed is in the log, none is there twice, and nothing need be
 * mended by hand. */
#include "sqltext.h"
#include "world.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PLUGIN_KILLS 80
#define NODE_KILLS   80
#define SMALL_KILLS  40
#define TIMEOUT_S    600

/* A call takes about a millisecond where the disk is slow, so that these hit all of its parts. */
#define PAUSE_US_MAX 1500

struct dice {
	uint64_t seed, thrown;
};

static uint64_t throw(struct dice * dice, uint64_t limit)
{
	return mix(dice->seed, dice->thrown++) % limit;
}

static void pause_us(uint64_t us)
{
	struct timespec pause = {.tv_nsec = (long)us * 1000};

	nanosleep(&pause, NULL);
}

/* The head must be the node's version or the one after it, which was stored and not committed: the
 * next start strikes that out. */
static void check_log(struct world *world, uint32_t committed)
{
	struct loglist list;
	uint32_t head;

	must(loglist_read(&list, BK_CLI, world->log, LOGLIST_VERSIONS, &world->err), &world->err);
	head = list.count ? list.entries[list.count - 1].version : 0;
	cr_assert(head == committed || head == committed + 1, "the log is at %u, the node at %u",
		head, committed);
	for (size_t i = 0; i < list.count; i++)
		cr_assert_eq(list.entries[i].version, (uint32_t)i + 1);
	loglist_done(&list);
}

/* Kills the plugin in the middle of a call. Its answer may be on its way already: then lightningd
 * reads it, or does not any more. */
static void kill_in_call(struct world *world, struct dice *dice)
{
	struct trace_call call = world_next(world);
	enum node_answer answer;

	must(node_begin(world->node, &call, false, &world->err), &world->err);
	pause_us(throw(dice, PAUSE_US_MAX));
	kill(node_plugin_pid(world->node), SIGKILL);
	if (throw(dice, 2))
		must(node_end(world->node, &answer, &world->err), &world->err);
	node_kill_plugin(world->node);
}

Test(kills, plugin, .timeout = TIMEOUT_S)
{
	struct dice dice = {.seed = world_seed()};
	struct world world;

	world_make(&world);
	world_set_up(&world);
	world_node(&world, NULL);
	for (unsigned i = 0; i < PLUGIN_KILLS; i++) {
		world_generate(&world, dice.seed);
		world_start(&world);
		world_play(&world, (unsigned) throw(&dice, 8));
		if (throw(&dice, 4))
			kill_in_call(&world, &dice);
		else
			node_kill_plugin(world.node);
		check_log(&world, node_version(world.node));
	}
	world_generate(&world, dice.seed);
	world_start(&world);
	world_play(&world, 3);
	world_stop(&world);
	world_check(&world);
	world_done(&world);
}

/* A whole node, as a process: the program simnode. */
struct program {
	const char *argv[20];
	size_t count;
};

static void add(struct program *program, const char *option, const char *value)
{
	cr_assert_lt(program->count + 2, sizeof program->argv / sizeof *program->argv);
	program->argv[program->count++] = option;
	program->argv[program->count++] = value;
}

static struct program simnode(const struct world *world)
{
	struct program program = {.argv = {BK_SIMNODE, "--each"}, .count = 2};

	add(&program, "--plugin", BK_PLUGIN);
	add(&program, "--dir", world->node_dir);
	return program;
}

/* Reads lines of simnode until COUNT calls were acknowledged, or to the end if COUNT is 0. Returns
 * the newest version that was, or BEFORE. */
static uint32_t read_acknowledged(FILE *out, unsigned count, uint32_t before)
{
	char line[256];
	uint32_t version = before;

	for (unsigned i = 0; (!count || i < count) && fgets(line, sizeof line, out);)
		i += sscanf(line, "acknowledged %u", &version) == 1;
	return version;
}

/* Runs simnode and kills it after a few calls, with its plugin or without. Returns the newest
 * version that it had committed for certain. */
static uint32_t run_and_kill(
	struct world *world, const struct program *program, struct dice *dice, uint32_t before)
{
	struct child_options options = {.own_group = true};
	unsigned calls = (unsigned) throw(dice, 8);
	struct child child;
	uint32_t version = before;
	FILE *out;

	must(child_start(&child, (char *const *)(uintptr_t)program->argv, &options, &world->err),
		&world->err);
	out = fdopen(dup(child.out), "r");
	cr_assert(out);
	if (calls)
		version = read_acknowledged(out, calls, version);
	pause_us(throw(dice, PAUSE_US_MAX));
	kill(throw(dice, 2) ? child.pid : -child.pid, SIGKILL);
	version = read_acknowledged(out, 0, version);
	fclose(out);
	child_done(&child);
	return version;
}

static uint32_t database_version(struct world *world)
{
	long long version;

	if (database_number(world->database, "SELECT intval FROM vars WHERE name = 'data_version'",
		    &version, &world->err))
		return 0; /* the first call was not committed */
	return (uint32_t)version;
}

static void kill_often(struct world *world, const struct program *program, unsigned kills)
{
	struct dice dice = {.seed = world_seed()};
	uint32_t acknowledged = 0;

	for (unsigned i = 0; i < kills; i++) {
		uint32_t committed;

		acknowledged = run_and_kill(world, program, &dice, acknowledged);
		committed = database_version(world);
		cr_assert_geq(committed, acknowledged);
		check_log(world, committed);
	}
}

/* Runs simnode to its end. */
static void run_to_end(struct world *world, const struct program *program)
{
	struct run run;

	must(run_program(&run, (char *const *)(uintptr_t)program->argv, NULL, 300000, &world->err),
		&world->err);
	cr_assert_eq(run.status, 0, "%s", run_err(&run));
	run_done(&run);
	world_node(world, NULL);
	world_check(world);
}

Test(kills, node, .timeout = TIMEOUT_S)
{
	struct program program, last;
	struct world world;

	world_make(&world);
	world_set_up(&world);
	last = program = simnode(&world);
	add(&program, "--generate", "1000000");
	kill_often(&world, &program, NODE_KILLS);
	add(&last, "--generate", "1000000");
	add(&last, "--calls", "5");
	run_to_end(&world, &last);
	world_done(&world);
}

Test(kills, recorded, .timeout = TIMEOUT_S)
{
	struct program program, last;
	const char *dir = traces_dir();
	struct world world;
	char path[PATH_MAX];

	if (!dir) {
		fprintf(stderr, "skipped: no traces\n");
		return;
	}
	world_make(&world);
	world_set_up(&world);
	last = program = simnode(&world);
	snprintf(path, sizeof path, "%s/small/trace.jsonl.zst", dir);
	add(&program, "--trace", path);
	add(&program, "--calls", "12");
	kill_often(&world, &program, SMALL_KILLS);
	add(&last, "--trace", path);
	run_to_end(&world, &last);
	snprintf(path, sizeof path, "%s/small/db-934.sqlite3.zst", dir);
	must(file_copy(path, world_path(&world, "expected.sqlite3"), &world.err), &world.err);
	world_check_restore(&world, world_path(&world, "expected.sqlite3"));
	world_done(&world);
}

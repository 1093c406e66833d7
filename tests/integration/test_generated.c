/* test_generated.c - a made-up node, from its first start on, and the ways in which lightningd
 * talks to its plugin: what is restored is what the node has. */
#include "world.h"

#define TIMEOUT_S 300

/* Past a restart of the made-up node, which comes with a migration every 20,000 calls. */
#define LONG_CALLS 20100

static void make(struct world *world, const struct node_options *options)
{
	world_make_fast(world);
	world_set_up(world);
	world_node(world, options);
	world_generate(world, world_seed());
}

static void init(struct world *world)
{
	must(node_init(world->node, true, &world->err), &world->err);
}

Test(generated, init_after_some_calls, .timeout = TIMEOUT_S)
{
	struct world world;

	make(&world, NULL);
	world_start(&world);
	world_play(&world, 7);
	init(&world);
	world_play(&world, 2000);
	world_stop(&world);
	world_check(&world);
	world_done(&world);
}

Test(generated, init_before_any_call, .timeout = TIMEOUT_S)
{
	struct world world;

	make(&world, NULL);
	world_start(&world);
	init(&world);
	world_play(&world, 50);
	world_stop(&world);
	world_check(&world);
	world_done(&world);
}

Test(generated, messages_cut_at_random, .timeout = TIMEOUT_S)
{
	struct node_options options = {.split = SPLIT_RANDOM, .seed = world_seed()};
	struct world world;

	make(&world, &options);
	world_start(&world);
	world_play(&world, 300);
	world_stop(&world);
	world_check(&world);
	world_done(&world);
}

/* The whole node stopped and started every few calls, in its migrations too: nothing is kept in the
 * plugin that the log does not have. A lone pragma comes again at each start, as the node's
 * connection is a new one; so that it gets on, there are two calls a start. With HANGS_UP stdin
 * ends without a word. */
static void restart_often(bool hangs_up)
{
	struct world world;
	int status = 0;

	make(&world, NULL);
	for (unsigned i = 0; i < 30; i++) {
		world_node(&world, NULL);
		world_generate(&world, world_seed());
		world_start(&world);
		world_play(&world, 2);
		if (!hangs_up)
			world_stop(&world);
		else
			must(node_hang_up(world.node, &status, &world.err), &world.err);
		cr_assert_eq(status, 0);
	}
	world_check(&world);
	world_done(&world);
}

Test(generated, restarts, .timeout = TIMEOUT_S)
{
	restart_often(false);
}

Test(generated, hang_ups, .timeout = TIMEOUT_S)
{
	restart_often(true);
}

/* A backup that begins in a node's life. */
Test(generated, set_up_later, .timeout = TIMEOUT_S)
{
	struct world world;

	world_make_fast(&world);
	world_node(&world, NULL);
	world_generate(&world, world_seed());
	world_play_unwatched(&world, 700);
	world_set_up(&world);
	world_start(&world);
	world_play(&world, 700);
	world_stop(&world);
	world_check_restore(&world, world.database);
	world_check_versions(&world, 698, 1398);
	world_done(&world);
}

Test(generated, long_run, .timeout = TIMEOUT_S)
{
	struct world world;

	make(&world, NULL);
	world_start(&world);
	world_play(&world, LONG_CALLS);
	world_stop(&world);
	world_check(&world);
	world_done(&world);
}

/* Without delta keyframes, and with one for every few changes. */
static void play_with_keyframes(const char *keys)
{
	struct world world;

	make(&world, NULL);
	world_lockfile(&world, keys);
	world_start(&world);
	world_play(&world, 700);
	world_stop(&world);
	world_check(&world);
	world_done(&world);
}

Test(generated, no_keyframes, .timeout = TIMEOUT_S)
{
	play_with_keyframes("\"keyframe_changes\": 0");
}

Test(generated, many_keyframes, .timeout = TIMEOUT_S)
{
	play_with_keyframes("\"keyframe_changes\": 3");
}

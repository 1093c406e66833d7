/* test_wrap.c - a node whose version goes past 2^32. */
#include "plain.h"

#define TIMEOUT_S 120

/* After version 4294967295 comes 0: nothing of the table changes at that point. */
#define NEAR_WRAP 4294967290U

Test(wrap, in_step, .timeout = TIMEOUT_S)
{
	struct world world;

	plain_make(&world, NEAR_WRAP, 0);
	for (unsigned i = 0; i < 10; i++) {
		world_start(&world);
		plain_play(&world, 1);
		world_stop(&world);
	}
	cr_assert_eq(node_version(world.node), 4);
	world_check_restore(&world, world.database);
	world_check_versions(&world, NEAR_WRAP, 4);
	world_done(&world);
}

Test(wrap, within_one_process, .timeout = TIMEOUT_S)
{
	struct world world;

	plain_make(&world, NEAR_WRAP, 0);
	world_start(&world);
	plain_play(&world, 300);
	world_stop(&world);
	world_check_restore(&world, world.database);
	world_check_versions(&world, NEAR_WRAP, 294);
	world_done(&world);
}

Test(wrap, rewind, .timeout = TIMEOUT_S)
{
	struct trace_call call;
	struct bk_slice answer;
	struct world world;

	plain_make(&world, 4294967295U, 0);
	world_start(&world);
	call = world_call(0, PLAIN_RAISE);
	must(node_begin(world.node, &call, false, &world.err), &world.err);
	must(node_receive_raw(world.node, &answer, &world.err), &world.err);
	node_kill_plugin(world.node);
	cr_assert_eq(world_head(&world), 0);
	world_start(&world);
	plain_play(&world, 2);
	world_expect_log(&world, "info", "rewinding non-committed transaction: version 0");
	world_stop(&world);
	world_check_restore(&world, world.database);
	world_check_versions(&world, 4294967295U, 1);
	world_done(&world);
}

Test(wrap, gap, .timeout = TIMEOUT_S)
{
	struct world world;

	plain_make(&world, NEAR_WRAP, 0);
	plain_play_unwatched(&world, 10);
	world_start(&world);
	plain_play(&world, 2);
	world_expect_log(&world, "unusual", "the backup is whole again, from version 4 on");
	world_stop(&world);
	world_check_restore(&world, world.database);
	world_done(&world);
}

Test(wrap, older_database, .timeout = TIMEOUT_S)
{
	struct trace_call call = world_call(NEAR_WRAP + 1, PLAIN_RAISE);
	struct world world;

	plain_make(&world, NEAR_WRAP, 0);
	world_start(&world);
	plain_play(&world, 10);
	world_stop(&world);
	must(database_run(world.database,
		     "UPDATE vars SET intval = 4294967290 WHERE name = 'data_version'", &world.err),
		&world.err);
	world_node(&world, NULL);
	world_start(&world);
	world_expect_refusal_of(&world, &call, "older than its backup");
	cr_assert_eq(world_head(&world), 4);
	world_done(&world);
}

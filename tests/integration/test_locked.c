/* test_locked.c - the first db_write of a process while nobody but the node can read its database:
 * the arithmetic on the call's version alone decides, soon, and a gap stops. */
#include "plain.h"

#define TIMEOUT_S     120
#define LOCKED_MS_MAX 5000 /* the plugin gives up on the database after about a second */

/* Plays a call in a transaction that outgrows the page cache: while the plugin is asked nobody else
 * can read the database. Returns what became of it, which must not take long. */
static enum node_answer play_locked(struct world *world)
{
	struct trace_call call = world_call(node_version(world->node) + 1, PLAIN_BIG);
	uint64_t began = clock_ms();
	enum node_answer answer;
	long long ignored;

	must(node_begin(world->node, &call, false, &world->err), &world->err);
	cr_assert_neq(database_number(
			      world->database, "SELECT count(*) FROM vars", &ignored, &world->err),
		BK_OK, "the database can be read: this test shows nothing");
	must(node_end(world->node, &answer, &world->err), &world->err);
	cr_assert_lt(clock_ms() - began, LOCKED_MS_MAX);
	return answer;
}

#define SMALL_CACHE 5 /* pages */

Test(locked, in_step, .timeout = TIMEOUT_S)
{
	struct world world;

	plain_make(&world, 10, SMALL_CACHE);
	world_start(&world);
	cr_assert_eq(play_locked(&world), NODE_COMMITTED, "%s", node_reason(world.node));
	plain_play(&world, 3);
	world_stop(&world);
	world_check_restore(&world, world.database);
	world_check_versions(&world, 10, 14);
	world_done(&world);
}

Test(locked, rewind, .timeout = TIMEOUT_S)
{
	struct trace_call call;
	struct bk_slice answer;
	struct world world;

	plain_make(&world, 10, SMALL_CACHE);
	world_start(&world);
	call = world_call(11, PLAIN_RAISE);
	must(node_begin(world.node, &call, false, &world.err), &world.err);
	must(node_receive_raw(world.node, &answer, &world.err), &world.err);
	node_kill_plugin(world.node);
	world_start(&world);
	cr_assert_eq(play_locked(&world), NODE_COMMITTED, "%s", node_reason(world.node));
	world_expect_log(&world, "info", "rewinding non-committed transaction: version 11");
	world_stop(&world);
	world_check_restore(&world, world.database);
	world_check_versions(&world, 10, 11);
	world_done(&world);
}

/* A gap cannot be healed while nobody can read the database: refused, soon, and the next start
 * heals it. */
Test(locked, gap, .timeout = TIMEOUT_S)
{
	struct world world;

	plain_make(&world, 10, SMALL_CACHE);
	plain_play_unwatched(&world, 3);
	world_start(&world);
	cr_assert_eq(play_locked(&world), NODE_REFUSED);
	world_expect_log(&world, "unusual", "Backup is out of date, we cannot continue safely");
	world_expect_log(&world, "unusual", "it stays locked");
	world_stop(&world);
	world_start(&world);
	plain_play(&world, 3);
	world_expect_log(&world, "unusual", "the backup is whole again, from version 13 on");
	world_stop(&world);
	world_check_restore(&world, world.database);
	world_done(&world);
}

Test(locked, older_database, .timeout = TIMEOUT_S)
{
	struct world world;

	plain_make(&world, 10, SMALL_CACHE);
	world_start(&world);
	plain_play(&world, 5);
	world_stop(&world);
	must(database_run(world.database, "UPDATE vars SET intval = 10 WHERE name = 'data_version'",
		     &world.err),
		&world.err);
	world_node(&world, &(struct node_options){.cache_pages = SMALL_CACHE});
	world_start(&world);
	cr_assert_eq(play_locked(&world), NODE_REFUSED);
	world_expect_log(&world, "unusual", "older than its backup");
	cr_assert_eq(world_head(&world), 15);
	world_done(&world);
}

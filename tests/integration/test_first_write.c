/* test_first_write.c - the table "The first db_write of a process" of docs/decisions.md, with a
 * real database whose transaction is open while the plugin looks at it. C is the node's version, H
 * the log's. */
#include "plain.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TIMEOUT_S 120
#define SEED      7

/* A node that has made COUNT calls and was stopped in order. */
static void make_node(struct world *world, unsigned count)
{
	world_make_fast(world);
	world_set_up(world);
	world_node(world, NULL);
	world_generate(world, SEED);
	world_start(world);
	world_play(world, count);
	world_stop(world);
	node_forget_logs(world->node);
}

/* As a new process of lightningd: the trace begins where the database stands. */
static void restart(struct world *world)
{
	world_generate(world, SEED);
	node_forget_logs(world->node);
	world_start(world);
}

/* The next call is acknowledged, but lightningd dies before it commits. */
static void lose_after_answer(struct world *world)
{
	struct trace_call call = world_next(world);
	struct bk_slice answer;

	must(node_begin(world->node, &call, false, &world->err), &world->err);
	must(node_receive_raw(world->node, &answer, &world->err), &world->err);
	cr_assert(memmem(answer.data, answer.size, "continue", 8));
	node_kill_plugin(world->node);
}

/* How many entries of `backup-cli log --all` have NOTE. */
static size_t count_noted(struct world *world, const char *note)
{
	struct loglist list;
	size_t count = 0;

	must(loglist_read(&list, BK_CLI, world->log, LOGLIST_ALL, &world->err), &world->err);
	for (size_t i = 0; i < list.count; i++)
		count += strcmp(list.entries[i].note, note) == 0;
	loglist_done(&list);
	return count;
}

Test(first_write, in_step, .timeout = TIMEOUT_S)
{
	struct world world;

	make_node(&world, 20);
	restart(&world);
	world_play(&world, 5);
	world_expect_log(&world, "info", "Versions match up: 18");
	world_stop(&world);
	world_check(&world);
	world_done(&world);
}

/* C = H - 1: the change that was never committed is struck out, and what comes instead counts. */
Test(first_write, rewind, .timeout = TIMEOUT_S)
{
	struct trace_call instead;
	enum node_answer answer;
	struct world world;

	make_node(&world, 20);
	restart(&world);
	lose_after_answer(&world);
	cr_assert_eq(node_version(world.node), 18);
	cr_assert_eq(world_head(&world), 19);
	world_start(&world);
	instead = world_call(19, "UPDATE vars SET intval = 19 WHERE name = 'data_version'");
	must(node_call(world.node, &instead, &answer, &world.err), &world.err);
	cr_assert_eq(answer, NODE_COMMITTED);
	world_expect_log(&world, "info",
		"Last changes not applied, rewinding non-committed transaction: version 19");
	world_stop(&world);
	world_check(&world);
	cr_assert_eq(count_noted(&world, "struck out"), 1);
	world_done(&world);
}

/* A node that dies after each answer strikes out each time. */
Test(first_write, rewinds_again_and_again, .timeout = TIMEOUT_S)
{
	struct world world;

	make_node(&world, 20);
	for (unsigned i = 0; i < 10; i++) {
		restart(&world);
		lose_after_answer(&world);
	}
	restart(&world);
	world_play(&world, 200);
	world_stop(&world);
	world_check(&world);
	cr_assert_eq(count_noted(&world, "struck out"), 10);
	world_done(&world);
}

/* After the gap is healed the log goes on, with the versions in it that nobody saw left out. */
static void check_healed(struct world *world, size_t unseen)
{
	struct loglist list;

	world_expect_log(world, "unusual", "Backup is out of date, healing it");
	world_expect_log(world, "unusual", "the backup is whole again");
	world_stop(world);
	world_check_restore(world, world->database);
	must(loglist_read(&list, BK_CLI, world->log, LOGLIST_VERSIONS, &world->err), &world->err);
	cr_assert_eq(list.entries[list.count - 1].version, node_version(world->node));
	/* The snapshot has the last of those that nobody saw. */
	cr_assert_eq(list.count, node_version(world->node) - (unseen - 1));
	loglist_done(&list);
}

/* C > H, after a clean stop: the node wrote once more when its plugins were gone. */
Test(first_write, gap_after_clean_stop, .timeout = TIMEOUT_S)
{
	struct world world;

	make_node(&world, 20);
	world_play_unwatched(&world, 1);
	restart(&world);
	world_play(&world, 5);
	check_healed(&world, 1);
	world_done(&world);
}

/* init may come before the first call. */
Test(first_write, gap_behind_init, .timeout = TIMEOUT_S)
{
	struct world world;

	make_node(&world, 20);
	world_play_unwatched(&world, 300);
	node_forget_logs(world.node);
	world_start(&world);
	must(node_init(world.node, true, &world.err), &world.err);
	world_play(&world, 5);
	check_healed(&world, 300);
	world_done(&world);
}

/* The same where nothing was missed. */
Test(first_write, in_step_behind_init, .timeout = TIMEOUT_S)
{
	struct world world;

	make_node(&world, 20);
	world_start(&world);
	must(node_init(world.node, true, &world.err), &world.err);
	world_play(&world, 5);
	world_expect_log(&world, "info", "Versions match up: 18");
	world_stop(&world);
	world_check(&world);
	world_done(&world);
}

/* lightning-downgrade and the like raise the version themselves. */
Test(first_write, gap_after_offline_tool, .timeout = TIMEOUT_S)
{
	struct trace_call call;
	enum node_answer answer;
	struct world world;

	make_node(&world, 20);
	must(database_run(world.database,
		     "UPDATE schema_version SET version = 1;"
		     "UPDATE vars SET intval = intval + 1 WHERE name = 'data_version'",
		     &world.err),
		&world.err);
	world_node(&world, NULL);
	world_start(&world);
	call = world_call(20, "UPDATE vars SET intval = intval + 1 WHERE name = 'data_version'");
	must(node_call(world.node, &call, &answer, &world.err), &world.err);
	cr_assert_eq(answer, NODE_COMMITTED, "%s", node_reason(world.node));
	check_healed(&world, 1);
	world_done(&world);
}

/* A gap heals more than once, and together with what a rewind struck out. */
Test(first_write, gap_over_uncommitted_head, .timeout = TIMEOUT_S)
{
	struct world world;

	make_node(&world, 20);
	restart(&world);
	lose_after_answer(&world);
	/* Unwatched, the node commits something else as version 19, and 20. */
	world_generate(&world, SEED);
	world_play_unwatched(&world, 2);
	restart(&world);
	world_play(&world, 5);
	world_stop(&world);
	world_check_restore(&world, world.database);
	world_done(&world);
}

/* C = H, but the head was never committed: unwatched, the node made another change of that number.
 * Nothing in the versions shows that. */
Test(first_write, the_same_version_of_another_change, .timeout = TIMEOUT_S)
{
	struct trace_call other;
	struct world world;

	make_node(&world, 20);
	restart(&world);
	lose_after_answer(&world);
	other = world_call(node_version(world.node) + 1,
		"UPDATE vars SET intval = intval + 1, blobval = x'01' WHERE name = 'data_version'");
	must(node_call_unwatched(world.node, &other, &world.err), &world.err);
	restart(&world);
	world_play(&world, 1);
	world_expect_log(&world, "unusual", "Backup is out of date, healing it");
	world_expect_log(&world, "unusual", "both at version 19, but that is not the same change");
	world_play(&world, 4);
	world_stop(&world);
	cr_assert_eq(count_noted(&world, "struck out"), 1);
	world_check_restore(&world, world.database);
	world_done(&world);
}

/* The same after an unclean end, where the head was committed: nothing is to be healed. */
Test(first_write, the_same_version_after_a_crash, .timeout = TIMEOUT_S)
{
	struct world world;

	make_node(&world, 20);
	restart(&world);
	world_play(&world, 1);
	node_kill_plugin(world.node);
	restart(&world);
	world_play(&world, 1);
	world_expect_log(&world, "info", "Versions match up: 19");
	cr_assert(!node_has_logged(world.node, NULL, "healing"), "%s", node_logs(world.node));
	world_stop(&world);
	world_check(&world);
	world_done(&world);
}

Test(first_write, gap_halts_if_asked_to, .timeout = TIMEOUT_S)
{
	struct world world;

	make_node(&world, 20);
	world_play_unwatched(&world, 3);
	world_lockfile(&world, "\"on_gap\": \"halt\"");
	restart(&world);
	world_expect_refusal(&world, "Backup is out of date, we cannot continue safely");
	cr_assert(strstr(node_reason(world.node), "\\\"on_gap\\\": \\\"heal\\\""),
		"how to go on is not said: %s", node_reason(world.node));
	world_expect_log(&world, "unusual", world_in_dir(&world, "\"heal\" in ", "/backup.lock"));
	cr_assert_eq(world_head(&world), 18);
	world_stop(&world);
	world_lockfile(&world, "\"on_gap\": \"heal\"");
	restart(&world);
	world_play(&world, 5);
	check_healed(&world, 3);
	world_done(&world);
}

/* C < H - 1: somebody put an old database back. Nothing is taken over it, and the way back that the
 * refusal names works. */
Test(first_write, older_database, .timeout = TIMEOUT_S)
{
	const char *restore[4] = {"restore"};
	struct world world;
	size_t size;

	make_node(&world, 20);
	must(file_copy(world.database, world_path(&world, "old.sqlite3"), &world.err), &world.err);
	restart(&world);
	world_play(&world, 2);
	world_stop(&world);
	must(file_copy(world.database, world_path(&world, "new.sqlite3"), &world.err), &world.err);
	must(file_copy(world_path(&world, "old.sqlite3"), world.database, &world.err), &world.err);
	world_node(&world, NULL);
	restart(&world);
	size = file_size(world.log);
	world_expect_refusal(&world, "the node's database is older than its backup");
	world_expect_log(&world, "unusual", "lost some state");
	world_expect_log(&world, "unusual", "backup-cli restore file://");
	world_expect_log(&world, "unusual", world_in_dir(&world, " ", " ; only if you are sure"));
	world_stop(&world);
	cr_assert_eq(world_head(&world), 20);
	cr_assert_geq(file_size(world.log), size);
	cr_assert_eq(unlink(world.database), 0);
	restore[1] = world.log;
	restore[2] = world.node_dir;
	cr_assert_eq(world_cli(&world, restore, NULL), 0);
	must(databases_compare(world.database, world_path(&world, "new.sqlite3"), &world.err),
		&world.err);
	world_node(&world, NULL);
	restart(&world);
	world_play(&world, 5);
	world_stop(&world);
	world_check(&world);
	world_done(&world);
}

/* The first call of the process is a lone pragma, in step, after a loss and after a gap. The
 * made-up node's second call is one, and its fourth. */
Test(first_write, lone_pragma_in_step, .timeout = TIMEOUT_S)
{
	struct world world;

	make_node(&world, 1);
	restart(&world);
	world_play(&world, 10);
	world_expect_log(&world, "info", "Versions match up: 1");
	world_stop(&world);
	world_check(&world);
	world_done(&world);
}

Test(first_write, lone_pragma_rewinds, .timeout = TIMEOUT_S)
{
	struct world world;

	make_node(&world, 2);
	world_start(&world);
	lose_after_answer(&world); /* the rebuild of a table: version 2 */
	restart(&world);
	world_play(&world, 10);
	world_expect_log(&world, "info", "rewinding non-committed transaction: version 2");
	world_stop(&world);
	world_check(&world);
	world_done(&world);
}

Test(first_write, lone_pragma_after_gap, .timeout = TIMEOUT_S)
{
	struct world world;

	/* The 20001st call of a made-up node is a lone pragma, as it starts anew; play up to there
	 * unwatched. */
	make_node(&world, 20);
	for (;;) {
		struct trace_call call = world_next(&world);

		if (bk_change_is_pragma(&call.change))
			break;
		must(node_call_unwatched(world.node, &call, &world.err), &world.err);
	}
	restart(&world);
	world_play(&world, 10);
	world_expect_log(&world, "unusual", "Backup is out of date, healing it");
	world_stop(&world);
	world_check_restore(&world, world.database);
	world_done(&world);
}

/* A call was refused: lightningd rolls back, and sends the same version with other statements when
 * it starts again. */
Test(first_write, refused_call_comes_again, .timeout = TIMEOUT_S)
{
	struct trace_call call;
	enum node_answer answer;
	struct world world;

	plain_make(&world, 10, 0);
	world_start(&world);
	plain_play(&world, 1);
	/* Within a process no version may be left out. */
	call = world_call(13, PLAIN_RAISE);
	world_expect_refusal_of(&world, &call, "a change is missing in between");
	world_stop(&world);
	cr_assert_eq(world_head(&world), 11);
	world_start(&world);
	call = world_call(12, "INSERT INTO big VALUES ('other statements')");
	must(node_call(world.node, &call, &answer, &world.err), &world.err);
	cr_assert_eq(answer, NODE_COMMITTED, "%s", node_reason(world.node));
	plain_play(&world, 2);
	world_stop(&world);
	world_check_restore(&world, world.database);
	world_check_versions(&world, 10, 14);
	world_done(&world);
}

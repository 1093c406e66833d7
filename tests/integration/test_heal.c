/* test_heal.c - full snapshots that make a backup whole again, over a gap and over a change that
 * cannot be replayed; and what is said where there can be none. */
#include "mounts.h"
#include "plain.h"
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#define TIMEOUT_S 180
#define VERSION   10

/* The database is elsewhere (--wallet): as long as calls are in step nobody need read it; a gap is
 * refused until backup.lock says where it is. */
Test(heal, database_elsewhere, .timeout = TIMEOUT_S)
{
	struct trace_call call;
	enum node_answer answer;
	struct world world;
	char *key;

	plain_make(&world, 10, 0);
	must(file_copy(world.database, world_path(&world, "wallet.sqlite3"), &world.err),
		&world.err);
	cr_assert_eq(unlink(world.database), 0);
	world_node(&world, &(struct node_options){.no_database = true});
	world_start(&world);
	call = world_call(11, PLAIN_RAISE);
	must(node_call(world.node, &call, &answer, &world.err), &world.err);
	cr_assert_eq(answer, NODE_COMMITTED);
	world_stop(&world);
	must(database_run(world_path(&world, "wallet.sqlite3"),
		     "UPDATE vars SET intval = 13 WHERE name = 'data_version'", &world.err),
		&world.err);
	world_start(&world);
	call = world_call(14, PLAIN_RAISE);
	world_expect_refusal_of(&world, &call, "there is no database");
	world_expect_log(&world, "unusual", "\"database\": \"/its/path\"");
	world_expect_log(&world, "unusual", world_in_dir(&world, " into ", "/backup.lock"));
	world_expect_log(
		&world, "unusual", world_in_dir(&world, " ", " --database /its/path file:"));
	world_stop(&world);
	cr_assert_geq(
		asprintf(&key, "\"database\": \"%s\"", world_path(&world, "wallet.sqlite3")), 0);
	world_lockfile(&world, key);
	free(key);
	world_start(&world);
	call = world_call(14, PLAIN_RAISE);
	must(node_call(world.node, &call, &answer, &world.err), &world.err);
	cr_assert_eq(answer, NODE_COMMITTED, "%s", node_reason(world.node));
	world_stop(&world);
	cr_assert_eq(world_head(&world), 14);
	world_done(&world);
}

/* Another database than the node's stands in its place: it is not taken for the node's. */
Test(heal, another_database, .timeout = TIMEOUT_S)
{
	struct trace_call call = world_call(100, PLAIN_RAISE);
	struct world world;

	plain_make(&world, 10, 0);
	world_node(&world, &(struct node_options){.no_database = true});
	world_start(&world);
	world_expect_refusal_of(&world, &call, "another database stands there");
	world_expect_log(&world, "unusual", "\"database\": \"/its/path\"");
	cr_assert_eq(world_head(&world), 10);
	world_done(&world);
}

/* A node whose database, of 3 MB that compress well, may not fit on the disk of its log. Nothing is
 * copied then: a disk that is full stops the node at its next change. */
static const char *make_tight(struct world *world, const char *keys)
{
	const char *place;

	if (!mounts_allowed())
		return NULL;
	world_make_fast(world);
	place = mounts_place(world, "disk");
	cr_assert_eq(mount("tmpfs", place, "tmpfs", 0, "size=2m"), 0);
	must(database_run(world->database,
		     "CREATE TABLE wide (data BLOB); INSERT INTO wide VALUES (zeroblob(3000000))",
		     &world->err),
		&world->err);
	plain_set_up(world, VERSION, 0);
	world_lockfile(world, keys);
	return place;
}

static void give_room(const char *place)
{
	cr_assert_eq(mount(NULL, place, NULL, MS_REMOUNT, "size=16m"), 0);
}

Test(heal, no_room_for_a_gap, .timeout = TIMEOUT_S)
{
	struct trace_call call;
	struct world world;
	const char *place = make_tight(&world, "\"on_gap\": \"heal\"");

	if (!place)
		return;
	plain_play_unwatched(&world, 3);
	world_start(&world);
	call = world_call(VERSION + 4, PLAIN_RAISE);
	world_expect_refusal_of(&world, &call, "the full snapshot that would heal it failed");
	world_expect_log(&world, "unusual", "KB free");
	world_expect_log(&world, "unusual", "No space left on device");
	world_expect_log(&world, "unusual", "make space on the disk of /");
	world_stop(&world);
	cr_assert_lt(file_size(world.log), 1000000);
	give_room(place);
	world_start(&world);
	plain_play(&world, 1);
	world_expect_log(&world, "unusual", "the backup is whole again, from version 13 on");
	world_stop(&world);
	world_check_restore(&world, world.database);
	umount2(place, MNT_DETACH);
	world_done(&world);
}

/* How often the plugin logged TEXT. */
static unsigned count_logged(const struct world *world, const char *text)
{
	unsigned count = 0;

	for (const char *at = node_logs(world->node); (at = strstr(at, text)); at++)
		count++;
	return count;
}

#define UNREPLAYABLE "a change cannot be replayed"

/* Plays a call with a statement that cannot be replayed, since it asks for the name of the node's
 * file, and the next ones until that is noticed. */
static void play_unreplayable(struct world *world)
{
	struct trace_call call = world_call(node_version(world->node) + 1,
		"UPDATE vars SET intval = intval + (SELECT file LIKE '%sqlite3' FROM "
		"pragma_database_list WHERE name = 'main') WHERE name = 'data_version'");
	enum node_answer answer;

	must(node_call(world->node, &call, &answer, &world->err), &world->err);
	cr_assert_eq(answer, NODE_COMMITTED, "%s", node_reason(world->node));
	for (unsigned i = 0; !node_has_logged(world->node, "broken", UNREPLAYABLE); i++) {
		cr_assert_lt(i, 1000, "not noticed");
		plain_play(world, 1);
		sched_yield();
	}
}

#define FAILED "the full snapshot that heals the backup failed"

/* A change that cannot be replayed, and no room to heal it: the node goes on, and it is tried again
 * only now and then. */
Test(heal, no_room_for_a_replay, .timeout = TIMEOUT_S)
{
	struct world world;
	const char *place = make_tight(&world, "\"keyframe_changes\": 8");
	unsigned failed;

	if (!place)
		return;
	world_start(&world);
	play_unreplayable(&world);
	plain_play(&world, 2);
	/* How many changes came before it was noticed hangs on how busy the machine is. */
	failed = count_logged(&world, FAILED);
	cr_assert_geq(failed, 1, "%s", node_logs(world.node));
	world_expect_log(&world, "broken", "KB free");
	world_expect_log(&world, "broken", "The node goes on");
	plain_play(&world, 16);
	cr_assert_eq(count_logged(&world, FAILED), failed + 2, "%s", node_logs(world.node));
	cr_assert_lt(file_size(world.log), 1000000);
	give_room(place);
	plain_play(&world, 9);
	world_expect_log(&world, "unusual", "the backup is whole again");
	world_stop(&world);
	world_check_restore(&world, world.database);
	umount2(place, MNT_DETACH);
	world_done(&world);
}

/* With room it heals at once. */
Test(heal, room_for_a_replay, .timeout = TIMEOUT_S)
{
	struct world world;
	const char *place = make_tight(&world, "\"keyframe_changes\": 8");

	if (!place)
		return;
	give_room(place);
	world_start(&world);
	play_unreplayable(&world);
	plain_play(&world, 1);
	world_expect_log(&world, "unusual", "the backup is whole again");
	cr_assert_eq(count_logged(&world, FAILED), 0);
	world_stop(&world);
	world_check_restore(&world, world.database);
	umount2(place, MNT_DETACH);
	world_done(&world);
}

/* The newest change is the one that cannot be replayed, and no call comes any more: the end heals
 * it. */
Test(heal, at_the_end, .timeout = TIMEOUT_S)
{
	struct world world;
	struct trace_call call;
	enum node_answer answer;

	plain_make(&world, VERSION, 0);
	world_start(&world);
	plain_play(&world, 2);
	call = world_call(VERSION + 3,
		"UPDATE vars SET intval = intval + (SELECT file LIKE '%sqlite3' FROM "
		"pragma_database_list WHERE name = 'main') WHERE name = 'data_version'");
	must(node_call(world.node, &call, &answer, &world.err), &world.err);
	cr_assert_eq(answer, NODE_COMMITTED, "%s", node_reason(world.node));
	must(node_wait_log(world.node, "broken", UNREPLAYABLE, &world.err), &world.err);
	world_stop(&world);
	world_check_restore(&world, world.database);
	world_done(&world);
}

/* A statement that takes a ten thousandth of its size in the log is refused where logs are read, as
 * a stranger's might be made so (limits of core/src/log/decoder.h): the node that wrote it is
 * acknowledged, and healed. */
Test(heal, a_change_that_unpacks_to_much, .timeout = TIMEOUT_S)
{
	static const char head[] = "UPDATE vars SET intval = intval + 1 + 0 * length('",
			  tail[] = "') WHERE name = 'data_version'";
	const size_t size = (size_t)48 << 20;
	char *sql = malloc(sizeof head + size + sizeof tail);
	struct world world;
	struct trace_call call;
	enum node_answer answer;

	cr_assert(sql);
	strcpy(sql, head);
	memset(sql + sizeof head - 1, 'x', size);
	strcpy(sql + sizeof head - 1 + size, tail);
	plain_make(&world, VERSION, 0);
	world_start(&world);
	plain_play(&world, 2);
	call = world_call(VERSION + 3, sql);
	must(node_call(world.node, &call, &answer, &world.err), &world.err);
	cr_assert_eq(answer, NODE_COMMITTED, "%s", node_reason(world.node));
	free(sql);
	must(node_wait_log(world.node, "broken", UNREPLAYABLE, &world.err), &world.err);
	plain_play(&world, 1);
	world_expect_log(&world, "unusual", "the backup is whole again");
	plain_play(&world, 1);
	world_stop(&world);
	cr_assert_lt(file_size(world.log), 1000000);
	world_check_restore(&world, world.database);
	world_done(&world);
}

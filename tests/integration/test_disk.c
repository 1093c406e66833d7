/* test_disk.c - a destination that is full, and one that hangs: the node is told why, and goes on
 * with nothing mended by hand. */
#include "mounts.h"
#include "plain.h"
#include "sqltext.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define TIMEOUT_S 180
#define VERSION   10

/* Plays a call that brings 8 KB which do not compress. */
static enum node_answer play_filling(struct world *world)
{
	static struct sqltext sql;
	struct trace_call call = {.change = {.version = node_version(world->node) + 1}};
	enum node_answer answer;

	cr_assert(sql.text || sqltext_init(&sql));
	sqltext_clear(&sql);
	sql_put(&sql, "INSERT INTO big VALUES (");
	sql_blob(&sql, call.change.version, 8192);
	sql_put(&sql, ")");
	sql_end(&sql);
	call.change.statements = sql.statements;
	call.change.statement_count = sql.count;
	must(node_call(world->node, &call, &answer, &world->err), &world->err);
	return answer;
}

static void expect_full(struct world *world)
{
	world_expect_log(world, "unusual", "No space left on device");
	cr_assert(strstr(node_reason(world->node), "No space left on device"), "%s",
		node_reason(world->node));
	world_expect_log(world, "unusual", "make space on the disk of /");
	world_check_refusal(world);
}

/* A disk of a megabyte, half of it taken by something else. */
static void fill_place(const char *place)
{
	struct tempdir dir;
	FILE *file;

	cr_assert_eq(mount("tmpfs", place, "tmpfs", 0, "size=1m"), 0);
	snprintf(dir.path, sizeof dir.path, "%s", place);
	file = fopen(tempdir_path(&dir, "other"), "w");
	cr_assert(file);
	for (unsigned i = 0; i < 512 * 1024; i++)
		putc('x', file);
	cr_assert_eq(fclose(file), 0);
}

Test(disk, full, .timeout = TIMEOUT_S)
{
	struct world world;
	const char *place;
	unsigned calls = 0;

	if (!mounts_allowed())
		return;
	world_make_fast(&world);
	place = mounts_place(&world, "disk");
	fill_place(place);
	plain_set_up(&world, VERSION, 0);
	world_start(&world);
	plain_play(&world, 1);
	must(node_wait_log(world.node, "unusual", "nearly full", &world.err), &world.err);
	while (play_filling(&world) == NODE_COMMITTED)
		cr_assert_lt(++calls, 100, "the disk does not fill");
	cr_assert_gt(calls, 10);
	expect_full(&world);
	world_expect_log(&world, "unusual", "nothing is lost");
	world_stop(&world);
	/* Started again without more space it still says why, and loses nothing. */
	node_forget_logs(world.node);
	world_start(&world);
	cr_assert_eq(play_filling(&world), NODE_REFUSED);
	expect_full(&world);
	world_stop(&world);
	world_check_versions(&world, VERSION, VERSION + 1 + calls);
	cr_assert_eq(unlink(world_path(&world, "disk/other")), 0);
	world_start(&world);
	for (unsigned i = 0; i < 10; i++)
		cr_assert_eq(play_filling(&world), NODE_COMMITTED, "%s", node_reason(world.node));
	world_stop(&world);
	world_check_restore(&world, world.database);
	world_check_versions(&world, VERSION, VERSION + 11 + calls);
	umount2(place, MNT_DETACH);
	world_done(&world);
}

Test(disk, read_only, .timeout = TIMEOUT_S)
{
	struct trace_call call = world_call(VERSION + 1, PLAIN_RAISE);
	struct world world;
	const char *place;

	if (!mounts_allowed())
		return;
	world_make_fast(&world);
	place = mounts_place(&world, "disk");
	cr_assert_eq(mount("tmpfs", place, "tmpfs", 0, "size=1m"), 0);
	plain_set_up(&world, VERSION, 0);
	cr_assert_eq(mount(NULL, place, NULL, MS_REMOUNT | MS_RDONLY, "size=1m"), 0);
	world_start(&world);
	world_expect_refusal_of(&world, &call, "Read-only file system");
	world_expect_log(&world, "unusual", "for writing");
	world_stop(&world);
	umount2(place, MNT_DETACH);
	world_done(&world);
}

#ifdef BK_HANGFS

/* A log on a file system that hangs while the file "hang" exists (tests/support/hangfs.c). */
struct hanging {
	struct world world;
	struct child hangfs;
	char mountpoint[PATH_MAX], control[PATH_MAX];
};

/* False, with a word about it, where FUSE is not to be had. */
static bool hanging_make(struct hanging *hanging)
{
	struct world *world = &hanging->world;
	const char *argv[] = {BK_HANGFS, NULL, NULL, NULL, NULL};
	uint64_t deadline = clock_ms() + 10000;
	struct stat above, mounted;

	if (access("/dev/fuse", R_OK | W_OK) != 0 || !mounts_allowed()) {
		fprintf(stderr, "skipped: no FUSE\n");
		return false;
	}
	world_make(world);
	snprintf(hanging->control, PATH_MAX, "%s", world_path(world, "hang"));
	snprintf(hanging->mountpoint, PATH_MAX, "%s", mounts_place(world, "mount"));
	cr_assert_eq(mkdir(world_path(world, "backing"), 0700), 0);
	argv[1] = world_path(world, "backing");
	argv[2] = hanging->mountpoint;
	argv[3] = hanging->control;
	must(child_start(&hanging->hangfs, (char *const *)(uintptr_t)argv, NULL, &world->err),
		&world->err);
	do {
		cr_assert_lt(clock_ms(), deadline, "the file system is not mounted");
		cr_assert_eq(stat(world->dir.path, &above), 0);
		cr_assert_eq(stat(hanging->mountpoint, &mounted), 0);
	} while (above.st_dev == mounted.st_dev);
	plain_set_up(world, VERSION, 0);
	return true;
}

static void hang(struct hanging *hanging)
{
	must(file_put(hanging->control, "", &hanging->world.err), &hanging->world.err);
}

static void go_on(struct hanging *hanging)
{
	cr_assert_eq(unlink(hanging->control), 0);
}

static void hanging_done(struct hanging *hanging)
{
	umount2(hanging->mountpoint, MNT_DETACH);
	child_done(&hanging->hangfs);
	world_done(&hanging->world);
}

/* Plays a call while the destination hangs: after ten seconds the plugin says that it waits for
 * DOING, and when the destination is back the call is acknowledged. */
static void play_hanging(struct hanging *hanging, const char *doing)
{
	struct world *world = &hanging->world;
	struct trace_call call = world_call(node_version(world->node) + 1, PLAIN_RAISE);
	uint64_t began = clock_ms();
	enum node_answer answer;
	uint64_t waited;

	hang(hanging);
	must(node_begin(world->node, &call, false, &world->err), &world->err);
	must(node_wait_log(world->node, "unusual", doing, &world->err), &world->err);
	waited = clock_ms() - began;
	cr_assert(
		waited >= 9000 && waited < 20000, "said after %llu ms", (unsigned long long)waited);
	world_expect_log(world, "unusual", "waiting for 1");
	go_on(hanging);
	must(node_end(world->node, &answer, &world->err), &world->err);
	cr_assert_eq(answer, NODE_COMMITTED, "%s", node_reason(world->node));
	world_expect_log(world, "unusual", "the wait is over");
}

static void check_and_end(struct hanging *hanging, uint32_t last)
{
	struct world *world = &hanging->world;

	plain_play(world, 2);
	world_stop(world);
	world_check_restore(world, world->database);
	world_check_versions(world, VERSION, last);
	hanging_done(hanging);
}

Test(disk, hangs_in_a_call, .timeout = TIMEOUT_S)
{
	struct hanging hanging;

	if (!hanging_make(&hanging))
		return;
	world_start(&hanging.world);
	plain_play(&hanging.world, 3);
	play_hanging(&hanging, "writing and syncing the change to the log");
	check_and_end(&hanging, VERSION + 6);
}

Test(disk, hangs_at_the_start, .timeout = TIMEOUT_S)
{
	struct hanging hanging;

	if (!hanging_make(&hanging))
		return;
	world_start(&hanging.world);
	play_hanging(&hanging, "opening the log");
	check_and_end(&hanging, VERSION + 3);
}

#define SMALL_CACHE 5 /* pages */

/* The mount goes away before the log is opened, and a rewind is due: for about a second the plugin
 * waits for the node's database meanwhile, which is locked. */
Test(disk, hangs_before_a_rewind, .timeout = TIMEOUT_S)
{
	struct hanging hanging;
	struct world *world = &hanging.world;
	struct bk_slice received;
	enum node_answer answer;
	struct trace_call call;

	if (!hanging_make(&hanging))
		return;
	world_node(world, &(struct node_options){.cache_pages = SMALL_CACHE});
	world_start(world);
	call = world_call(VERSION + 1, PLAIN_RAISE);
	must(node_begin(world->node, &call, false, &world->err), &world->err);
	must(node_receive_raw(world->node, &received, &world->err), &world->err);
	node_kill_plugin(world->node);
	world_start(world);
	call = world_call(VERSION + 1, PLAIN_BIG);
	hang(&hanging);
	must(node_begin(world->node, &call, false, &world->err), &world->err);
	must(node_wait_log(world->node, "unusual", "opening the log", &world->err), &world->err);
	world_expect_log(world, "unusual", "waiting for 1");
	go_on(&hanging);
	must(node_end(world->node, &answer, &world->err), &world->err);
	cr_assert_eq(answer, NODE_COMMITTED, "%s", node_reason(world->node));
	world_expect_log(world, "info", "rewinding non-committed transaction: version 11");
	check_and_end(&hanging, VERSION + 3);
}

/* Its node gives up and is started again while the plugin before it still waits. */
Test(disk, hangs_while_the_node_restarts, .timeout = TIMEOUT_S)
{
	struct hanging hanging;
	struct world *world = &hanging.world;
	struct trace_call call;

	if (!hanging_make(&hanging))
		return;
	world_start(world);
	plain_play(world, 3);
	hang(&hanging);
	call = world_call(node_version(world->node) + 1, PLAIN_RAISE);
	must(node_begin(world->node, &call, false, &world->err), &world->err);
	/* Killed or not, it cannot end before the file system has answered it. */
	kill(node_plugin_pid(world->node), SIGKILL);
	go_on(&hanging);
	node_kill_plugin(world->node);
	world_start(world);
	check_and_end(&hanging, VERSION + 5);
}

#endif

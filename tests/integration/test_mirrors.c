/* test_mirrors.c - mirrors that are named, and named no more, while the node runs. */
#include "world.h"
#include <bk/io.h>
#include <bk/log.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define TIMEOUT_S 300

static void mirror(struct world *world, const char *verb, const char *what)
{
	const char *argv[] = {"mirror", "--lightning-dir", world->node_dir, verb, what, NULL};
	struct run run;

	cr_assert_eq(world_cli(world, argv, &run), 0, "%s", run_err(&run));
	cr_assert(strstr(run_out(&run), "takes that up in a few seconds"), "%s", run_out(&run));
	run_done(&run);
}

/* Whether MIRROR has the node's newest change. */
static bool has_all(struct world *world, const char *mirror)
{
	struct bk_log_status status;
	struct bk_log *log;

	must(bk_log_open(&log, bk_io_posix(), mirror, &world->err), &world->err);
	must(bk_log_status(log, &status, &world->err), &world->err);
	bk_log_close(log);
	return status.version == node_version(world->node);
}

/* Until a change is in MIRROR, when it is answered: the plugin took the quorum up. */
static void wait_for_quorum(struct world *world, const char *mirror)
{
	unsigned in_a_row = 0;

	for (unsigned i = 0; i < 2000 && in_a_row < 50; i++) {
		world_play(world, 1);
		in_a_row = has_all(world, mirror) ? in_a_row + 1 : 0;
		usleep(10000);
	}
	cr_assert(in_a_row == 50);
}

Test(mirrors, named_while_the_node_runs, .timeout = TIMEOUT_S)
{
	char first[PATH_MAX], second[PATH_MAX];
	struct stat before, after;
	struct world world;

	world_make_fast(&world);
	snprintf(first, sizeof first, "%s", world_path(&world, "first.bkp"));
	snprintf(second, sizeof second, "%s", world_path(&world, "second.bkp"));
	world_set_up(&world);
	world_node(&world, NULL);
	world_generate(&world, 1);
	world_start(&world);
	world_play(&world, 200);
	/* No call comes: it gets the whole log all the same. */
	mirror(&world, "add", first);
	must(node_wait_log(world.node, "info", "first.bkp has caught up", &world.err), &world.err);
	mirror(&world, "quorum", "2");
	wait_for_quorum(&world, first);
	mirror(&world, "add", second);
	must(node_wait_log(world.node, "info", "second.bkp has caught up", &world.err), &world.err);
	mirror(&world, "remove", first);
	wait_for_quorum(&world, second);
	cr_assert(stat(first, &before) == 0);
	world_play(&world, 50);
	cr_assert(stat(first, &after) == 0 && after.st_size == before.st_size);
	/* With it goes the quorum, and nothing is waited for. */
	mirror(&world, "remove", second);
	sleep(5);
	world_play(&world, 50);
	cr_assert(!has_all(&world, second));
	cr_assert(
		!node_has_logged(world.node, "unusual", "fewer than"), "%s", node_logs(world.node));
	world_stop(&world);
	world_start(&world);
	world_play(&world, 10);
	world_stop(&world);
	world_check(&world);
	world_done(&world);
}

/* test_stop.c - how the plugin ends: when lightningd says so or is gone, never before it has
 * answered what lightningd waits for. */
#include "plain.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TIMEOUT_S 120
#define VERSION   10
#define SHUTDOWN  "{\"jsonrpc\":\"2.0\",\"method\":\"shutdown\",\"params\":{}}\n\n"

/* systemd sends SIGTERM to all processes of the service, Ctrl-C goes to the foreground group: the
 * node still commits after that. */
Test(stop, signals_are_lightningds, .timeout = TIMEOUT_S)
{
	static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
	struct world world;
	int status;

	plain_make(&world, VERSION, 0);
	world_start(&world);
	plain_play(&world, 1);
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
		cr_assert_eq(kill(node_plugin_pid(world.node), signals[i]), 0);
		plain_play(&world, 2);
	}
	must(node_hang_up(world.node, &status, &world.err), &world.err);
	cr_assert_eq(status, 0, "the plugin exited with %d", status);
	world_check_restore(&world, world.database);
	world_check_versions(&world, VERSION, VERSION + 7);
	world_done(&world);
}

/* A db_write of VERSION with SIZE bytes of SQL more than it needs, behind `shutdown`. */
static char *shutdown_and_call(uint32_t version, int size)
{
	char *text;

	cr_assert_geq(asprintf(&text,
			      SHUTDOWN "{\"jsonrpc\":\"2.0\",\"id\":\"cln:db_write#9\",\"method\":"
				       "\"db_write\",\"params\":{\"data_version\":%u,\"writes\":[\""
				       "SELECT '%*s'\",\"%s\"]}}\n\n",
			      version, size, "", PLAIN_RAISE),
		0);
	return text;
}

static void check_answered(struct world *world, int size)
{
	char *text = shutdown_and_call(node_version(world->node) + 1, size);
	uint32_t head = world_head(world);
	struct bk_slice answer;

	world_start(world);
	must(node_send_raw(world->node, text, strlen(text), &world->err), &world->err);
	must(node_receive_raw(world->node, &answer, &world->err), &world->err);
	cr_assert(memmem(answer.data, answer.size, "\"result\":\"continue\"", 19),
		"not answered: %.*s", (int)answer.size, (const char *)answer.data);
	/* It ends by itself: stdin stays open. */
	must(node_receive_raw(world->node, &answer, &world->err), &world->err);
	cr_assert_eq(answer.size, 0);
	world_stop(world);
	cr_assert_eq(world_head(world), head + 1);
	must(database_run(world->database, PLAIN_RAISE, &world->err), &world->err);
	world_node(world, NULL);
	free(text);
}

/* A change that lightningd sent before it knew that the plugin heard `shutdown`: without an answer
 * it would abort. A large one comes in parts. */
Test(stop, answers_what_comes_behind_shutdown, .timeout = TIMEOUT_S)
{
	struct world world;

	plain_make(&world, VERSION, 0);
	check_answered(&world, 1);
	check_answered(&world, 1000000);
	world_check_restore(&world, world.database);
	world_check_versions(&world, VERSION, VERSION + 2);
	world_done(&world);
}

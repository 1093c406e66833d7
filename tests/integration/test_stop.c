/* test_stop.c - how the plugin ends: when lightningd says so or is gone, never before it has
 * answered what lightningd waits for. */
#include "plain.h"
#include <bk/io.h>
#include <bk/log.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
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

/* Whether the log ends with the word that all in it was committed. */
static bool is_closed(struct world *world)
{
	struct bk_log_status status = {0};
	struct bk_log *log;

	must(bk_log_open(&log, bk_io_posix(), world->log, &world->err), &world->err);
	must(bk_log_status(log, &status, &world->err), &world->err);
	bk_log_close(log);
	return status.is_closed;
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
	/* Whether that one is committed nobody saw. */
	cr_assert_not(is_closed(world));
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

/* In step, and told: the log ends with that word, whether lightningd waits for us or is gone too
 * soon. */
Test(stop, closes_the_log_in_order, .timeout = TIMEOUT_S)
{
	struct world world;
	int status;

	plain_make(&world, VERSION, 0);
	world_start(&world);
	plain_play(&world, 3);
	world_stop(&world);
	cr_assert(is_closed(&world));
	world_start(&world);
	plain_play(&world, 1);
	must(node_send_raw(world.node, SHUTDOWN, strlen(SHUTDOWN), &world.err), &world.err);
	must(node_hang_up(world.node, &status, &world.err), &world.err);
	cr_assert_eq(status, 0, "the plugin exited with %d", status);
	cr_assert(is_closed(&world));
	world_start(&world);
	plain_play(&world, 1);
	must(node_hang_up(world.node, &status, &world.err), &world.err);
	cr_assert_not(is_closed(&world));
	world_done(&world);
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Sends a db_write PAUSE_MS after `shutdown`. Returns whether it was answered; *MS is how long the
 * plugin can have waited for it. */
static bool is_answered_after(struct world *world, int pause_ms, int64_t *ms)
{
	const struct timespec pause = {.tv_nsec = pause_ms * 1000000L};
	char *text = shutdown_and_call(node_version(world->node) + 1, 1);
	const char *call = text + strlen(SHUTDOWN);
	struct bk_slice answer;
	int64_t began;

	world_start(world);
	plain_play(world, 1);
	began = now_ms();
	must(node_send_raw(world->node, SHUTDOWN, strlen(SHUTDOWN), &world->err), &world->err);
	nanosleep(&pause, NULL);
	must(node_send_raw(world->node, call, strlen(call), &world->err), &world->err);
	*ms = now_ms() - began;
	must(node_receive_raw(world->node, &answer, &world->err), &world->err);
	node_kill_plugin(world->node);
	free(text);
	return answer.size;
}

/* While lightningd commits on, with pauses between, it stays: a db_write that nobody answers makes
 * lightningd abort. On a busy machine our own pause may have been longer: then it says nothing. */
Test(stop, stays_until_it_is_quiet, .timeout = TIMEOUT_S)
{
	struct world world;
	bool is_answered = false;
	int64_t ms;

	plain_make(&world, VERSION, 0);
	do
		is_answered = is_answered_after(&world, 60, &ms);
	while (!is_answered && ms >= 200);
	cr_assert(is_answered, "gone within %d ms", (int)ms);
	world_done(&world);
}

/* How far the log had come, as backup.lock has it. */
static uint64_t seen_bytes(struct world *world)
{
	char path[PATH_MAX], text[4096] = "", *at;
	FILE *file;

	snprintf(path, sizeof path, "%.4000s/backup.lock", world->node_dir);
	file = fopen(path, "r");
	cr_assert(file && fread(text, 1, sizeof text - 1, file) > 0);
	fclose(file);
	at = strstr(text, "\"bytes\":");
	cr_assert(at, "%s", text);
	return strtoull(at + strlen("\"bytes\":"), NULL, 10);
}

/* A log that is shorter than backup.lock knows of is refused: so that counts nothing that a power
 * cut may take. At its first call the session has put a frame that nothing has synced. */
Test(stop, backup_lock_counts_on_what_is_durable, .timeout = TIMEOUT_S)
{
	struct world world;
	struct stat st;

	plain_make(&world, VERSION, 0);
	world_start(&world);
	plain_play(&world, 3);
	world_stop(&world);
	cr_assert_eq(stat(world.log, &st), 0);
	cr_assert(seen_bytes(&world) <= (uint64_t)st.st_size);
	world_start(&world);
	plain_play(&world, 1);
	cr_assert_eq(seen_bytes(&world), (uint64_t)st.st_size);
	world_stop(&world);
	world_done(&world);
}

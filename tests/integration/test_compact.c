/* test_compact.c - the log compacted beside a running node: by the RPC, by the policy of
 * backup.lock, by backup-cli compact; killed, and without room. */
#include "mounts.h"
#include "plain.h"
#include "sqltext.h"
#include "world.h"
#include <bk/io.h>
#include <bk/log.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <time.h>
#include <unistd.h>

#define TIMEOUT_S 300
#define ASK       "{\"jsonrpc\":\"2.0\",\"id\":\"ask\",\"method\":\"backup-compact\",\"params\":{}}\n\n"

static struct bk_log_status status_of(struct world *world)
{
	struct bk_log_status status;
	struct bk_log *log;

	must(bk_log_open(&log, bk_io_posix(), world->log, &world->err), &world->err);
	must(bk_log_status(log, &status, &world->err), &world->err);
	bk_log_close(log);
	return status;
}

static void verify(struct world *world)
{
	const char *argv[] = {"verify", "--deep", world->log, NULL};
	struct run run;
	int status = world_cli(world, argv, &run);

	cr_assert_eq(status, 0, "verify: %s%s", run_out(&run), run_err(&run));
	run_done(&run);
}

static bool is_beside(const struct world *world, const char *suffix)
{
	char path[PATH_MAX + 32];

	snprintf(path, sizeof path, "%s.successor%s", world->log, suffix);
	return access(path, F_OK) == 0;
}

/* One that was whole when the plugin was killed takes the log's place beside the calls. */
static void wait_for_none_beside(const struct world *world)
{
	const struct timespec pause = {.tv_nsec = 50000000};

	for (unsigned i = 0; i < 1200 && is_beside(world, ""); i++)
		nanosleep(&pause, NULL);
	cr_assert(!is_beside(world, ""));
}

static void ask(struct world *world)
{
	must(node_send_raw(world->node, ASK, strlen(ASK), &world->err), &world->err);
}

static void expect_answer(struct world *world, const char *text)
{
	struct bk_slice answer;

	must(node_receive_raw(world->node, &answer, &world->err), &world->err);
	cr_assert(memmem(answer.data, answer.size, text, strlen(text)), "no %s in: %.*s", text,
		(int)answer.size, (const char *)answer.data);
}

static void begin(struct world *world, const char *keys)
{
	world_make_fast(world);
	world_set_up(world);
	if (keys)
		world_lockfile(world, keys);
	world_node(world, NULL);
	world_generate(world, 1);
	world_start(world);
}

/* No call comes: the log is compacted all the same, and the node goes on with it. */
Test(compact, when_the_rpc_asks, .timeout = TIMEOUT_S)
{
	struct bk_log_status before, after;
	struct world world;

	begin(&world, NULL);
	ask(&world);
	expect_answer(&world, "no log is open");
	world_play(&world, 300);
	before = status_of(&world);
	ask(&world);
	ask(&world);
	expect_answer(&world, "\"result\":{\"before\":{\"backupsize\":");
	expect_answer(&world, "\"version_count\":");
	after = status_of(&world);
	cr_assert_str_eq(after.predecessor, before.id);
	cr_assert_eq(after.history, before.history);
	world_expect_log(&world, "info", "Starting compaction");
	world_expect_log(&world, "info", "compacted the log: ");
	world_play(&world, 200);
	verify(&world);
	world_stop(&world);
	cr_assert(!is_beside(&world, "") && !is_beside(&world, ".new"));
	world_start(&world);
	world_play(&world, 10);
	world_stop(&world);
	world_check(&world);
	world_done(&world);
}

/* backup-cli compact builds, the plugin takes. */
Test(compact, when_backup_cli_builds, .timeout = TIMEOUT_S)
{
	const char *argv[] = {"compact", "--json", NULL, NULL};
	struct bk_log_status before, after;
	struct world world;
	struct run run;

	begin(&world, NULL);
	argv[2] = world.log;
	world_play(&world, 300);
	before = status_of(&world);
	cr_assert_eq(world_cli(&world, argv, &run), 0, "%s", run_err(&run));
	cr_assert(strstr(run_err(&run), "waiting for its writer"));
	cr_assert(strstr(run_out(&run), "\"version_count\":"));
	run_done(&run);
	after = status_of(&world);
	cr_assert_str_eq(after.predecessor, before.id);
	must(node_wait_log(world.node, "info", "has taken its place", &world.err), &world.err);
	world_play(&world, 200);
	verify(&world);
	world_stop(&world);
	world_check(&world);
	world_done(&world);
}

/* Little is kept: compacted again and again, beside some hundred changes a second. */
Test(compact, when_it_exceeds_its_policy, .timeout = TIMEOUT_S)
{
	const struct timespec pause = {.tv_nsec = 150000000};
	struct bk_log_status before, after;
	struct world world;

	begin(&world, "\"keep\": {\"all\": \"1s\", \"hourly\": \"1d\"}");
	before = status_of(&world);
	for (unsigned i = 0; i < 3; i++) {
		while (!node_has_logged(world.node, "info", "compacted the log: ")) {
			world_play(&world, 50);
			nanosleep(&pause, NULL);
			cr_assert(!node_has_logged(world.node, "unusual", "could not be compacted"),
				"%s", node_logs(world.node));
		}
		after = status_of(&world);
		cr_assert_str_neq(after.id, before.id);
		before = after;
		node_forget_logs(world.node);
	}
	verify(&world);
	world_play(&world, 200);
	world_stop(&world);
	verify(&world);
	world_check_restore(&world, world.database);
	world_done(&world);
}

#define SIZE_MAX_BYTES UINT64_C(4000000)

/* Plays a call that brings 8 KB which do not compress, in place of those before: the log grows, and
 * the database does not. */
static void play_turning(struct world *world)
{
	static struct sqltext sql;
	struct trace_call call = {.change = {.version = node_version(world->node) + 1}};
	enum node_answer answer;

	cr_assert(sql.text || sqltext_init(&sql));
	sqltext_clear(&sql);
	sql_put(&sql, "DELETE FROM big");
	sql_end(&sql);
	sql_put(&sql, "INSERT INTO big VALUES (");
	sql_blob(&sql, call.change.version, 8192);
	sql_put(&sql, ")");
	sql_end(&sql);
	call.change.statements = sql.statements;
	call.change.statement_count = sql.count;
	must(node_call(world->node, &call, &answer, &world->err), &world->err);
	cr_assert_eq(answer, NODE_COMMITTED, "%s", node_reason(world->node));
}

/* Plays until the log has been compacted: in haste, until it is so large that it will be. */
static void grow(struct world *world)
{
	const struct timespec pause = {.tv_nsec = 200000000};

	while (!node_has_logged(world->node, "info", "compacted the log: ")) {
		play_turning(world);
		if (status_of(world).log_bytes > SIZE_MAX_BYTES / 10 * 6)
			nanosleep(&pause, NULL);
		cr_assert(!node_has_logged(world->node, "unusual", "could not be compacted"), "%s",
			node_logs(world->node));
	}
	node_forget_logs(world->node);
}

/* All is kept that fits into a size, on a disk of that size and a tenth more: compacted again and
 * again, each time to less than it was, and the node never stands still. */
Test(compact, when_it_exceeds_its_size, .timeout = TIMEOUT_S)
{
	struct bk_log_status before, after;
	struct world world;
	const char *place;

	if (!mounts_allowed())
		return;
	world_make_fast(&world);
	place = mounts_place(&world, "disk");
	cr_assert_eq(mount("tmpfs", place, "tmpfs", 0, "size=4400000"), 0);
	plain_set_up(&world, 10, 0);
	world_lockfile(&world, "\"keep\": {\"max_size\": \"4M\"}");
	world_start(&world);
	plain_play(&world, 1);
	before = status_of(&world);
	for (unsigned i = 0; i < 4; i++) {
		grow(&world);
		after = status_of(&world);
		cr_assert_str_neq(after.id, before.id);
		cr_assert_lt(after.log_bytes, SIZE_MAX_BYTES / 10 * 6);
		before = after;
	}
	verify(&world);
	plain_play(&world, 20);
	world_stop(&world);
	verify(&world);
	world_check_restore(&world, world.database);
	world_done(&world);
}

/* Killed while a successor is built: the node goes on with its log, and the leftover goes. */
Test(compact, when_it_is_killed, .timeout = TIMEOUT_S)
{
	struct world world;

	begin(&world, NULL);
	world_play(&world, 500);
	for (unsigned i = 0; i < 10; i++) {
		const struct timespec pause = {.tv_nsec = (long)i * 4000000};

		ask(&world);
		nanosleep(&pause, NULL);
		node_kill_plugin(world.node);
		world_start(&world);
		world_play(&world, 20);
		wait_for_none_beside(&world);
		verify(&world);
	}
	world_stop(&world);
	world_check(&world);
	world_done(&world);
}

static void check_mirror(struct world *world)
{
	const char *argv[] = {"verify", "--json", world_path(world, "mirror.bkp"), NULL};
	struct run run;

	cr_assert_eq(world_cli(world, argv, &run), 0, "%s%s", run_out(&run), run_err(&run));
	run_done(&run);
}

/* The mirror holds the log that the node writes to, with its newest change. */
static void check_mirror_has(struct world *world)
{
	struct bk_log_status here = status_of(world), there;
	struct bk_log *log;

	must(bk_log_open(&log, bk_io_posix(), world_path(world, "mirror.bkp"), &world->err),
		&world->err);
	must(bk_log_status(log, &there, &world->err), &world->err);
	bk_log_close(log);
	cr_assert_str_eq(there.id, here.id);
	cr_assert_eq(there.version, here.version);
}

/* Mirrors that no change waits for get the successor whole, beside the changes; those of a quorum
 * have it before it takes the log's place. */
Test(compact, with_mirrors, .timeout = TIMEOUT_S)
{
	struct bk_log_status before;
	struct world world;
	char *keys;

	world_make_fast(&world);
	world_set_up(&world);
	cr_assert_geq(
		asprintf(&keys, "\"mirrors\": [\"file://%s\"]", world_path(&world, "mirror.bkp")),
		0);
	world_lockfile(&world, keys);
	world_node(&world, NULL);
	world_generate(&world, 1);
	world_start(&world);
	world_play(&world, 200);
	must(node_wait_log(world.node, "info", " has caught up", &world.err), &world.err);
	node_forget_logs(world.node);
	before = status_of(&world);
	ask(&world);
	expect_answer(&world, "\"version_count\":");
	cr_assert_str_eq(status_of(&world).predecessor, before.id);
	world_play(&world, 100);
	must(node_wait_log(world.node, "info", " has caught up", &world.err), &world.err);
	world_stop(&world);
	check_mirror(&world);
	must(file_copy(world_path(&world, "mirror.bkp"), world.log, &world.err), &world.err);
	world_check(&world);

	free(keys);
	cr_assert_geq(asprintf(&keys, "\"mirrors\": [\"file://%s\"], \"quorum\": 2",
			      world_path(&world, "mirror.bkp")),
		0);
	world_lockfile(&world, keys);
	free(keys);
	world_start(&world);
	world_play(&world, 200);
	before = status_of(&world);
	ask(&world);
	expect_answer(&world, "\"version_count\":");
	cr_assert_str_eq(status_of(&world).predecessor, before.id);
	world_play(&world, 1);
	check_mirror_has(&world);
	world_play(&world, 100);
	cr_assert(!node_has_logged(world.node, "unusual", "fewer than 2 places"));
	world_stop(&world);
	check_mirror(&world);
	must(file_copy(world_path(&world, "mirror.bkp"), world.log, &world.err), &world.err);
	world_check(&world);
	world_done(&world);
}

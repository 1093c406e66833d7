/* test_owner.c - whose log it is, who holds it, and the way back that a refusal names
 * (docs/operations.md, "What the plugin says in lightningd's log"). */
#include "plain.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TIMEOUT_S 180
#define VERSION   10

#define NODE_A "02aaaa"
#define NODE_B "03bbbb"

static char *name_node(const char *id)
{
	char *sql;

	cr_assert_geq(asprintf(&sql,
			      "INSERT OR REPLACE INTO vars (name, blobval) VALUES ('node_id', "
			      "x'%s')",
			      id),
		0);
	return sql;
}

static void by_hand(struct world *world, const char *sql)
{
	must(database_run(world->database, sql, &world->err), &world->err);
}

/* A node whose database was NODE_A's when its log was begun, or became it by a change. */
static void make(struct world *world, bool is_young)
{
	char *sql = name_node(NODE_A);

	world_make_fast(world);
	if (!is_young) {
		must(database_run(world->database,
			     "CREATE TABLE vars (name TEXT PRIMARY KEY, val TEXT, intval INTEGER, "
			     "blobval BLOB); INSERT INTO vars (name, intval) VALUES "
			     "('data_version', 10); CREATE TABLE t (x)",
			     &world->err),
			&world->err);
		by_hand(world, sql);
		world_set_up(world);
		world_node(world, NULL);
		world_start(world);
	} else {
		struct trace_call call;
		enum node_answer answer;

		plain_set_up(world, VERSION, 0);
		world_start(world);
		call = world_call(VERSION + 1,
			"INSERT INTO vars (name, blobval) VALUES ('node_id', x'" NODE_A
			"'); " PLAIN_RAISE);
		must(node_call(world->node, &call, &answer, &world->err), &world->err);
		cr_assert_eq(answer, NODE_COMMITTED, "%s", node_reason(world->node));
	}
	free(sql);
	plain_play(world, 2);
	world_stop(world);
}

static char *bytes_of(const char *path, size_t *size)
{
	char *bytes;
	FILE *file = fopen(path, "rb");

	cr_assert(file);
	*size = file_size(path);
	bytes = malloc(*size);
	cr_assert(bytes && fread(bytes, 1, *size, file) == *size);
	fclose(file);
	return bytes;
}

/* "Given another node's backup.lock, a node takes its log over": refused, by name, and not a byte
 * is written; ahead, behind and at the very version. */
Test(owner, another_nodes_log, .timeout = TIMEOUT_S)
{
	for (unsigned i = 0; i < 6; i++) {
		struct world world;
		struct trace_call call;
		size_t before, after;
		char *was, *is, *other = name_node(NODE_B), version[120];
		uint32_t at;

		make(&world, i % 2);
		at = node_version(world.node) - 1 + i / 2;
		snprintf(version, sizeof version,
			"UPDATE vars SET intval = %u WHERE name = 'data_version'", at);
		by_hand(&world, other);
		by_hand(&world, version);
		was = bytes_of(world.log, &before);
		world_node(&world, NULL);
		world_start(&world);
		call = world_call(at + 1, PLAIN_RAISE);
		world_expect_refusal_of(&world, &call, "is another node's backup");
		world_expect_log(&world, "unusual", NODE_A);
		world_expect_log(&world, "unusual", NODE_B);
		world_expect_log(&world, "unusual", "backend_url");
		world_stop(&world);
		is = bytes_of(world.log, &after);
		cr_assert(before == after && memcmp(was, is, before) == 0, "case %u", i);
		free(was);
		free(is);
		free(other);
		world_done(&world);
	}
}

/* What stands between FROM and TO in the plugin's refusal; the caller frees it. */
static char *between(const struct world *world, const char *from, const char *to)
{
	const char *at = strstr(node_logs(world->node), from), *end;

	cr_assert(at, "%s", node_logs(world->node));
	at += strlen(from);
	end = strstr(at, to);
	cr_assert(end, "%s", at);
	return strndup(at, (size_t)(end - at));
}

static void run_as_pasted(struct world *world, const char *command)
{
	char *whole, *dir = strdup(BK_CLI);
	const char *argv[] = {"/bin/sh", "-c", NULL, NULL};
	struct run run;

	*strrchr(dir, '/') = '\0';
	cr_assert_geq(asprintf(&whole, "cd / && PATH=%s:$PATH && %s", dir, command), 0);
	argv[2] = whole;
	must(run_program(&run, (char *const *)(uintptr_t)argv, NULL, 60000, &world->err),
		&world->err);
	cr_assert_eq(run.status, 0, "%s: %s", whole, run_err(&run));
	run_done(&run);
	free(whole);
	free(dir);
}

static void touch(struct world *world, const char *suffix)
{
	char path[PATH_MAX + 16];

	snprintf(path, sizeof path, "%s%s", world->database, suffix);
	must(file_put(path, "what SQLite left", &world->err), &world->err);
}

static bool stands(struct world *world, const char *suffix)
{
	char path[PATH_MAX + 16];

	snprintf(path, sizeof path, "%s%s", world->database, suffix);
	return access(path, F_OK) == 0;
}

/* "An old database put in place: the refusal's advice fails when followed, for the refused start
 * left a -journal beside it, over which restore refuses." */
Test(owner, the_way_back_works_as_it_is_pasted, .timeout = TIMEOUT_S)
{
	for (unsigned with_rest = 0; with_rest < 2; with_rest++) {
		struct trace_call call = world_call(VERSION + 1, PLAIN_RAISE);
		struct world world;
		char *command;

		plain_make(&world, VERSION, 0);
		must(file_copy(world.database, world_path(&world, "old.sqlite3"), &world.err),
			&world.err);
		world_start(&world);
		plain_play(&world, 5);
		world_stop(&world);
		must(file_copy(world.database, world_path(&world, "new.sqlite3"), &world.err),
			&world.err);
		must(file_copy(world_path(&world, "old.sqlite3"), world.database, &world.err),
			&world.err);
		world_node(&world, NULL);
		world_start(&world);
		world_expect_refusal_of(&world, &call, "older than its backup");
		command = between(&world, "put the backup's in its place: ", " ; only if");
		cr_assert(strstr(command, "-journal") && strstr(command, "-wal"), "%s", command);
		world_stop(&world);
		node_close(world.node);
		world.node = NULL;
		if (with_rest) {
			touch(&world, "-journal");
			touch(&world, "-wal");
			touch(&world, "-shm");
		}
		run_as_pasted(&world, command);
		free(command);
		cr_assert(!stands(&world, "-journal") && !stands(&world, "-wal"));
		must(databases_compare(
			     world.database, world_path(&world, "new.sqlite3"), &world.err),
			&world.err);
		world_node(&world, NULL);
		world_start(&world);
		plain_play(&world, 2);
		world_stop(&world);
		world_check_restore(&world, world.database);
		world_done(&world);
	}
}

/* "Held by the plugin backup, process N" says whose that is. */
Test(owner, held_by_its_own_earlier_plugin, .timeout = TIMEOUT_S)
{
	struct node_options options = {.plugin = BK_PLUGIN, .no_database = true};
	struct trace_call call;
	enum node_answer answer;
	struct node *second;
	struct world world;
	char earlier[80];

	plain_make(&world, VERSION, 0);
	world_start(&world);
	plain_play(&world, 1);
	options.dir = world.node_dir;
	must(node_open(&second, &options, &world.err), &world.err);
	must(node_start(second, &world.err), &world.err);
	call = world_call(VERSION + 2, PLAIN_RAISE);
	must(node_call(second, &call, &answer, &world.err), &world.err);
	cr_assert_eq(answer, NODE_REFUSED);
	snprintf(earlier, sizeof earlier,
		"this node's own earlier plugin, process %ld, which has not ended yet",
		(long)node_plugin_pid(world.node));
	cr_assert(strstr(node_reason(second), earlier), "%s", node_reason(second));
	cr_assert(strstr(node_reason(second), "kill "), "%s", node_reason(second));
	node_close(second);
	plain_play(&world, 1);
	world_stop(&world);
	world_done(&world);
}

/* "A database of 1 GB after a SIGKILL: 5.3 s of comparison with nothing said before it ends." */
Test(owner, a_long_comparison_is_told_beforehand, .timeout = TIMEOUT_S)
{
	struct world world;

	world_make_fast(&world);
	by_hand(&world, "CREATE TABLE wide (data BLOB); INSERT INTO wide WITH RECURSIVE c (n) AS "
			"(SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 70) SELECT "
			"zeroblob(1000000) FROM c");
	plain_set_up(&world, VERSION, 0);
	world_start(&world);
	plain_play(&world, 1);
	node_kill_plugin(world.node);
	node_forget_logs(world.node);
	world_start(&world);
	plain_play(&world, 1);
	world_expect_log(&world, "info", "comparing the node's database of 70 MB with its backup");
	cr_assert(strstr(strstr(node_logs(world.node), "comparing"), "Versions match up"), "%s",
		node_logs(world.node));
	world_stop(&world);
	world_done(&world);
}

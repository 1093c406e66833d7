/* test_setup.c - how a backup is set up, and what the plugin says where it is not, or not right. */
#include "plain.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define TIMEOUT_S 120
#define VERSION   10

static void put_lockfile(struct world *world, const char *text)
{
	must(file_put(world_path(world, "node/backup.lock"), text, &world->err), &world->err);
}

/* No backup.lock: never a node that runs without a backup and does not know it. */
Test(set_up, no_lockfile, .timeout = TIMEOUT_S)
{
	struct world world;

	world_make_fast(&world);
	world_node(&world, NULL);
	world_generate(&world, 1);
	world_start(&world);
	world_expect_refusal(&world, "Could not find backup.lock in the lightning-dir");
	world_expect_log(
		&world, "unusual", world_in_dir(&world, "backup-cli init --lightning-dir ", " "));
	world_stop(&world);
	/* As it says: set up, and started again, it works. */
	world_set_up(&world);
	world_generate(&world, 1);
	world_start(&world);
	world_play(&world, 10);
	must(node_init(world.node, true, &world.err), &world.err);
	world_play(&world, 10);
	world_stop(&world);
	world_check(&world);
	world_done(&world);
}

static const struct bad_lockfile {
	const char *text, *reason;
} bad_lockfiles[] = {
	{"", "no JSON object"},
	{"{", "no JSON object"},
	{"[]", "no JSON object"},
	{"{} {}", "no JSON object"},
	{"\"file:///x\"", "no JSON object"},
	{"{}", "backend_url"},
	{"{\"backend_url\": 5}", "backend_url"},
	{"{\"backend_url\": \"\"}", "backend_url"},
	{"{\"backend_url\": null}", "backend_url"},
	{"{\"backend_url\": \"s3://bucket/x\"}", "of a kind that this release does not serve"},
	{"{\"backend_url\": \"file://relative/x\"}", "names no absolute path"},
	{"{\"backend_url\": \"file:///tmp/\"}", "names no file"},
	{"{\"backend_url\": \"/x\", \"on_gap\": \"maybe\"}", "on_gap"},
	{"{\"backend_url\": \"/x\", \"on_gap\": true}", "on_gap"},
	{"{\"backend_url\": \"/x\", \"database\": 1}", "database"},
	{"{\"backend_url\": \"/x\", \"keyframe_changes\": -1}", "keyframe_changes"},
	{"{\"backend_url\": \"/x\", \"keyframe_changes\": 1.5}", "keyframe_changes"},
	{"{\"backend_url\": \"/x\", \"keyframe_changes\": \"1\"}", "keyframe_changes"},
	{"{\"backend_url\": \"/no/such/directory/x.bkp\"}", "the log is not there"},
	{"{\"backend_url\": \"/\xff/x.bkp\"}", "/x.bkp: No such file"},
};

Test(set_up, bad_lockfiles, .timeout = TIMEOUT_S)
{
	struct world world;

	plain_make(&world, VERSION, 0);
	world_start(&world);
	for (size_t i = 0; i < sizeof bad_lockfiles / sizeof *bad_lockfiles; i++) {
		struct trace_call call = world_call(VERSION + 1, PLAIN_RAISE);

		put_lockfile(&world, bad_lockfiles[i].text);
		node_forget_logs(world.node);
		world_expect_refusal_of(&world, &call, bad_lockfiles[i].reason);
		if (!strstr(bad_lockfiles[i].reason, ".bkp") &&
			!strstr(bad_lockfiles[i].reason, "not there"))
			world_expect_log(
				&world, "unusual", world_in_dir(&world, "", "/backup.lock"));
	}
	world_lockfile(&world, "\"a key of somebody else's\": [1, {}]");
	plain_play(&world, 1);
	world_stop(&world);
	world_check_versions(&world, VERSION, VERSION + 1);
	world_done(&world);
}

/* A file where the log should be that is none: nothing of it is changed. */
static void expect_log_refused(struct world *world, const char *reason)
{
	struct trace_call call = world_call(node_version(world->node) + 1, PLAIN_RAISE);
	size_t size = file_size(world->log);

	node_forget_logs(world->node);
	world_start(world);
	world_expect_refusal_of(world, &call, reason);
	world_expect_log(world, "unusual",
		world_in_dir(world, "backup-cli init --lightning-dir ", " file://"));
	world_stop(world);
	cr_assert_eq(file_size(world->log), size);
}

Test(set_up, not_a_log, .timeout = TIMEOUT_S)
{
	struct world world;

	plain_make(&world, VERSION, 0);
	must(file_put(world.log, "", &world.err), &world.err);
	expect_log_refused(&world, world.log);
	must(file_put(world.log, "something else", &world.err), &world.err);
	expect_log_refused(&world, world.log);
	cr_assert_eq(unlink(world.log), 0);
	expect_log_refused(&world, "the log is not there");
	world_expect_log(&world, "unusual", "mount it");
	world_done(&world);
}

#define NOBODY 65534

/* `sudo backup-cli init` for another user's node: FILE is root's, and the node is not. */
static void expect_chown(struct world *world, const char *file)
{
	struct trace_call call = world_call(node_version(world->node) + 1, PLAIN_RAISE);
	char advice[PATH_MAX + 64];

	cr_assert_eq(chown(file, 0, 0), 0);
	cr_assert_eq(seteuid(NOBODY), 0);
	world_start(world);
	node_forget_logs(world->node);
	world_expect_refusal_of(world, &call, "Permission denied");
	snprintf(advice, sizeof advice, "sudo chown %u %s; then start", NOBODY, file);
	world_expect_log(world, "unusual", advice);
	world_stop(world);
	cr_assert_eq(seteuid(0), 0);
	cr_assert_eq(chown(file, NOBODY, NOBODY), 0);
}

/* Not where the checkout is in root's own directory, or root may be nobody else. */
static bool may_another_run(const char *program)
{
	bool may;

	if (seteuid(NOBODY) != 0)
		return false;
	may = eaccess(program, X_OK) == 0;
	cr_assert_eq(seteuid(0), 0);
	return may;
}

Test(set_up, files_of_another_user, .timeout = TIMEOUT_S)
{
	struct world world;

	if (geteuid() != 0) {
		fprintf(stderr, "skipped: not root\n");
		return;
	}
#ifdef __SANITIZE_ADDRESS__
	/* It cannot look for leaks in a process that has another user's rights, and fails. */
	fprintf(stderr, "skipped: the address sanitizer\n");
	return;
#endif
	if (!may_another_run(BK_PLUGIN)) {
		fprintf(stderr, "skipped: another user may not run " BK_PLUGIN "\n");
		return;
	}
	plain_make(&world, VERSION, 0);
	cr_assert_eq(chown(world.dir.path, NOBODY, NOBODY), 0);
	cr_assert_eq(chown(world.node_dir, NOBODY, NOBODY), 0);
	cr_assert_eq(chown(world.database, NOBODY, NOBODY), 0);
	cr_assert_eq(chown(world.log, NOBODY, NOBODY), 0);
	expect_chown(&world, world_path(&world, "node/backup.lock"));
	expect_chown(&world, world.log);
	world_start(&world);
	plain_play(&world, 1);
	world_stop(&world);
	world_done(&world);
}

/* Without keyframes a change that cannot be replayed is never noticed. */
Test(set_up, warns_without_keyframes, .timeout = TIMEOUT_S)
{
	struct world world;

	plain_make(&world, VERSION, 0);
	world_start(&world);
	plain_play(&world, 1);
	world_stop(&world);
	cr_assert_not(node_has_logged(world.node, NULL, "keyframe_changes"));
	world_lockfile(&world, "\"keyframe_changes\": 0");
	world_start(&world);
	plain_play(&world, 1);
	world_expect_log(&world, "unusual", "\"keyframe_changes\": 0");
	world_expect_log(&world, "unusual", world_in_dir(&world, "", "/backup.lock"));
	world_stop(&world);
	world_done(&world);
}

/* What a power cut leaves at the end of the log was never acknowledged: it is cut off, and said so.
 */
Test(set_up, torn_tail, .timeout = TIMEOUT_S)
{
	struct world world;
	FILE *log;

	plain_make(&world, VERSION, 0);
	world_start(&world);
	plain_play(&world, 5);
	world_stop(&world);
	log = fopen(world.log, "a");
	cr_assert(log && fputs("half a frame", log) >= 0 && fclose(log) == 0);
	world_start(&world);
	plain_play(&world, 5);
	world_expect_log(&world, "unusual", "cut 12 bytes off the end");
	world_stop(&world);
	world_check_restore(&world, world.database);
	world_check_versions(&world, VERSION, VERSION + 10);
	world_done(&world);
}

static void flip(const char *path, long from_end)
{
	FILE *file = fopen(path, "r+");
	int byte;

	cr_assert(file);
	cr_assert_eq(fseek(file, -from_end, SEEK_END), 0);
	byte = getc(file);
	cr_assert_eq(fseek(file, -from_end, SEEK_END), 0);
	cr_assert_neq(putc(byte ^ 1, file), EOF);
	cr_assert_eq(fclose(file), 0);
}

/* A bad byte with good changes behind it is damage: nothing is written over it, and where it is is
 * said. */
Test(set_up, damaged_log, .timeout = TIMEOUT_S)
{
	struct world world;

	plain_make(&world, VERSION, 0);
	world_start(&world);
	plain_play(&world, 20);
	world_stop(&world);
	flip(world.log, 1000);
	expect_log_refused(&world, "is damaged at offset");
	world_expect_log(&world, "unusual", "backup-cli verify");
	world_done(&world);
}

/* Another node, in a directory of its own, whose backup.lock names the log of the first. */
static struct node *second_node(struct world *world)
{
	struct node_options options = {.plugin = BK_PLUGIN, .dir = world_path(world, "second")};
	static char dir[PATH_MAX];
	struct node *node;

	snprintf(dir, sizeof dir, "%s", options.dir);
	options.dir = dir;
	cr_assert_eq(mkdir(dir, 0700), 0);
	must(file_copy(world_path(world, "node/backup.lock"),
		     world_path(world, "second/backup.lock"), &world->err),
		&world->err);
	must(file_copy(world->database, world_path(world, "second/" NODEDB_NAME), &world->err),
		&world->err);
	must(node_open(&node, &options, &world->err), &world->err);
	must(node_start(node, &world->err), &world->err);
	return node;
}

Test(set_up, two_plugins, .timeout = TIMEOUT_S)
{
	struct trace_call call;
	enum node_answer answer;
	struct world world;
	struct node *second;
	char holder[128], host[64];

	plain_make(&world, VERSION, 0);
	world_start(&world);
	plain_play(&world, 3);
	second = second_node(&world);
	call = world_call(node_version(second) + 1, PLAIN_RAISE);
	must(node_call(second, &call, &answer, &world.err), &world.err);
	cr_assert_eq(answer, NODE_REFUSED);
	gethostname(host, sizeof host);
	host[sizeof host - 1] = '\0';
	snprintf(holder, sizeof holder, "process %d on host %s", node_plugin_pid(world.node), host);
	cr_assert(node_has_logged(second, "unusual", holder), "%s", node_logs(second));
	/* The first one did not notice. */
	plain_play(&world, 3);
	/* The lock of a process that is dead holds nobody up. */
	node_kill_plugin(world.node);
	call = world_call(node_version(second) + 1, PLAIN_RAISE);
	must(node_call(second, &call, &answer, &world.err), &world.err);
	cr_assert_eq(answer, NODE_REFUSED, "its database is older than the log");
	cr_assert(node_has_logged(second, "unusual", "older than its backup"));
	node_close(second);
	world_start(&world);
	plain_play(&world, 3);
	world_stop(&world);
	world_check_versions(&world, VERSION, VERSION + 9);
	world_done(&world);
}

/* lightningd was killed within a call, and is there again before its plugin is gone: the new one
 * waits a little for the lock. */
Test(set_up, plugin_before_is_not_gone_yet, .timeout = TIMEOUT_S)
{
	const struct timespec a_little = {.tv_nsec = 300000000};
	struct trace_call call;
	enum node_answer answer;
	struct world world;
	struct node *second;

	plain_make(&world, VERSION, 0);
	world_start(&world);
	plain_play(&world, 1);
	second = second_node(&world);
	cr_assert_eq(kill(node_plugin_pid(world.node), SIGSTOP), 0);
	call = world_call(VERSION + 2, PLAIN_RAISE);
	must(node_begin(second, &call, false, &world.err), &world.err);
	/* So that it meets the lock, most likely. */
	nanosleep(&a_little, NULL);
	node_kill_plugin(world.node);
	must(node_end(second, &answer, &world.err), &world.err);
	cr_assert_eq(answer, NODE_COMMITTED, "%s", node_reason(second));
	node_close(second);
	world_check_versions(&world, VERSION, VERSION + 2);
	world_done(&world);
}

/* init refuses while a plugin holds the node's log, which it else leaves as it is. */
Test(set_up, init_refuses, .timeout = TIMEOUT_S)
{
	const char *again[] = {"init", "--lightning-dir", NULL, NULL, NULL};
	struct world world;
	struct run run;

	plain_make(&world, VERSION, 0);
	again[2] = world.node_dir;
	again[3] = world_path(&world, "other.bkp");
	world_start(&world);
	plain_play(&world, 1);
	cr_assert_eq(world_cli(&world, again, &run), 1);
	cr_assert(strstr(run_err(&run), "is held by"), "%s", run_err(&run));
	run_done(&run);
	cr_assert_not(file_exists(again[3]));
	again[3] = world.log;
	cr_assert_eq(world_cli(&world, again, &run), 1);
	cr_assert(strstr(run_err(&run), "is held by"), "%s", run_err(&run));
	run_done(&run);
	world_stop(&world);
	cr_assert_eq(world_cli(&world, again, &run), 0, "%s", run_err(&run));
	cr_assert(strstr(run_out(&run), "names it already"), "%s", run_out(&run));
	run_done(&run);
	world_check_versions(&world, VERSION, VERSION + 1);
	world_done(&world);
}

/* Moves the world to another directory, with nothing in it. */
static void move_world(struct world *world, const char *name)
{
	char database[PATH_MAX];

	snprintf(world->node_dir, PATH_MAX, "%s", world_path(world, name));
	cr_assert_eq(mkdir(world->node_dir, 0700), 0);
	snprintf(database, sizeof database, "%s/" NODEDB_NAME, name);
	snprintf(world->database, PATH_MAX, "%s", world_path(world, database));
}

/* The node's disk is gone, with backup.lock on it: restored elsewhere, and set up with the log that
 * it had, the node goes on, and so does the log. It was killed in a call before that. */
Test(set_up, restored_on_a_new_disk, .timeout = TIMEOUT_S)
{
	const char *restore[] = {"restore", NULL, NULL, NULL};
	struct trace_call call;
	enum node_answer answer;
	struct world world;
	struct run run;

	world_make_fast(&world);
	world_node(&world, NULL);
	world_set_up(&world);
	world_generate(&world, 1);
	world_start(&world);
	world_play(&world, 300);
	call = world_next(&world);
	must(node_begin(world.node, &call, false, &world.err), &world.err);
	must(node_end(world.node, &answer, &world.err), &world.err);
	node_kill_plugin(world.node);
	move_world(&world, "new");
	restore[1] = world.log;
	restore[2] = world.node_dir;
	cr_assert_eq(world_cli(&world, restore, &run), 0, "%s", run_err(&run));
	cr_assert(strstr(run_out(&run), "Next: backup-cli init"), "%s", run_out(&run));
	run_done(&run);
	world_set_up(&world);
	world_node(&world, NULL);
	world_generate(&world, 1);
	world_start(&world);
	world_play(&world, 300);
	world_expect_log(&world, "info", "Versions match up");
	world_stop(&world);
	world_check(&world);
	world_done(&world);
}

/* Answers one listconfigs on the node's RPC socket, as a lightningd that has the plugin as OPTION.
 */
static void serve_listconfigs(int listener, const char *option)
{
	int fd = accept(listener, NULL, NULL);
	char request[512], answer[PATH_MAX + 256];
	ssize_t n;

	cr_assert_geq(fd, 0);
	n = read(fd, request, sizeof request);
	cr_assert(n > 0 && memmem(request, (size_t)n, "listconfigs", 11));
	snprintf(answer, sizeof answer,
		"{\"jsonrpc\":\"2.0\",\"id\":\"backup:listconfigs#1\",\"result\":{\"configs\":{\"%"
		"s\":"
		"{\"values_str\":[\"%s\"],\"sources\":[\"cmdline\"]}}}}\n\n",
		option, BK_PLUGIN);
	cr_assert_eq(write(fd, answer, strlen(answer)), (ssize_t)strlen(answer));
	close(fd);
}

static int listen_at(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert_lt(strlen(path), sizeof address.sun_path);
	strcpy(address.sun_path, path);
	cr_assert_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	cr_assert_eq(listen(fd, 1), 0);
	return fd;
}

/* Loaded with plugin= the node would run on without a backup if the plugin died: it says so. */
Test(set_up, warns_if_not_important, .timeout = TIMEOUT_S)
{
	struct world world;
	int listener;

	plain_make(&world, VERSION, 0);
	listener = listen_at(world_path(&world, "node/lightning-rpc"));
	world_start(&world);
	plain_play(&world, 1);
	must(node_init(world.node, true, &world.err), &world.err);
	serve_listconfigs(listener, "plugin");
	must(node_wait_log(world.node, "unusual", "important-plugin=", &world.err), &world.err);
	world_stop(&world);
	node_forget_logs(world.node);
	world_start(&world);
	must(node_init(world.node, true, &world.err), &world.err);
	serve_listconfigs(listener, "important-plugin");
	plain_play(&world, 3);
	world_stop(&world);
	cr_assert_not(node_has_logged(world.node, NULL, "important-plugin="));
	close(listener);
	world_done(&world);
}

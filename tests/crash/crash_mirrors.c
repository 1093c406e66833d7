/* crash_mirrors.c - a log and two mirrors with a quorum of two, each on a disk of its own. At a
 * random call the node is killed, and any of the three computers loses its power with it; or a
 * mirror's disk fails, is full or hangs while the node goes on. Then all is opened anew: what was
 * acknowledged is in the log, the node goes on, and in the end all three hold the same bytes.
 * Meanwhile the log is compacted, and its successor takes its place everywhere. */
#include "how.h"
#include "routefs.h"
#include <bk/compact.h>
#include <bk/log.h>
#include <bk/mirrors.h>
#include <bk/snapshot.h>
#include <bk/successor.h>
#include <bk/writer.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LOG     "/0/node.bkp"
#define MIRROR1 "/1/node.bkp"
#define MIRROR2 "/2/node.bkp"
#define CHANGES 30 /* a session */
#define ROUNDS  3  /* of being killed and started again */
#define SEEDS   60
#define TORTURE 1000

struct run {
	uint64_t seed;
	struct rng rng;
	struct routefs route;
	struct bk_mirrors *mirrors;
	struct bk_writer *writer;
	uint32_t acknowledged; /* version */
	atomic_int calls_left; /* until the node is killed */
	unsigned losses, faults, kills, missed, successors;
};

static void require(const struct run *run, bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "crash_mirrors: seed %llu: %s\nagain: crash_mirrors --seed %llu\n",
		(unsigned long long)run->seed, what, (unsigned long long)run->seed);
	abort();
}

/* The SQL that leads to VERSION, of SEED alone. */
static void sql_of(char *out, size_t size, const struct run *run, uint32_t version)
{
	struct rng rng = rng_of(run->seed, version);

	if (version == 1)
		snprintf(out, size, "CREATE TABLE t (n, text)");
	else
		snprintf(out, size, "INSERT INTO t VALUES (%u, '%0*u')", version,
			(int)rng_below(&rng, 3000), version);
}

/* What each change does beside that, as a node's does. */
static void vars_sql_of(char *out, size_t size, uint32_t version)
{
	if (version == 1)
		snprintf(out, size,
			"CREATE TABLE vars AS SELECT 'data_version' AS name, 1 AS intval");
	else
		snprintf(out, size, "UPDATE vars SET intval = %u WHERE name = 'data_version'",
			version);
}

static void count_down(void *ctx, struct simfs *fs)
{
	struct run *run = ctx;

	(void)fs;
	if (atomic_fetch_sub(&run->calls_left, 1) == 1)
		run->route.is_dead = true;
}

static void take_news(void *ctx, enum bk_mirrors_news news, const char *text)
{
	struct run *run = ctx;

	(void)text;
	run->missed += news == BK_MIRRORS_MISSED;
}

static enum bk_code open_all(struct run *run, uint32_t outage_ms, struct bk_error *err)
{
	static const char *const urls[] = {MIRROR1, MIRROR2};
	const struct bk_mirrors_options options = {.urls = urls,
		.count = 2,
		.quorum = 2,
		.outage_ms = outage_ms,
		.notify = take_news,
		.ctx = run};
	struct bk_writer_options writer = {.program = "crash_mirrors"};

	require(run, !bk_mirrors_open(&run->mirrors, &run->route.io, &options, err), "no memory");
	writer.mirrors = run->mirrors;
	return bk_writer_open(&run->writer, &run->route.io, LOG, &writer, err);
}

static void close_all(struct run *run)
{
	bk_writer_close(run->writer);
	bk_mirrors_free(run->mirrors);
	run->writer = NULL;
	run->mirrors = NULL;
}

static bool are_level(struct run *run)
{
	struct bk_mirror_status status;
	unsigned level = 0;

	for (unsigned i = 0; i < 2; i++)
		level += bk_mirrors_status(run->mirrors, i, &status) &&
			 status.state == BK_MIRROR_LEVEL;
	return level == 2;
}

static bool is_alive(void *ctx)
{
	return !((struct run *)ctx)->route.is_dead;
}

/* A successor takes the log's place; where it cannot, the log goes on. A mirror that is away for
 * two of them is for an operator. */
static void compact(struct run *run)
{
	const struct bk_compact_options options = {.program = "crash_mirrors"};
	struct bk_successor *successor = NULL;
	struct bk_compact_result result;
	struct bk_writer *to = NULL;
	struct bk_error err;
	struct bk_log *log;
	uint64_t left;
	enum bk_code code;

	if (!are_level(run) || bk_log_open(&log, &run->route.io, LOG, &err))
		return;
	code = bk_compact(log, &options, &result, &err);
	bk_log_close(log);
	if (!code)
		code = bk_successor_open(&successor, bk_writer_log(run->writer), &err);
	if (!code)
		code = bk_successor_catch_up(successor, &left, &err);
	if (!code)
		code = bk_successor_send(successor, run->mirrors, is_alive, run, &err);
	if (!code)
		code = bk_successor_take(successor, run->writer, &to, &err);
	bk_successor_close(successor);
	if (code) {
		bk_successor_remove(&run->route.io, LOG);
		return;
	}
	bk_writer_leave(run->writer);
	run->writer = to;
	run->successors++;
}

/* Appends COUNT changes; false if one was not acknowledged. */
static bool go_on(struct run *run, unsigned count)
{
	unsigned compacted = (unsigned)rng_below(&run->rng, 2 * count);

	for (unsigned i = 0; i < count; i++) {
		uint32_t version = bk_writer_version(run->writer) + 1;
		char sql[4096], vars[128];
		struct bk_slice statements[2];
		struct bk_change change = {
			.version = version, .statements = statements, .statement_count = 2};
		struct bk_error err;

		if (i == compacted)
			compact(run);
		sql_of(sql, sizeof sql, run, version);
		vars_sql_of(vars, sizeof vars, version);
		statements[0] = (struct bk_slice){sql, strlen(sql)};
		statements[1] = (struct bk_slice){vars, strlen(vars)};
		if (bk_writer_append(run->writer, &change, &err))
			return false;
		run->acknowledged = version;
	}
	return true;
}

/* Each acknowledged change is there, as it was given. */
static void check_log(struct run *run)
{
	struct bk_log *log = bk_writer_log(run->writer);
	uint32_t head = bk_writer_version(run->writer);
	struct bk_error err;

	require(run, head == run->acknowledged || head == run->acknowledged + 1,
		"an acknowledged change was lost, or more came than were given");
	for (uint32_t version = 1; version <= head; version++) {
		struct bk_buf text;
		char sql[4096];

		bk_buf_init(&text, 1 << 20);
		sql_of(sql, sizeof sql, run, version);
		require(run, !bk_log_sql(log, version, &text, &err), err.msg);
		require(run, text.size > strlen(sql) && memcmp(text.data, sql, strlen(sql)) == 0,
			"a change is another");
		bk_buf_done(&text);
	}
	run->acknowledged = head;
}

static void wait_level(struct run *run)
{
	const struct timespec step = {.tv_nsec = 1000000};
	struct bk_mirror_status status[2];

	for (unsigned i = 0; i < 30000; i++) {
		for (unsigned n = 0; n < 2; n++)
			bk_mirrors_status(run->mirrors, n, &status[n]);
		if (status[0].state == BK_MIRROR_LEVEL && !status[0].behind &&
			status[1].state == BK_MIRROR_LEVEL && !status[1].behind)
			return;
		nanosleep(&step, NULL);
	}
	fprintf(stderr, "mirrors: state %d (%s), state %d (%s)\n", status[0].state, status[0].why,
		status[1].state, status[1].why);
	require(run, false, "a mirror does not become level");
}

static void check_same(struct run *run)
{
	static const char *const paths[] = {LOG, MIRROR1, MIRROR2};
	uint8_t *data[3];
	size_t size[3];

	for (int i = 0; i < 3; i++)
		require(run, simfs_peek(run->route.fs[i], paths[i], &data[i], &size[i]),
			"a file is gone");
	for (int i = 1; i < 3; i++)
		require(run, size[i] == size[0] && memcmp(data[i], data[0], size[0]) == 0,
			"the places do not hold the same bytes");
}

/* Whether the log at PATH has what was acknowledged. */
static bool holds(const struct run *run, const char *path)
{
	struct bk_log_status status = {.version = 0};
	struct bk_error ignored;
	struct bk_log *log;

	if (bk_log_open(&log, &run->route.io, path, &ignored))
		return false;
	(void)!bk_log_status(log, &status, &ignored);
	bk_log_close(log);
	return status.version >= run->acknowledged;
}

/* With the log it is in two places, also where a successor is just taking the name. */
static void check_quorum(const struct run *run)
{
	uint8_t *data;
	size_t size;
	bool is_cut = !simfs_peek(run->route.fs[1], MIRROR1, &data, &size);
	bool is_cut_too = !simfs_peek(run->route.fs[2], MIRROR2, &data, &size);

	require(run,
		run->missed || !run->acknowledged ||
			holds(run, is_cut ? MIRROR1 ".next" : MIRROR1) ||
			holds(run, is_cut_too ? MIRROR2 ".next" : MIRROR2),
		"what was acknowledged is in no mirror");
}

/* The node is killed at a random call, and some computers lose their power. */
static void kill_once(struct run *run)
{
	struct bk_error err;

	run->missed = 0;
	run->calls_left = 1 + (int)rng_below(&run->rng, 400);
	for (int i = 0; i < ROUTE_COUNT; i++)
		simfs_set_hook(run->route.fs[i], count_down, run);
	/* Who was killed waits for nobody: what it waited for is not acknowledged. */
	if (!open_all(run, 50, &err)) {
		(void)go_on(run, CHANGES);
		run->route.is_dead = true;
		close_all(run);
	} else {
		require(run, run->route.is_dead, err.msg);
		bk_mirrors_free(run->mirrors);
	}
	run->kills++;
	for (int i = 0; i < ROUTE_COUNT; i++) {
		simfs_set_hook(run->route.fs[i], NULL, NULL);
		if (rng_chance(&run->rng, 50)) {
			struct simfs *lost = simfs_after_power_loss(run->route.fs[i], &run->rng);

			simfs_free(run->route.fs[i]);
			run->route.fs[i] = lost;
			run->losses++;
		}
	}
	run->route.is_dead = false;
	check_quorum(run);
}

static int hang(void *ctx, int fd)
{
	const struct timespec time = {.tv_nsec = 20000000};

	(void)ctx;
	(void)fd;
	nanosleep(&time, NULL);
	return 0;
}

/* One mirror's disk fails, is full, or hangs: the other makes the quorum, and the node goes on. */
static void trouble_one(struct run *run)
{
	static const enum sim_call calls[] = {
		SIM_PWRITE, SIM_DATASYNC, SIM_OPEN, SIM_PREAD, SIM_LOCK, SIM_STAT};
	struct simfs *fs = run->route.fs[1 + rng_below(&run->rng, 2)];

	if (rng_chance(&run->rng, 30))
		simfs_set_sync(fs, hang, NULL);
	else
		simfs_fail(fs, calls[rng_below(&run->rng, 6)], 1 + rng_below(&run->rng, 60),
			(enum sim_fault)rng_below(&run->rng, SIM_FAULTS),
			rng_chance(&run->rng, 50) ? ENOSPC : EIO);
	run->faults++;
	run->missed = 0;
	require(run, go_on(run, CHANGES), "the node did not go on without one mirror");
	require(run, !run->missed, "a quorum was missed, though one mirror was well");
	simfs_set_sync(fs, NULL, NULL);
	simfs_fail(fs, SIM_PWRITE, 0, SIM_FAULT_ERROR, EIO);
}

static void run_seed(struct run *run)
{
	struct bk_error err;
	uint32_t version;

	run->rng = rng_of(run->seed, 0);
	run->acknowledged = 0;
	routefs_init(&run->route);
	for (int i = 0; i < ROUTE_COUNT; i++)
		run->route.fs[i] = simfs_new(run->seed + (uint64_t)i);
	require(run, !bk_log_create(&run->route.io, LOG, NULL, 0, NULL, NULL, &version, &err),
		err.msg);
	for (int round = 0; round < ROUNDS; round++) {
		kill_once(run);
		require(run, !open_all(run, 60000, &err), err.msg);
		check_log(run);
		trouble_one(run);
		wait_level(run);
		check_log(run);
		close_all(run);
		check_same(run);
	}
	for (int i = 0; i < ROUTE_COUNT; i++) {
		require(run, simfs_open_files(run->route.fs[i]) == 0, "a file was left open");
		simfs_free(run->route.fs[i]);
	}
}

int main(int argc, char **argv)
{
	uint64_t only = how_number(argc, argv, "--seed");
	uint64_t last = only ? only : how_torture() ? TORTURE : SEEDS;
	static struct run run;

	for (run.seed = only ? only : 1; run.seed <= last; run.seed++)
		run_seed(&run);
	printf("%u kills, %u power losses, %u troubles of one mirror, %u successors: what was "
	       "acknowledged was there, and all three places came level.\n",
		run.kills, run.losses, run.faults, run.successors);
	return EXIT_SUCCESS;
}

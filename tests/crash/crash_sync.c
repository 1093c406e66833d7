/* crash_sync.c - two threads sync the log at once, that of the changes and a follower's or the one
 * that lays zeros: neither waits for the other, a full snapshot neither, and what one of them hears
 * of failing is final for both.
 *
 * Linux notes an error of writing back with the file, and tells each open file of it once, at its
 * next sync. So each thread must have an open file of its own: through one that is shared, the
 * other's sync would succeed, though it may have been its data that was lost. */
#include "simfs.h"
#include <bk/follower.h>
#include <bk/snapshot.h>
#include <bk/writer.h>
#include <errno.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PATH    "/log/sync.bkp"
#define WAIT_MS 120000 /* under the thread sanitizer, on a machine that others use */

#define REQUIRE(condition)                                                                         \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__,          \
				#condition);                                                       \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

struct world {
	struct simfs *fs;
	struct bk_writer *writer;
	pthread_t changer;
	atomic_int fd;          /* through which the changing thread syncs */
	atomic_bool is_beside;  /* the other is within a sync */
	atomic_bool in_append;  /* the changing thread is within one */
	atomic_bool has_worked; /* and has its answer */
	atomic_bool has_failed; /* the system met an error */
};

static void wait_for(atomic_bool *flag)
{
	const struct timespec step = {.tv_nsec = 1000000};

	for (int i = 0; i < WAIT_MS && !atomic_load(flag); i++)
		nanosleep(&step, NULL);
	REQUIRE(atomic_load(flag));
}

static bool is_changer(const struct world *world)
{
	return pthread_equal(pthread_self(), world->changer);
}

/* The other's sync takes until what the changing thread does meanwhile is done. */
static int slow_beside(void *ctx, int fd)
{
	struct world *world = ctx;

	if (is_changer(world)) {
		REQUIRE(fd == atomic_load(&world->fd));
		return 0;
	}
	REQUIRE(fd != atomic_load(&world->fd));
	atomic_store(&world->is_beside, true);
	wait_for(&world->has_worked);
	return 0;
}

/* Both are within a sync when the system meets an error: each open file is told. */
static int both_fail(void *ctx, int fd)
{
	struct world *world = ctx;

	(void)fd;
	if (is_changer(world)) {
		atomic_store(&world->in_append, true);
		wait_for(&world->has_failed);
	} else {
		atomic_store(&world->is_beside, true);
		wait_for(&world->in_append);
		atomic_store(&world->has_failed, true);
	}
	return -EIO;
}

/* The other alone is told: by a system that noted the error too late for the other's sync. */
static int other_fails(void *ctx, int fd)
{
	struct world *world = ctx;

	(void)fd;
	if (!is_changer(world)) {
		atomic_store(&world->is_beside, true);
		wait_for(&world->in_append);
		atomic_store(&world->has_failed, true);
		return -EIO;
	}
	atomic_store(&world->in_append, true);
	return 0;
}

static int note_fd(void *ctx, int fd)
{
	struct world *world = ctx;

	atomic_store(&world->fd, fd);
	return 0;
}

static enum bk_code append(struct world *world, uint32_t version, const char *sql)
{
	struct bk_slice statements[2] = {{sql, strlen(sql)}};
	struct bk_change change = {version, statements, 2};
	struct bk_error err;
	char update[80];

	snprintf(update, sizeof update, "UPDATE vars SET intval = %u WHERE name = 'data_version'",
		version);
	statements[1] = (struct bk_slice){update, strlen(update)};
	return bk_writer_append(world->writer, &change, &err);
}

/* More than a keyframe writes without a sync of its own: numbers, which do not compress well. But
 * few enough that their replay ends within its budget of time under the thread sanitizer, too. */
static const char large[] =
	"CREATE TABLE large AS WITH RECURSIVE c (n, x) AS (SELECT 1, 1 UNION ALL SELECT n + 1, (x "
	"* "
	"1103515245 + 12345) % 2147483648 FROM c WHERE n < 300000) SELECT x FROM c";

static void make_log(struct world *world)
{
	struct bk_writer_options options = {.interval_changes = 1};
	struct bk_error err;
	uint32_t version;

	*world = (struct world){.changer = pthread_self()};
	world->fs = simfs_new(1);
	REQUIRE(!simfs_create(world->fs, PATH, NULL, &version, &err));
	REQUIRE(!bk_writer_open(&world->writer, simfs_io(world->fs), PATH, &options, &err));
	simfs_set_sync(world->fs, note_fd, world);
	REQUIRE(!append(world, 1,
		"CREATE TABLE vars (name, intval); INSERT INTO vars VALUES ('data_version', 0)"));
	REQUIRE(!append(world, 2, large));
	REQUIRE(!append(world, 3, "SELECT 1"));
}

static void *build(void *arg)
{
	struct world *world = arg;
	struct bk_error err;
	static int code;

	code = (int)bk_keyframes_build(world->writer, &err);
	if (code)
		fprintf(stderr, "the keyframe: %s\n", err.msg);
	return &code;
}

/* What the changing thread does beside a keyframe that is being built. */
typedef enum bk_code work_fn(struct world *world);

static enum bk_code append_next(struct world *world)
{
	return append(world, 4, "SELECT 2");
}

/* Of a node's database that is at version 3. */
static enum bk_code take_snapshot(struct world *world)
{
	char path[] = "/tmp/crash_sync-XXXXXX";
	int fd = mkstemp(path);
	struct bk_error err;
	enum bk_code code;
	sqlite3 *db;

	REQUIRE(fd >= 0 && close(fd) == 0 && sqlite3_open(path, &db) == SQLITE_OK);
	REQUIRE(sqlite3_exec(db,
			"CREATE TABLE vars (name, intval); "
			"INSERT INTO vars VALUES ('data_version', 3)",
			NULL, NULL, NULL) == SQLITE_OK);
	sqlite3_close(db);
	code = bk_writer_snapshot(
		world->writer, path, BK_SNAPSHOT_REPLAY_FAILED, 1000, NULL, NULL, &err);
	unlink(path);
	return code;
}

/* Builds keyframes beside WORK, with syncs that are FIRST's; gives what the work gave, and *BUILT.
 */
static enum bk_code beside(struct world *world, work_fn *work, sim_sync_fn *first, int *built)
{
	pthread_t follower;
	enum bk_code code;
	void *result;

	simfs_set_sync(world->fs, first, world);
	REQUIRE(!pthread_create(&follower, NULL, build, world));
	wait_for(&world->is_beside);
	code = work(world);
	atomic_store(&world->has_worked, true);
	REQUIRE(!pthread_join(follower, &result));
	*built = *(int *)result;
	simfs_set_sync(world->fs, NULL, NULL);
	return code;
}

/* The same beside the thread that lays zeros. */
static enum bk_code beside_zeros(struct world *world, sim_sync_fn *first)
{
	enum bk_code code;

	simfs_set_sync(world->fs, first, world);
	bk_writer_start_zeros(world->writer);
	wait_for(&world->is_beside);
	code = append(world, 4, "SELECT 2");
	atomic_store(&world->has_worked, true);
	return code;
}

static void done(struct world *world)
{
	simfs_set_sync(world->fs, NULL, NULL);
	bk_writer_close(world->writer);
	simfs_free(world->fs);
}

int main(void)
{
	struct world world;
	struct bk_error err;
	int built;

	make_log(&world);
	REQUIRE(beside(&world, append_next, slow_beside, &built) == BK_OK && built == BK_OK);
	done(&world);
	/* The keyframe that the snapshot makes needless is given up. */
	make_log(&world);
	REQUIRE(beside(&world, take_snapshot, slow_beside, &built) == BK_OK && built == BK_E_BUSY);
	REQUIRE(append(&world, 4, "SELECT 2") == BK_OK);
	REQUIRE(bk_keyframes_build(world.writer, &err) == BK_OK);
	done(&world);
	make_log(&world);
	REQUIRE(beside(&world, append_next, both_fail, &built) == BK_E_IO && built == BK_E_IO);
	REQUIRE(append(&world, 4, "SELECT 2") == BK_E_IO);
	done(&world);
	make_log(&world);
	(void)beside(&world, append_next, other_fails, &built);
	REQUIRE(built == BK_E_IO);
	REQUIRE(append(&world, 5, "SELECT 3") == BK_E_IO);
	done(&world);
	make_log(&world);
	REQUIRE(beside_zeros(&world, slow_beside) == BK_OK);
	REQUIRE(append(&world, 5, "SELECT 3") == BK_OK);
	done(&world);
	make_log(&world);
	REQUIRE(beside_zeros(&world, both_fail) == BK_E_IO);
	REQUIRE(append(&world, 4, "SELECT 2") == BK_E_IO);
	done(&world);
	make_log(&world);
	(void)beside_zeros(&world, other_fails);
	wait_for(&world.has_failed);
	simfs_set_sync(world.fs, NULL, NULL);
	while (append(&world, bk_writer_version(world.writer) + 1, "SELECT 3") == BK_OK)
		;
	done(&world);
	puts("no sync waited for another thread's, and a failure of one was final for both");
	return EXIT_SUCCESS;
}

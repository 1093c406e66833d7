/* crash_sync.c - two threads sync the log at once, and the system tells only one of them that it
 * failed.
 *
 * Linux reports an error of writing back once for each open file, to whoever syncs next: the
 * other's sync succeeds, though it may have been its data that was lost. What it was for must not
 * be acknowledged. */
#include "simfs.h"
#include <bk/keyframer.h>
#include <bk/snapshot.h>
#include <bk/writer.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PATH    "/log/sync.bkp"
#define WAIT_MS 500

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
	atomic_bool in_keyframer; /* it is within a sync */
	atomic_bool in_append;    /* the changing thread is within one */
};

/* True once FLAG is set, false after WAIT_MS. */
static bool wait_for(atomic_bool *flag)
{
	const struct timespec step = {.tv_nsec = 1000000};

	for (int i = 0; i < WAIT_MS && !atomic_load(flag); i++)
		nanosleep(&step, NULL);
	return atomic_load(flag);
}

/* The keyframer's sync fails, and not before the other thread has had its chance to sync too. */
static int sync_first(void *ctx)
{
	struct world *world = ctx;

	if (pthread_equal(pthread_self(), world->changer)) {
		atomic_store(&world->in_append, true);
		return 0;
	}
	atomic_store(&world->in_keyframer, true);
	wait_for(&world->in_append);
	return -EIO;
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

/* More than a keyframe writes without a sync of its own. */
static const char large[] = "INSERT INTO vars VALUES ('large', randomblob(20000000))";

static void make_log(struct world *world)
{
	struct bk_writer_options options = {.interval_changes = 1};
	struct bk_error err;
	uint32_t version;

	world->fs = simfs_new(1);
	REQUIRE(!bk_log_create(simfs_io(world->fs), PATH, NULL, 0, NULL, NULL, &version, &err));
	REQUIRE(!bk_writer_open(&world->writer, simfs_io(world->fs), PATH, &options, &err));
	REQUIRE(!append(world, 1,
		"CREATE TABLE vars (name, intval); INSERT INTO vars VALUES ('data_version', 0)"));
	REQUIRE(!append(world, 2, large));
	REQUIRE(!append(world, 3, "SELECT 1"));
}

static void *build(void *arg)
{
	struct world *world = arg;
	struct bk_error err;

	REQUIRE(bk_keyframes_build(world->writer, &err) == BK_E_IO);
	return NULL;
}

int main(void)
{
	struct world world = {.changer = pthread_self()};
	pthread_t keyframer;

	make_log(&world);
	simfs_set_sync(world.fs, sync_first, &world);
	REQUIRE(!pthread_create(&keyframer, NULL, build, &world));
	while (!wait_for(&world.in_keyframer))
		continue;
	REQUIRE(append(&world, 4, "SELECT 2") != BK_OK);
	pthread_join(keyframer, NULL);
	simfs_set_sync(world.fs, NULL, NULL);
	bk_writer_close(world.writer);
	simfs_free(world.fs);
	puts("a change was not acknowledged while another thread's sync failed");
	return EXIT_SUCCESS;
}

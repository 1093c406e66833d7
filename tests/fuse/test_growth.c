/* test_growth.c - a log that grows by a thousand versions a second, and eight who read it. */
#include "logkit.h"
#include "mountkit.h"
#include <bk/io.h>
#include <inttypes.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

SUITE(growth);

#define READERS      8
#define RATE         1000 /* versions a second */
#define SECONDS      5
#define SECONDS_LONG 60 /* with BK_TORTURE */
#define ROWS         2000

struct reader {
	pthread_t thread;
	unsigned seed;
	unsigned reads;
	char wrong[256]; /* the first thing that was; or empty */
};

static atomic_bool is_over;
static atomic_uint seen_head; /* by any reader, in the mount */

/* Each version sets some rows of a, and the same of b, to its own number: wherever a page is not of
 * the version that was asked for, the two differ, or their greatest number is another. */
static const char *const check_sql =
	"SELECT (SELECT intval FROM vars WHERE name = 'data_version'), (SELECT max(x) FROM a), "
	"(SELECT max(x) FROM b), (SELECT count(*) FROM a JOIN b USING (id) WHERE a.x <> b.x), "
	"(SELECT page_count * page_size FROM pragma_page_count, pragma_page_size)";

static void begin_log(void)
{
	char fill[256];

	log_begin_plain(log_path());
	log_append_two(2, "CREATE TABLE a (id INTEGER PRIMARY KEY, x, filler)",
		"CREATE TABLE b (id INTEGER PRIMARY KEY, x, filler)");
	snprintf(fill, sizeof fill,
		"INSERT INTO a WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c "
		"WHERE "
		"i < %d) SELECT i, 3, printf('%%0100d', i) FROM c",
		ROWS);
	log_append_two(3, fill, "INSERT INTO b SELECT * FROM a");
}

static void add_version(unsigned *seed)
{
	uint32_t version = log_head() + 1;
	unsigned row = (unsigned)rand_r(seed) % (ROWS - 1);
	char a[128], b[128];

	snprintf(a, sizeof a, "UPDATE a SET x = %" PRIu32 " WHERE id IN (%u, %u)", version, row + 1,
		ROWS - row);
	snprintf(b, sizeof b, "UPDATE b SET x = %" PRIu32 " WHERE id IN (%u, %u)", version, row + 1,
		ROWS - row);
	log_append_two(version, a, b);
}

/* Keeps the log growing at its rate, for SECONDS; how many versions that made. */
static uint32_t write_for(unsigned seconds)
{
	const struct bk_io *io = bk_io_posix();
	uint64_t began = clock_ms(), now;
	unsigned seed = 1;
	uint32_t made = 0;

	while ((now = clock_ms()) - began < seconds * 1000) {
		while (made < (now - began) * RATE / 1000) {
			log_now_us(io->ops->now_us(io->ctx));
			add_version(&seed);
			made++;
		}
		usleep(1000);
	}
	return made;
}

/* The newest version that the mount has; 0 if it cannot be told. */
static uint32_t latest(void)
{
	char target[64];
	ssize_t n = readlink(mnt("latest.sqlite3"), target, sizeof target - 1);
	const char *slash;

	if (n <= 0)
		return 0;
	target[n] = '\0';
	slash = strrchr(target, '/');
	return slash ? (uint32_t)strtoul(slash + 1, NULL, 10) : 0;
}

static bool step_is_right(sqlite3_stmt *statement, uint32_t version, int64_t size)
{
	return sqlite3_step(statement) == SQLITE_ROW &&
	       sqlite3_column_int64(statement, 0) == version &&
	       sqlite3_column_int64(statement, 1) == version &&
	       sqlite3_column_int64(statement, 2) == version &&
	       sqlite3_column_int64(statement, 3) == 0 &&
	       sqlite3_column_int64(statement, 4) == size;
}

/* Looks at VERSION with SQLite; notes what is wrong. */
static void look_at(struct reader *reader, uint32_t version)
{
	const char *path = mnt_version(version);
	sqlite3_stmt *statement = NULL;
	sqlite3 *db = NULL;
	struct stat st = {0};
	int rc = stat(path, &st);

	if (!rc)
		rc = sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL);
	if (!rc)
		rc = sqlite3_prepare_v2(db, check_sql, -1, &statement, NULL);
	if (rc || !step_is_right(statement, version, st.st_size))
		snprintf(reader->wrong, sizeof reader->wrong,
			"version %" PRIu32 " (%" PRIu64
			" bytes): %s; version %s, a %s, b %s, %s differ",
			version, (uint64_t)st.st_size, db ? sqlite3_errmsg(db) : "no such file",
			statement ? (const char *)sqlite3_column_text(statement, 0) : "",
			statement ? (const char *)sqlite3_column_text(statement, 1) : "",
			statement ? (const char *)sqlite3_column_text(statement, 2) : "",
			statement ? (const char *)sqlite3_column_text(statement, 3) : "");
	sqlite3_finalize(statement);
	sqlite3_close(db);
	reader->reads++;
}

/* Reads the newest version, one of the last few, or any. */
static void *read_on(void *arg)
{
	struct reader *reader = arg;

	while (!atomic_load(&is_over) && !*reader->wrong) {
		uint32_t head = latest(), back = (uint32_t)rand_r(&reader->seed);

		if (head < 3) {
			snprintf(reader->wrong, sizeof reader->wrong, "no latest version");
			break;
		}
		if (head > atomic_load(&seen_head))
			atomic_store(&seen_head, head);
		back %= back % 3 == 0 ? 1 : back % 3 == 1 ? 300 : head;
		look_at(reader, back < head - 3 ? head - back : head);
	}
	return NULL;
}

/* Has eight read while WRITE does so for SECONDS. */
static void read_beside(uint32_t (*write)(unsigned seconds), unsigned seconds)
{
	struct reader readers[READERS] = {{0}};
	unsigned reads = 0;
	uint32_t made;

	mount_dir_make();
	begin_log();
	mount_start("cache=8M");
	for (unsigned i = 0; i < READERS; i++) {
		readers[i].seed = i + 1;
		cr_assert(pthread_create(&readers[i].thread, NULL, read_on, &readers[i]) == 0);
	}
	made = write(seconds);
	wait_until(latest() == log_head(), 5000);
	atomic_store(&is_over, true);
	for (unsigned i = 0; i < READERS; i++) {
		pthread_join(readers[i].thread, NULL);
		reads += readers[i].reads;
		cr_assert(!*readers[i].wrong, "%s", readers[i].wrong);
	}
	printf("%" PRIu32 " versions in %u s, %u of them looked at by %d readers\n", made, seconds,
		reads, READERS);
	cr_assert(latest() == log_head(), "the mount is at %" PRIu32 ", the log at %" PRIu32,
		latest(), log_head());
	cr_assert(atomic_load(&seen_head) > log_head() / 2);
	log_close();
	mount_stop();
}

Test(growth, eight_readers_of_a_log_that_grows)
{
	read_beside(write_for, getenv("BK_TORTURE") ? SECONDS_LONG : SECONDS);
}

/* Each second a successor takes the log's place. */
static uint32_t write_and_compact(unsigned seconds)
{
	uint32_t made = 0;

	for (unsigned i = 0; i < seconds; i++) {
		made += write_for(1);
		log_compact(NULL);
	}
	return made + write_for(1);
}

Test(growth, eight_readers_through_compactions)
{
	read_beside(write_and_compact, getenv("BK_TORTURE") ? SECONDS_LONG : SECONDS);
}

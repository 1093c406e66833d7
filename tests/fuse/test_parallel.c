/* test_parallel.c - many look at once for what the mount has to find out first. */
#include "logkit.h"
#include "mountkit.h"
#include <bk/image.h>
#include <bk/listing.h>
#include <bk/snapshot.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

SUITE(parallel);

#define THREADS      8
#define STRETCHES    6
#define STRETCH      100 /* versions, in no delta keyframe's list: each one's size takes a replay */
#define VERSIONS_MAX (STRETCHES * 1000)

static int64_t sizes[VERSIONS_MAX];

struct looker {
	pthread_t thread;
	unsigned seed;
	char wrong[128];
};

/* The node's database moved on unwatched, to VERSION. */
static void add_gap(uint32_t version)
{
	shell("rm -f later.sqlite3; sqlite3 later.sqlite3 'CREATE TABLE vars (name TEXT PRIMARY "
	      "KEY, val TEXT, intval INTEGER, blobval BLOB); INSERT INTO vars VALUES "
	      "(\"data_version\", NULL, %u, NULL); CREATE TABLE t (id INTEGER PRIMARY KEY, x)'",
		version);
	log_snapshot(path_of("later.sqlite3"), BK_SNAPSHOT_GAP);
}

static void make_log(void)
{
	mount_dir_make();
	log_begin_plain(log_path());
	for (uint32_t i = 0; i < STRETCHES; i++) {
		if (i)
			add_gap(i * 1000);
		log_grow(i * 1000 + STRETCH, 1000);
	}
	add_gap(STRETCHES * 1000 - 1);
	log_close();
}

static void measure_through_core(void)
{
	struct bk_log *log = log_reader();

	for (uint32_t version = 1; version < VERSIONS_MAX; version++) {
		struct bk_image *image;

		if (version % 1000 > STRETCH)
			continue;
		ok(bk_image_open(&image, log, version, NULL, why()));
		sizes[version] = (int64_t)bk_image_size(image);
		bk_image_close(image);
	}
	bk_log_close(log);
}

static void *look_at_all(void *arg)
{
	struct looker *looker = arg;
	uint32_t at = (uint32_t)rand_r(&looker->seed) % VERSIONS_MAX;

	/* 997 and the number of versions have no divisor in common: each comes once. */
	for (uint32_t i = 0; i < VERSIONS_MAX && !*looker->wrong; i++) {
		uint32_t version = at = (at + 997) % VERSIONS_MAX;
		struct stat st = {0};
		int rc;

		if (!sizes[version])
			continue;
		rc = stat(mnt_version(version), &st) ? errno : 0;
		if (rc || st.st_size != sizes[version])
			snprintf(looker->wrong, sizeof looker->wrong, "version %u: %s, %lld bytes",
				version, strerror(rc), (long long)st.st_size);
	}
	return NULL;
}

Test(parallel, names_that_are_not_measured_yet)
{
	struct looker lookers[THREADS] = {{0}};

	make_log();
	measure_through_core();
	mount_start("cache=1M");
	for (unsigned i = 0; i < THREADS; i++) {
		lookers[i].seed = i + 1;
		cr_assert(!pthread_create(&lookers[i].thread, NULL, look_at_all, &lookers[i]));
	}
	for (unsigned i = 0; i < THREADS; i++) {
		pthread_join(lookers[i].thread, NULL);
		cr_assert(!*lookers[i].wrong, "%s", lookers[i].wrong);
	}
	mount_stop();
}

struct reader {
	pthread_t thread;
	int fd;
	unsigned seed;
	const uint8_t *want;
	size_t size;
	char wrong[128];
};

static void *read_anywhere(void *arg)
{
	struct reader *reader = arg;
	uint8_t part[8192];

	for (int i = 0; i < 100 && !*reader->wrong; i++) {
		size_t at = (size_t)rand_r(&reader->seed) % reader->size;
		ssize_t n = pread(reader->fd, part, sizeof part, (off_t)at);

		if (n <= 0 || memcmp(part, reader->want + at, (size_t)n) != 0)
			snprintf(reader->wrong, sizeof reader->wrong, "%zd bytes at %zu: %s", n, at,
				n < 0 ? strerror(errno) : "others");
	}
	return NULL;
}

/* The first PAGES frame behind OFFSET (docs/format.md, 3 and 5). */
static off_t pages_behind(uint64_t offset)
{
	static const uint8_t magic[] = {0xb7, 0x42, 0x4b, 0x46, 2};
	size_t size;
	uint8_t *bytes = read_whole(log_path(), (size_t)1 << 20, &size);
	const uint8_t *at = memmem(bytes + offset, size - (size_t)offset, magic, sizeof magic);
	off_t found;

	cr_assert(at, "no PAGES frame");
	found = at - bytes - 8;
	free(bytes);
	return found;
}

/* Pages turn out to be damaged while many read one file: all of them go on, from an older keyframe,
 * and nobody sees another byte. */
Test(parallel, readers_who_meet_damage)
{
	struct reader readers[THREADS] = {{0}};
	struct bk_log *log;
	struct bk_entry entry;
	uint8_t *want;
	size_t size;

	mount_dir_make();
	log_begin_plain(log_path());
	log_append(2, "INSERT INTO t (x) WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 "
		      "FROM c WHERE i < 5000) SELECT printf('%080d', i) FROM c");
	log_grow(600, 1000);
	log_close();
	log = log_reader();
	want = image_whole(log, 500, &size);
	ok(bk_log_find(log, 375, &entry, why()));
	bk_log_close(log);
	log_flip(pages_behind(entry.offset) + 70);
	mount_start("cache=1M");
	for (unsigned i = 0; i < THREADS; i++) {
		readers[i] = (struct reader){.seed = i + 1, .want = want, .size = size};
		readers[i].fd = open(mnt_version(500), O_RDONLY | O_DIRECT | O_CLOEXEC);
		cr_assert(readers[i].fd >= 0);
	}
	for (unsigned i = 0; i < THREADS; i++)
		cr_assert(!pthread_create(&readers[i].thread, NULL, read_anywhere, &readers[i]));
	for (unsigned i = 0; i < THREADS; i++) {
		pthread_join(readers[i].thread, NULL);
		cr_assert(!*readers[i].wrong, "%s", readers[i].wrong);
		close(readers[i].fd);
	}
	cr_assert(strtoul(status_member("opened_past_damage"), NULL, 10) >= 1);
	free(want);
	mount_stop();
}

/* test_image.c - versions read through the mount are what core says they are. */
#include "logkit.h"
#include "mountkit.h"
#include "relist.h"
#include "tempdir.h"
#include <bk/image.h>
#include <bk/listing.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

SUITE(image);

#define MADE_UP_CALLS 700

/* A log of the small trace, or of made-up calls, mounted. */
static void mount_log(const char *options)
{
	const char *trace = has_trace("small") ? "small" : NULL;

	mount_dir_make();
	log_begin(log_path(), trace);
	log_play(trace ? UINT64_MAX : MADE_UP_CALLS);
	mount_start(options);
}

static void compare_version(struct bk_log *log, const struct bk_entry *entry)
{
	const char *path = mnt_version(entry->version);
	size_t size, want_size, kept;
	uint8_t *want = image_whole(log, entry->version, &want_size);
	uint8_t *bytes = read_whole(path, (size_t)1 << 20, &size);
	struct stat st;

	cr_assert(size == want_size && memcmp(bytes, want, size) == 0,
		"version %u differs from the image", entry->version);
	cr_assert(stat(path, &st) == 0);
	/* What the log keeps of it alone, and never a hole. */
	kept = entry->log_bytes < size ? entry->log_bytes : size;
	cr_assert((size_t)st.st_size == size &&
		  st.st_blocks == (blkcnt_t)(kept < 512 ? 1 : kept / 512));
	cr_assert(st.st_mtim.tv_sec == entry->time_us / 1000000 &&
			  st.st_mtim.tv_nsec == entry->time_us % 1000000 * 1000,
		"version %u: another time", entry->version);
	free(want);
	free(bytes);
}

#define STEP 3 /* with BK_TORTURE=1 in the environment every version is compared */

Test(image, versions_are_the_images_of_core)
{
	struct bk_listing *history;
	struct bk_entry entry;
	struct bk_log *log;
	uint32_t count = 0, step = getenv("BK_TORTURE") ? 1 : STEP;
	bool more;

	mount_log(NULL);
	log = log_reader();
	ok(bk_listing_open(&history, log, 1, BK_LISTING_VERSIONS, why()));
	for (;;) {
		ok(bk_listing_next(history, &entry, &more, why()));
		if (!more)
			break;
		if (count++ % step == 0)
			compare_version(log, &entry);
	}
	cr_assert(count == log_head(), "%u versions of %u", count, log_head());
	bk_listing_close(history);
	bk_log_close(log);
	log_close();
	mount_stop();
}

Test(image, recorded_versions_dump_as_the_nodes_own)
{
	static const uint32_t versions[] = {401, 610, 934};

	if (!has_trace("small"))
		return;
	mount_log(NULL);
	for (size_t i = 0; i < COUNT_OF(versions); i++) {
		char name[64];

		snprintf(name, sizeof name, "db-%u.sqlite3.zst", versions[i]);
		ok(file_copy(trace_file("small", name), path_of("node.sqlite3"), why()));
		shell("sqlite3 node.sqlite3 .dump > node.sql && sqlite3 %s .dump > mount.sql && "
		      "cmp node.sql mount.sql",
			mnt_version(versions[i]));
	}
	log_close();
	mount_stop();
}

/* Reads of any size and alignment. */
static void read_parts(int fd, const uint8_t *want, size_t size, unsigned seed)
{
	uint8_t *part = malloc(size);

	cr_assert(part);
	for (int i = 0; i < 200; i++) {
		size_t at = (size_t)rand_r(&seed) % (size + 100),
		       length = (size_t)rand_r(&seed) % size;
		size_t left = at < size ? size - at : 0, expected = length < left ? length : left;
		ssize_t n = pread(fd, part, length, (off_t)at);

		cr_assert(n == (ssize_t)expected, "%zd bytes of %zu at %zu: %s", n, expected, at,
			strerror(errno));
		cr_assert(memcmp(part, want + at, expected) == 0, "other bytes at %zu", at);
	}
	free(part);
}

Test(image, reads_of_any_size_and_alignment)
{
	static const int flags[] = {O_RDONLY, O_RDONLY | O_DIRECT};
	struct bk_log *log;
	uint8_t *want;
	size_t size;

	mount_log(NULL);
	log = log_reader();
	want = image_whole(log, log_head() - 5, &size);
	for (size_t i = 0; i < COUNT_OF(flags); i++) {
		int fd = open(mnt_version(log_head() - 5), flags[i] | O_CLOEXEC);

		cr_assert(fd >= 0);
		read_parts(fd, want, size, 1);
		close(fd);
	}
	free(want);
	bk_log_close(log);
	log_close();
	mount_stop();
}

Test(image, mapped)
{
	uint32_t version;
	struct bk_log *log;
	uint8_t *want, *mapped;
	size_t size;
	int fd;

	mount_log(NULL);
	version = log_head() / 2;
	log = log_reader();
	want = image_whole(log, version, &size);
	fd = open(mnt_version(version), O_RDONLY | O_CLOEXEC);
	cr_assert(fd >= 0);
	mapped = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	cr_assert(mapped != MAP_FAILED && memcmp(mapped, want, size) == 0);
	munmap(mapped, size);
	free(want);
	bk_log_close(log);
	log_close();
	mount_stop();
}

#define READERS       8
#define READ_VERSIONS 60

struct reader {
	pthread_t thread;
	unsigned seed;
	uint32_t head;
	uint8_t **want;
	size_t *sizes;
	atomic_int *wrong;
};

static void *read_many(void *arg)
{
	struct reader *reader = arg;

	for (int i = 0; i < READ_VERSIONS; i++) {
		uint32_t at = (uint32_t)rand_r(&reader->seed) % READ_VERSIONS;
		size_t size;
		uint8_t *bytes = read_whole(mnt_version(reader->head - at), 65536, &size);

		if (size != reader->sizes[at] || memcmp(bytes, reader->want[at], size) != 0)
			atomic_fetch_add(reader->wrong, 1);
		free(bytes);
	}
	return NULL;
}

/* With a cache that cannot hold them all, so that images are dropped while others open them. */
Test(image, many_readers_at_once)
{
	struct reader readers[READERS];
	uint8_t *want[READ_VERSIONS];
	size_t sizes[READ_VERSIONS];
	atomic_int wrong = 0;
	struct bk_log *log;

	mount_log("cache=1M");
	log = log_reader();
	for (uint32_t i = 0; i < READ_VERSIONS; i++)
		want[i] = image_whole(log, log_head() - i, &sizes[i]);
	for (unsigned i = 0; i < READERS; i++) {
		readers[i] = (struct reader){0, i + 1, log_head(), want, sizes, &wrong};
		cr_assert(pthread_create(&readers[i].thread, NULL, read_many, &readers[i]) == 0);
	}
	for (unsigned i = 0; i < READERS; i++)
		pthread_join(readers[i].thread, NULL);
	cr_assert(wrong == 0, "%d reads gave something else", wrong);
	for (uint32_t i = 0; i < READ_VERSIONS; i++)
		free(want[i]);
	bk_log_close(log);
	log_close();
	mount_stop();
}

/* However many files are open at once, the images behind them stay within the budget. */
Test(image, open_files_stay_within_the_cache)
{
	int fds[100];
	char byte[100];
	double bytes;

	mount_log("cache=2M");
	for (size_t i = 0; i < COUNT_OF(fds); i++) {
		fds[i] = open(mnt_version(log_head() - (uint32_t)i), O_RDONLY | O_CLOEXEC);
		cr_assert(fds[i] >= 0, "%s", strerror(errno));
	}
	bytes = strtod(status_member("cache.bytes"), NULL);
	cr_assert(bytes > 0 && bytes <= 2 << 20, "%g bytes", bytes);
	cr_assert(strtod(status_member("cache.images"), NULL) < COUNT_OF(fds));
	for (size_t i = 0; i < COUNT_OF(fds); i++) {
		cr_assert(pread(fds[i], byte, sizeof byte, 0) == sizeof byte);
		cr_assert(memcmp(byte, "SQLite format 3", 16) == 0);
		close(fds[i]);
	}
	log_close();
	mount_stop();
}

/* A database of any page size, in WAL mode, whole as it was when the backup was set up. */
static void look_at_database(unsigned page_size, const char *mode)
{
	char want[64];

	shell("rm -rf node.sqlite3* log/*");
	shell("sqlite3 node.sqlite3 'PRAGMA page_size = %u; PRAGMA journal_mode = %s; "
	      "CREATE TABLE vars (name TEXT PRIMARY KEY, val TEXT, intval INTEGER, blobval BLOB);"
	      "INSERT INTO vars VALUES (\"data_version\", NULL, 7, NULL);"
	      "CREATE TABLE t (x); WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c "
	      "WHERE i < 3000) INSERT INTO t SELECT hex(randomblob(50)) FROM c;'",
		page_size, mode);
	log_begin_from(log_path(), path_of("node.sqlite3"));
	log_append(8, "INSERT INTO t VALUES ('the newest')");
	mount_start(NULL);
	shell("sqlite3 node.sqlite3 .dump > node.sql && sqlite3 %s .dump > mount.sql && "
	      "cmp node.sql mount.sql",
		mnt_version(7));
	snprintf(want, sizeof want, "%u\ndelete\n3001|the newest\nok\n", page_size);
	says(shell("sqlite3 %s 'PRAGMA page_size; PRAGMA journal_mode; "
		   "SELECT max(rowid), x FROM t; PRAGMA integrity_check'",
		     mnt("latest.sqlite3")),
		want);
	log_close();
	mount_stop();
}

Test(image, databases_of_any_page_size_and_mode)
{
	static const unsigned page_sizes[] = {512, 1024, 4096, 65536};

	mount_dir_make();
	for (size_t i = 0; i < COUNT_OF(page_sizes); i++)
		look_at_database(page_sizes[i], i % 2 ? "delete" : "wal");
}

/* The statements of each version, as core gives them, of the size that was told. */
Test(image, sql_files)
{
	struct bk_log *log;

	mount_log(NULL);
	log = log_reader();
	for (uint32_t version = 1; version <= log_head(); version += 7) {
		const char *path = mnt("changes/%04u/%07u.sql", version / 1000, version);
		struct bk_buf want;
		struct stat st;
		size_t size;
		uint8_t *bytes = read_whole(path, 65536, &size);

		bk_buf_init(&want, (size_t)1 << 30);
		ok(bk_log_sql(log, version, &want, why()));
		cr_assert(stat(path, &st) == 0 && (size_t)st.st_size == size, "%s", path);
		cr_assert(size == want.size && memcmp(bytes, want.data, want.size) == 0);
		bk_buf_done(&want);
		free(bytes);
	}
	bk_log_close(log);
	log_close();
	mount_stop();
}

/* Nor does a comment or a semicolon at a statement's end swallow the next: what sqlite3 makes of
 * the file on the version before is the version. */
Test(image, sql_of_statements_that_end_in_comments)
{
	static const char *const firsts[] = {"INSERT INTO t VALUES (70, 1, 2) -- why",
		"INSERT INTO t VALUES (71, 1, 2) /* why",
		"INSERT INTO t VALUES (72, 1, 2); -- why;",
		"INSERT INTO t VALUES (73, 'a;b''c;', '-- none')",
		"INSERT INTO t VALUES (74, 1, 2);", "-- nothing", "", "/* nothing */", "/* nothing",
		("CREATE TRIGGER r AFTER INSERT ON t BEGIN INSERT INTO u VALUES (';'); "
		 "DELETE FROM u WHERE x = 1; END -- why")};
	uint32_t version = 2;

	mount_dir_make();
	log_begin_plain(log_path());
	log_append_two(2, "CREATE TABLE u (x)", "ALTER TABLE t ADD COLUMN y");
	for (size_t i = 0; i < COUNT_OF(firsts); i++) {
		char then[64];

		snprintf(then, sizeof then, "INSERT INTO t (id, x) VALUES (%zu, 0)", 100 + i);
		log_append_two(++version, firsts[i], then);
	}
	mount_start(NULL);
	for (uint32_t at = 3; at <= version; at++)
		shell("cp %s a && chmod u+w a && sqlite3 -bail a < %s && sqlite3 a .dump > a.sql "
		      "&& "
		      "sqlite3 %s .dump > b.sql && cmp a.sql b.sql && grep -q '(%u,' a.sql",
			mnt_version(at - 1), mnt("changes/0000/%07u.sql", at), mnt_version(at),
			97 + at);
	log_close();
	mount_stop();
}

/* What a version's SQL says leads from the version before to it. */
Test(image, sql_leads_from_one_version_to_the_next)
{
	uint32_t version;

	mount_log(NULL);
	version = log_head() - 3;
	shell("cp %s a.sqlite3 && chmod u+w a.sqlite3 && sqlite3 a.sqlite3 'PRAGMA foreign_keys = "
	      "ON' '.read %s' && sqlite3 a.sqlite3 .dump > a.sql && sqlite3 %s .dump > b.sql && "
	      "cmp a.sql b.sql",
		mnt_version(version - 1), mnt("changes/%04u/%07u.sql", version / 1000, version),
		mnt_version(version));
	log_close();
	mount_stop();
}

/* Another SQLite may have counted other pages than ours does when it replays: the file has the size
 * that it really has, whatever the list says. */
static void check_listed(int more)
{
	mount_dir_make();
	log_begin_plain(log_path());
	for (uint32_t version = 2; version <= 130; version++)
		log_append(version, "INSERT INTO t (x) VALUES (zeroblob(300))");
	log_close();
	relist_pages(log_path(), 99, more);
	mount_start(NULL);
	for (int i = 0; i < 2; i++) {
		shell("ls -l mnt/versions/0000 > /dev/null");
		says(shell("sqlite3 -readonly mnt/versions/0/100.sqlite3 "
			   "'SELECT count(*), sum(length(x)) FROM t; PRAGMA integrity_check'"),
			"99|29700\nok\n");
		shell("cat mnt/versions/0/100.sqlite3 > copy");
		says(shell("sqlite3 copy 'SELECT count(*) FROM t; PRAGMA integrity_check'"),
			"99\nok\n");
		says(shell("test $(stat -c %%s copy) = $(($(sqlite3 copy 'PRAGMA page_count') * "
			   "$(sqlite3 copy 'PRAGMA page_size'))) && echo whole"),
			"whole\n");
	}
	says(status_member("health"), "\"ok\"");
	mount_stop();
}

Test(image, fewer_pages_are_listed)
{
	check_listed(-2);
}

Test(image, more_pages_are_listed)
{
	check_listed(2);
}

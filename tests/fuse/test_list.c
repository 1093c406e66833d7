/* test_list.c - listing: nothing twice, nothing left out, whatever happens meanwhile. */
#include "logkit.h"
#include "mountkit.h"
#include <bk/snapshot.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

SUITE(list);

struct raw_entry {
	ino64_t ino;
	off64_t next;
	unsigned short size;
	unsigned char type;
	char name[];
};

/* Lists BUCKET through a buffer that holds a few names, and calls BETWEEN after each time it was
 * filled. Checks that versions follow each other from FIRST; the last one. */
static uint32_t list_slowly(const char *bucket, uint32_t first, void (*between)(void))
{
	_Alignas(struct raw_entry) char buffer[256];
	int fd = open(bucket, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	uint32_t want = first;
	long n;

	cr_assert(fd >= 0, "%s: %s", bucket, strerror(errno));
	while ((n = syscall(SYS_getdents64, fd, buffer, sizeof buffer)) > 0) {
		for (long at = 0; at < n;) {
			struct raw_entry *entry = (struct raw_entry *)(buffer + at);

			at += entry->size;
			if (*entry->name == '.')
				continue;
			cr_assert(entry->type == DT_REG);
			cr_assert(strtoul(entry->name, NULL, 10) == want, "%s and not %u",
				entry->name, want);
			want++;
		}
		between();
	}
	cr_assert(n == 0, "%s: %s", bucket, strerror(errno));
	close(fd);
	return want - 1;
}

static bool is_there(uint32_t version)
{
	return access(mnt_version(version), F_OK) == 0;
}

/* The log grows by a few versions, and the mount has taken them in. */
static void grow(void)
{
	if (log_head() >= 990)
		return;
	log_grow(log_head() + 40, 1000);
	wait_until(is_there(log_head()), 10000);
}

Test(list, a_bucket_that_grows_while_it_is_listed)
{
	uint32_t last;

	mount_dir_make();
	log_begin_plain(log_path());
	log_grow(100, 1000);
	mount_start(NULL);
	last = list_slowly(mnt("versions/0000"), 1, grow);
	cr_assert(last >= 900, "%u", last);
	last = list_slowly(mnt("changes/0000"), 1, grow);
	cr_assert(last == (log_head() < 1000 ? log_head() : 999), "%u", last);
	log_close();
	mount_stop();
}

/* A position that was told leads back to the same entry, though more were added. */
Test(list, positions_hold)
{
	struct dirent *entry;
	char name[256];
	long position = 0;
	DIR *dir;

	mount_dir_make();
	log_begin_plain(log_path());
	log_grow(300, 1000);
	mount_start(NULL);
	dir = opendir(mnt("versions/0000"));
	cr_assert(dir);
	for (int i = 0; i < 150; i++) {
		position = telldir(dir);
		entry = readdir(dir);
		cr_assert(entry);
		snprintf(name, sizeof name, "%s", entry->d_name);
	}
	grow();
	while (readdir(dir))
		;
	seekdir(dir, position);
	entry = readdir(dir);
	cr_assert(entry && strcmp(entry->d_name, name) == 0);
	closedir(dir);
	log_close();
	mount_stop();
}

/* Reads what FD's directory has behind POSITION into NAMES, each with a slash before and behind. */
static void names_behind(int fd, off_t position, char *names, size_t size)
{
	_Alignas(struct raw_entry) char buffer[32768];
	size_t used = 1;
	long n;

	strcpy(names, "/");
	cr_assert(lseek(fd, position, SEEK_SET) == position, "%s", strerror(errno));
	while ((n = syscall(SYS_getdents64, fd, buffer, sizeof buffer)) > 0)
		for (long at = 0; at < n;) {
			struct raw_entry *entry = (struct raw_entry *)(buffer + at);

			at += entry->size;
			used += (size_t)snprintf(names + used, size - used, "%s/", entry->name);
			cr_assert(used < size);
		}
	cr_assert(n == 0, "position %lld: %s", (long long)position, strerror(errno));
}

/* A position is whatever a caller of lseek made up: it leads to some of the directory's last names,
 * or to none. */
Test(list, made_up_positions)
{
	static const char *const directories[] = {"", "versions", "changes", "at", "by-time",
		"versions/0000", "changes/0001", "by-time/2026-11-22", "by-time/2026-11-22/08"};
	static char whole[65536], part[65536];
	const off_t jumps[] = {0, 20650, 2932896, 4294967, (off_t)1 << 31, UINT32_MAX,
		(off_t)1 << 33, (off_t)1 << 40, (off_t)1 << 62, INT64_MAX - 40};

	mount_dir_make();
	log_begin_plain(log_path());
	log_grow(1100, 10000000);
	mount_start(NULL);
	for (size_t i = 0; i < COUNT_OF(directories); i++) {
		int fd = open(mnt("%s", directories[i]), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		cr_assert(fd >= 0, "%s", directories[i]);
		names_behind(fd, 0, whole, sizeof whole);
		for (size_t j = 0; j < COUNT_OF(jumps) * 40; j++) {
			off_t position = jumps[j / 40] + (off_t)(j % 40);
			size_t length;

			names_behind(fd, position, part, sizeof part);
			length = strlen(part);
			cr_assert(length == 1 || (length <= strlen(whole) &&
							 strcmp(whole + strlen(whole) - length,
								 part) == 0),
				"%s at %lld: %s", directories[i], (long long)position, part);
		}
		close(fd);
	}
	log_close();
	mount_stop();
}

static void make_database(uint32_t version)
{
	shell("rm -f later.sqlite3; sqlite3 later.sqlite3 'CREATE TABLE vars (name TEXT PRIMARY "
	      "KEY, "
	      "val TEXT, intval INTEGER, blobval BLOB); INSERT INTO vars VALUES (\"data_version\", "
	      "NULL, %u, NULL); CREATE TABLE t (id INTEGER PRIMARY KEY, x)'",
		version);
}

/* Versions that no plugin saw are not there; buckets without a version neither. */
Test(list, gaps)
{
	mount_dir_make();
	log_begin_plain(log_path());
	log_grow(1500, 1000);
	make_database(7990);
	log_snapshot(path_of("later.sqlite3"), BK_SNAPSHOT_GAP);
	log_grow(8010, 1000);
	mount_start(NULL);
	says(shell("ls mnt/versions | tr '\\n' ' '"), "0000 0001 0007 0008 ");
	says(shell("ls mnt/changes | tr '\\n' ' '"), "0000 0001 0007 0008 ");
	says(shell("ls mnt/versions/0001 | tail -1"), "0001500.sqlite3\n");
	says(shell("ls mnt/versions/0007 | head -1"), "0007990.sqlite3\n");
	says(shell("ls mnt/versions/0007 | wc -l"), "10\n");
	says(shell("stat -c %%s mnt/changes/0007/0007990.sql"), "0\n");
	says(shell("find mnt/by-time -type l | wc -l"), "1521\n");
	/* What came before a gap is in no delta keyframe's list: its size takes a replay. */
	shell("for v in 1500 1400 7990 8010; do f=$(echo mnt/versions/*/000$v.sqlite3); "
	      "test $(stat -c %%s $f) = $(cat $f | wc -c) || exit 1; done");
	says(shell("sqlite3 mnt/versions/1/1500.sqlite3 'SELECT max(x) FROM t'"), "1500\n");
	log_close();
	mount_stop();
}

/* After 4,294,967,295 comes 0. */
Test(list, versions_wrap)
{
	mount_dir_make();
	make_database(UINT32_MAX - 4);
	log_begin_from(log_path(), path_of("later.sqlite3"));
	for (uint32_t i = 0; i < 10; i++)
		log_append(log_head() + 1, "INSERT INTO t (x) VALUES (1)");
	mount_start(NULL);
	says(shell("ls -U mnt/versions | tr '\\n' ' '"), "4294967 0000 ");
	says(shell("ls -U mnt/versions/4294967 | tr '\\n' ' '"),
		"4294967291.sqlite3 4294967292.sqlite3 4294967293.sqlite3 4294967294.sqlite3 "
		"4294967295.sqlite3 ");
	says(shell("ls -U mnt/changes/0000 | tr '\\n' ' '"),
		"0000000.sql 0000001.sql 0000002.sql 0000003.sql 0000004.sql 0000005.sql ");
	says(shell("sqlite3 mnt/versions/0/0.sqlite3 'SELECT count(*) FROM t'"), "5\n");
	says(shell("ls -U mnt/by-time/*/* | sed 's/.*-//' | tail -2 | tr '\\n' ' '"),
		"0000004.sqlite3 0000005.sqlite3 ");
	log_close();
	mount_stop();
}

/* An empty log has no version, and says so. */
Test(list, an_empty_log)
{
	mount_dir_make();
	log_begin_plain(log_path());
	log_close();
	shell("rm log/*");
	log_begin(log_path(), NULL);
	mount_start(NULL);
	says(shell("ls mnt | tr '\\n' ' '"), "at by-time changes status.json versions ");
	says(shell("find mnt -mindepth 2"), "");
	says(status_member("head"), "null");
	shell_status(1, "cat mnt/latest.sqlite3");
	shell_status(1, "cat mnt/at/now.sqlite3");
	log_play(3);
	wait_until(is_there(log_head()), 10000);
	says(shell("sqlite3 mnt/latest.sqlite3 'PRAGMA integrity_check'"), "ok\n");
	says(shell("ls mnt/versions"), "0000\n");
	log_close();
	mount_stop();
}

/* A log that is made on one day and gets its first database on a later one: by time, there is
 * nothing before that. */
Test(list, nothing_before_the_first_database)
{
	mount_dir_make();
	log_begin(log_path(), NULL);
	log_now_us(LOG_BEGIN_US + INT64_C(2) * 86400 * 1000000);
	log_append_two(1,
		"CREATE TABLE vars (name TEXT PRIMARY KEY, val TEXT, intval INTEGER, blobval BLOB)",
		"INSERT INTO vars VALUES ('data_version', NULL, 0, NULL)");
	mount_start(NULL);
	says(shell("ls mnt/by-time mnt/versions/0000"),
		"mnt/by-time:\n2026-11-24\n\nmnt/versions/0000:\n0000001.sqlite3\n");
	says(shell("find mnt/by-time -type l | wc -l"), "1\n");
	says(shell("find mnt/by-time -xtype l"), "");
	shell_status(2, "ls mnt/by-time/2026-11-22");
	shell_status(2, "ls mnt/by-time/2026-11-22/07");
	cr_assert(readlink(mnt("at/2026-11-23.sqlite3"), (char[64]){0}, 64) < 0 && errno == ENOENT);
	says(shell("readlink mnt/at/2026-11-24T07:00:00Z"), "../versions/0000/0000001.sqlite3\n");
	log_close();
	mount_stop();
}

static uint64_t memory_peak_kb(void)
{
	char path[64], line[256];
	unsigned long long kb = 0;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/status", (int)mount_pid());
	file = fopen(path, "r");
	cr_assert(file);
	while (fgets(line, sizeof line, file))
		sscanf(line, "VmHWM: %llu", &kb);
	fclose(file);
	return kb;
}

Test(list, a_long_log)
{
	const uint32_t count = 100000;
	uint64_t began, memory;
	char want[32];

	mount_dir_make();
	log_begin_plain(log_path());
	log_grow(count, 60000);
	mount_start(NULL);
	memory = memory_peak_kb();
	began = clock_ms();
	snprintf(want, sizeof want, "%u\n", count);
	says(shell("ls -lR mnt/versions | grep -c 'sqlite3$'"), want);
	printf("ls -lR of %u versions: %.2f s\n", count, (double)(clock_ms() - began) / 1000);
	snprintf(want, sizeof want, "%u\n", count * 3 + 2);
	says(shell("ls -lR mnt | grep -cE '(sqlite3|sql|json)$'"), want);
	memory = memory_peak_kb() - memory;
	printf("memory it took: %llu KB\n", (unsigned long long)memory);
	/* Sanitizers have their own ideas of memory. */
	cr_assert(BK_SANITIZED || memory < 64 << 10, "%llu KB", (unsigned long long)memory);
	log_close();
	mount_stop();
}

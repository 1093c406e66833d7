/* test_follow.c - the mount follows a log that grows, is rewound, replaced. */
#include "logkit.h"
#include "mountkit.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

SUITE(follow);

/* What issue 4 promises, and some room for a busy machine. */
#define SECOND_MS 1000
#define BUSY_MS   4000

static bool is_there(uint32_t version)
{
	return access(mnt_version(version), F_OK) == 0;
}

/* The sum over t in the file at PATH. */
static uint64_t sum_of(const char *path)
{
	return strtoull(shell("sqlite3 %s 'SELECT sum(x) FROM t'", path), NULL, 10);
}

/* The same for the file that is open as FD, past what the kernel has of it. */
static uint64_t sum_of_open(int fd)
{
	char bytes[65536];
	int out = open(path_of("opened"), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
	off_t at = 0;
	ssize_t n;

	cr_assert(out >= 0 && posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) == 0);
	while ((n = pread(fd, bytes, sizeof bytes, at)) > 0) {
		cr_assert(write(out, bytes, (size_t)n) == n);
		at += n;
	}
	cr_assert(n == 0, "%s", strerror(errno));
	close(out);
	return sum_of(path_of("opened"));
}

static uint64_t sum_up_to(uint32_t version)
{
	return (uint64_t)version * (version + 1) / 2 - 1;
}

static struct stat stat_of(const char *path)
{
	struct stat st;

	cr_assert(stat(path, &st) == 0, "%s: %s", path, strerror(errno));
	return st;
}

static void mount_log(uint32_t versions)
{
	mount_dir_make();
	log_begin_plain(log_path());
	log_grow(versions, 1000);
	mount_start(NULL);
}

static const char *latest(void)
{
	static char target[128];
	ssize_t n = readlink(mnt("latest.sqlite3"), target, sizeof target - 1);

	cr_assert(n > 0);
	target[n] = '\0';
	return target;
}

static bool is_latest(uint32_t version)
{
	char want[64];

	snprintf(want, sizeof want, "versions/%04u/%07u.sqlite3", version / 1000, version);
	return strcmp(latest(), want) == 0;
}

Test(follow, new_versions_are_there_within_a_second)
{
	struct stat before, after;

	mount_log(995);
	cr_assert(is_latest(995) && !is_there(996));
	for (int i = 0; i < 10; i++) {
		uint64_t began = clock_ms();

		before = stat_of(mnt("versions"));
		log_grow(log_head() + 1, 1000000);
		wait_until(is_there(log_head()), BUSY_MS);
		cr_assert(is_there(log_head()), "version %u did not come", log_head());
		printf("version %u came after %d ms\n", log_head(), (int)(clock_ms() - began));
		cr_assert(is_latest(log_head()));
		cr_assert(sum_of(mnt("latest.sqlite3")) == sum_up_to(log_head()));
		wait_until(stat_of(mnt("versions")).st_mtim.tv_sec != before.st_mtim.tv_sec,
			SECOND_MS);
		after = stat_of(mnt("versions"));
		cr_assert(after.st_mtim.tv_sec == before.st_mtim.tv_sec + 1);
	}
	says(shell("ls mnt/versions mnt/changes | sort | uniq -c | awk '{print $1, $2}' | grep 00"),
		"2 0000\n2 0001\n");
	says(status_member("head.version"), "1005");
	log_close();
	mount_stop();
}

/* A lone pragma joins the newest version's SQL, which was read before it came. */
Test(follow, a_lone_pragma_joins_the_newest)
{
	mount_log(20);
	says(shell("grep -c PRAGMA mnt/changes/0/20.sql || true"), "0\n");
	log_append(20, "PRAGMA foreign_keys = ON;");
	wait_until(
		strcmp(shell("grep -c PRAGMA mnt/changes/0/20.sql || true"), "1\n") == 0, BUSY_MS);
	says(shell("grep -c PRAGMA mnt/changes/0/20.sql"), "1\n");
	log_grow(22, 1000);
	wait_until(is_there(22), BUSY_MS);
	says(shell("grep -c PRAGMA mnt/changes/0/20.sql"), "1\n");
	shell("test $(stat -c %%s mnt/changes/0000/0000020.sql) = $(wc -c < mnt/changes/0/20.sql)");
	log_close();
	mount_stop();
}

/* Another change takes the newest version's place: its file is another one, for new openers; who
 * has the old one open still reads it. */
Test(follow, a_rewind)
{
	struct stat before, after;
	int fd;

	mount_log(50);
	before = stat_of(mnt_version(50));
	cr_assert(sum_of(mnt_version(50)) == sum_up_to(50));
	fd = open(mnt_version(50), O_RDONLY | O_CLOEXEC);
	cr_assert(fd >= 0);
	log_rewind();
	log_append(50, "INSERT INTO t (x) VALUES (5000)");
	wait_until(stat_of(mnt_version(50)).st_ino != before.st_ino, BUSY_MS);
	after = stat_of(mnt_version(50));
	cr_assert(after.st_ino != before.st_ino, "still the old file");
	cr_assert(sum_of(mnt_version(50)) == sum_up_to(49) + 5000);
	cr_assert(strstr(shell("cat mnt/changes/0/50.sql"), "5000"));
	cr_assert(sum_of_open(fd) == sum_up_to(50));
	close(fd);
	log_grow(60, 1000);
	wait_until(is_there(60), BUSY_MS);
	cr_assert(sum_of(mnt_version(60)) == sum_up_to(60) - 50 + 5000);
	log_close();
	mount_stop();
}

/* Another log at the same path, in which the same versions hold something else. */
static void replace_log(uint32_t versions)
{
	log_close();
	log_begin_plain(path_of("log/next.bkp"));
	log_append(2, "INSERT INTO t (x) VALUES (1000000)");
	log_grow(versions, 1000);
	cr_assert(rename(path_of("log/next.bkp"), log_path()) == 0);
}

static bool is_new_log(void)
{
	struct stat st;

	return stat(mnt_version(2), &st) == 0 && sum_of(mnt_version(2)) == 1000000;
}

Test(follow, a_log_that_is_replaced)
{
	struct stat before, after, open_file;
	uint8_t *mapped;
	int fd, dir;

	mount_log(1500);
	shell("ls -lR mnt > listing && cat mnt/versions/0000/*.sqlite3 > /dev/null");
	fd = open(mnt_version(2), O_RDONLY | O_CLOEXEC);
	dir = open(mnt("versions/0000"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cr_assert(fd >= 0 && dir >= 0 && fstat(fd, &before) == 0);
	mapped = mmap(NULL, (size_t)before.st_size, PROT_READ, MAP_SHARED, fd, 0);
	cr_assert(mapped != MAP_FAILED);

	replace_log(900);
	wait_until(is_new_log(), BUSY_MS);
	cr_assert(is_new_log(), "still the old log");
	/* What the kernel kept of it goes right behind. */
	wait_until(!is_there(1500) && !is_there(901), BUSY_MS);
	after = stat_of(mnt_version(2));
	cr_assert(after.st_ino != before.st_ino);
	cr_assert(!is_there(901) && !is_there(1500) && is_latest(900), "%d %d %s", is_there(901),
		is_there(1500), latest());
	says(shell("ls mnt/versions"), "0000\n");
	says(shell("ls mnt/versions/0000 | wc -l"), "900\n");
	shell_status(2, "ls mnt/versions/0001");
	cr_assert(sum_of(mnt_version(900)) == sum_up_to(900) + 1000000 - 2);
	cr_assert(strstr(shell("cat mnt/changes/0/2.sql"), "1000000"));

	/* What was open is what it was. */
	cr_assert(sum_of_open(fd) == 2);
	cr_assert(fstat(fd, &open_file) == 0 && open_file.st_ino == before.st_ino &&
		  open_file.st_size == before.st_size);
	cr_assert(memcmp(mapped, "SQLite format 3", 16) == 0);
	/* A directory that was open shows what is there now. */
	cr_assert(faccessat(dir, "0000900.sqlite3", F_OK, 0) == 0);
	cr_assert(faccessat(dir, "0000901.sqlite3", F_OK, 0) < 0);

	munmap(mapped, (size_t)before.st_size);
	close(fd);
	close(dir);
	log_grow(950, 1000);
	wait_until(is_latest(950), BUSY_MS);
	cr_assert(is_latest(950), "the new log is not followed");
	log_close();
	mount_stop();
}

/* The old log's disk space is free as soon as nobody has a file of it open. */
Test(follow, a_replaced_log_is_let_go)
{
	int fd;

	mount_log(200);
	shell("cat mnt/versions/0000/*.sqlite3 > /dev/null");
	fd = open(mnt_version(100), O_RDONLY | O_CLOEXEC);
	cr_assert(fd >= 0);
	replace_log(100);
	wait_until(is_new_log(), BUSY_MS);
	says(shell("ls -l /proc/%d/fd | grep -c 'node.bkp (deleted)'", (int)mount_pid()), "1\n");
	close(fd);
	wait_until(strcmp(shell("ls -l /proc/%d/fd | grep -c 'node.bkp (deleted)' || true",
				  (int)mount_pid()),
			   "0\n") == 0,
		BUSY_MS);
	says(shell("ls -l /proc/%d/fd | grep -c 'node.bkp (deleted)' || true", (int)mount_pid()),
		"0\n");
	log_close();
	mount_stop();
}

/* What cannot be read stands at the path for a while: what was there goes on to be. */
Test(follow, a_log_that_is_away_for_a_while)
{
	mount_log(100);
	cr_assert(rename(log_path(), path_of("log/away")) == 0);
	shell("echo nonsense > %s", log_path());
	wait_until(strcmp(status_member("health"), "\"not followed\"") == 0, BUSY_MS);
	says(status_member("health"), "\"not followed\"");
	cr_assert(sum_of(mnt_version(100)) == sum_up_to(100));
	cr_assert(rename(path_of("log/away"), log_path()) == 0);
	log_grow(110, 1000);
	wait_until(is_there(110), BUSY_MS);
	cr_assert(sum_of(mnt_version(110)) == sum_up_to(110));
	says(status_member("health"), "\"ok\"");
	log_close();
	mount_stop();
}

/* Who has it open is told the size of what he reads, however the log goes on. */
Test(follow, the_size_of_an_open_status)
{
	char text[8192];
	struct stat st;
	ssize_t n;
	int fd;

	mount_log(998);
	fd = open(mnt("status.json"), O_RDONLY | O_CLOEXEC);
	cr_assert(fd >= 0);
	log_grow(1200, 1000);
	wait_until(is_there(1200), BUSY_MS);
	cr_assert(fstat(fd, &st) == 0);
	n = pread(fd, text, sizeof text, 0);
	cr_assert(n > 0 && n == st.st_size, "%zd bytes, and %lld told", n, (long long)st.st_size);
	close(fd);
	log_close();
	mount_stop();
}

static unsigned long texts_bytes(void)
{
	return strtoul(status_member("cache.texts"), NULL, 10);
}

/* However many have a version's statements open, they are in memory once, and counted. */
Test(follow, the_text_of_a_version_is_shared)
{
	int fds[8];
	char sql[20000];

	mount_log(10);
	snprintf(sql, sizeof sql, "INSERT INTO t (x) VALUES ('%019000d')", 11);
	log_append(11, sql);
	log_grow(12, 1000);
	wait_until(is_there(12), BUSY_MS);
	for (size_t i = 0; i < COUNT_OF(fds); i++) {
		fds[i] = open(mnt("changes/0000/0000011.sql"), O_RDONLY | O_CLOEXEC);
		cr_assert(fds[i] >= 0);
	}
	cr_assert(texts_bytes() >= 19000 && texts_bytes() < 60000, "%lu", texts_bytes());
	for (size_t i = 0; i < COUNT_OF(fds); i++) {
		cr_assert(pread(fds[i], sql, 11, 0) == 11 && memcmp(sql, "INSERT INTO", 11) == 0);
		close(fds[i]);
	}
	wait_until(texts_bytes() < 19000, BUSY_MS);
	cr_assert(texts_bytes() < 19000, "%lu", texts_bytes());
	log_close();
	mount_stop();
}

/* Copies the log, as it is now, to NAME in the test's directory. */
static void keep_as(const char *name)
{
	shell("cp %s %s", log_path(), path_of("%s", name));
}

/* Puts NAME's bytes into the log's file in place, over what is there. */
static void put_back(const char *name)
{
	shell("cat %s >%s", path_of("%s", name), log_path());
}

static bool is_well(void)
{
	return strcmp(status_member("health"), "\"ok\"") == 0;
}

/* The newest frames vanish, as a tail does that was not synced when a server lost its power, or
 * that a writer cut; then they are there again. Never is it damage. */
Test(follow, newest_frames_that_vanish)
{
	mount_log(300);
	keep_as("older");
	log_grow(310, 1000);
	log_close();
	keep_as("newer");
	wait_until(is_latest(310), BUSY_MS);
	cr_assert(is_latest(310) && sum_of(mnt("latest.sqlite3")) == sum_up_to(310));
	for (unsigned i = 0; i < 3; i++) {
		shell("truncate -s $(stat -c %%s %s) %s", path_of("older"), log_path());
		/* Whoever looks may see the cut before the kernel was told to forget. */
		wait_until(is_latest(300) && !is_there(305), BUSY_MS);
		cr_assert(is_latest(300) && !is_there(305), "after the cut: %s", latest());
		cr_assert(sum_of(mnt("latest.sqlite3")) == sum_up_to(300));
		wait_until(is_well(), BUSY_MS);
		says(status_member("health"), "\"ok\"");
		put_back("newer");
		wait_until(is_latest(310), BUSY_MS);
		cr_assert(is_latest(310) && is_there(305));
		cr_assert(sum_of(mnt("latest.sqlite3")) == sum_up_to(310));
		wait_until(is_well(), BUSY_MS);
		says(status_member("health"), "\"ok\"");
	}
	mount_stop();
}

/* The log is cut to nothing, or to a half, in place, looked at and read meanwhile, and then put
 * back in place: all is as it was, without a new mount. */
Test(follow, a_log_put_back_in_place)
{
	static const char *const cuts[] = {
		"0", "1000", "$(($(stat -c %s log.kept) / 2))", "$(($(stat -c %s log.kept) - 5))"};
	struct stat whole;

	mount_log(700);
	log_close();
	keep_as("log.kept");
	wait_until(is_latest(700), BUSY_MS);
	whole = stat_of(mnt("latest.sqlite3"));
	for (size_t i = 0; i < COUNT_OF(cuts); i++) {
		shell("cd %s && truncate -s %s %s", path_of("."), cuts[i], log_path());
		shell("cat mnt/versions/0000/*.sqlite3 >/dev/null 2>&1 || true");
		shell("sqlite3 %s 'SELECT sum(x) FROM t' >/dev/null 2>&1 || true",
			mnt("latest.sqlite3"));
		shell("sleep 0.5; ls -lL mnt mnt/versions/0000 >/dev/null 2>&1 || true");
		put_back("log.kept");
		wait_until(access(mnt("latest.sqlite3"), F_OK) == 0 && is_latest(700) &&
				   stat_of(mnt("latest.sqlite3")).st_size == whole.st_size,
			BUSY_MS);
		cr_assert(is_latest(700) && stat_of(mnt("latest.sqlite3")).st_size == whole.st_size,
			"cut %zu", i);
		cr_assert(sum_of(mnt("latest.sqlite3")) == sum_up_to(700), "cut %zu", i);
		for (uint32_t version = 50; version <= 700; version += 50)
			cr_assert(sum_of(mnt_version(version)) == sum_up_to(version), "cut %zu: %u",
				i, version);
		wait_until(is_well(), BUSY_MS);
		says(status_member("health"), "\"ok\"");
	}
	mount_stop();
}

/* A version is there as soon as it is in the log, though the follower has not looked since. */
Test(follow, who_asks_for_a_version_finds_it)
{
	char want[32];

	mount_log(990);
	for (uint32_t version = 991; version <= 1200; version++) {
		log_grow(version, 1000);
		if (version % 3 == 0) {
			snprintf(want, sizeof want, "%07u.sqlite3\n", version);
			says(shell("ls mnt/versions/%04u | tail -n 1", version / 1000), want);
		} else {
			cr_assert(is_there(version), "version %u", version);
		}
	}
	log_close();
	mount_stop();
}

static size_t peak_kb_of(pid_t pid)
{
	return strtoul(shell("awk '/^VmHWM/ {print $2}' /proc/%ld/status", (long)pid), NULL, 10);
}

/* Digits that become some 40 times smaller in the log: what unpacks to much more is refused, and a
 * frame is held in memory as it stands there. */
static void digits_fill(char *at, size_t size)
{
	uint64_t random = 1;

	for (size_t i = 0; i < size; i++) {
		if (!(i % 32))
			random = random * 6364136223846793005u + 1442695040888963407u;
		at[i] = (char)('0' + (random >> 33) % 10);
	}
}

/* The beginning of a large text costs no memory of its size, nor does its end. */
Test(follow, a_large_text)
{
	const size_t size = (size_t)(BK_SANITIZED ? 8 : 96) << 20;
	char *sql = malloc(size + 64);
	size_t before, used;

	mount_dir_make();
	log_begin_plain(log_path());
	log_grow(20, 1000);
	used = (size_t)sprintf(sql, "INSERT INTO t (x) VALUES (length('");
	digits_fill(sql + used, size);
	memcpy(sql + used, "01", 2);
	sprintf(sql + used + size - 5, "56789'))");
	log_append(21, sql);
	free(sql);
	log_grow(23, 1000);
	log_close();
	mount_start(NULL);
	says(shell("head -c 11 mnt/changes/0000/0000020.sql"), "INSERT INTO");
	before = peak_kb_of(mount_pid());
	says(shell("head -c 36 mnt/changes/0000/0000021.sql"),
		"INSERT INTO t (x) VALUES (length('01");
	says(shell("tail -c +%zu mnt/changes/0000/0000021.sql | head -n 1", size + 30),
		"56789'));\n");
	says(shell("tr -d 0-9 <mnt/changes/0000/0000021.sql | head -n 1"),
		"INSERT INTO t (x) VALUES (length(''));\n");
	cr_assert(BK_SANITIZED || peak_kb_of(mount_pid()) - before < 48 << 10, "%zu KB",
		peak_kb_of(mount_pid()) - before);
	mount_stop();
}

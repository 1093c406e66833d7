/* test_names.c - what is found under which name, and what is not. */
#include "logkit.h"
#include "mountkit.h"
#include <bk/moment.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

SUITE(names);

#define MINUTE_US ((int64_t)60 * 1000000)

/* 1,100 versions, a minute apart, the first at 2026-11-22 07:00. */
static void mount_log(void)
{
	mount_dir_make();
	log_begin_plain(log_path());
	log_grow(1100, MINUTE_US);
	mount_start(NULL);
}

static void done(void)
{
	log_close();
	mount_stop();
}

static const char *link_of(const char *path)
{
	static char target[256];
	ssize_t n = readlink(path, target, sizeof target - 1);

	cr_assert(n > 0, "%s: %s", path, strerror(errno));
	target[n] = '\0';
	return target;
}

static void is_missing(const char *path)
{
	struct stat st;

	cr_assert(lstat(path, &st) < 0 && errno == ENOENT, "%s is there", path);
}

static ino_t ino_of(const char *path)
{
	struct stat st;

	cr_assert(stat(path, &st) == 0, "%s: %s", path, strerror(errno));
	return st.st_ino;
}

Test(names, padded_and_unpadded)
{
	ino_t listed;

	mount_log();
	listed = ino_of(mnt("versions/0000/0000042.sqlite3"));
	cr_assert(ino_of(mnt("versions/0/42.sqlite3")) == listed);
	cr_assert(ino_of(mnt("versions/0000000000/0000000042.sqlite3")) == listed);
	cr_assert(ino_of(mnt("versions/00/042.sqlite3")) == listed);
	says(link_of(mnt("versions/0")), "0000");
	says(link_of(mnt("versions/0000/42.sqlite3")), "0000042.sqlite3");
	listed = ino_of(mnt("changes/0001/0001000.sql"));
	cr_assert(ino_of(mnt("changes/1/1000.sql")) == listed);
	says(link_of(mnt("changes/1")), "0001");
	says(link_of(mnt("changes/0001/1000.sql")), "0001000.sql");
	done();
}

Test(names, nonsense_is_not_there)
{
	static const char *const names[] = {"nonsense", "versions/x", "versions/-1",
		"versions/0005", "versions/4294968", "versions/99999999999",
		"versions/0000/0001000.sqlite3", "versions/0000/42", "versions/0000/42.sql",
		"versions/0000/ 42.sqlite3", "versions/0000/0x2a.sqlite3",
		"versions/0000/+42.sqlite3", "versions/0000/00000000042.sqlite3",
		"versions/0000/0000042.sqlite3-journal", "versions/0000/0000042.sqlite3-wal",
		"versions/0001/4294968296.sqlite3", "versions/0000/0000000.sqlite3",
		"versions/0002/0002000.sqlite3", "changes/0000/0000042.sqlite3", "at/nonsense",
		"at/.sqlite3", "at/42.sqlite3", "at/2026-13-01.sqlite3",
		"at/2026-11-22 06:00.sqlite3", "by-time/2026-11-21", "by-time/2026-11-22/06",
		"by-time/2026-11-22/7", "by-time/2026-11-22/24", "by-time/2026-1-22",
		"by-time/2026-11-22/07/0000042.sqlite3",
		"by-time/2026-11-22/08/07:42:00.000000-0000042.sqlite3"};

	mount_log();
	for (size_t i = 0; i < COUNT_OF(names); i++)
		is_missing(mnt("%s", names[i]));
	done();
}

/* Why a version is not there, and which are nearest, stands in status.json. */
Test(names, what_is_not_kept)
{
	const struct bk_policy policy = {.all_us = 60 * MINUTE_US, .hourly_us = BK_POLICY_EVER};

	mount_dir_make();
	log_begin_plain(log_path());
	log_grow(1100, MINUTE_US);
	log_compact(&policy);
	mount_start(NULL);
	is_missing(mnt("versions/0000/0000042.sqlite3"));
	cr_assert(strstr(status_member("not_found"), "version 42 is not kept: "));
	cr_assert(strstr(status_member("not_found"), "2026-11-22T07:"), "%s",
		status_member("not_found"));
	is_missing(mnt("versions/0001/0001101.sqlite3"));
	cr_assert(strstr(status_member("not_found"), "whose newest is 1100"));
	cr_assert_str_eq(status_member("health"), "\"ok\"");
	done();
}

/* The newest version not after the time, in any form that bk/moment.h has. */
Test(names, any_time)
{
	static const struct {
		const char *time;
		uint32_t version;
	} times[] = {
		{"2026-11-22T07:20:00Z.sqlite3", 21},
		{"2026-11-22 07:20.sqlite3", 21},
		{"2026-11-22 07:20", 21},
		{"2026-11-22 07:19:59.999.sqlite3", 20},
		{"2026-11-22T09:20:30+02:00.sqlite3", 21},
		{"2026-11-22 07:00.sqlite3", 1},
		{"2026-11-23.sqlite3", 1021},
		{"20261122T072000Z.sqlite3", 21},
		{"1795332000.sqlite3", 21},
		{"1795332000000000", 21},
		{"1795331999.5.sqlite3", 20},
		{"now.sqlite3", 1100},
	};
	char want[64];

	mount_log();
	for (size_t i = 0; i < COUNT_OF(times); i++) {
		snprintf(want, sizeof want, "../versions/%04u/%07u.sqlite3",
			times[i].version / 1000, times[i].version);
		says(link_of(mnt("at/%s", times[i].time)), want);
		snprintf(want, sizeof want, "%u\n", times[i].version);
		says(shell("sqlite3 'mnt/at/%s' 'SELECT max(id) + 1 FROM t'", times[i].time),
			times[i].version > 1 ? want : "\n");
	}
	log_now_us(0);
	is_missing(mnt("at/2026-11-22 06:59:59.sqlite3"));
	is_missing(mnt("at/2999-01-01.sqlite3"));
	is_missing(mnt("at/+1 hour.sqlite3"));
	says(shell("ls mnt/at"), "");
	done();
}

/* Steps count from now: the log ends long before, or after. */
Test(names, steps_back_from_now)
{
	const struct bk_io *io = bk_io_posix();
	int64_t now = io->ops->now_us(io->ctx);

	mount_dir_make();
	log_begin_plain(log_path());
	log_now_us(now - 100 * MINUTE_US);
	log_grow(100, MINUTE_US);
	mount_start(NULL);
	says(link_of(mnt("at/now.sqlite3")), "../versions/0000/0000100.sqlite3");
	says(link_of(mnt("at/-30.5 minutes.sqlite3")), "../versions/0000/0000070.sqlite3");
	says(link_of(mnt("at/-1 hours.sqlite3")), "../versions/0000/0000041.sqlite3");
	says(link_of(mnt("at/1 hour.sqlite3")), "../versions/0000/0000041.sqlite3");
	says(link_of(mnt("at/1h ago")), "../versions/0000/0000041.sqlite3");
	done();
}

/* A time that is yet to come leads nowhere, and once it has come to what there is then. What a log
 * has from a clock that was ahead has come. */
Test(names, what_is_yet_to_come)
{
	const struct bk_io *io = bk_io_posix();
	int64_t now = io->ops->now_us(io->ctx);
	char soon[BK_MOMENT_TEXT], late[BK_MOMENT_TEXT];

	bk_moment_text(soon, now + 3000000, true);
	bk_moment_text(late, now + 60 * MINUTE_US, true);
	mount_dir_make();
	log_begin_plain(log_path());
	log_now_us(now);
	log_grow(3, 1);
	mount_start(NULL);
	is_missing(mnt("at/%s", late));
	is_missing(mnt("at/%s", soon));
	wait_until(access(mnt("at/%s", soon), F_OK) == 0, 20000);
	says(link_of(mnt("at/%s", soon)), "../versions/0000/0000003.sqlite3");
	log_now_us(now + 60 * MINUTE_US);
	log_grow(4, 1);
	wait_until(access(mnt("at/%s", late), F_OK) == 0, 20000);
	says(link_of(mnt("at/%s", late)), "../versions/0000/0000004.sqlite3");
	done();
}

Test(names, by_time)
{
	mount_log();
	says(shell("ls mnt/by-time"), "2026-11-22\n2026-11-23\n");
	says(shell("ls mnt/by-time/2026-11-23"), "00\n01\n");
	says(shell("ls mnt/by-time/2026-11-22 | wc -l"), "17\n");
	says(shell("ls mnt/by-time/2026-11-22/07 | head -2"),
		"07:00:00.000000-0000001.sqlite3\n07:01:00.000000-0000002.sqlite3\n");
	says(shell("ls mnt/by-time/2026-11-22/07 | wc -l"), "60\n");
	says(shell("ls mnt/by-time/2026-11-23/01 | tail -1"), "01:19:00.000000-0001100.sqlite3\n");
	says(link_of(mnt("by-time/2026-11-23/01/01:00:00.000000-0001081.sqlite3")),
		"../../../versions/0001/0001081.sqlite3");
	says(shell("sqlite3 mnt/by-time/2026-11-22/08/08:30:00.000000-0000091.sqlite3 "
		   "'SELECT max(id) + 1 FROM t'"),
		"91\n");
	done();
}

/* A clock that was an hour ahead is set right, and runs through the same hour again; then it is off
 * for a day. Each version is there once, and where at/ says. */
Test(names, by_time_when_clocks_step)
{
	const int64_t hour = 60 * MINUTE_US;

	mount_dir_make();
	log_begin_plain(log_path());
	log_grow(30, MINUTE_US);
	log_now_us(LOG_BEGIN_US + 90 * MINUTE_US);
	log_grow(40, MINUTE_US);
	log_now_us(LOG_BEGIN_US + 31 * MINUTE_US);
	log_grow(50, MINUTE_US);
	log_now_us(LOG_BEGIN_US + 50 * hour);
	log_grow(60, MINUTE_US);
	mount_start(NULL);
	says(shell("ls mnt/by-time"), "2026-11-22\n2026-11-24\n");
	says(shell("ls mnt/by-time/2026-11-22"), "07\n");
	says(shell("ls mnt/by-time/2026-11-24"), "09\n");
	says(shell("ls mnt/by-time/2026-11-22/07 | wc -l"), "50\n");
	says(shell("ls mnt/by-time/2026-11-22/07 | tail -1"), "07:59:59.999999-0000040.sqlite3\n");
	says(shell("find mnt/by-time -type l | sed 's/.*-//' | sort | uniq | wc -l"), "60\n");
	says(shell("find mnt/by-time -xtype l"), "");
	says(link_of(mnt("at/2026-11-22 08:35.sqlite3")), "../versions/0000/0000050.sqlite3");
	done();
}

/* What the file system says of itself. */
Test(names, attributes)
{
	struct statvfs fs;
	struct stat st, log;
	char value[16];

	mount_log();
	cr_assert(statvfs(mnt("versions"), &fs) == 0 && stat(log_path(), &log) == 0);
	cr_assert((fs.f_flag & ST_RDONLY) && (fs.f_flag & ST_NOSUID) && (fs.f_flag & ST_NODEV) &&
		  (fs.f_flag & ST_NOEXEC) && (fs.f_flag & ST_NOATIME));
	cr_assert(fs.f_bavail == 0 && fs.f_namemax == 255);
	cr_assert(fs.f_blocks == ((uint64_t)log.st_size + fs.f_frsize - 1) / fs.f_frsize);
	cr_assert(fs.f_files == 1100);
	cr_assert(getxattr(mnt("latest.sqlite3"), "user.x", value, sizeof value) < 0 &&
		  errno == EOPNOTSUPP);
	cr_assert(access(mnt("latest.sqlite3"), R_OK) == 0);
	cr_assert(access(mnt("latest.sqlite3"), W_OK) < 0 && errno == EROFS);
	cr_assert(access(mnt("latest.sqlite3"), X_OK) < 0 && errno == EACCES);
	cr_assert(stat(mnt("versions/0001/0001050.sqlite3"), &st) == 0 && st.st_nlink == 1);
	cr_assert(stat(mnt("%s", ""), &st) == 0 && st.st_nlink == 6 && st.st_ino == 1);
	cr_assert(stat(mnt("versions/0000"), &st) == 0 && st.st_nlink == 2);
	cr_assert(st.st_mtime == LOG_BEGIN_US / 1000000 + 998 * 60, "%ld", (long)st.st_mtime);
	says(shell("findmnt -no FSTYPE mnt"), "fuse.backup-fuse\n");
	says(shell("findmnt -no SOURCE mnt | sed s,%s,LOG,", log_path()), "file://LOG\n");
	done();
}

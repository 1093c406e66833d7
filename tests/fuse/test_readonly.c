/* test_readonly.c - nobody writes here, in any way. */
#include "logkit.h"
#include "mountkit.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <utime.h>

SUITE(readonly);

static const char *file(void)
{
	return mnt("versions/0000/0000002.sqlite3");
}

static int try_open(void)
{
	return open(file(), O_WRONLY | O_CLOEXEC);
}

static int try_open_both(void)
{
	return open(file(), O_RDWR | O_CLOEXEC);
}

static int try_truncating_open(void)
{
	return open(file(), O_RDONLY | O_TRUNC | O_CLOEXEC);
}

static int try_create(void)
{
	return open(mnt("new"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
}

static int try_create_in_bucket(void)
{
	return open(mnt("versions/0000/new"), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
}

static int try_temporary(void)
{
	return open(mnt("versions"), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

static int try_truncate(void)
{
	return truncate(file(), 0);
}

static int try_unlink(void)
{
	return unlink(file());
}

static int try_unlink_link(void)
{
	return unlink(mnt("latest.sqlite3"));
}

static int try_rmdir(void)
{
	return rmdir(mnt("versions/0000"));
}

static int try_mkdir(void)
{
	return mkdir(mnt("versions/0009"), 0700);
}

static int try_mknod(void)
{
	return mknod(mnt("pipe"), S_IFIFO | 0600, 0);
}

static int try_rename(void)
{
	return rename(file(), mnt("versions/0000/new"));
}

static int try_link(void)
{
	return link(file(), mnt("versions/0000/new"));
}

static int try_symlink(void)
{
	return symlink("versions", mnt("new"));
}

static int try_chmod(void)
{
	return chmod(file(), 0600);
}

static int try_chown(void)
{
	return chown(file(), 1, 1);
}

static int try_utime(void)
{
	return utime(file(), NULL);
}

static int try_setxattr(void)
{
	return setxattr(file(), "user.x", "1", 1, 0);
}

static int try_removexattr(void)
{
	return removexattr(file(), "user.x");
}

static const struct {
	const char *name;
	int (*run)(void);
} tries[] = {
	{"open", try_open},
	{"open to read and write", try_open_both},
	{"open with O_TRUNC", try_truncating_open},
	{"create", try_create},
	{"create in a bucket", try_create_in_bucket},
	{"make a temporary file", try_temporary},
	{"truncate", try_truncate},
	{"unlink", try_unlink},
	{"unlink a link", try_unlink_link},
	{"rmdir", try_rmdir},
	{"mkdir", try_mkdir},
	{"mknod", try_mknod},
	{"rename", try_rename},
	{"link", try_link},
	{"symlink", try_symlink},
	{"chmod", try_chmod},
	{"chown", try_chown},
	{"utime", try_utime},
	{"setxattr", try_setxattr},
	{"removexattr", try_removexattr},
};

static void try_all(void)
{
	for (size_t i = 0; i < COUNT_OF(tries); i++) {
		int rc = tries[i].run();

		cr_assert(rc < 0, "%s was possible", tries[i].name);
		cr_assert(errno == EROFS || (tries[i].run == try_temporary && errno == EOPNOTSUPP),
			"%s: %s", tries[i].name, strerror(errno));
	}
}

static void mount_log(const char *options)
{
	mount_dir_make();
	log_begin_plain(log_path());
	log_grow(10, 1000);
	mount_start(options);
}

Test(readonly, every_way_of_writing)
{
	mount_log(NULL);
	try_all();
	says(shell("ls mnt/versions/0000 | wc -l"), "10\n");
	log_close();
	mount_stop();
}

/* Even where root takes ro away from the mount, which the kernel then lets pass. */
Test(readonly, mounted_anew_for_writing)
{
	mount_log("rw,exec,suid,dev");
	needs_root();
	try_all();
	cr_assert(mount(NULL, mnt("%s", ""), NULL, MS_REMOUNT | MS_NOSUID | MS_NODEV, NULL) == 0,
		"%s", strerror(errno));
	try_all();
	says(shell("ls mnt/versions/0000 | wc -l"), "10\n");
	log_close();
	mount_stop();
}

/* failsync.c - preloaded: the directory that FAILSYNC_DIR names cannot be synced, as on a failing
 * disk; nor the log that FAILSYNC_LOG names, in the clear, once it was succeeded. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LAST_SIZE 64 /* a whole frame (docs/format.md, 3 and 12) */
#define LAST_KIND 12
#define SUCCEEDED 7

static bool is_at(int fd, const char *path, struct stat *ours)
{
	struct stat theirs;

	return path && stat(path, &theirs) == 0 && fstat(fd, ours) == 0 &&
	       ours->st_dev == theirs.st_dev && ours->st_ino == theirs.st_ino;
}

static int fail(void)
{
	errno = EIO;
	return -1;
}

int fsync(int fd)
{
	struct stat ours;

	return is_at(fd, getenv("FAILSYNC_DIR"), &ours) ? fail() : (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
	struct stat ours;
	unsigned char kind = 0;

	if (is_at(fd, getenv("FAILSYNC_LOG"), &ours) && ours.st_size > LAST_SIZE &&
		pread(fd, &kind, 1, ours.st_size - LAST_SIZE + LAST_KIND) == 1 && kind == SUCCEEDED)
		return fail();
	return (int)syscall(SYS_fdatasync, fd);
}

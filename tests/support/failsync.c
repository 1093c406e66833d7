/* failsync.c - preloaded: the directory that FAILSYNC_DIR names cannot be synced, as on a failing
 * disk. */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int fsync(int fd)
{
	const char *dir = getenv("FAILSYNC_DIR");
	struct stat ours, theirs;

	if (dir && stat(dir, &theirs) == 0 && fstat(fd, &ours) == 0 &&
		ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino) {
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_fsync, fd);
}

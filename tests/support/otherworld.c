/* otherworld.c - preloaded: another clock, another disk. What the clock says is OTHER_SECONDS
 * later, and each file system has OTHER_FREE bytes free, where these are in the environment. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Computers of 32 bits have two: the other's seconds end in 2038, and are not as wide as ours. */
#ifdef SYS_clock_gettime64
#define CLOCK_CALL SYS_clock_gettime64
#else
#define CLOCK_CALL SYS_clock_gettime
#endif

int clock_gettime(clockid_t clock, struct timespec *out)
{
	const char *later = getenv("OTHER_SECONDS");
	int rc = (int)syscall(CLOCK_CALL, clock, out);

	if (later && clock == CLOCK_REALTIME)
		out->tv_sec += atol(later);
	return rc;
}

/* By the path of what is open, which is not this function again. */
int fstatvfs(int fd, struct statvfs *out)
{
	const char *bytes = getenv("OTHER_FREE");
	char path[64];
	int rc;

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	rc = statvfs(path, out);
	if (bytes) {
		out->f_frsize = 1;
		out->f_bavail = strtoull(bytes, NULL, 10);
	}
	return rc;
}

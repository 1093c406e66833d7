/* slowread.c - preloaded: each read at an offset takes SLOWREAD_MS longer, as on a slow disk. */
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

ssize_t pread64(int fd, void *bytes, size_t size, off64_t offset)
{
	const char *ms = getenv("SLOWREAD_MS");
	struct timespec wait = {0, ms ? atol(ms) * 1000000 : 0};

	nanosleep(&wait, NULL);
	return syscall(SYS_pread64, fd, bytes, size, offset);
}

/* streams.c - standard input, output and error. */
#include <bk/streams.h>
#include <fcntl.h>
#include <unistd.h>

void bk_standard_streams(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0) {
			/* The lowest number that is free is this one. */
			int opened = open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);

			if (opened > fd)
				close(opened);
		}
}

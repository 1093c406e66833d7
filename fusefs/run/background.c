/* background.c - starting in the background, yet telling of failures first. */
#include "background.h"
#include "say.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The first process: waits for the second, CHILD. */
static void wait_and_exit(pid_t child, int from)
{
	int status;
	ssize_t n;
	char byte;

	do
		n = read(from, &byte, 1);
	while (n < 0 && errno == EINTR);
	if (n == 1)
		_exit(EXIT_SUCCESS);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	/* However well it ended: there is no mount. */
	if (!WIFEXITED(status) || !WEXITSTATUS(status)) {
		say("it ended before the mount stood");
		_exit(EXIT_FAILURE);
	}
	_exit(WEXITSTATUS(status));
}

enum bk_code background_begin(struct background *background, struct bk_error *err)
{
	int ends[2];
	pid_t child;

	if (pipe2(ends, O_CLOEXEC))
		return bk_fail(err, BK_E_IO, errno, "cannot start in the background");
	child = fork();
	if (child < 0) {
		int why = errno;

		close(ends[0]);
		close(ends[1]);
		return bk_fail(err, BK_E_IO, why, "cannot start in the background");
	}
	if (child > 0) {
		close(ends[1]);
		wait_and_exit(child, ends[0]);
	}
	close(ends[0]);
	background->ready = ends[1];
	return BK_OK;
}

void background_ready(struct background *background)
{
	int null;

	if (background->ready < 0)
		return;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	say_to_syslog();
	setsid();
	if (chdir("/"))
		say("cannot leave the directory that it was started in: %s", strerror(errno));
	for (int fd = STDIN_FILENO; null >= 0 && fd <= STDERR_FILENO; fd++)
		dup2(null, fd);
	if (null > STDERR_FILENO)
		close(null);
	if (write(background->ready, "", 1) < 0)
		say("the process that started it is gone: %s", strerror(errno));
	close(background->ready);
	background->ready = -1;
}

/* io_command.c - commands that are talked with, over the real system. */
#include "io_command.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A command that was hung up on ends by itself in so long, or is killed. */
#define END_MS 1000
#define KILL_MS 2000

struct command {
	pid_t pid;
	int fd;  /* its stdin and stdout */
	int err; /* what it says on stderr */
};

extern char **environ;

/* Signals that we ignore it ignores, too: it is to live as long as we do. */
static int spawn(struct command *command, char *const argv[], int theirs, int err)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t pipe_only;
	int rc;

	sigemptyset(&pipe_only);
	sigaddset(&pipe_only, SIGPIPE);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigdefault(&attr, &pipe_only);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, theirs, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, theirs, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
	rc = posix_spawnp(&command->pid, argv[0], &actions, &attr, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	return -rc;
}

int bk_posix_run(void *ctx, char *const argv[], void **out)
{
	struct command *command = malloc(sizeof *command);
	int pair[2], err[2], rc;

	(void)ctx;
	if (!command)
		return -ENOMEM;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
		rc = -errno;
		free(command);
		return rc;
	}
	if (pipe2(err, O_CLOEXEC | O_NONBLOCK) < 0) {
		rc = -errno;
		close(pair[0]);
		close(pair[1]);
		free(command);
		return rc;
	}
	*command = (struct command){.fd = pair[0], .err = err[0]};
	rc = spawn(command, argv, pair[1], err[1]);
	close(pair[1]);
	close(err[1]);
	if (rc < 0) {
		close(pair[0]);
		close(err[0]);
		free(command);
		return rc;
	}
	*out = command;
	return 0;
}

/* Waits until FD is ready for EVENTS. */
static int wait_ready(int fd, short events, unsigned timeout_ms)
{
	struct pollfd poll_fd = {.fd = fd, .events = events};
	int rc;

	do
		rc = poll(&poll_fd, 1, (int)timeout_ms);
	while (rc < 0 && errno == EINTR);
	return rc < 0 ? -errno : rc ? 0 : -ETIMEDOUT;
}

int64_t bk_posix_receive(void *ctx, void *stream, void *data, size_t size, unsigned timeout_ms)
{
	struct command *command = stream;
	int rc = wait_ready(command->fd, POLLIN, timeout_ms);
	ssize_t n = rc ? 0 : recv(command->fd, data, size, 0);

	(void)ctx;
	return rc ? rc : n < 0 ? -errno : n;
}

int64_t bk_posix_send(void *ctx, void *stream, const void *data, size_t size, unsigned timeout_ms)
{
	struct command *command = stream;
	int rc = wait_ready(command->fd, POLLOUT, timeout_ms);
	ssize_t n = rc ? 0 : send(command->fd, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);

	(void)ctx;
	return rc ? rc : n < 0 ? -errno : n;
}

/* Waits for its end, which its closed streams tell it to come to. One that hangs in the kernel, as
 * over a disk that does not answer, is left behind. */
static void reap(pid_t pid)
{
	const struct timespec step = {.tv_nsec = 5000000};

	for (unsigned waited = 0; waited < END_MS + KILL_MS; waited += 5) {
		pid_t rc = waitpid(pid, NULL, WNOHANG);

		if (rc == pid || (rc < 0 && errno != EINTR))
			return;
		if (waited == END_MS)
			kill(pid, SIGKILL);
		nanosleep(&step, NULL);
	}
}

/* Reads all that was said on FD; SAID, SIZE bytes, is the last line of it. What a process that is
 * still there says later is not waited for. */
static void read_said(int fd, char *said, size_t size)
{
	char piece[512];
	size_t length = 0;
	bool has_ended = false;
	ssize_t n;

	while ((n = read(fd, piece, sizeof piece)) > 0)
		for (ssize_t i = 0; i < n; i++) {
			bool ends = piece[i] == '\n' || piece[i] == '\r';

			if (!ends && has_ended)
				length = 0;
			if (!ends && length < size - 1)
				said[length++] = piece[i];
			has_ended = ends;
		}
	said[length] = '\0';
}

void bk_posix_hang_up(void *ctx, void *stream, char *said, size_t size)
{
	struct command *command = stream;

	(void)ctx;
	close(command->fd);
	reap(command->pid);
	if (size)
		read_said(command->err, said, size);
	close(command->err);
	free(command);
}

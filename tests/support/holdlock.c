/* holdlock.c - what a running lightningd looks like: a pid file with a lock on it, while a command
 * runs.
 *
 * Usage: holdlock FILE COMMAND [ARGUMENTS] */
#include "child.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int fd, status;
	pid_t pid;

	if (argc < 3) {
		fprintf(stderr, "Usage: holdlock FILE COMMAND [ARGUMENTS]\n");
		return 2;
	}
	fd = open(argv[1], O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || dprintf(fd, "%d\n", getpid()) < 0 || fcntl(fd, F_SETLK, &lock) != 0) {
		perror(argv[1]);
		return EXIT_FAILURE;
	}
	pid = fork();
	if (pid == 0) {
		execvp(argv[2], argv + 2);
		perror(argv[2]);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return EXIT_FAILURE;
	return child_exit_code(status);
}

/* test_silence.c - whether lightningd has fallen silent (plugin/wire/silence.h). */
#include "silence.h"
#include "support.h"
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

SUITE(silence);

#define TRIES_MAX 2000

/* A process that spins, or sleeps. */
static pid_t begin(bool spins)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	for (;;)
		if (!spins)
			pause();
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	cr_assert_eq(waitpid(pid, NULL, 0), pid);
}

static bool comes_to_be(pid_t pid, bool at_work)
{
	const struct timespec pause = {.tv_nsec = 1000000};

	for (int i = 0; i < TRIES_MAX; i++) {
		if (silence_is_at_work(pid) == at_work)
			return true;
		nanosleep(&pause, NULL);
	}
	return false;
}

/* Also where it waits for a processor: that is what a busy machine makes of it. */
Test(silence, who_is_at_work)
{
	pid_t spinning = begin(true), sleeping = begin(false);

	cr_assert(comes_to_be(sleeping, false));
	for (int i = 0; i < 20; i++) {
		cr_assert(silence_is_at_work(spinning));
		cr_assert_not(silence_is_at_work(sleeping));
	}
	end(spinning);
	end(sleeping);
	cr_assert_not(silence_is_at_work(spinning), "nobody");
}

/* What a child whose parent only waits says of its stdin, a pipe that SAY has the other end of. */
static int comes_in_child(void (*say)(int fd))
{
	int fds[2], status = -1;
	pid_t pid;

	cr_assert_eq(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		dup2(fds[0], STDIN_FILENO);
		say(fds[1]);
		_exit(silence_comes());
	}
	close(fds[0]);
	close(fds[1]);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void say_nothing(int fd)
{
	(void)fd;
}

static void say_something(int fd)
{
	cr_assert_eq(write(fd, "{", 1), 1);
}

Test(silence, what_ends_it)
{
	cr_assert_eq(comes_in_child(say_nothing), 1);
	cr_assert_eq(comes_in_child(say_something), 0);
}

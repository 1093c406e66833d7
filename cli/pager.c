/* pager.c - what is longer than a terminal, page by page.
 *
 * The pager takes the place of the process that was started, so that the shell waits for it, and
 * Ctrl-C is its own to deal with; the work goes on in a child, which ends where nobody reads any
 * more. */
#include "pager.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Nothing came of the pager: what is written goes to the terminal all the same. */
static void copy_through(int in)
{
	char bytes[4096];
	ssize_t got;

	while ((got = read(in, bytes, sizeof bytes)) > 0 || (got < 0 && errno == EINTR))
		for (ssize_t done = 0; done < got;) {
			ssize_t put = write(STDOUT_FILENO, bytes + done, (size_t)(got - done));

			if (put < 0)
				_exit(1);
			done += put;
		}
	_exit(got < 0);
}

/* Less ends by itself where all fits on the terminal, and leaves it there. */
static void be_pager(const char *pager, int in)
{
	sigset_t all;

	setenv("LESS", "FRX", 0);
	sigfillset(&all);
	sigprocmask(SIG_UNBLOCK, &all, NULL);
	if (dup2(in, STDIN_FILENO) < 0)
		_exit(1);
	execlp("sh", "sh", "-c", pager, (char *)NULL);
	copy_through(in);
}

void pager_begin(void)
{
	const char *pager = getenv("PAGER");
	int ends[2];
	pid_t child;

	if (!pager)
		pager = "less";
	if (!isatty(STDOUT_FILENO) || !*pager || strcmp(pager, "cat") == 0)
		return;
	fflush(NULL);
	if (pipe(ends) != 0)
		return;
	child = fork();
	if (child > 0) {
		close(ends[1]);
		be_pager(pager, ends[0]);
	}
	if (child == 0)
		dup2(ends[1], STDOUT_FILENO);
	close(ends[0]);
	close(ends[1]);
}

/* process.c - what a program that holds pages and keys of a node asks of the system. */
#include <bk/process.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Linux's ioprio_set. */
#define IOPRIO_WHO_PROCESS 1
#define IOPRIO_IDLE        (3 << 13)

static bool is_debugged(void)
{
	const char *text = getenv(BK_PROCESS_DEBUG);

	return text && *text && strcmp(text, "0") != 0;
}

void bk_process_guard(void)
{
	const struct rlimit none = {0, 0};

	signal(SIGXFSZ, SIG_IGN);
	if (is_debugged())
		return;
	/* Either alone leaves a way: the limit does not count where cores go through a pipe, and
	 * the flag comes back with another identity. */
	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0);
}

void bk_process_nice_thread(int nice)
{
	setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), nice);
}

void bk_process_lower_thread(int nice)
{
	bk_process_nice_thread(nice);
	syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_IDLE);
}

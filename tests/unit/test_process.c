/* test_process.c - what a program that holds pages and keys asks of the system (bk/process.h). */
#include "support.h"
#include <bk/process.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

SUITE(process);

/* Guards a child, with the debug option set to DEBUG or not set; what WHAT says there. */
static bool child_says(const char *debug, bool (*what)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (debug)
			setenv(BK_PROCESS_DEBUG, debug, 1);
		else
			unsetenv(BK_PROCESS_DEBUG);
		bk_process_guard();
		_exit(!what());
	}
	waitpid(pid, &status, 0);
	return status == 0;
}

static bool leaves_no_core(void)
{
	struct rlimit limit;

	return prctl(PR_GET_DUMPABLE) == 0 && getrlimit(RLIMIT_CORE, &limit) == 0 &&
	       limit.rlim_cur == 0 && limit.rlim_max == 0;
}

Test(process, leaves_no_core)
{
	cr_assert(child_says(NULL, leaves_no_core) && child_says("", leaves_no_core) &&
		  child_says("0", leaves_no_core));
	cr_assert(!child_says("1", leaves_no_core), "a debug option");
}

/* What the programs look at of themselves in /proc can still be looked at. */
static bool sees_itself(void)
{
	char path[64];

	return access("/proc/self/exe", F_OK) == 0 && readlink("/proc/self/exe", path, 64) > 0 &&
	       access("/proc/self/fd/0", F_OK) == 0;
}

static bool sees_itself_as_stranger(void)
{
	return setgid(65534) == 0 && setuid(65534) == 0 && prctl(PR_SET_DUMPABLE, 0) == 0 &&
	       sees_itself();
}

Test(process, sees_itself)
{
	cr_assert(child_says(NULL, geteuid() == 0 ? sees_itself_as_stranger : sees_itself));
}

static bool file_too_large(void)
{
	const struct rlimit limit = {1000, 1000};
	int fd = open(scratch("f"), O_RDWR | O_CREAT, 0600);

	return setrlimit(RLIMIT_FSIZE, &limit) == 0 && pwrite(fd, "x", 1, 1000) < 0 &&
	       errno == EFBIG;
}

/* "fails with EFBIG, which is told, instead of ending the process" */
Test(process, survives_a_file_that_grows_too_large)
{
	cr_assert(child_says(NULL, file_too_large) && child_says("1", file_too_large));
}

#define ATTR_SIZE 48
#define SLICE_NS  100000000

/* Linux's sched_getattr: size, policy, flags, nice, priority; then the slice. */
struct attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t slice_ns, others[2];
};

static void attr_of(struct attr *out, pid_t thread)
{
	cr_assert_eq(syscall(SYS_sched_getattr, thread, out, ATTR_SIZE, 0), 0);
}

static bool has_short_slices(void)
{
	struct utsname name;
	unsigned major = 0, minor = 0;

	return uname(&name) == 0 && sscanf(name.release, "%u.%u", &major, &minor) == 2 &&
	       (major > 6 || (major == 6 && minor >= 12));
}

static void *give_way(void *out)
{
	bk_process_nice_thread(10);
	attr_of(out, 0);
	return NULL;
}

static void *idle(void *out)
{
	bk_process_idle_thread();
	attr_of(out, 0);
	return NULL;
}

/* What a thread is that begins with RUN; the one that started it stays as it was. */
static struct attr beside(void *(*run)(void *out))
{
	struct attr before, after, thread;
	pthread_t id;

	attr_of(&before, 0);
	cr_assert(pthread_create(&id, NULL, run, &thread) == 0 && !pthread_join(id, NULL));
	attr_of(&after, 0);
	cr_assert(after.policy == before.policy && after.nice == before.nice);
	cr_assert(after.slice_ns == before.slice_ns);
	return thread;
}

/* With slices as long as they can be where Linux knows such, and of the policy that it had. */
Test(process, thread_gives_way)
{
	struct attr own, thread = beside(give_way);

	attr_of(&own, 0);
	cr_assert(thread.nice == 10 && thread.policy == own.policy);
	if (has_short_slices())
		cr_assert_eq(thread.slice_ns, SLICE_NS);
}

Test(process, thread_is_idle)
{
	cr_assert_eq(beside(idle).policy, SCHED_IDLE);
}

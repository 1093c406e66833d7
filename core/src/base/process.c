/* process.c - what a program that holds pages and keys of a node asks of the system. */
#include <assert.h>
#include <bk/process.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Linux's ioprio_set. */
#define IOPRIO_WHO_PROCESS 1
#define IOPRIO_IDLE        (3 << 13)

#define NICE_MOST 19

/* Who offers the processor works on for a tenth of what it waited to have it back: since 6.18 Linux
 * takes what was left of its turn from a thread that yields, and on a machine that is never idle it
 * would hardly come to work at all. */
#define WORK_FOR_WAIT 10

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

/* Linux's sched_setattr, as of its first version. */
#define KEEP_POLICY 0x08
#define SLICE_NS    100000000 /* the longest that Linux takes */
#define ATTR_SIZE   48

struct attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime_ns, deadline_ns, period_ns;
};

static_assert(sizeof(struct attr) == ATTR_SIZE, "as Linux has it");

/* Of the calling thread: whether it offers the processor, and until when it works on all the same.
 */
static _Thread_local bool offers;
static _Thread_local int64_t works_until_ns;

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

void bk_process_offer(void)
{
	offers = true;
}

void bk_process_give_way(void)
{
	int64_t began, ended;

	if (!offers)
		return;
	began = now_ns();
	if (began < works_until_ns)
		return;
	sched_yield();
	ended = now_ns();
	works_until_ns = ended + (ended - began) / WORK_FOR_WAIT;
}

void bk_process_nice_thread(int nice)
{
	const struct attr attr = {
		.size = ATTR_SIZE, .flags = KEEP_POLICY, .nice = nice, .runtime_ns = SLICE_NS};

	/* Since 6.12 a thread that wakes takes the processor from one whose slices are longer; with
	 * slices as long as its own it waits for their end (docs/decisions.md,
	 * "Nobody waits for who gives way"). */
	if (syscall(SYS_sched_setattr, 0, &attr, 0))
		setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), nice);
}

static void idle_disk(void)
{
	syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_IDLE);
}

void bk_process_lower_thread(int nice)
{
	bk_process_nice_thread(nice);
	idle_disk();
}

void bk_process_idle_thread(void)
{
	const struct sched_param none = {.sched_priority = 0};

	if (sched_setscheduler(0, SCHED_IDLE, &none) != 0)
		bk_process_nice_thread(NICE_MOST);
	idle_disk();
	bk_process_offer();
}

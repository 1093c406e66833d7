/* child.h - running programs: with pipes to talk through, or to their end with what they print. */
#ifndef CHILD_H
#define CHILD_H

#include <bk/buf.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/types.h>

struct child {
	pid_t pid;           /* 0: none, or its end was seen */
	int in;              /* our end of its stdin; -1: closed */
	int out;             /* our end of its stdout */
	int status;          /* once pid is 0: as waitpid gives it */
	struct rusage usage; /* and what it used */
};

/* How a program is started; zeros mean the defaults. */
struct child_options {
	const char *dir;        /* its working directory; ours by default */
	const char *const *env; /* NAME=value, ended by NULL, added to ours */
	int err;                /* a descriptor for its stderr; ours by default */
	bool own_group;         /* in a process group of its own, whose id is its pid */
};

/* Starts argv[0] with pipes to its stdin and stdout. Our ends are not inherited by other
 * children. Fails with BK_E_IO. */
BK_MUST_CHECK enum bk_code child_start(struct child *child, char *const argv[],
	const struct child_options *options, struct bk_error *err);

/* Waits for its end. Fails with BK_E_BUSY if that did not come in time. */
BK_MUST_CHECK enum bk_code child_wait(
	struct child *child, unsigned timeout_ms, struct bk_error *err);

/* Sends SIGKILL, if it runs, waits for its end and closes the pipes. */
void child_done(struct child *child);

/* What a program did that ran to its end. */
struct run {
	int status;             /* exit status; 128 and the signal that ended it */
	struct bk_buf out, err; /* what it wrote, each with a zero byte behind */
	struct rusage usage;
};

/* Runs argv[0] with an empty stdin. Fails with BK_E_BUSY (and ends it) if it takes longer than
 * TIMEOUT_MS, BK_E_IO. The caller calls run_done after success. */
BK_MUST_CHECK enum bk_code run_program(struct run *run, char *const argv[],
	const struct child_options *options, unsigned timeout_ms, struct bk_error *err);
void run_done(struct run *run);

/* What the program printed, as a text. */
const char *run_out(const struct run *run);
const char *run_err(const struct run *run);

/* The exit status that STATUS of waitpid tells; 128 and the signal if it was killed. */
int child_exit_code(int status);

/* A figure in KB of the process PID: "VmRSS:" for its memory, "VmHWM:" for the most it had; -1 if
 * that cannot be told. */
long child_memory_kb(pid_t pid, const char *key);

/* Milliseconds of a clock that never steps. */
uint64_t clock_ms(void);

#endif

/* locked.c - runs a command with systemd's limits on system calls: those whose names come on
 * standard input, and no memory that is written and run (SystemCallFilter=,
 * MemoryDenyWriteExecute=, SystemCallArchitectures=native, NoNewPrivileges=). Others fail with
 * EPERM.
 *
 *   locked COMMAND [ARGUMENT...] <NAMES */
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/swap.h>
#include <unistd.h>

#define ARGUMENT_PROT  2
#define ARGUMENT_FLAGS 2

/* CALL is allowed where of BITS in argument ARG just VALUE is set. */
static int allow_where(
	scmp_filter_ctx filter, int call, unsigned arg, uint64_t bits, uint64_t value)
{
	return seccomp_rule_add(
		filter, SCMP_ACT_ALLOW, call, 1, SCMP_CMP(arg, SCMP_CMP_MASKED_EQ, bits, value));
}

static int allow_mmap(scmp_filter_ctx filter, int call)
{
	const uint64_t both = PROT_WRITE | PROT_EXEC;
	int rc = allow_where(filter, call, ARGUMENT_PROT, both, 0);

	if (!rc)
		rc = allow_where(filter, call, ARGUMENT_PROT, both, PROT_WRITE);
	return rc ? rc : allow_where(filter, call, ARGUMENT_PROT, both, PROT_EXEC);
}

static int allow(scmp_filter_ctx filter, int call)
{
	if (call == SCMP_SYS(mmap))
		return allow_mmap(filter, call);
	if (call == SCMP_SYS(mprotect) || call == SCMP_SYS(pkey_mprotect))
		return allow_where(filter, call, ARGUMENT_PROT, PROT_EXEC, 0);
	if (call == SCMP_SYS(shmat))
		return allow_where(filter, call, ARGUMENT_FLAGS, SHM_EXEC, 0);
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0);
}

/* A name that the library does not know is of a call that nobody here makes. */
static int allow_named(scmp_filter_ctx filter, unsigned *count)
{
	char name[100];
	int rc = 0;

	while (!rc && scanf("%99s", name) == 1) {
		int call = seccomp_syscall_resolve_name(name);

		if (call < 0)
			continue;
		rc = allow(filter, call);
		++*count;
	}
	return rc;
}

/* That the limits hold here. */
static bool is_locked(void)
{
	void *memory = mmap(
		NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return memory == MAP_FAILED && errno == EPERM && swapoff("/nowhere") < 0 && errno == EPERM;
}

int main(int argc, char **argv)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	unsigned count = 0;
	int rc = filter ? allow_named(filter, &count) : -ENOMEM;

	if (!rc && count < 100)
		rc = -EINVAL;
	if (!rc)
		rc = seccomp_load(filter);
	seccomp_release(filter);
	if (rc || argc < 2 || !is_locked()) {
		fprintf(stderr, "locked: no limits on system calls here: %s\n", strerror(-rc));
		return 125;
	}
	if (!freopen("/dev/null", "r", stdin))
		return 125;
	execvp(argv[1], argv + 1);
	perror(argv[1]);
	return 127;
}

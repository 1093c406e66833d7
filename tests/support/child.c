/* child.c - running programs. */
#include "child.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define OUTPUT_BYTES_MAX ((size_t)256 << 20)
#define READ_BYTES       65536

uint64_t clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static size_t count(char *const *list)
{
	size_t n = 0;

	while (list && list[n])
		n++;
	return n;
}

/* Our environment with EXTRA behind it; NULL without memory. The texts stay where they are. */
static char **environment(const char *const *extra)
{
	size_t ours = count(environ), more = count((char *const *)(uintptr_t)extra);
	char **env = malloc((ours + more + 1) * sizeof *env);

	if (!env)
		return NULL;
	/* Those added come first: the first of a name counts. */
	if (more)
		memcpy(env, extra, more * sizeof *env);
	memcpy(env + more, environ, ours * sizeof *env);
	env[ours + more] = NULL;
	return env;
}

static int spawn(struct child *child, char *const argv[], const struct child_options *options,
	int stdin_fd, int stdout_fd)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	char **env = environment(options->env);
	int rc = ENOMEM;

	if (!env)
		return rc;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, stdin_fd, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, stdout_fd, STDOUT_FILENO);
	if (options->err)
		posix_spawn_file_actions_adddup2(&actions, options->err, STDERR_FILENO);
	if (options->dir)
		posix_spawn_file_actions_addchdir_np(&actions, options->dir);
	posix_spawnattr_init(&attr);
	if (options->own_group)
		posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP);
	rc = posix_spawnp(&child->pid, argv[0], &actions, &attr, argv, env);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	free(env);
	return rc;
}

enum bk_code child_start(struct child *child, char *const argv[],
	const struct child_options *options, struct bk_error *err)
{
	static const struct child_options defaults;
	struct child started = {0};
	int in[2], out[2], rc;

	if (pipe2(in, O_CLOEXEC) != 0)
		return bk_fail(err, BK_E_IO, errno, "no pipe");
	if (pipe2(out, O_CLOEXEC) != 0) {
		rc = errno;
		close(in[0]);
		close(in[1]);
		return bk_fail(err, BK_E_IO, rc, "no pipe");
	}
	rc = spawn(&started, argv, options ? options : &defaults, in[0], out[1]);
	close(in[0]);
	close(out[1]);
	started.in = in[1];
	started.out = out[0];
	if (rc) {
		close(started.in);
		close(started.out);
		return bk_fail(err, BK_E_IO, rc, "cannot start %s", argv[0]);
	}
	*child = started;
	return BK_OK;
}

enum bk_code child_wait(struct child *child, unsigned timeout_ms, struct bk_error *err)
{
	struct pollfd end = {.fd = -1, .events = POLLIN};
	int rc;

	if (!child->pid)
		return BK_OK;
	end.fd = pidfd_open(child->pid, 0);
	if (end.fd < 0)
		return bk_fail(err, BK_E_IO, errno, "cannot wait for process %d", child->pid);
	do
		rc = poll(&end, 1, (int)timeout_ms);
	while (rc < 0 && errno == EINTR);
	close(end.fd);
	if (rc == 0)
		return bk_fail(err, BK_E_BUSY, 0, "process %d still runs after %u ms", child->pid,
			timeout_ms);
	if (wait4(child->pid, &child->status, 0, &child->usage) < 0)
		return bk_fail(err, BK_E_IO, errno, "cannot wait for process %d", child->pid);
	child->pid = 0;
	return BK_OK;
}

void child_done(struct child *child)
{
	if (child->pid) {
		kill(child->pid, SIGKILL);
		wait4(child->pid, &child->status, 0, &child->usage);
		child->pid = 0;
	}
	if (child->in >= 0)
		close(child->in);
	if (child->out >= 0)
		close(child->out);
	child->in = child->out = -1;
}

int child_exit_code(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Takes what stands in *FD to BUF; at its end closes it and sets it to -1. */
static enum bk_code drain(int *fd, struct bk_buf *buf, struct bk_error *err)
{
	enum bk_code code = bk_buf_reserve(buf, READ_BYTES, err);
	ssize_t n;

	if (code)
		return code;
	n = read(*fd, buf->data + buf->size, READ_BYTES - 1);
	if (n < 0 && errno != EINTR)
		return bk_fail(err, BK_E_IO, errno, "cannot read a program's output");
	if (n > 0)
		buf->size += (size_t)n;
	buf->data[buf->size] = '\0';
	if (n == 0) {
		close(*fd);
		*fd = -1;
	}
	return BK_OK;
}

static enum bk_code collect(
	struct run *run, int *out, int *err_fd, uint64_t deadline, struct bk_error *err)
{
	enum bk_code code = BK_OK;

	while (!code && (*out >= 0 || *err_fd >= 0)) {
		struct pollfd fds[2] = {
			{.fd = *out, .events = POLLIN}, {.fd = *err_fd, .events = POLLIN}};
		uint64_t now = clock_ms();
		int rc = now >= deadline ? 0 : poll(fds, 2, (int)(deadline - now));

		if (rc == 0)
			return bk_fail(err, BK_E_BUSY, 0, "a program did not end in time");
		if (rc < 0)
			continue;
		if (fds[0].revents)
			code = drain(out, &run->out, err);
		if (!code && fds[1].revents)
			code = drain(err_fd, &run->err, err);
	}
	return code;
}

enum bk_code run_program(struct run *run, char *const argv[], const struct child_options *options,
	unsigned timeout_ms, struct bk_error *err)
{
	struct child_options with_err = options ? *options : (struct child_options){0};
	uint64_t deadline = clock_ms() + timeout_ms;
	struct child child;
	int pipes[2];
	enum bk_code code;

	if (pipe2(pipes, O_CLOEXEC) != 0)
		return bk_fail(err, BK_E_IO, errno, "no pipe");
	with_err.err = pipes[1];
	code = child_start(&child, argv, &with_err, err);
	close(pipes[1]);
	if (code) {
		close(pipes[0]);
		return code;
	}
	close(child.in);
	child.in = -1;
	*run = (struct run){0};
	bk_buf_init(&run->out, OUTPUT_BYTES_MAX);
	bk_buf_init(&run->err, OUTPUT_BYTES_MAX);
	code = collect(run, &child.out, &pipes[0], deadline, err);
	if (!code)
		code = child_wait(&child, timeout_ms, err);
	if (pipes[0] >= 0)
		close(pipes[0]);
	child_done(&child);
	run->status = child_exit_code(child.status);
	run->usage = child.usage;
	if (code)
		run_done(run);
	return code;
}

void run_done(struct run *run)
{
	bk_buf_done(&run->out);
	bk_buf_done(&run->err);
}

const char *run_out(const struct run *run)
{
	return run->out.data ? (const char *)run->out.data : "";
}

const char *run_err(const struct run *run)
{
	return run->err.data ? (const char *)run->err.data : "";
}

long child_memory_kb(pid_t pid, const char *key)
{
	char path[64], line[256];
	long kb = -1;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/status", pid);
	file = fopen(path, "re");
	while (file && kb < 0 && fgets(line, sizeof line, file))
		if (strncmp(line, key, strlen(key)) == 0)
			kb = strtol(line + strlen(key), NULL, 10);
	if (file)
		fclose(file);
	return kb;
}

/* interrupt.c - Ctrl-C, SIGTERM and SIGHUP while a command works. */
#include "interrupt.h"
#include "common.h"
#include "keys.h"
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* More are never made at once, and there are no more bases. */
#define MAKING_MAX 8
#define BASES_MAX  2

/* A base, with what makes files through it noted. Bases do without their ctx: ours is given to what
 * is not replaced here. */
struct noted {
	const struct bk_io *base;
	struct bk_io_ops ops;
	struct bk_io io;
};

static struct {
	pthread_mutex_t mutex; /* held while a file is made, or gets its name */
	struct {
		char *path;
		const struct bk_io *base;
	} making[MAKING_MAX];
	struct noted bases[BASES_MAX];
	sigset_t signals;
	bool is_pipe_ignored; /* by who called us */
} state = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static void note_made(const char *path, const struct bk_io *base)
{
	for (size_t i = 0; i < MAKING_MAX; i++)
		if (!state.making[i].path) {
			state.making[i].path = strdup(path);
			state.making[i].base = base;
			return;
		}
}

static void forget(const char *path)
{
	for (size_t i = 0; i < MAKING_MAX; i++)
		if (state.making[i].path && strcmp(state.making[i].path, path) == 0) {
			free(state.making[i].path);
			state.making[i].path = NULL;
		}
}

static int open_noted(void *ctx, const char *path, enum bk_io_open how)
{
	const struct bk_io *base = ((struct noted *)ctx)->base;
	int fd;

	if (how != BK_IO_CREATE)
		return base->ops->open(base->ctx, path, how);
	pthread_mutex_lock(&state.mutex);
	fd = base->ops->open(base->ctx, path, how);
	if (fd >= 0)
		note_made(path, base);
	pthread_mutex_unlock(&state.mutex);
	return fd;
}

static int rename_noted(const struct bk_io *base, const char *from, const char *to,
	int (*rename_file)(void *ctx, const char *from, const char *to))
{
	int rc;

	pthread_mutex_lock(&state.mutex);
	rc = rename_file(base->ctx, from, to);
	if (rc >= 0)
		forget(from);
	pthread_mutex_unlock(&state.mutex);
	return rc;
}

static int rename_over(void *ctx, const char *from, const char *to)
{
	const struct bk_io *base = ((struct noted *)ctx)->base;

	return rename_noted(base, from, to, base->ops->rename);
}

static int rename_new(void *ctx, const char *from, const char *to)
{
	const struct bk_io *base = ((struct noted *)ctx)->base;

	return rename_noted(base, from, to, base->ops->rename_new);
}

static int unlink_noted(void *ctx, const char *path)
{
	const struct bk_io *base = ((struct noted *)ctx)->base;
	int rc;

	pthread_mutex_lock(&state.mutex);
	rc = base->ops->unlink(base->ctx, path);
	if (rc >= 0)
		forget(path);
	pthread_mutex_unlock(&state.mutex);
	return rc;
}

const struct bk_io *interrupt_over(const struct bk_io *base)
{
	struct noted *noted = state.bases;

	while (noted->base && noted->base != base)
		noted++;
	if (!noted->base) {
		noted->base = base;
		noted->ops = *base->ops;
		noted->ops.open = open_noted;
		noted->ops.rename = rename_over;
		noted->ops.rename_new = rename_new;
		noted->ops.unlink = unlink_noted;
		noted->io = (struct bk_io){.ops = &noted->ops, .ctx = noted, .keys = keys_ring()};
	}
	return &noted->io;
}

const struct bk_io *interrupt_io(void)
{
	return interrupt_over(bk_io_posix());
}

void interrupt_making(const char *path)
{
	pthread_mutex_lock(&state.mutex);
	forget(path);
	note_made(path, bk_io_posix());
	pthread_mutex_unlock(&state.mutex);
}

/* Ends the process by SIGNAL, which is blocked in all threads. */
static void end_by(int signal)
{
	struct sigaction usual = {.sa_handler = SIG_DFL};
	sigset_t one;

	sigaction(signal, &usual, NULL);
	sigemptyset(&one);
	sigaddset(&one, signal);
	kill(getpid(), signal);
	pthread_sigmask(SIG_UNBLOCK, &one, NULL);
	_exit(128 + signal);
}

static void *wait_for_signal(void *unused)
{
	int signal;

	(void)unused;
	if (sigwait(&state.signals, &signal) != 0)
		return NULL;
	/* Never let go of: nothing is made any more. */
	pthread_mutex_lock(&state.mutex);
	for (size_t i = 0; i < MAKING_MAX; i++)
		if (state.making[i].path)
			state.making[i].base->ops->unlink(
				state.making[i].base->ctx, state.making[i].path);
	progress_interrupted();
	secret_interrupted();
	end_by(signal);
	return NULL;
}

void interrupt_begin(void)
{
	static const int caught[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction ignored = {.sa_handler = SIG_IGN}, now;
	pthread_t thread;

	sigemptyset(&state.signals);
	for (size_t i = 0; i < sizeof caught / sizeof *caught; i++)
		if (sigaction(caught[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
			sigaddset(&state.signals, caught[i]);
	state.is_pipe_ignored = sigaction(SIGPIPE, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
	/* A pipe that is closed ends what is printed, not what is done. */
	sigaction(SIGPIPE, &ignored, NULL);
	pthread_sigmask(SIG_BLOCK, &state.signals, NULL);
	if (pthread_create(&thread, NULL, wait_for_signal, NULL) == 0)
		pthread_detach(thread);
	else
		pthread_sigmask(SIG_UNBLOCK, &state.signals, NULL);
}

bool interrupt_is_heard(void)
{
	return !ferror(stdout);
}

/* Whether standard output is a pipe or a socket whose reader has gone. */
static bool has_no_reader(void)
{
	struct pollfd out = {.fd = STDOUT_FILENO};

	return poll(&out, 1, 0) == 1 && (out.revents & (POLLERR | POLLHUP));
}

void interrupt_end(void)
{
	if (!state.is_pipe_ignored && has_no_reader())
		end_by(SIGPIPE);
}

/* stop.c - SIGINT, SIGTERM, SIGHUP: unmounting. */
#include "stop.h"
#include "say.h"
#include <bk/path.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Whoever has files open when the mount is taken away may finish for so long. */
#define GRACE_SECONDS 10

/* From stop_end. */
#define SIGNAL_END SIGUSR1

static void signals_of_ours(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGHUP);
	sigaddset(set, SIGNAL_END);
}

void stop_block(void)
{
	sigset_t set;

	signals_of_ours(&set);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* What root may not be needed for is done by fusermount3. Returns 0 or an errno. */
static int run_fusermount(const char *mountpoint, bool lazily)
{
	char program[] = "fusermount3", unmount[] = "-u", lazy[] = "-z", quiet[] = "-q",
	     end[] = "--";
	char *args[] = {program, unmount, lazily ? lazy : quiet, end, strdupa(mountpoint), NULL};
	posix_spawn_file_actions_t actions;
	int status = 0, rc;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	rc = posix_spawnp(&pid, program, &actions, NULL, args, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (rc)
		return rc;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status ? EBUSY : 0;
}

/* Returns 0 or an errno. */
static int unmount(const char *mountpoint, bool lazily)
{
	if (umount2(mountpoint, UMOUNT_NOFOLLOW | (lazily ? MNT_DETACH : 0)) == 0)
		return 0;
	return errno == EPERM ? run_fusermount(mountpoint, lazily) : errno;
}

/* The device of what is mounted at MOUNTPOINT, as the kernel has it, without asking the mount: it
 * may not answer. 0: there is no telling. */
static dev_t device_at(const char *mountpoint)
{
	struct statx st;

	if (statx(AT_FDCWD, mountpoint, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_TYPE, &st))
		return 0;
	return makedev(st.stx_dev_major, st.stx_dev_minor);
}

/* Whether DEVICE is mounted anywhere. */
static bool is_mounted(dev_t device)
{
	FILE *mounts = fopen("/proc/self/mountinfo", "re");
	unsigned device_major, device_minor;
	char *line = NULL;
	size_t size = 0;
	bool found = !mounts;

	while (!found && getline(&line, &size, mounts) >= 0)
		found = sscanf(line, "%*d %*d %u:%u", &device_major, &device_minor) == 2 &&
			makedev(device_major, device_minor) == device;
	free(line);
	if (mounts)
		fclose(mounts);
	return found;
}

/* Takes the mount away by its path, lazily if somebody is busy there. Returns 0 or an errno. */
static int take_path_away(const char *mountpoint)
{
	int rc = unmount(mountpoint, false);

	if (rc == EBUSY) {
		say("%s is busy: it is unmounted lazily, and those who have files open there have "
		    "%d seconds",
			mountpoint, GRACE_SECONDS);
		rc = unmount(mountpoint, true);
	}
	return rc;
}

/* Takes the mount away; false if it cannot be, for now. The session ends by itself when the last
 * file is closed; exits if that takes too long or another signal comes. */
static bool take_away(const struct stop *stop, const sigset_t *set)
{
	const struct timespec grace = {.tv_sec = GRACE_SECONDS};
	const char *mountpoint = stop->mountpoint;
	bool is_ours = device_at(mountpoint) == stop->device;
	int rc, sig;

	if (!is_ours && is_mounted(stop->device)) {
		say("something else is mounted over %s: unmount that first", mountpoint);
		return false;
	}
	say_to_manager("STOPPING=1\n");
	if (stop->is_handed)
		_exit(EXIT_SUCCESS);
	/* Else somebody unmounted it lazily, and files are open still. */
	rc = is_ours ? take_path_away(mountpoint) : 0;
	if (rc) {
		char word[PATH_MAX];

		bk_path_word(word, sizeof word, mountpoint, "MOUNTPOINT");
		say("cannot unmount %s: %s. Try fusermount3 -uz %s", mountpoint, strerror(rc),
			word);
		_exit(EXIT_FAILURE);
	}
	do
		sig = sigtimedwait(set, NULL, &grace);
	while (sig < 0 && errno == EINTR);
	if (sig == SIGNAL_END)
		return true;
	/* The mount is gone already; those still reading meet an error. Nothing is left to clean
	 * up. */
	_exit(EXIT_SUCCESS);
}

static void *stop_run(void *arg)
{
	const struct stop *stop = arg;
	sigset_t set;
	int sig = 0;

	signals_of_ours(&set);
	do
		while (sigwait(&set, &sig))
			;
	while (sig != SIGNAL_END && !take_away(stop, &set));
	return NULL;
}

enum bk_code stop_start(struct stop *stop, const char *mountpoint, struct bk_error *err)
{
	int rc;

	stop->mountpoint = mountpoint;
	stop->device = device_at(mountpoint);
	if (!stop->device)
		return bk_fail(err, BK_E_IO, errno, "cannot look at the mount at %s", mountpoint);
	rc = pthread_create(&stop->thread, NULL, stop_run, stop);
	return rc ? bk_fail(err, BK_E_NOMEM, rc, "cannot start a thread") : BK_OK;
}

void stop_end(struct stop *stop)
{
	pthread_kill(stop->thread, SIGNAL_END);
	pthread_join(stop->thread, NULL);
}

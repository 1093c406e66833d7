/* mountkit.c - a mount of a test's own. */
#include "mountkit.h"
#include "tempdir.h"
#include <cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define START_MS   30000
#define STOP_MS    30000
#define COMMAND_MS 120000
#define PATHS      64

static struct tempdir dir;
static struct child daemon_child;
static struct run last_run;
static bool has_run;

struct bk_error *why(void)
{
	static _Thread_local struct bk_error error;

	return &error;
}

/* Ends the test, which counts as skipped. */
_Noreturn static void skip(const char *why)
{
	fprintf(stderr, "skipped: %s\n", why);
	fflush(stderr);
	mount_clean();
	cr_skip_test("%s", why);
	abort();
}

static void needs_fuse(void)
{
	struct stat st;
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		skip(errno == ENOENT ? "no /dev/fuse" : "/dev/fuse may not be opened");
	close(fd);
	/* Root mounts by itself, others by a program that has root's rights. */
	if (geteuid() && (stat("/usr/bin/fusermount3", &st) || !(st.st_mode & S_ISUID)))
		skip("fusermount3 has no root's rights");
}

void needs_root(void)
{
	if (geteuid())
		skip("root's rights are wanted");
}

void needs_mounts(void)
{
	needs_root();
	if (mount(path_of("mnt"), path_of("mnt"), NULL, MS_BIND, NULL))
		skip("no mount is allowed here");
	cr_assert(umount2(path_of("mnt"), MNT_DETACH) == 0);
}

void needs_own_mounts(void)
{
	needs_root();
	if (system("unshare -m true 2>/dev/null"))
		skip("no mounts of a test's own: the root folder is no mountpoint, or it is not "
		     "allowed");
}

void mount_dir_make(void)
{
	dir_make();
	needs_fuse();
}

void dir_make(void)
{
	ok(tempdir_make(&dir, why()));
	cr_assert(mkdir(path_of("log"), 0700) == 0 && mkdir(path_of("mnt"), 0755) == 0);
	cr_assert(chmod(dir.path, 0755) == 0);
}

/* Who is not root has fusermount3 do it. */
static void unmount_as_user(const char *path)
{
	char program[] = "fusermount3", lazily[] = "-uzq",
	     *args[] = {program, lazily, strdupa(path), NULL};
	struct run run;

	if (is_mounted(path) &&
		run_program(&run, args, &(struct child_options){0}, STOP_MS, why()) == BK_OK)
		run_done(&run);
}

void mount_clean(void)
{
	if (!*dir.path)
		return;
	if (umount2(path_of("mnt"), MNT_DETACH) && errno == EPERM)
		unmount_as_user(path_of("mnt"));
	child_done(&daemon_child);
	if (has_run)
		run_done(&last_run);
	has_run = false;
	tempdir_remove(&dir);
	*dir.path = '\0';
}

BK_PRINTF(2, 0)
static const char *format_path(const char *before, const char *fmt, va_list args)
{
	static _Thread_local char paths[PATHS][PATH_MAX];
	static _Thread_local unsigned next;
	char *path = paths[next++ % PATHS];
	int length = snprintf(path, PATH_MAX, "%s%s", dir.path, before);

	vsnprintf(path + length, (size_t)(PATH_MAX - length), fmt, args);
	return path;
}

const char *path_of(const char *fmt, ...)
{
	const char *path;
	va_list args;

	va_start(args, fmt);
	path = format_path("/", fmt, args);
	va_end(args);
	return path;
}

const char *mnt(const char *fmt, ...)
{
	const char *path;
	va_list args;

	va_start(args, fmt);
	path = format_path("/mnt/", fmt, args);
	va_end(args);
	return path;
}

const char *mnt_version(uint32_t version)
{
	return mnt("versions/%04u/%07u.sqlite3", version / 1000, version);
}

const char *log_path(void)
{
	return path_of("log/node.bkp");
}

bool is_mounted(const char *path)
{
	char parent[PATH_MAX];
	struct stat at, above;

	snprintf(parent, sizeof parent, "%s/..", path);
	if (stat(path, &at))
		return errno == ENOTCONN;
	/* Of a mount's root, ".." is in the file system it is mounted on. */
	return stat(parent, &above) == 0 && at.st_dev != above.st_dev;
}

bool wait_more(uint64_t until_ms)
{
	usleep(5000);
	return clock_ms() < until_ms;
}

static bool has_ended(void)
{
	struct bk_error err;

	return !daemon_child.pid || !child_wait(&daemon_child, 0, &err);
}

void mount_start(const char *options)
{
	char program[] = BK_FUSE_PROGRAM, foreground[] = "-f", o[] = "-o";
	char key[] = "--key-file",
	     *args[9] = {program, strdupa(log_path()), strdupa(mnt("%s", "")), foreground};
	size_t count = 4;

	if (options) {
		args[count++] = o;
		args[count++] = strdupa(options);
	}
	if (access(path_of(MOUNT_KEY), F_OK) == 0) {
		args[count++] = key;
		args[count++] = strdupa(path_of(MOUNT_KEY));
	}
	ok(child_start(&daemon_child, args, &(struct child_options){0}, why()));
	wait_until(is_mounted(mnt("%s", "")) || has_ended(), START_MS);
	cr_assert(is_mounted(mnt("%s", "")) || has_ended(), "the mount does not stand");
	cr_assert(daemon_child.pid, "backup-fuse ended with %d",
		child_exit_code(daemon_child.status));
}

void mount_stop(void)
{
	cr_assert(daemon_child.pid && kill(daemon_child.pid, SIGTERM) == 0);
	mount_wait();
}

void mount_wait(void)
{
	ok(child_wait(&daemon_child, STOP_MS, why()));
	cr_assert(child_exit_code(daemon_child.status) == 0, "backup-fuse ended with %d",
		child_exit_code(daemon_child.status));
	cr_assert(!is_mounted(mnt("%s", "")));
}

pid_t mount_pid(void)
{
	return daemon_child.pid;
}

const char *shell_status(int status, const char *fmt, ...)
{
	char *command, sh[] = "sh", c[] = "-c";
	char *args[] = {sh, c, NULL, NULL};
	va_list args_of_fmt;

	va_start(args_of_fmt, fmt);
	cr_assert(vasprintf(&command, fmt, args_of_fmt) >= 0);
	va_end(args_of_fmt);
	args[2] = command;
	if (has_run)
		run_done(&last_run);
	has_run = false;
	ok(run_program(
		&last_run, args, &(struct child_options){.dir = dir.path}, COMMAND_MS, why()));
	has_run = true;
	cr_assert(last_run.status == status, "%s\nexited with %d:\n%s%s", command, last_run.status,
		run_out(&last_run), run_err(&last_run));
	free(command);
	return run_out(&last_run);
}

const char *shell_stderr(void)
{
	return run_err(&last_run);
}

uint8_t *read_whole(const char *path, size_t read_size, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint8_t *bytes = NULL;
	size_t done = 0;
	ssize_t n;

	cr_assert(fd >= 0, "cannot open %s: %s", path, strerror(errno));
	do {
		bytes = realloc(bytes, done + read_size);
		cr_assert(bytes);
		n = read(fd, bytes + done, read_size);
		cr_assert(n >= 0, "cannot read %s: %s", path, strerror(errno));
		done += (size_t)n;
	} while (n);
	close(fd);
	*size = done;
	return bytes;
}

const char *status_member(const char *path)
{
	static char text[65536];
	size_t size;
	uint8_t *json = read_whole(mnt("status.json"), 1 << 20, &size);
	cJSON *root = cJSON_ParseWithLength((char *)json, size);
	const cJSON *at = root;
	char *name, *rest, *print;

	cr_assert(root, "status.json: %.*s", (int)size, json);
	for (rest = strdupa(path); at && (name = strsep(&rest, "."));)
		at = cJSON_GetObjectItemCaseSensitive(at, name);
	print = at ? cJSON_PrintUnformatted(at) : NULL;
	snprintf(text, sizeof text, "%s", print ? print : "");
	free(print);
	cJSON_Delete(root);
	free(json);
	return text;
}

bool status_names(const char *ranges, uint32_t version)
{
	const char *at = ranges;
	uint32_t from, to;

	while ((at = strstr(at, "{\"from\":"))) {
		cr_assert(sscanf(at, "{\"from\":%" SCNu32 ",\"to\":%" SCNu32, &from, &to) == 2);
		if (from <= version && version <= to)
			return true;
		at++;
	}
	return false;
}

void log_flip(uint64_t offset)
{
	int fd = open(log_path(), O_RDWR | O_CLOEXEC);
	uint8_t byte;

	cr_assert(fd >= 0 && pread(fd, &byte, 1, (off_t)offset) == 1);
	byte ^= 0x10;
	cr_assert(pwrite(fd, &byte, 1, (off_t)offset) == 1);
	close(fd);
}

/* test_io_posix.c - the I/O seam over the real system (bk/io.h). */
#include "support.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <unistd.h>

SUITE(io_posix);

#define STRANGER 65534 /* a user's number, and a group's */

static const struct bk_io_ops *ops(void)
{
	return bk_io_posix()->ops;
}

static int open_file(const char *name, enum bk_io_open how)
{
	return ops()->open(NULL, scratch(name), how);
}

Test(io_posix, opens_as_asked)
{
	struct stat st;
	char byte = 'x';
	int fd = open_file("f", BK_IO_CREATE);

	cr_assert(fd >= 0 && fstat(fd, &st) == 0 && (st.st_mode & 0777) == 0600);
	cr_assert(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	cr_assert(ops()->pwrite(NULL, fd, &byte, 1, 9) == 1);
	cr_assert(open_file("f", BK_IO_CREATE) == -EEXIST);
	cr_assert(ops()->close(NULL, fd) == 0);
	fd = open_file("f", BK_IO_READ);
	cr_assert(fd >= 0 && ops()->pwrite(NULL, fd, &byte, 1, 0) == -EBADF);
	cr_assert(ops()->pread(NULL, fd, &byte, 1, 9) == 1 && byte == 'x');
	cr_assert(ops()->pread(NULL, fd, &byte, 1, 10) == 0);
	ops()->close(NULL, fd);
	fd = open_file("f", BK_IO_WRITE);
	cr_assert(fd >= 0 && ops()->pwrite(NULL, fd, &byte, 1, 0) == 1);
	ops()->close(NULL, fd);
	cr_assert(open_file("none", BK_IO_READ) == -ENOENT &&
		  open_file("none", BK_IO_WRITE) == -ENOENT);
	cr_assert(
		ops()->close(NULL, -1) == -EBADF && ops()->pread(NULL, -1, &byte, 1, 0) == -EBADF);
}

/* Counted where this was tried (docs/decisions.md): not in memory, nor of what is no file. */
Test(io_posix, knows_who_overwrites_in_place)
{
	int fd = open("/dev/shm", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	struct statfs st;

	if (fd >= 0 && fstatfs(fd, &st) == 0 && st.f_type == TMPFS_MAGIC)
		cr_assert(ops()->overwrites_in_place(NULL, fd) == 0);
	if (fd >= 0)
		close(fd);
	fd = open_file("f", BK_IO_CREATE);
	cr_assert(fstatfs(fd, &st) == 0);
	cr_assert(ops()->overwrites_in_place(NULL, fd) ==
		  (st.f_type == EXT4_SUPER_MAGIC || st.f_type == XFS_SUPER_MAGIC));
	ops()->close(NULL, fd);
	cr_assert(ops()->overwrites_in_place(NULL, -1) == -EBADF);
}

/* Nobody writes into the pipe: opening it as a file would wait for that for ever. */
Test(io_posix, opens_files_only, .timeout = 20)
{
	cr_assert(mkfifo(scratch("fifo"), 0600) == 0);
	cr_assert(open_file("fifo", BK_IO_READ) == -EOPNOTSUPP);
	cr_assert(open_file("fifo", BK_IO_WRITE) == -EOPNOTSUPP);
	cr_assert(open_file("fifo", BK_IO_CREATE) == -EEXIST);
	cr_assert(ops()->open(NULL, "/dev/zero", BK_IO_READ) == -EOPNOTSUPP);
	cr_assert(open_file("", BK_IO_WRITE) == -EISDIR);
}

/* Runs WHAT in a child as a user who owns nothing; true if it says so. */
static bool as_stranger(bool (*what)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(setgid(STRANGER) != 0 || setuid(STRANGER) != 0 || !what());
	waitpid(pid, &status, 0);
	return status == 0;
}

static bool opens(const char *name)
{
	int fd = open_file(name, BK_IO_READ);

	if (fd >= 0)
		ops()->close(NULL, fd);
	return fd >= 0;
}

static bool opens_link(void)
{
	return opens("link");
}

/* "-ELOOP where a link that another user made leads to a file that is not that user's." */
Test(io_posix, follows_no_link_of_a_stranger)
{
	const char *link = scratch("link");

	put_file(scratch("f"), "f", 1);
	cr_assert(symlink("f", link) == 0 && opens("link"), "our own");
	if (geteuid() != 0) {
		fputs("skipped: only root can make another user's link\n", stderr);
		return;
	}
	cr_assert(lchown(link, STRANGER, STRANGER) == 0);
	cr_assert(open_file("link", BK_IO_READ) == -ELOOP &&
		  open_file("link", BK_IO_WRITE) == -ELOOP);
	cr_assert(chown(scratch("f"), STRANGER, STRANGER) == 0 && opens("link"),
		"to what is that user's too: no more than that user has");
	cr_assert(lchown(link, STRANGER + 1, STRANGER + 1) == 0 &&
		  open_file("link", BK_IO_READ) == -ELOOP);
	cr_assert(lchown(link, 0, 0) == 0 && chmod(scratch("."), 0755) == 0);
	cr_assert(as_stranger(opens_link), "the system's own");
	/* A chain: one link that is not to be followed is enough. */
	cr_assert(symlink(link, scratch("chain")) == 0 && opens("chain"));
	cr_assert(lchown(link, STRANGER + 1, STRANGER + 1) == 0 &&
		  open_file("chain", BK_IO_READ) == -ELOOP);
}

Test(io_posix, links_lead_on)
{
	cr_assert(mkdir(scratch("dir"), 0700) == 0);
	put_file(scratch("dir/f"), "f", 1);
	cr_assert(symlink("dir/f", scratch("a")) == 0 && symlink("../a", scratch("dir/b")) == 0);
	cr_assert(symlink(scratch("dir/b"), scratch("c")) == 0);
	cr_assert(opens("a") && opens("dir/b") && opens("c"));
	cr_assert(symlink("nowhere", scratch("d")) == 0 && open_file("d", BK_IO_READ) == -ENOENT);
	cr_assert(symlink("e", scratch("e")) == 0 && open_file("e", BK_IO_READ) == -ELOOP);
	cr_assert(mkfifo(scratch("fifo"), 0600) == 0 && symlink("fifo", scratch("g")) == 0);
	cr_assert(open_file("g", BK_IO_READ) == -EOPNOTSUPP);
}

/* A child that has a lease on F, and gives it up when it is asked to. */
static pid_t lease(const char *path)
{
	int ready[2], signal_number;
	char byte = 1;
	sigset_t set;
	pid_t pid;

	cr_assert(pipe(ready) == 0);
	pid = fork();
	if (pid == 0) {
		int fd = open(path, O_RDWR);

		sigemptyset(&set);
		sigaddset(&set, SIGIO);
		sigprocmask(SIG_BLOCK, &set, NULL);
		byte = fcntl(fd, F_SETLEASE, F_WRLCK) == 0;
		if (write(ready[1], &byte, 1) != 1 || !byte)
			_exit(1);
		sigwait(&set, &signal_number);
		usleep(100000);
		fcntl(fd, F_SETLEASE, F_UNLCK);
		pause();
	}
	cr_assert(read(ready[0], &byte, 1) == 1);
	close(ready[0]);
	close(ready[1]);
	if (byte)
		return pid;
	waitpid(pid, NULL, 0);
	return 0;
}

/* "Waits for leases on the file to be given up"; and what is opened waits as files do. */
Test(io_posix, a_lease, .timeout = 60)
{
	pid_t pid;
	int fd;

	put_file(scratch("f"), "f", 1);
	pid = lease(scratch("f"));
	if (!pid) {
		fputs("skipped: no leases on this file system\n", stderr);
		return;
	}
	fd = open_file("f", BK_IO_WRITE);
	cr_assert(fd >= 0, "%s", strerror(-fd));
	cr_assert(!(fcntl(fd, F_GETFL) & O_NONBLOCK));
	ops()->close(NULL, fd);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static bool syncs_unlistable(void)
{
	return ops()->sync_dir(NULL, scratch("dir")) == 0 && access(scratch("dir"), R_OK) != 0;
}

/* A directory that may be written to and not be listed is synced all the same. */
Test(io_posix, syncs_a_directory_that_cannot_be_opened)
{
	cr_assert(mkdir(scratch("dir"), 0300) == 0);
	if (geteuid() != 0) {
		cr_assert(syncs_unlistable());
		return;
	}
	cr_assert(chmod(scratch("."), 0755) == 0 && chown(scratch("dir"), STRANGER, STRANGER) == 0);
	cr_assert(as_stranger(syncs_unlistable));
}

/* "an unlinked file, mode 0600" */
Test(io_posix, temporary_files_have_no_name)
{
	const char *dir = scratch("");
	struct stat st;
	int fd = ops()->open_temp(NULL, dir);

	cr_assert(
		fd >= 0 && fstat(fd, &st) == 0 && st.st_nlink == 0 && (st.st_mode & 0777) == 0600);
	cr_assert(ops()->pwrite(NULL, fd, "x", 1, 0) == 1);
	cr_assert(rmdir(dir) == 0, "the directory is empty");
	cr_assert(ops()->open_temp(NULL, dir) == -ENOENT);
	ops()->close(NULL, fd);
}

Test(io_posix, sizes_and_identities)
{
	struct bk_io_stat a, b;
	int fd = open_file("f", BK_IO_CREATE);
	uint64_t bytes = 0;

	cr_assert(ops()->truncate(NULL, fd, 12345) == 0 && ops()->stat(NULL, fd, &a) == 0);
	cr_assert(a.size == 12345 && !a.is_directory && a.mode == 0600);
	cr_assert(ops()->stat_path(NULL, scratch("f"), &b) == 0);
	cr_assert(a.device == b.device && a.inode == b.inode && b.size == 12345);
	cr_assert(ops()->stat_path(NULL, scratch(""), &b) == 0 && b.is_directory &&
		  b.inode != a.inode);
	cr_assert(ops()->stat_path(NULL, scratch("none"), &b) == -ENOENT);
	cr_assert(ops()->datasync(NULL, fd) == 0 && ops()->datasync(NULL, -1) == -EBADF);
	cr_assert(ops()->free_space(NULL, fd, &bytes) == 0 && bytes > 0);
	cr_assert(ops()->free_space(NULL, -1, &bytes) == -EBADF);
	cr_assert(ops()->sync_dir(NULL, scratch("")) == 0);
	cr_assert(ops()->sync_dir(NULL, scratch("none")) == -ENOENT);
	ops()->close(NULL, fd);
}

/* "-EEXIST over a file" */
Test(io_posix, renames_replace_nothing)
{
	put_file(scratch("a"), "a", 1);
	put_file(scratch("b"), "b", 1);
	cr_assert(ops()->rename_new(NULL, scratch("a"), scratch("b")) == -EEXIST);
	cr_assert(has_file(scratch("a")));
	cr_assert(ops()->unlink(NULL, scratch("b")) == 0 &&
		  ops()->unlink(NULL, scratch("b")) == -ENOENT);
	cr_assert(ops()->rename_new(NULL, scratch("a"), scratch("b")) == 0);
	cr_assert(!has_file(scratch("a")) && has_file(scratch("b")));
	cr_assert(ops()->rename_new(NULL, scratch("a"), scratch("c")) == -ENOENT);
}

/* "replaces what is there" */
Test(io_posix, a_rename_replaces)
{
	size_t size;
	uint8_t *bytes;

	put_file(scratch("a"), "a", 1);
	put_file(scratch("b"), "bb", 2);
	cr_assert(ops()->rename(NULL, scratch("a"), scratch("b")) == 0);
	bytes = file_bytes(scratch("b"), &size);
	cr_assert(!has_file(scratch("a")) && size == 1 && *bytes == 'a');
	free(bytes);
	cr_assert(ops()->rename(NULL, scratch("a"), scratch("b")) == -ENOENT);
}

/* "exclusive, at once or -EWOULDBLOCK; dies with FD"; another handle of the same process closed
 * does not drop it. */
Test(io_posix, locks)
{
	int first = open_file("f", BK_IO_CREATE), second = open_file("f", BK_IO_WRITE);

	cr_assert(ops()->lock(NULL, first) == 0);
	cr_assert(ops()->lock(NULL, second) == -EWOULDBLOCK);
	ops()->close(NULL, second);
	second = open_file("f", BK_IO_READ);
	cr_assert(ops()->lock(NULL, second) == -EWOULDBLOCK);
	ops()->close(NULL, first);
	cr_assert(ops()->lock(NULL, second) == 0);
	ops()->close(NULL, second);
}

/* A child that holds an fcntl lock on the file, as lightningd does on its pid file. */
static pid_t hold(const char *path)
{
	int ready[2];
	char byte;
	pid_t pid;

	cr_assert(pipe(ready) == 0);
	pid = fork();
	if (pid == 0) {
		struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
		int fd = open(path, O_RDWR | O_CREAT, 0600);

		byte = fcntl(fd, F_SETLK, &lock) == 0;
		if (write(ready[1], &byte, 1) == 1)
			pause();
		_exit(1);
	}
	cr_assert(read(ready[0], &byte, 1) == 1 && byte);
	return pid;
}

/* What find_locked says of scratch("."): 1 with the process, 0, or -errno. */
static int locked(const char *prefix, const char *suffix, char *name, int *pid)
{
	*pid = -1;
	return ops()->find_locked(NULL, scratch("."), prefix, suffix, name, 40, pid);
}

Test(io_posix, finds_who_holds_a_lock)
{
	char name[40] = "";
	pid_t pid;
	int found;

	put_file(scratch("lightningd-test.pid"), "1", 1);
	put_file(scratch("other.pid"), "1", 1);
	cr_assert(locked("lightningd-", ".pid", name, &found) == 0);
	pid = hold(scratch("other.pid"));
	cr_assert(locked("lightningd-", ".pid", name, &found) == 0);
	cr_assert(locked("", ".pid", name, &found) == 1 && found == pid);
	cr_assert(locked("", ".txt", name, &found) == 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	pid = hold(scratch("lightningd-test.pid"));
	cr_assert(locked("lightningd-", ".pid", name, &found) == 1 && found == pid);
	cr_assert(strcmp(name, "lightningd-test.pid") == 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	cr_assert(locked("lightningd-", ".pid", name, &found) == 0);
	cr_assert(
		ops()->find_locked(NULL, scratch("none"), "", "", name, sizeof name, &found) == 0);
}

/* "-errno where a file cannot be looked at": a link in a circle is one even to root. */
Test(io_posix, a_pid_file_that_cannot_be_looked_at)
{
	char name[40] = "";
	pid_t pid;
	int found;

	cr_assert(symlink("lightningd-a.pid", scratch("lightningd-a.pid")) == 0);
	cr_assert(locked("lightningd-", ".pid", name, &found) == -ELOOP);
	cr_assert(strcmp(name, "lightningd-a.pid") == 0);
	put_file(scratch("lightningd-b.pid"), "1", 1);
	pid = hold(scratch("lightningd-b.pid"));
	cr_assert(locked("lightningd-", ".pid", name, &found) == 1 && found == pid);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	cr_assert(locked("lightningd-", ".pid", name, &found) == -ELOOP);
}

/* "SAID is the last line of its stderr", whatever stands before it: ssh's warning of a host whose
 * key has changed is a page. */
Test(io_posix, what_a_command_said_last)
{
	static char commands[][80] = {
		"seq 1 500 >&2; echo 'the key has changed' >&2; echo >&2",
		"printf 'one\\r\\ntwo, without an end' >&2",
		"exit 1",
	};
	static const char *const last[] = {"the key has changed", "two, without an end", ""};

	for (size_t i = 0; i < sizeof last / sizeof *last; i++) {
		char sh[] = "sh", option[] = "-c", said[64], byte;
		char *const argv[] = {sh, option, commands[i], NULL};
		void *stream;

		cr_assert(ops()->run(NULL, argv, &stream) == 0);
		cr_assert(ops()->receive(NULL, stream, &byte, 1, 20000) == 0);
		ops()->hang_up(NULL, stream, said, sizeof said);
		cr_assert(strcmp(said, last[i]) == 0, "%s", said);
	}
}

Test(io_posix, clock_and_randomness)
{
	int64_t first = ops()->now_us(NULL);
	uint8_t a[32] = {0}, b[32] = {0};

	cr_assert(first > INT64_C(1700000000000000) && ops()->now_us(NULL) >= first);
	cr_assert(ops()->random(NULL, a, sizeof a) == 0 && ops()->random(NULL, b, sizeof b) == 0);
	cr_assert(memcmp(a, b, sizeof a) != 0);
}

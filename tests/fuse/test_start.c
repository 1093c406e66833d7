/* test_start.c - starting, refusing, ending. */
#include "logkit.h"
#include "mountkit.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

SUITE(start);

#define WAIT_MS 20000

static void make_log(void)
{
	mount_dir_make();
	log_begin_plain(log_path());
	log_grow(20, 1000);
	log_close();
}

/* Mounts as a user would, in the background. */
static void start(const char *options)
{
	shell("%s %s %s %s", BK_FUSE_PROGRAM, log_path(), path_of("mnt"), options);
}

/* The process that serves the mount, where start started it; 0 if there is none. */
static pid_t server_pid(void)
{
	return (pid_t)strtol(
		shell("pgrep -f '^%s %s' || true", BK_FUSE_PROGRAM, log_path()), NULL, 10);
}

static void kill_server(int sig)
{
	pid_t pid = server_pid();

	cr_assert(pid > 0 && kill(pid, sig) == 0);
}

static void unmount(void)
{
	shell("fusermount3 -u mnt");
	cr_assert(!is_mounted(path_of("mnt")));
	wait_until(!server_pid(), WAIT_MS);
}

/* The mount stands when the command returns, and nothing of it holds the terminal. */
Test(start, in_the_background)
{
	int pid;

	make_log();
	start("");
	says(shell("ls mnt/versions"), "0000\n");
	pid = (int)server_pid();
	says(shell("cd /proc/%d; readlink cwd fd/0 fd/1 fd/2", pid),
		"/\n/dev/null\n/dev/null\n/dev/null\n");
	cr_assert(getsid(pid) == pid);
	unmount();
	says(shell(BK_FUSE_PROGRAM " mount file://%s mnt -o cache=1M; ls mnt/versions", log_path()),
		"0000\n");
	shell("fusermount3 -u mnt");
	says(shell(BK_FUSE_PROGRAM " log/node.bkp mnt; ls mnt/versions"), "0000\n");
	shell("fusermount3 -u mnt");
}

Test(start, failures_are_told_before)
{
	static const struct {
		const char *arguments, *message;
		int status;
	} cases[] = {
		{"log/other.bkp mnt", "there is no", 1},
		{"log/node.bkp nowhere", "mkdir -p nowhere", 1},
		{"log/node.bkp 'no where'", "mkdir -p 'no where'", 1},
		{"log/node.bkp log/node.bkp", "is no directory", 2},
		{"mnt log/node.bkp", "a file: the log comes first", 2},
		{"mnt mnt", "is a directory: name the log in it", 2},
		{"nonsense mnt", "is not a backup log", 1},
		{"http://x/y mnt", "http", 2},
		{"- mnt", "through a pipe", 2},
		{"", "one URL and one mountpoint", 2},
		{"log/node.bkp", "one URL and one mountpoint", 2},
		{"mount log/node.bkp", "one URL and one mountpoint", 2},
		{"log/node.bkp mnt more", "one URL and one mountpoint", 2},
		{"a b c d", "not also", 2},
		{"log/node.bkp mnt -x", "no such option: -x", 2},
		{"log/node.bkp mnt --frobnicate", "no such option: --frobnicate", 2},
		{"log/node.bkp mnt --keyfile", "--keyfile; did you mean --key-file?", 2},
		{"log/node.bkp mnt -o", "wants a value: -o", 2},
		{"log/node.bkp mnt --lightning-dir", "wants a value: --lightning-dir", 2},
		{"log/node.bkp mnt --lightning-dir log", "not both", 2},
		{"--lightning-dir log mnt", "backup.lock", 1},
		{"log/node.bkp mnt -o cache=1", "the least is 1M", 2},
		{"log/node.bkp mnt -o cache=1023K", "the least is 1M", 2},
		{"log/node.bkp mnt -o cache=lots", "a number of bytes", 2},
		{"log/node.bkp mnt -o cache=99999999999G", "a number of bytes", 2},
		{"log/node.bkp mnt -o uid=-1", "no such user", 2},
		{"log/node.bkp mnt -o uid=alice-of-nowhere", "no such user", 2},
		{"log/node.bkp mnt -o gid=alice-of-nowhere", "no such group", 2},
		{"log/node.bkp mnt -o umask=9", "an octal number", 2},
		{"log/node.bkp mnt -o rw", "it is mounted ro", 2},
		{"log/node.bkp mnt -o rw -o cache=1M", "it is mounted ro", 2},
		{"log/node.bkp mnt -o nonsense", "unknown option", 2},
		{"log/node.bkp full",
			"is not empty: the mount would hide what is in it, such as file", 1},
		{"log/node.bkp touched", "holds the empty file latest.sqlite3, as sqlite3 makes",
			1},
		{"log/node.bkp log", "is the log's own folder", 1},
		{"log/node.bkp .", "holds the log's folder", 1},
		{"log/node.bkp /", "holds the log's folder", 1},
		{"log/node.bkp log/in/it", "lies in the log's folder", 1},
		{"log/node.bkp sideways/in/it", "lies in the log's folder", 1},
		{"sideways/node.bkp log", "is the log's own folder", 1},
		{"link.bkp log", "is the log's own folder", 1},
	};

	make_log();
	shell("mkdir -p log/in/it full touched && echo x >full/file && "
	      "sqlite3 touched/latest.sqlite3 'SELECT 1' && : >touched/latest.sqlite3 && ln -s log "
	      "sideways && ln -s log/node.bkp link.bkp && "
	      "head -c 5000 /dev/zero > nonsense");
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		shell_status(cases[i].status, BK_FUSE_PROGRAM " %s", cases[i].arguments);
		cr_assert(strstr(shell_stderr(), cases[i].message), "%s: %s", cases[i].arguments,
			shell_stderr());
		cr_assert(!is_mounted(path_of("mnt")));
	}
}

/* Over what is in a directory only where that is asked for, and there is no need to name the log
 * where a lightning directory is. */
Test(start, nonempty)
{
	make_log();
	shell("echo x >mnt/file");
	shell_status(1, BK_FUSE_PROGRAM " log/node.bkp mnt");
	start("-o nonempty");
	says(shell("ls mnt/versions; ls mnt | grep -c file || true"), "0000\n0\n");
	unmount();
	says(shell("cat mnt/file"), "x\n");
}

Test(start, in_a_lightning_directory)
{
	make_log();
	shell("mkdir node && echo '{\"backend_url\": \"file://'$PWD'/log/node.bkp\"}' "
	      ">node/backup.lock");
	shell(BK_FUSE_PROGRAM " --lightning-dir node mnt");
	says(shell("ls mnt/versions"), "0000\n");
	shell("fusermount3 -u mnt");
	shell("cd node && " BK_FUSE_PROGRAM " ../mnt");
	says(shell("ls mnt/versions"), "0000\n");
	shell("fusermount3 -u mnt");
}

/* A closed standard output or error is nothing that a log takes the number of. */
Test(start, with_closed_streams)
{
	static const char *const closed[] = {">&-", "2>&-", "<&-", "<&- >&- 2>&-"};

	make_log();
	for (size_t i = 0; i < COUNT_OF(closed); i++) {
		shell("timeout 20 " BK_FUSE_PROGRAM " log/node.bkp mnt %s", closed[i]);
		says(shell("ls mnt/versions"), "0000\n");
		unmount();
	}
}

/* By another way to the same folder. */
Test(start, the_logs_folder_bound_elsewhere)
{
	make_log();
	needs_mounts();
	shell("mkdir bound log/in && mount --bind log bound");
	shell_status(1, BK_FUSE_PROGRAM " log/node.bkp bound");
	cr_assert(strstr(shell_stderr(), "is the log's own folder"), "%s", shell_stderr());
	shell_status(1, BK_FUSE_PROGRAM " bound/node.bkp log/in");
	cr_assert(strstr(shell_stderr(), "lies in the log's folder"), "%s", shell_stderr());
	shell("umount bound");
}

Test(start, help_and_version)
{
	cr_assert(system("exec " BK_FUSE_PROGRAM " --help | grep -q allow_other") == 0);
	cr_assert(system("exec " BK_FUSE_PROGRAM " -h | grep -q Usage") == 0);
	cr_assert(system("exec " BK_FUSE_PROGRAM " -V | grep -q '^backup-fuse [0-9]'") == 0);
	cr_assert(system("exec " BK_FUSE_PROGRAM " > /dev/null 2>&1") == 2 << 8);
}

/* As mount(8) has it called, for a line of fstab. */
Test(start, options_as_mount_gives_them)
{
	make_log();
	shell("PATH=$(dirname %s):$PATH mount.fuse3 'backup-fuse#%s' mnt -o "
	      "rw,suid,dev,exec,noauto,user,umask=0022",
		BK_FUSE_PROGRAM, log_path());
	says(shell("findmnt -no OPTIONS mnt | tr ',' '\\n' | grep -cE "
		   "'^(ro|nosuid|nodev|noexec|noatime)$'"),
		"5\n");
	says(shell("stat -c %%a mnt/status.json"), "444\n");
	shell("umount mnt");
}

Test(start, tells_the_service_manager)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char text[512] = "", state[128];
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ssize_t n;

	make_log();
	snprintf(address.sun_path, sizeof address.sun_path, "%s", path_of("notify"));
	cr_assert(bind(fd, (struct sockaddr *)&address, sizeof address) == 0);
	setenv("NOTIFY_SOCKET", address.sun_path, 1);
	mount_start(NULL);
	n = recv(fd, text, sizeof text - 1, 0);
	cr_assert(n > 0 && strstr(text, "READY=1\n"), "%s", text);
	snprintf(state, sizeof state, "MAINPID=%d\n", (int)mount_pid());
	cr_assert(strstr(text, state), "%s", text);
	mount_stop();
	memset(text, 0, sizeof text);
	n = recv(fd, text, sizeof text - 1, MSG_DONTWAIT);
	cr_assert(n > 0 && strstr(text, "STOPPING=1\n"), "%s", text);
	close(fd);
}

Test(start, signals_unmount)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};

	make_log();
	for (size_t i = 0; i < COUNT_OF(signals); i++) {
		start("");
		shell("ls -lR mnt > /dev/null");
		kill_server(signals[i]);
		wait_until(!is_mounted(path_of("mnt")), WAIT_MS);
		cr_assert(!is_mounted(path_of("mnt")), "%s", strsignal(signals[i]));
		wait_until(!server_pid(), WAIT_MS);
		cr_assert(!server_pid(), "it goes on after %s", strsignal(signals[i]));
	}
}

/* Unmounted by hand, it ends by itself, well. */
Test(start, ends_with_the_mount)
{
	make_log();
	mount_start(NULL);
	/* The server may be looking just then whether it is still mounted. */
	shell("umount mnt || { sleep 0.5; umount mnt; }");
	mount_wait();
	start("");
	unmount();
}

/* Somebody reads when it is to end: the mount is gone for all others at once, and he can finish. */
Test(start, busy)
{
	char byte[16];
	int fd;

	make_log();
	start("");
	fd = open(mnt_version(20), O_RDONLY | O_CLOEXEC);
	cr_assert(fd >= 0);
	kill_server(SIGTERM);
	wait_until(!is_mounted(path_of("mnt")), WAIT_MS);
	cr_assert(!is_mounted(path_of("mnt")));
	cr_assert(pread(fd, byte, sizeof byte, 0) == sizeof byte, "%s", strerror(errno));
	cr_assert(memcmp(byte, "SQLite format 3", 16) == 0 && server_pid());
	close(fd);
	wait_until(!server_pid(), 5000);
	cr_assert(!server_pid(), "it did not end with the last file");
}

/* A second signal ends it at once. */
Test(start, busy_and_told_again)
{
	char byte[16];
	int fd;

	make_log();
	start("");
	fd = open(mnt_version(20), O_RDONLY | O_CLOEXEC);
	cr_assert(fd >= 0);
	kill_server(SIGTERM);
	wait_until(!is_mounted(path_of("mnt")), WAIT_MS);
	kill_server(SIGTERM);
	wait_until(!server_pid(), 5000);
	cr_assert(!server_pid(), "it did not end");
	cr_assert(pread(fd, byte, sizeof byte, 4096) < 0 && errno == ENOTCONN);
	close(fd);
}

/* A mount whose program was killed is in the way until it is cleared, by the command that is told.
 */
Test(start, a_stale_mountpoint)
{
	char command[PATH_MAX + 64];
	const char *at;

	make_log();
	start("");
	kill_server(SIGKILL);
	wait_until(access(path_of("mnt"), F_OK) < 0 && errno == ENOTCONN, WAIT_MS);
	shell_status(1, BK_FUSE_PROGRAM " log/node.bkp mnt");
	at = strstr(shell_stderr(), "fusermount3 -uz ");
	cr_assert(at, "%s", shell_stderr());
	cr_assert(sscanf(at, "%4095[^\n]", command) == 1);
	*strstr(command, " and mount again") = '\0';
	shell("%s", command);
	start("");
	says(shell("ls mnt/versions"), "0000\n");
	unmount();
}

/* A place where a backup is mounted takes no other one, nor does a directory in it. */
Test(start, a_second_mount_is_refused)
{
	make_log();
	start("");
	shell_status(1, BK_FUSE_PROGRAM " log/node.bkp mnt");
	cr_assert(strstr(shell_stderr(), "fusermount3 -u /"), "%s", shell_stderr());
	shell_status(1, BK_FUSE_PROGRAM " log/node.bkp mnt/versions");
	cr_assert(strstr(shell_stderr(), "already"), "%s", shell_stderr());
	says(shell("ls mnt/versions && grep -c \" $PWD/mnt \" /proc/mounts"), "0000\n1\n");
	unmount();
}

/* What somebody mounted over the mount is not taken for it. */
Test(start, mounted_over)
{
	make_log();
	needs_mounts();
	mount_start(NULL);
	shell("mount -t tmpfs none mnt && touch mnt/other");
	cr_assert(kill(mount_pid(), SIGTERM) == 0);
	usleep(300000);
	says(shell("ls mnt"), "other\n");
	cr_assert(kill(mount_pid(), 0) == 0);
	shell("umount mnt && ls mnt/versions");
	mount_stop();
}

/* Neither may the mount hide a link that leads to the log. */
Test(start, the_folder_of_a_link_to_the_log)
{
	make_log();
	shell("mkdir -p one/in two && ln -s ../two/link one/log && ln -s ../log/node.bkp two/link");
	shell_status(1, BK_FUSE_PROGRAM " one/log one");
	cr_assert(strstr(shell_stderr(), "is the log's own folder"), "%s", shell_stderr());
	shell_status(1, BK_FUSE_PROGRAM " one/log two");
	cr_assert(strstr(shell_stderr(), "is the log's own folder"), "%s", shell_stderr());
	shell_status(1, BK_FUSE_PROGRAM " one/log log");
	cr_assert(strstr(shell_stderr(), "is the log's own folder"), "%s", shell_stderr());
	shell(BK_FUSE_PROGRAM " one/log one/in && ls one/in/versions && fusermount3 -u one/in");
}

/* While the log is opened, on a disk that hangs say, it can be given up. */
Test(start, interrupted_while_the_log_is_opened)
{
	int fd;

	/* Who opens a file that another has a lease of waits until that lets go of it. */
	make_log();
	signal(SIGIO, SIG_IGN);
	fd = open(log_path(), O_RDWR | O_CLOEXEC);
	cr_assert(fd >= 0 && fcntl(fd, F_SETLEASE, F_WRLCK) == 0, "%s", strerror(errno));
	shell_status(124, "timeout -k 10 -s INT 1 " BK_FUSE_PROGRAM " log/node.bkp mnt -f");
	shell_status(124, "timeout -k 10 -s TERM 1 " BK_FUSE_PROGRAM " log/node.bkp mnt");
	cr_assert(!server_pid());
	close(fd);
}

/* In the foreground nothing is open that is not needed. */
Test(start, no_descriptor_is_left)
{
	make_log();
	mount_start(NULL);
	shell("ls mnt/versions");
	says(shell("ls -l /proc/%d/fd | grep -c '> /dev/null' || true", (int)mount_pid()), "0\n");
	mount_stop();
}

/* Who starts it in the background is told of the mount before the command returns. */
Test(start, tells_the_service_manager_first)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char text[512] = "", want[64];
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	make_log();
	snprintf(address.sun_path, sizeof address.sun_path, "%s", path_of("notify"));
	cr_assert(bind(fd, (struct sockaddr *)&address, sizeof address) == 0);
	setenv("NOTIFY_SOCKET", address.sun_path, 1);
	start("");
	cr_assert(recv(fd, text, sizeof text - 1, MSG_DONTWAIT) > 0, "%s", strerror(errno));
	snprintf(want, sizeof want, "READY=1\nMAINPID=%d\n", (int)server_pid());
	cr_assert(strstr(text, want), "%s", text);
	unmount();
	close(fd);
}

/* test_gone.c - a replay ends when nobody waits for it any more, and not before. */
#include "logkit.h"
#include "mountkit.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

SUITE(gone);

#define ENDLESS                                                                                    \
	"INSERT INTO t (x) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "       \
	"SELECT sum(i) FROM n"
#define WAIT_MS 120000

/* Of processor time: what a replay of version 3 costs that comes to its end, at the least, by the
 * limits of a log of half a MiB; what shows that it is under way; what may come once it was to end.
 */
#define WHOLE_S 2.2
#define BEGUN_S 0.3
#define REST_S  1.0

/* Version 2 is so many bytes of log, version 3 is replayed for as long as such a log may take. */
static void make_log(void)
{
	const size_t bytes = (size_t)1 << 20;
	char *sql = malloc(bytes + 64), *at = sql;
	uint32_t state = 1;

	cr_assert(sql);
	at += sprintf(at, "INSERT INTO t (x) VALUES ('");
	for (size_t i = 0; i < bytes; i++) {
		state = state * 1664525 + 1013904223;
		*at++ = "0123456789abcdef"[state >> 28];
	}
	sprintf(at, "')");
	mount_dir_make();
	log_begin_plain(log_path());
	log_append(2, sql);
	log_append(3, ENDLESS);
	/* The newest version is another one: the mount judges that by itself. */
	shell("sqlite3 later.sqlite3 'CREATE TABLE vars (name TEXT PRIMARY KEY, val TEXT, intval "
	      "INTEGER, blobval BLOB); INSERT INTO vars VALUES (\"data_version\", NULL, 5, NULL)'");
	log_snapshot(path_of("later.sqlite3"), BK_SNAPSHOT_GAP);
	log_close();
	free(sql);
}

/* Processor time that the mount has taken, in seconds. */
static double taken(void)
{
	unsigned long user = 0, system = 0;
	char path[64];
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)mount_pid());
	file = fopen(path, "r");
	cr_assert(file);
	cr_assert(fscanf(file, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
			  &user, &system) == 2);
	fclose(file);
	return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

/* A process that opens PATH, or only looks at it, and ends with what errno says. */
static pid_t start_reader(const char *path, bool opens)
{
	pid_t pid = fork();
	struct stat st;

	cr_assert(pid >= 0);
	if (!pid && opens)
		_exit(open(path, O_RDONLY | O_CLOEXEC) < 0 ? errno : 0);
	if (!pid)
		_exit(stat(path, &st) ? errno : 0);
	return pid;
}

static int end_of(pid_t pid)
{
	int status;

	cr_assert(waitpid(pid, &status, 0) == pid);
	return status;
}

static void check_killed(pid_t pid)
{
	kill(pid, SIGKILL);
	cr_assert(WIFSIGNALED(end_of(pid)));
}

/* Waits until the mount has worked for SECONDS more than BEFORE. */
static void wait_taken(double before, double seconds)
{
	wait_until(taken() - before > seconds, WAIT_MS);
	cr_assert(taken() - before > seconds, "the mount does not work");
}

/* The mount is idle, and has not worked long since BEFORE; nothing of that is damage. */
static void check_ended(double before)
{
	double last = taken() - 1;

	while (taken() > last) {
		last = taken();
		usleep(500000);
	}
	cr_assert(last - before < REST_S, "it worked for %.1f s", last - before);
	says(status_member("health"), "\"ok\"");
	says(status_member("damaged_versions"), "[]");
}

Test(gone, a_look)
{
	double before;
	pid_t pid;

	make_log();
	mount_start(NULL);
	before = taken();
	pid = start_reader(mnt_version(3), false);
	wait_taken(before, BEGUN_S);
	check_killed(pid);
	check_ended(before);
	mount_stop();
}

/* What was found out once is not tried again. */
Test(gone, what_is_in_vain)
{
	double before;
	struct stat st;
	pid_t pid;

	make_log();
	mount_start(NULL);
	before = taken();
	cr_assert(stat(mnt_version(3), &st) == 0, "%s", strerror(errno)); /* as long as version 2 */
	cr_assert(taken() - before > WHOLE_S, "%.1f s", taken() - before);
	before = taken();
	pid = start_reader(mnt_version(3), true);
	cr_assert(WEXITSTATUS(end_of(pid)) == EIO);
	cr_assert(taken() - before < REST_S, "%.1f s", taken() - before);
	mount_stop();
}

/* As long as one waits it goes on. */
Test(gone, one_of_two)
{
	double before;
	pid_t first, second;
	int status;

	make_log();
	mount_start(NULL);
	before = taken();
	first = start_reader(mnt_version(3), true);
	wait_taken(before, BEGUN_S);
	second = start_reader(mnt_version(3), true);
	usleep(200000);
	check_killed(first);
	status = end_of(second);
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == EIO, "%d", status);
	cr_assert(taken() - before > WHOLE_S - BEGUN_S, "%.1f s", taken() - before);
	says(status_member("health"), "\"damaged\"");
	mount_stop();
}

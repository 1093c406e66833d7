/* bench_places.c - what other places cost a change: appended to a log alone, to one whose quorum of
 * two is a file, to one whose quorum of two is elsewhere; each beside what cannot be had for less:
 * writing as many bytes, syncing them, and sending them there and back.
 *
 * Figures are printed, nothing is judged. bench_places.sh has the places elsewhere. */
#include "args.h"
#include "timing.h"
#include "trace.h"
#include <bk/log.h>
#include <bk/mirrors.h>
#include <bk/snapshot.h>
#include <bk/writer.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define TURN      16 /* changes to one lane before the next has its turn */
#define LANES_MAX 4
#define WARM      8 /* the first calls of a lane count for nothing: connections are made */

static const char help[] =
	"Usage: bench_places [OPTIONS] [URL COMMAND]...\n"
	"\n"
	"Appends changes to a log alone, to one with a mirror beside it, and to one with a\n"
	"mirror at each URL, the quorum being two. COMMAND sends its standard input back\n"
	"from there, as \"ssh HOST cat\" does.\n"
	"\n"
	"  --dir DIR      where to write (default /var/tmp)\n"
	"  --changes N    how many to each log (default 800)\n"
	"  --trace FILE   recorded changes instead of made-up ones\n";

/* A log with its mirror, and the floor under it. */
struct lane {
	const char *url, *command; /* NULL: no mirror; a mirror without a line to it */
	char path[256], mirror[264], floor[264];
	struct trace *trace;
	struct bk_writer *writer;
	struct bk_mirrors *mirrors;
	uint64_t bytes; /* of the log */
	int floor_fd, to, from;
	pid_t echo;
	double *us, *floor_us;
	unsigned calls, count;
};

struct bench {
	const char *dir, *trace;
	unsigned changes, lane_count;
	struct lane lanes[LANES_MAX];
	struct bk_error err;
};

/* Starts COMMAND, which sends back what it is sent. */
static void start_echo(struct lane *lane)
{
	int in[2], out[2];

	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC))
		die("a pipe", strerror(errno));
	lane->echo = fork();
	if (lane->echo < 0)
		die("a process", strerror(errno));
	if (lane->echo == 0) {
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		execl("/bin/sh", "sh", "-c", lane->command, (char *)NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	lane->to = in[1];
	lane->from = out[0];
}

static void open_mirrors(struct bench *bench, struct lane *lane)
{
	const char *urls[] = {lane->url};
	const struct bk_mirrors_options options = {.urls = urls, .count = 1, .quorum = 2};

	must(bk_mirrors_open(&lane->mirrors, bk_io_posix(), &options, &bench->err), "mirrors",
		&bench->err);
}

static void open_lane(struct bench *bench, struct lane *lane, unsigned number)
{
	struct bk_writer_options options = {.program = "bench_places"};
	struct bk_error *err = &bench->err;
	char path[sizeof lane->path];
	uint32_t version;

	snprintf(path, sizeof path, "%s/bench_places-%d-%u.bkp", bench->dir, (int)getpid(), number);
	strcpy(lane->path, path);
	snprintf(lane->floor, sizeof lane->floor, "%s.floor", path);
	if (number == 1) {
		snprintf(lane->mirror, sizeof lane->mirror, "%s.mirror", path);
		lane->url = lane->mirror;
	}
	lane->us = calloc(bench->changes, sizeof *lane->us);
	lane->floor_us = calloc(bench->changes, sizeof *lane->floor_us);
	if (!lane->us || !lane->floor_us)
		die("figures", "no memory");
	must(bk_log_create(bk_io_posix(), lane->path, NULL, 0, NULL, NULL, &version, err), "a log",
		err);
	if (lane->url)
		open_mirrors(bench, lane);
	options.mirrors = lane->mirrors;
	must(bk_writer_open(&lane->writer, bk_io_posix(), lane->path, &options, err), "opening",
		err);
	must(bench->trace ? trace_open(&lane->trace, bench->trace, err)
			  : trace_open_generated(&lane->trace, 1, bench->changes + WARM, err),
		"the changes", err);
	lane->floor_fd = open(lane->floor, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (lane->floor_fd < 0)
		die(lane->floor, strerror(errno));
	lane->to = lane->from = -1;
	if (lane->command)
		start_echo(lane);
}

static void whole(int fd, char *bytes, size_t size, bool out)
{
	while (size) {
		ssize_t rc = out ? write(fd, bytes, size) : read(fd, bytes, size);

		if (rc <= 0)
			die("the way there and back", rc ? strerror(errno) : "it ended");
		bytes += rc;
		size -= (size_t)rc;
	}
}

/* The same bytes written, synced, sent there and back. */
static void go_floor(struct lane *lane, size_t size)
{
	static char bytes[1 << 20];

	if (size > sizeof bytes)
		size = sizeof bytes;
	if (write(lane->floor_fd, bytes, size) != (ssize_t)size || fdatasync(lane->floor_fd))
		die(lane->floor, strerror(errno));
	if (lane->to < 0)
		return;
	whole(lane->to, bytes, size, true);
	whole(lane->from, bytes, size, false);
}

static uint64_t log_bytes(struct bench *bench, struct lane *lane)
{
	struct bk_log_status status;

	must(bk_log_status(bk_writer_log(lane->writer), &status, &bench->err), "the log",
		&bench->err);
	return status.log_bytes;
}

/* Plays up to TURN calls; false when there are no more. */
static bool play(struct bench *bench, struct lane *lane)
{
	struct trace_call call;
	bool more = true;

	for (unsigned i = 0; i < TURN && lane->count < bench->changes; i++) {
		uint64_t before = log_bytes(bench, lane);
		double began, between;

		must(trace_next(lane->trace, &call, &more, &bench->err), "a change", &bench->err);
		if (!more)
			return false;
		began = seconds_now();
		must(bk_writer_append(lane->writer, &call.change, &bench->err), "appending",
			&bench->err);
		between = seconds_now();
		go_floor(lane, (size_t)(log_bytes(bench, lane) - before));
		if (lane->calls++ < WARM)
			continue;
		lane->floor_us[lane->count] = (seconds_now() - between) * 1e6;
		lane->us[lane->count++] = (between - began) * 1e6;
	}
	return lane->count < bench->changes;
}

static void print_lane(struct lane *lane)
{
	double p50 = percentile(lane->us, lane->count, 50);
	double floor = percentile(lane->floor_us, lane->count, 50);
	const char *name = !lane->url ? "alone" : lane->command ? lane->url : "quorum of two files";
	const char *path = strchr(name, '/') ? strchr(strchr(name, '/') + 2, '/') : NULL;

	printf("%-20.*s p50 %9.1f us, p99 %9.1f; floor p50 %9.1f, p99 %9.1f; %.2f times\n",
		(int)(path ? (size_t)(path - name) : strlen(name)), name, p50,
		percentile(lane->us, lane->count, 99), floor,
		percentile(lane->floor_us, lane->count, 99), p50 / floor);
}

static void close_lane(struct lane *lane)
{
	bk_writer_close(lane->writer);
	bk_mirrors_free(lane->mirrors);
	trace_close(lane->trace);
	close(lane->floor_fd);
	if (lane->command) {
		close(lane->to);
		close(lane->from);
		waitpid(lane->echo, NULL, 0);
	}
	free(lane->us);
	free(lane->floor_us);
	unlink(lane->path);
	unlink(lane->floor);
	if (*lane->mirror) {
		char fact[320];

		snprintf(fact, sizeof fact, "%.263s.durable", lane->mirror);
		unlink(lane->mirror);
		unlink(fact);
	}
}

static void run(struct bench *bench)
{
	bool more = true;

	signal(SIGPIPE, SIG_IGN);
	for (unsigned i = 0; i < bench->lane_count; i++)
		open_lane(bench, &bench->lanes[i], i);
	for (unsigned turn = 0; more; turn++)
		for (unsigned i = 0; i < bench->lane_count; i++)
			more = play(bench, &bench->lanes[(turn + i) % bench->lane_count]) && more;
	printf("%u changes to each log, in %s\n", bench->lanes[0].count, bench->dir);
	for (unsigned i = 0; i < bench->lane_count; i++)
		print_lane(&bench->lanes[i]);
	for (unsigned i = 0; i < bench->lane_count; i++)
		close_lane(&bench->lanes[i]);
}

int main(int argc, char **argv)
{
	struct bench bench = {.dir = "/var/tmp", .changes = 800, .lane_count = 2};
	const struct arg args[] = {{"dir", .text = &bench.dir},
		{"changes", .small = &bench.changes}, {"trace", .text = &bench.trace}, {.name = NULL}};
	int at = args_read(argc, argv, args, help);

	if ((argc - at) % 2 || (argc - at) / 2 > LANES_MAX - 2 || !bench.changes)
		args_refuse(help);
	for (; at < argc; at += 2)
		bench.lanes[bench.lane_count++] =
			(struct lane){.url = argv[at], .command = argv[at + 1]};
	run(&bench);
	return EXIT_SUCCESS;
}

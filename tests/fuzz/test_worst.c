/* test_worst.c - what the worst logs cost each reader (worst.h): the programs as they are, and
 * images by themselves.
 *
 * usage: test_worst --help | --list | [--reader READER] [LOG...]   (and --image N LOG, of itself)
 */
#include "child.h"
#include "fuzz.h"
#include "tempdir.h"
#include "worst.h"
#include <bk/image.h>
#include <bk/listing.h>
#include <bk/log.h>
#include <bk/memory.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* What a reader may cost. */
#define SECONDS_MAX   10  /* of processor time */
#define MEBIBYTES_MAX 256 /* of memory that is resident at once */

/* Other work on the machine makes a reader slow, but does not cost more. */
#define WALL_SECONDS_MAX 300
#define ADDRESSES_MAX                                                                              \
	((rlim_t)4 << 30) /* bytes, so that a failing test ends before the machine                 \
			   */

struct bed {
	struct tempdir dir;
	char self[4096];
	unsigned failures;
};

/* What one reader did. */
struct cost {
	double cpu, wall;
	long mebibytes;
	int status; /* exit status; -1: it was ended */
};

static double seconds(const struct timeval *time)
{
	return (double)time->tv_sec + (double)time->tv_usec / 1e6;
}

static struct cost cost_of(const struct rusage *usage, int status, uint64_t began_ms)
{
	return (struct cost){.cpu = seconds(&usage->ru_utime) + seconds(&usage->ru_stime),
		.wall = (double)(clock_ms() - began_ms) / 1e3,
		.mebibytes = usage->ru_maxrss / 1024,
		.status = status};
}

/* The command of READER for the log of BED, in ARGV. */
static void fill_command(const struct bed *bed, const struct reader *reader, char **argv)
{
	const struct {
		const char *key, *value;
	} words[] = {{"%L", strdup(tempdir_path(&bed->dir, "log/log.bkp"))},
		{"%D", strdup(tempdir_path(&bed->dir, "database"))},
		{"%O", strdup(tempdir_path(&bed->dir, "restored"))},
		{"%M", strdup(tempdir_path(&bed->dir, "mnt"))}, {"%S", strdup(bed->self)}};

	for (size_t i = 0; i < 8; i++) {
		const char *word = reader->command[i];

		for (size_t j = 0; word && j < sizeof words / sizeof *words; j++)
			if (strcmp(word, words[j].key) == 0)
				word = words[j].value;
		argv[i] = word ? strdup(word) : NULL;
	}
	argv[8] = NULL;
	for (size_t j = 0; j < sizeof words / sizeof *words; j++)
		free((void *)(uintptr_t)words[j].value);
}

static void free_command(char **argv)
{
	for (size_t i = 0; i < 8; i++)
		free(argv[i]);
}

/* Runs the program to its end. */
static struct cost run_reader(char **argv)
{
	uint64_t began = clock_ms();
	struct cost cost = {.status = -1, .wall = WALL_SECONDS_MAX};
	struct bk_error err;
	struct run run;

	if (!run_program(&run, argv, NULL, WALL_SECONDS_MAX * 1000, &err)) {
		cost = cost_of(&run.usage, run.status, began);
		run_done(&run);
	}
	return cost;
}

static bool is_mounted(const char *path)
{
	char parent[4096];
	struct stat at, above;

	snprintf(parent, sizeof parent, "%s/..", path);
	return stat(path, &at) == 0 && stat(parent, &above) == 0 && at.st_dev != above.st_dev;
}

static void use_mount(const char *mountpoint, const char *command)
{
	char shell[] = "sh", option[] = "-c", *text = strdup(command);
	char *argv[] = {shell, option, text, NULL};
	struct child_options options = {.dir = mountpoint};
	struct bk_error err;
	struct run run;

	if (!run_program(&run, argv, &options, WALL_SECONDS_MAX * 1000, &err))
		run_done(&run);
	free(text);
}

/* Mounts, works in the mount, and ends it. */
static struct cost run_mount(char **argv, const char *in_mount)
{
	uint64_t began = clock_ms();
	struct cost cost = {.status = -1, .wall = WALL_SECONDS_MAX};
	struct child child;
	struct bk_error err;

	REQUIRE(!child_start(&child, argv, NULL, &err));
	while (child_wait(&child, 20, &err) == BK_E_BUSY && !is_mounted(argv[2]) &&
		clock_ms() - began < WALL_SECONDS_MAX * 1000)
		continue;
	if (child.pid && is_mounted(argv[2]))
		use_mount(argv[2], in_mount);
	if (child.pid)
		kill(child.pid, SIGTERM);
	if (!child_wait(&child, WALL_SECONDS_MAX * 1000, &err))
		cost = cost_of(&child.usage, child_exit_code(child.status), began);
	child_done(&child);
	umount2(argv[2], MNT_DETACH);
	return cost;
}

/* Exit statuses of an answer, good or bad: not those of usage, of a signal. */
static bool is_answer(int status)
{
	return status == 0 || status == 1 || status == 3;
}

static void measure(struct bed *bed, const struct worst *log, const struct reader *reader)
{
	char *argv[9];
	struct cost cost;
	const char *verdict = "";

	fill_command(bed, reader, argv);
	unlink(tempdir_path(&bed->dir, "restored"));
	cost = reader->in_mount ? run_mount(argv, reader->in_mount) : run_reader(argv);
	free_command(argv);
	if (!is_answer(cost.status))
		verdict = "  NO ANSWER";
	else if (cost.cpu > SECONDS_MAX)
		verdict = "  TOO LONG";
	else if (cost.mebibytes > MEBIBYTES_MAX)
		verdict = "  TOO MUCH MEMORY";
	bed->failures += *verdict != 0;
	printf("%-16s %-13s %8.2f s %8.2f s %6ld MiB %4d%s\n", log->name, reader->name, cost.cpu,
		cost.wall, cost.mebibytes, cost.status, verdict);
	fflush(stdout);
}

static void forge_log(const struct bed *bed, const struct worst *log)
{
	const char *path = tempdir_path(&bed->dir, "log/log.bkp");
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	struct forger f;

	REQUIRE(fd >= 0);
	worst_begin(&f);
	log->make(&f);
	REQUIRE(write(fd, f.build.bytes.data, f.build.bytes.size) == (ssize_t)f.build.bytes.size);
	if (log->hole)
		REQUIRE(ftruncate(fd, (off_t)(f.build.bytes.size + log->hole)) == 0);
	close(fd);
	worst_end(&f);
}

/* In a process of its own: what it takes counts for the readers that begin as its copies. */
static void make_log(const struct bed *bed, const struct worst *log)
{
	pid_t pid = fork();
	int status;

	REQUIRE(pid >= 0);
	if (!pid) {
		forge_log(bed, log);
		_exit(0);
	}
	REQUIRE(waitpid(pid, &status, 0) == pid && status == 0);
}

static bool is_torture(void)
{
	const char *torture = getenv("BK_TORTURE");

	return torture && *torture == '1';
}

/* IS_SHORT: `steps`, which takes a whole budget, is for those alone that draw on it apart, and
 * `schema` for the one that looks at more of it than at its SQL. */
static bool is_reading(
	const struct reader *reader, const struct worst *log, const char *only, bool is_short)
{
	if (only && strcmp(only, reader->name) != 0)
		return false;
	if (is_short && strcmp(log->name, "steps") == 0 && !reader->is_apart)
		return false;
	if (is_short && strcmp(log->name, "schema") == 0 && strcmp(reader->name, "extension") != 0)
		return false;
	return !reader->in_mount || access("/dev/fuse", R_OK | W_OK) == 0;
}

/* One log after the other, each for all readers, or for that of the name ONLY. */
static void measure_log(struct bed *bed, const struct worst *log, const char *only, bool is_short)
{
	make_log(bed, log);
	for (const struct reader *reader = worst_readers; reader->name; reader++)
		if (is_reading(reader, log, only, is_short))
			measure(bed, log, reader);
}

static bool is_asked(const char *name, int count, const char *const *names)
{
	for (int i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

/* Without names: with BK_TORTURE=1 in the environment all logs, else one of each kind, quick ones.
 */
static bool is_wanted(const char *name, int count, const char *const *names)
{
	static const char *const few[] = {"small", "heads-between", "keyframes", "blanks",
		"statements", "pages-told", "rows", "steps", "schema"};

	if (count)
		return is_asked(name, count, names);
	return is_torture() || is_asked(name, sizeof few / sizeof *few, few);
}

/* Of itself: opens the image of the head, or (WHICH 1) of the version in the middle. */
static int read_image(unsigned which, const char *path)
{
	struct bk_log_status status;
	struct bk_image *image;
	struct bk_error err;
	struct bk_log *log;
	uint8_t page[65536];
	size_t done = 1;
	uint32_t version;

	bk_limit_sqlite_memory();
	if (bk_log_open(&log, bk_io_posix(), path, &err) || bk_log_status(log, &status, &err))
		return 1;
	version = which ? status.version - (uint32_t)(status.changes / 2) : status.version;
	if (bk_image_open(&image, log, version, NULL, &err))
		return 1;
	for (uint64_t at = 0; at < 64 * sizeof page && done; at += sizeof page)
		if (bk_image_read(image, page, sizeof page, at, &done, &err))
			return 1;
	bk_image_close(image);
	bk_log_close(log);
	return 0;
}

static int help(void)
{
	printf("usage: test_worst [--reader READER] [LOG...]\n\n"
	       "Forges logs that are right in every sum and cost much, and has each reader read "
	       "them.\nWithout LOG: one of each kind, with BK_TORTURE=1 in the environment all.\n\n"
	       "Limits:\n"
	       "  %u bytes    a log at most (a hole takes no room)\n"
	       "  %d s            of processor time a reader\n"
	       "  %d MiB         of resident memory a reader\n"
	       "  %d s            until a reader is ended\n\nReaders:\n",
		WORST_BYTES, SECONDS_MAX, MEBIBYTES_MAX, WALL_SECONDS_MAX);
	for (const struct reader *reader = worst_readers; reader->name; reader++)
		printf("  %-15s %s\n", reader->name, reader->what);
	printf("\nLogs:\n");
	for (const struct worst *log = worst_frames; log->name; log++)
		printf("  %-15s %s\n", log->name, log->what);
	for (const struct worst *log = worst_sql; log->name; log++)
		printf("  %-15s %s\n", log->name, log->what);
	return EXIT_SUCCESS;
}

/* A node's, at the version that the logs begin with. */
static void make_database(const struct bed *bed)
{
	sqlite3 *db;

	REQUIRE(sqlite3_open(tempdir_path(&bed->dir, "database"), &db) == SQLITE_OK);
	REQUIRE(sqlite3_exec(db,
			"CREATE TABLE vars (name TEXT PRIMARY KEY, val TEXT, intval INTEGER, "
			"blobval BLOB);"
			"INSERT INTO vars (name, intval) VALUES ('data_version', 1)",
			NULL, NULL, NULL) == SQLITE_OK);
	sqlite3_close(db);
}

int main(int argc, char **argv)
{
	const struct rlimit addresses = {ADDRESSES_MAX, ADDRESSES_MAX};
	const char *only = NULL, *const * names;
	struct bed bed = {0};
	struct bk_error err;
	int first = 1;

	if (argc > 1 && strcmp(argv[1], "--help") == 0)
		return help();
	if (argc == 4 && strcmp(argv[1], "--image") == 0)
		return read_image((unsigned)atoi(argv[2]), argv[3]);
	if (argc > 2 && strcmp(argv[1], "--reader") == 0) {
		only = argv[2];
		first = 3;
	}
	names = (const char *const *)(argv + first);
	REQUIRE(readlink("/proc/self/exe", bed.self, sizeof bed.self - 1) > 0);
	REQUIRE(setrlimit(RLIMIT_AS, &addresses) == 0);
	REQUIRE(!tempdir_make(&bed.dir, &err));
	REQUIRE(mkdir(tempdir_path(&bed.dir, "mnt"), 0700) == 0);
	REQUIRE(mkdir(tempdir_path(&bed.dir, "log"), 0700) == 0);
	make_database(&bed);
	for (const struct worst *log = worst_frames; log->name; log++)
		if (is_wanted(log->name, argc - first, names))
			measure_log(&bed, log, only, argc == first && !is_torture());
	for (const struct worst *log = worst_sql; log->name; log++)
		if (is_wanted(log->name, argc - first, names))
			measure_log(&bed, log, only, argc == first && !is_torture());
	tempdir_remove(&bed.dir);
	return bed.failures ? EXIT_FAILURE : EXIT_SUCCESS;
}

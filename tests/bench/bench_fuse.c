/* bench_fuse.c - what reading through the mount costs, beside the same file on the disk.
 *
 * Sequential reads as `dd bs=1M` makes them: of versions that nobody has opened yet, of the same
 * ones again, and of the restored file out of the system's cache and out of the disk, in turn. And
 * sqlite3 answering one indexed query, from fork to exit: on random versions through the mount, and
 * on the restored file. Each answer is checked. */
#include "args.h"
#include "child.h"
#include "genlog.h"
#include "tempdir.h"
#include "timing.h"
#include <bk/listing.h>
#include <bk/log.h>
#include <bk/restore.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK_BYTES ((size_t)1 << 20)
#define TIMEOUT_MS  60000

struct bench {
	struct tempdir dir;
	char log[PATH_MAX], plain[PATH_MAX], mnt[PATH_MAX];
	struct child mount;
	uint32_t first, head;
	unsigned samples, rounds;
	uint64_t random;
};

struct figures {
	uint64_t file_bytes;
	double cold_mbs, again_mbs, plain_mbs, disk_mbs;   /* medians */
	double cold_ratio, cold_open_ms;                   /* of plain to cold times; of opening */
	double query_p50, query_p99, plain_p50, plain_p99; /* milliseconds */
};

static const char *version_path(const struct bench *bench, uint32_t version)
{
	static char path[PATH_MAX + 64];

	snprintf(path, sizeof path, "%s/versions/%u/%u.sqlite3", bench->mnt, version / 1000,
		version);
	return path;
}

static uint32_t random_version(struct bench *bench)
{
	return bench->first +
	       (uint32_t)(next_random(&bench->random) % ((uint64_t)bench->head - bench->first + 1));
}

/* Seconds that reading PATH takes, from its open on; *OPENED, if wanted, those until it is open. */
static double time_read(const char *path, uint64_t *bytes, double *opened)
{
	static char block[BLOCK_BYTES];
	double began = seconds_now();
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		die(path, strerror(errno));
	if (opened)
		*opened = seconds_now() - began;
	*bytes = 0;
	while ((n = read(fd, block, sizeof block)) > 0)
		*bytes += (uint64_t)n;
	if (n < 0)
		die(path, strerror(errno));
	close(fd);
	return seconds_now() - began;
}

static void measure_reads(struct bench *bench, struct figures *figures)
{
	double *cold = calloc(bench->rounds, sizeof *cold),
	       *again = calloc(bench->rounds, sizeof *again);
	double *plain = calloc(bench->rounds, sizeof *plain),
	       *ratio = calloc(bench->rounds, sizeof *ratio);
	double *opened = calloc(bench->rounds, sizeof *opened);
	double *disk = calloc(bench->rounds, sizeof *disk);
	uint64_t bytes;

	if (!cold || !again || !plain || !ratio || !opened || !disk)
		die("bench", "no memory");
	time_read(bench->plain, &figures->file_bytes, NULL);
	for (unsigned i = 0; i < bench->rounds; i++) {
		/* Near the head, so that it is about as large as the restored file; each has an
		 * interval of its own. */
		uint32_t version = bench->head - (i * 131 + 1) % (bench->head - bench->first);

		cold[i] =
			time_read(version_path(bench, version), &bytes, &opened[i]) / (double)bytes;
		again[i] = time_read(version_path(bench, version), &bytes, NULL) / (double)bytes;
		plain[i] = time_read(bench->plain, &bytes, NULL) / (double)bytes;
		ratio[i] = plain[i] / cold[i];
		drop_cache(bench->plain);
		disk[i] = time_read(bench->plain, &bytes, NULL) / (double)bytes;
		opened[i] *= 1e3;
	}
	figures->cold_mbs = 1e-6 / percentile(cold, bench->rounds, 50);
	figures->again_mbs = 1e-6 / percentile(again, bench->rounds, 50);
	figures->plain_mbs = 1e-6 / percentile(plain, bench->rounds, 50);
	figures->disk_mbs = 1e-6 / percentile(disk, bench->rounds, 50);
	figures->cold_ratio = percentile(ratio, bench->rounds, 50);
	figures->cold_open_ms = percentile(opened, bench->rounds, 50);
	free(disk);
	free(opened);
	free(ratio);
	free(plain);
	free(again);
	free(cold);
}

/* Milliseconds from fork to exit. */
static double time_query(const char *path, uint32_t version)
{
	char program[] = "sqlite3", sql[] = "SELECT intval FROM vars WHERE name = 'data_version'";
	char *argv[] = {program, strdupa(path), sql, NULL};
	struct bk_error err;
	struct run run;
	double began = seconds_now(), took;

	must(run_program(&run, argv, NULL, TIMEOUT_MS, &err), path, &err);
	took = (seconds_now() - began) * 1e3;
	if (run.status || strtoul(run_out(&run), NULL, 10) != version)
		die(path, run.status ? run_err(&run) : "it says that it is another version");
	run_done(&run);
	return took;
}

static void measure_queries(struct bench *bench, struct figures *figures)
{
	double *mounted = calloc(bench->samples, sizeof *mounted);
	double *plain = calloc(bench->samples, sizeof *plain);

	if (!mounted || !plain)
		die("bench", "no memory");
	for (unsigned i = 0; i < bench->samples; i++) {
		uint32_t version = random_version(bench);

		mounted[i] = time_query(version_path(bench, version), version);
		plain[i] = time_query(bench->plain, bench->head);
	}
	figures->query_p50 = percentile(mounted, bench->samples, 50);
	figures->query_p99 = percentile(mounted, bench->samples, 99);
	figures->plain_p50 = percentile(plain, bench->samples, 50);
	figures->plain_p99 = percentile(plain, bench->samples, 99);
	free(plain);
	free(mounted);
}

/* The restored head, and what versions there are. */
static void restore_head(struct bench *bench)
{
	struct bk_restore_result result;
	struct bk_listing *history;
	struct bk_entry entry;
	struct bk_error err;
	struct bk_log *log;
	bool more;

	must(bk_log_open(&log, bk_io_posix(), bench->log, &err), "open the log", &err);
	must(bk_listing_open(&history, log, 0, BK_LISTING_VERSIONS, &err), "list", &err);
	must(bk_listing_next(history, &entry, &more, &err), "list", &err);
	bk_listing_close(history);
	bench->first = more ? entry.version : 0;
	must(bk_restore(log, bench->plain, NULL, &result, &err), "restore", &err);
	bench->head = result.version;
	free(result.path);
	bk_log_close(log);
	if (bench->head == bench->first)
		die(bench->log, "it has one version only");
}

static void start_mount(struct bench *bench)
{
	char program[] = BK_FUSE_PROGRAM, foreground[] = "-f", latest[PATH_MAX + 32];
	char *argv[] = {program, bench->log, bench->mnt, foreground, NULL};
	uint64_t until = clock_ms() + TIMEOUT_MS;
	struct bk_error err;

	if (mkdir(bench->mnt, 0700) != 0)
		die(bench->mnt, strerror(errno));
	must(child_start(&bench->mount, argv, NULL, &err), "mount", &err);
	snprintf(latest, sizeof latest, "%s/latest.sqlite3", bench->mnt);
	while (!file_exists(latest)) {
		if (clock_ms() > until || !child_wait(&bench->mount, 10, &err)) {
			tempdir_remove(&bench->dir);
			die(bench->mnt, "the mount does not stand");
		}
	}
}

static void stop_mount(struct bench *bench)
{
	struct bk_error err;

	kill(bench->mount.pid, SIGTERM);
	must(child_wait(&bench->mount, TIMEOUT_MS, &err), "unmount", &err);
	child_done(&bench->mount);
}

static void print_table(const struct bench *bench, const struct figures *f)
{
	printf("versions %u to %u; the newest has %.1f MB\n", bench->first, bench->head,
		(double)f->file_bytes / 1e6);
	printf("  sequential, MB/s, the mount:       cold %6.0f    again %6.0f\n", f->cold_mbs,
		f->again_mbs);
	printf("                    the plain file:  from the system's cache %6.0f    from the "
	       "disk "
	       "%6.0f\n",
		f->plain_mbs, f->disk_mbs);
	printf("                    cold is %.2f of the first and %.2f of the second; %.1f ms of "
	       "its "
	       "time are the open\n",
		f->cold_ratio, f->cold_mbs / f->disk_mbs, f->cold_open_ms);
	printf("  sqlite3, one query, from fork to exit, of %u random versions\n", bench->samples);
	printf("    mounted             p50 %8.2f ms    p99 %8.2f ms\n", f->query_p50,
		f->query_p99);
	printf("    plain file          p50 %8.2f ms    p99 %8.2f ms\n", f->plain_p50,
		f->plain_p99);
}

static void print_json(FILE *out, const struct bench *bench, const struct figures *f)
{
	fprintf(out,
		"{\"first\": %u, \"head\": %u, \"file_bytes\": %" PRIu64
		", \"cold_mbs\": %.1f, \"again_mbs\": %.1f, \"plain_mbs\": %.1f, \"disk_mbs\": "
		"%.1f,\n \"cold_ratio\": "
		"%.3f, \"cold_open_ms\": %.3f, \"query_p50_ms\": %.3f, \"query_p99_ms\": %.3f, "
		"\"plain_query_p50_ms\": %.3f, \"plain_query_p99_ms\": %.3f}\n",
		bench->first, bench->head, f->file_bytes, f->cold_mbs, f->again_mbs, f->plain_mbs,
		f->disk_mbs, f->cold_ratio, f->cold_open_ms, f->query_p50, f->query_p99,
		f->plain_p50, f->plain_p99);
}

static const char help[] =
	"Usage: bench_fuse [OPTIONS]\n"
	"  --log FILE      an existing log (default: one is made)\n"
	"  --versions N    how many versions to make (default 100000)\n"
	"  --trace FILE    make it of recorded calls, all of them\n"
	"  --database MB   make it of a node whose database has so many megabytes, half-way\n"
	"  --samples N     random versions queried (default 1000)\n"
	"  --rounds N      versions read whole (default 21)\n"
	"  --dir DIR       where to make what is needed (default /var/tmp)\n"
	"  --seed S        which traffic, and which versions (default 1)\n"
	"  --json FILE     the figures as JSON, too\n";

int main(int argc, char **argv)
{
	struct bench bench = {.samples = 1000, .rounds = 21, .random = 1};
	const char *log = NULL, *base = "/var/tmp", *json_path = NULL;
	struct genlog_options made = {.versions = 100000};
	uint64_t megabytes = 0;
	const struct arg args[] = {{"log", .text = &log}, {"versions", .small = &made.versions},
		{"samples", .small = &bench.samples}, {"rounds", .small = &bench.rounds},
		{"dir", .text = &base}, {"seed", .number = &bench.random},
		{"json", .text = &json_path}, {"trace", .text = &made.trace},
		{"database", .number = &megabytes}, {.name = NULL}};
	struct figures figures = {0};
	struct bk_error err;
	FILE *json;

	if (args_read(argc, argv, args, help) != argc || !bench.samples || !bench.rounds ||
		made.versions < 2)
		args_refuse(help);
	made.database_bytes = megabytes * 1000000;
	if (made.trace)
		made.versions = UINT32_MAX;
	json = open_json(json_path);
	must(tempdir_make_in(&bench.dir, base, &err), base, &err);
	snprintf(bench.plain, sizeof bench.plain, "%s", tempdir_path(&bench.dir, "plain.sqlite3"));
	snprintf(bench.mnt, sizeof bench.mnt, "%s", tempdir_path(&bench.dir, "mnt"));
	snprintf(bench.log, sizeof bench.log, "%s", tempdir_path(&bench.dir, "log/bench.bkp"));
	if (log) {
		snprintf(bench.log, sizeof bench.log, "%s", log);
	} else {
		struct genlog_result result;

		/* A folder of its own: a log's folder cannot hold the mount. */
		if (mkdir(tempdir_path(&bench.dir, "log"), 0700) != 0)
			die(bench.log, strerror(errno));
		made.seed = bench.random;
		must(genlog_make(bench.log, &made, &result, &err), "make a log", &err);
	}
	restore_head(&bench);
	start_mount(&bench);
	measure_reads(&bench, &figures);
	measure_queries(&bench, &figures);
	stop_mount(&bench);
	tempdir_remove(&bench.dir);
	print_table(&bench, &figures);
	if (json)
		print_json(json, &bench, &figures);
	return json && fclose(json) ? EXIT_FAILURE : EXIT_SUCCESS;
}

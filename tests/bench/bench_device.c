/* bench_device.c - what a db_write makes a device do: writes and flushes a call, on each file
 * system in a loop device; the real plugin, with and without keyframes, beside a process that
 * appends as many bytes.
 *
 * Figures are printed, nothing is judged. What is compared runs one after the other: it is counted,
 * and not timed. */
#include "args.h"
#include "device.h"
#include "play.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CALLS_DEFAULT 10000

static const char help[] =
	"Usage: bench_device [OPTIONS]\n"
	"\n"
	"Counts what db_write calls make a device do, on file systems in loop devices, beside a "
	"process\n"
	"that appends as many bytes. Needs root.\n"
	"\n"
	"  --trace FILE  recorded calls (default: those of a made-up node)\n"
	"  --calls N     how many at most (default 10000)\n"
	"  --dir DIR     where the devices' files are (default: /var/tmp)\n"
	"  --fs KIND     only this file system (default: ext4, xfs and btrfs)\n";

struct bench {
	struct calls calls;
	const char *dir, *only;
};

static void print_row(struct lane *lane, const char *kind, const struct device_counts *before,
	const struct device_counts *after)
{
	double calls = (double)lane->count;

	printf("%-6s %-25s %8zu %8.2f %8.2f %10.1f %8.0f %8.0f\n", kind, lane_name(lane->kind),
		lane->count, (double)(after->writes - before->writes) / calls,
		(double)(after->flushes - before->flushes) / calls,
		(double)(after->sectors - before->sectors) / 2 / calls, lane_quantile(lane, 0.5),
		lane_quantile(lane, 0.99));
}

/* From the first call to the end of the process, and nothing of setting it up. */
static enum bk_code run_lane(const struct bench *bench, const char *kind,
	const struct device *device, struct lane *lane, struct bk_error *err)
{
	struct device_counts before, after;
	uint64_t sql_bytes;
	enum bk_code code;

	sync();
	code = device_count(device, &before, err);
	if (!code)
		code = play(&bench->calls, lane, 1, bench->calls.count, &sql_bytes, err);
	if (!code)
		code = device_count(device, &after, err);
	if (!code)
		code = lane_stop(lane, err);
	if (!code)
		print_row(lane, kind, &before, &after);
	return code;
}

static enum bk_code run_on(const struct bench *bench, const char *kind, const struct device *device,
	struct bk_error *err)
{
	static const enum lane_kind kinds[] = {LANE_FLOOR, LANE_PLAIN, LANE_PLUGIN};
	struct tempdir place, probing;
	size_t floor_bytes;
	enum bk_code code = tempdir_make_in(&place, device->mount, err);

	if (!code)
		code = tempdir_make_in(&probing, device->mount, err);
	if (!code)
		code = play_probe(&bench->calls, &probing, &floor_bytes, err);
	for (size_t i = 0; !code && i < sizeof kinds / sizeof *kinds; i++) {
		struct lane lane;

		code = lane_start(&lane, kinds[i], &place, floor_bytes, err);
		if (!code)
			code = run_lane(bench, kind, device, &lane, err);
		lane_done(&lane);
	}
	return code;
}

static enum bk_code run_kind(const struct bench *bench, const char *kind,
	const struct tempdir *place, struct bk_error *err)
{
	struct device device;
	enum bk_code code = device_make(&device, kind, place, err);

	if (!code)
		code = run_on(bench, kind, &device, err);
	device_remove(&device);
	if (code != BK_E_MISSING)
		return code;
	printf("%-6s skipped: %s\n", kind, err->msg);
	return BK_OK;
}

static int run(const struct bench *bench)
{
	static const char *const all[] = {"ext4", "xfs", "btrfs"};
	struct tempdir place;
	struct bk_error err;
	enum bk_code code = tempdir_make_in(&place, bench->dir, &err);

	printf("%-6s %-25s %8s %8s %8s %10s %8s %8s\n", "", "a call", "calls", "writes", "flushes",
		"KB written", "p50 us", "p99 us");
	for (size_t i = 0; !code && i < sizeof all / sizeof *all; i++) {
		if (bench->only && strcmp(bench->only, all[i]) != 0)
			continue;
		code = run_kind(bench, all[i], &place, &err);
	}
	tempdir_remove(&place);
	if (code)
		fprintf(stderr, "bench_device: %s\n", err.msg);
	return code ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct bench bench = {.calls = {.count = CALLS_DEFAULT, .seed = 1}, .dir = "/var/tmp"};
	const struct arg args[] = {{"trace", .text = &bench.calls.trace},
		{"calls", .number = &bench.calls.count}, {"dir", .text = &bench.dir},
		{"fs", .text = &bench.only}, {.name = NULL}};

	args_read(argc, argv, args, help);
	return run(&bench);
}

/* crash_fault.c - every call of made-up workloads fails once, in every way that it can.
 *
 * usage: crash_fault [--seed S [--cut N]]
 *
 * --cut N runs only one fault: the way it fails, times WAY_STEP, and which call of its kind. */
#include "how.h"
#include "node.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SEEDS         1
#define SEEDS_TORTURE 100
#define STEPS         20
#define WAY_STEP      1000000

/* One way in which one kind of call fails. */
struct way {
	enum sim_call call;
	enum sim_fault fault;
	int error;
	bool is_absorbed; /* nothing may be seen of it */
	bool must_show;   /* some answer must be a failure, unless it was in closing */
};

static const struct way ways[] = {
	{SIM_OPEN, SIM_FAULT_ERROR, EIO, false, true},
	{SIM_OPEN, SIM_FAULT_ERROR, ENOMEM, false, true},
	{SIM_OPEN, SIM_FAULT_ERROR, EMFILE, false, true},
	{SIM_OPEN, SIM_FAULT_ERROR, EINTR, true, false},
	{SIM_OPEN_TEMP, SIM_FAULT_ERROR, ENOSPC, false, true},
	{SIM_PREAD, SIM_FAULT_ERROR, EIO, false, true},
	{SIM_PREAD, SIM_FAULT_ERROR, EINTR, true, false},
	{SIM_PREAD, SIM_FAULT_SHORT, EINTR, true, false},
	{SIM_PWRITE, SIM_FAULT_ERROR, EIO, false, true},
	{SIM_PWRITE, SIM_FAULT_ERROR, ENOSPC, false, true},
	{SIM_PWRITE, SIM_FAULT_ERROR, EDQUOT, false, true},
	{SIM_PWRITE, SIM_FAULT_SHORT, ENOSPC, false, true},
	{SIM_PWRITE, SIM_FAULT_ERROR, EINTR, true, false},
	{SIM_PWRITE, SIM_FAULT_SHORT, EINTR, true, false},
	{SIM_DATASYNC, SIM_FAULT_ERROR, EIO, false, true},
	{SIM_DATASYNC, SIM_FAULT_ERROR, ENOSPC, false, true},
	{SIM_DATASYNC, SIM_FAULT_ERROR, EDQUOT, false, true},
	{SIM_DATASYNC, SIM_FAULT_SYNC_DROPS, EIO, false, true},
	{SIM_DATASYNC, SIM_FAULT_ERROR, EINTR, true, false},
	{SIM_TRUNCATE, SIM_FAULT_ERROR, EIO, false, false},
	{SIM_TRUNCATE, SIM_FAULT_ERROR, EINTR, true, false},
	{SIM_STAT, SIM_FAULT_ERROR, EIO, false, true},
	{SIM_STAT_PATH, SIM_FAULT_ERROR, EIO, false, false},
	{SIM_LOCK, SIM_FAULT_ERROR, ENOLCK, false, true},
	{SIM_LOCK, SIM_FAULT_ERROR, EINTR, false, false},
	{SIM_RENAME_NEW, SIM_FAULT_ERROR, EIO, false, true},
	{SIM_UNLINK, SIM_FAULT_ERROR, EIO, false, false},
	{SIM_SYNC_DIR, SIM_FAULT_ERROR, EIO, false, true},
	{SIM_RANDOM, SIM_FAULT_ERROR, EIO, false, true},
};

/* What is left after all must be on the disk, whatever the power does. */
static void check_end(struct node *node, uint64_t seed)
{
	struct rng rng = rng_of(seed, 11);
	struct simfs *disk = simfs_after_power_loss(node->fs, &rng);

	node->counts.cuts++;
	check_disk(&node->check, disk, node->model, &rng, 0);
	simfs_free(disk);
}

/* Runs the workload of SEED with the NTH call failing in this WAY; false if there is no such call.
 */
static bool run_fault(uint64_t seed, const struct way *way, uint64_t nth, uint64_t place,
	const char *dir, struct counts *counts)
{
	struct node node;
	bool was_met;

	node_init(&node, seed, dir);
	node.check.place.program = "crash_fault";
	node.check.place.cut = place;
	snprintf(node.check.place.what, sizeof node.check.place.what, ", %s number %llu: %s%s",
		sim_call_names[way->call], (unsigned long long)nth, strerror(way->error),
		way->fault == SIM_FAULT_SYNC_DROPS ? ", and dropped" : "");
	node.expects_failures = !way->is_absorbed;
	simfs_fail(node.fs, way->call, nth, way->fault, way->error);
	node_run(&node, STEPS);
	was_met = simfs_has_failed(node.fs);
	if (was_met) {
		counts->faults++;
		if (way->must_show && !node.failures && !node.failed_in_close)
			check_fail(&node.check, "%s failed with %s, and nobody was told",
				sim_call_names[way->call], strerror(way->error));
		CHECK(&node.check, !node.failures || !way->is_absorbed);
	}
	check_end(&node, seed + place);
	CHECK(&node.check, simfs_open_files(node.fs) == 0);
	counts->cuts += node.counts.cuts;
	counts->acked += node.counts.acked;
	node_done(&node);
	return was_met;
}

static void run_seed(uint64_t seed, uint64_t only, const char *dir, struct counts *counts)
{
	const uint64_t ways_count = sizeof ways / sizeof *ways;

	for (uint64_t i = only / WAY_STEP; i < ways_count; i++) {
		uint64_t nth = only ? only % WAY_STEP : 1;

		while (run_fault(seed, &ways[i], nth, i * WAY_STEP + nth, dir, counts) && !only)
			nth++;
		if (only)
			break;
	}
}

int main(int argc, char **argv)
{
	uint64_t seed = how_number(argc, argv, "--seed"), cut = how_number(argc, argv, "--cut");
	uint64_t seeds = how_torture() ? SEEDS_TORTURE : SEEDS;
	char dir[] = "/tmp/crash_fault.XXXXXX";
	struct counts counts = {0};

	if (!mkdtemp(dir))
		return fprintf(stderr, "cannot make %s: %s\n", dir, strerror(errno)), EXIT_FAILURE;
	if (seed)
		run_seed(seed, cut, dir, &counts);
	for (uint64_t i = 1; !seed && i <= seeds; i++)
		run_seed(i, 0, dir, &counts);
	rmdir(dir);
	printf("%llu faults injected, %llu power losses behind them, %llu times an acknowledged "
	       "change was looked for and found. None lost.\n",
		(unsigned long long)counts.faults, (unsigned long long)counts.cuts,
		(unsigned long long)counts.acked);
	return EXIT_SUCCESS;
}

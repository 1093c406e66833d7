/* crash_oom.c - memory runs out at each allocation of made-up workloads, once: core's own, zstd's
 * and SQLite's. The answer says so, and the log goes on.
 *
 * usage: crash_oom [--seed S [--cut N]]
 *
 * --cut N runs one: the kind of allocation, times KIND_STEP, and which of its kind. In the ordinary
 * run not every one of SQLite's is tried; with BK_TORTURE=1 in the environment all are. */
#include "how.h"
#include "node.h"
#include "oomplan.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SEEDS     3
#define STEPS     14
#define KIND_STEP 1000000
#define TRIES_MAX 175 /* of one kind and seed, in the ordinary run */

static const char *const kind_names[OOM_KINDS] = {"core", "zstd", "SQLite"};

/* Runs the workload of SEED with one allocation failing; false if there was no such one. */
static bool run_one(
	uint64_t seed, enum oom_kind kind, uint64_t nth, const char *dir, struct counts *counts)
{
	struct node node;
	struct rng rng = rng_of(seed, nth);
	struct simfs *disk;
	bool was_met;

	node_init(&node, seed, dir);
	node.check.place.program = "crash_oom";
	node.check.place.cut = kind * KIND_STEP + nth;
	snprintf(node.check.place.what, sizeof node.check.place.what, ", allocation %llu of %s's",
		(unsigned long long)nth, kind_names[kind]);
	node.expects_failures = true;
	node.only_code = BK_E_NOMEM;
	node.enter = oom_on;
	node.leave = oom_off;
	oom_fail(kind, nth);
	node_run(&node, STEPS);
	was_met = oom_was_met();
	counts->faults += was_met;
	disk = simfs_after_power_loss(node.fs, &rng);
	check_disk(&node.check, disk, node.model, &rng, 0);
	simfs_free(disk);
	CHECK(&node.check, simfs_open_files(node.fs) == 0);
	counts->acked += node.counts.acked;
	node_done(&node);
	return was_met;
}

/* How many allocations of KIND the workload of SEED has. */
static uint64_t count_all(uint64_t seed, enum oom_kind kind, const char *dir)
{
	struct counts ignored = {0};

	run_one(seed, kind, 0, dir, &ignored);
	return oom_count(kind);
}

static void run_seed(uint64_t seed, bool is_torture, const char *dir, struct counts *counts)
{
	for (unsigned kind = 0; kind < OOM_KINDS; kind++) {
		uint64_t all = count_all(seed, (enum oom_kind)kind, dir);
		uint64_t step = is_torture || all < TRIES_MAX ? 1 : all / TRIES_MAX;

		for (uint64_t nth = 1; nth <= all; nth += step)
			run_one(seed, (enum oom_kind)kind, nth, dir, counts);
	}
}

int main(int argc, char **argv)
{
	bool is_torture = how_torture();
	uint64_t seed = how_number(argc, argv, "--seed"), cut = how_number(argc, argv, "--cut");
	char dir[] = "/tmp/crash_oom.XXXXXX";
	struct counts counts = {0};

	if (!oom_begin() || !mkdtemp(dir))
		return fprintf(stderr, "cannot begin: %s\n", strerror(errno)), EXIT_FAILURE;
	if (cut)
		run_one(seed, (enum oom_kind)(cut / KIND_STEP), cut % KIND_STEP, dir, &counts);
	else if (seed)
		run_seed(seed, is_torture, dir, &counts);
	for (uint64_t i = 1; !seed && i <= SEEDS; i++)
		run_seed(i, is_torture, dir, &counts);
	rmdir(dir);
	printf("%llu allocations failed, %llu times an acknowledged change was looked for and "
	       "found. "
	       "None lost.\n",
		(unsigned long long)counts.faults, (unsigned long long)counts.acked);
	return EXIT_SUCCESS;
}

/* crash_cut.c - the power goes at every place of made-up workloads, and nothing acknowledged is
 * lost.
 *
 * usage: crash_cut [--cuts N] [--seed S [--cut C]]
 *
 * Without arguments it tries 2,000 power losses, with BK_TORTURE=1 in the environment a million.
 * --seed runs the one workload of that seed, --cut only the losses at its place C. */
#include "how.h"
#include "node.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CUTS_DEFAULT   2000
#define CUTS_TORTURE   1000000
#define STEPS_MAX      40
#define LOSSES         2 /* tried at each place */
#define THREAD_SEEDS   5 /* each so many-th workload has a follower's thread */
#define MANY_SEEDS     9 /* each so many-th is long: more keyframes than one link passes */
#define PLACES_SKIPPED 16

struct run {
	struct node node;
	uint64_t only_cut;
	bool is_long;
};

static void lose_power(void *ctx, struct simfs *fs)
{
	struct run *run = ctx;
	struct check check = run->node.check;

	check.place.cut = ++run->node.counts.points;
	if (run->only_cut && check.place.cut != run->only_cut)
		return;
	if (run->is_long && !run->only_cut && check.place.cut % PLACES_SKIPPED)
		return;
	for (unsigned loss = 0; loss < LOSSES; loss++) {
		struct rng rng = rng_of(check.place.seed, check.place.cut * LOSSES + loss);
		struct simfs *disk = simfs_after_power_loss(fs, &rng);

		check.place.loss = loss;
		run->node.counts.cuts++;
		check_disk(&check, disk, run->node.model, &rng, 0);
		simfs_free(disk);
	}
}

static void add_counts(struct counts *to, const struct counts *from)
{
	to->points += from->points;
	to->cuts += from->cuts;
	to->nested += from->nested;
	to->acked += from->acked;
	to->images += from->images;
	to->appends += from->appends;
}

static void run_seed(uint64_t seed, uint64_t cut, const char *dir, struct counts *counts)
{
	struct run run = {.only_cut = cut};
	struct rng rng = rng_of(seed, 3);

	node_init(&run.node, seed, dir);
	run.node.check.place.program = "crash_cut";
	run.node.has_thread = seed % THREAD_SEEDS == 0;
	run.is_long = seed % MANY_SEEDS == 0;
	simfs_set_hook(run.node.fs, lose_power, &run);
	node_run(&run.node, run.is_long ? 4 * STEPS_MAX : 1 + rng_below(&rng, STEPS_MAX));
	simfs_set_hook(run.node.fs, NULL, NULL);
	add_counts(counts, &run.node.counts);
	node_done(&run.node);
}

int main(int argc, char **argv)
{
	uint64_t wanted = how_number(argc, argv, "--cuts");
	uint64_t seed = how_number(argc, argv, "--seed");
	uint64_t cut = how_number(argc, argv, "--cut");
	char dir[] = "/tmp/crash_cut.XXXXXX";
	struct counts counts = {0};
	uint64_t workloads = 0;

	if (!mkdtemp(dir))
		return fprintf(stderr, "cannot make %s: %s\n", dir, strerror(errno)), EXIT_FAILURE;
	if (!wanted)
		wanted = how_torture() ? CUTS_TORTURE : CUTS_DEFAULT;
	if (seed) {
		run_seed(seed, cut, dir, &counts);
		workloads++;
	}
	while (!seed && counts.cuts < wanted)
		run_seed(++workloads, 0, dir, &counts);
	rmdir(dir);
	printf("%llu workloads, %llu places, %llu power losses (%llu during a recovery): "
	       "%llu times an acknowledged change was looked for and found, %llu images compared, "
	       "%llu changes appended afterwards. None lost.\n",
		(unsigned long long)workloads, (unsigned long long)counts.points,
		(unsigned long long)counts.cuts, (unsigned long long)counts.nested,
		(unsigned long long)counts.acked, (unsigned long long)counts.images,
		(unsigned long long)counts.appends);
	return EXIT_SUCCESS;
}

/* crash_replace.c - a file is replaced (bk/wholefile.h), and the power goes at every place, or a
 * call fails: the old or the new one stands there, whole; once it was said to be done, the new. */
#include "simfs.h"
#include <bk/wholefile.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH   "/node/backup.lock"
#define SIZE   1500 /* some sectors, so that it can be torn */
#define SEEDS  100
#define LOSSES 20

struct run {
	uint64_t seed, places, losses;
	bool is_done; /* the new file was said to be there */
};

static char old_text[SIZE], new_text[SIZE];

static void require(const struct run *run, bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "crash_replace: seed %llu, place %llu: %s\n", (unsigned long long)run->seed,
		(unsigned long long)run->places, what);
	abort();
}

static void check_disk(const struct run *run, struct simfs *disk)
{
	uint8_t *data;
	size_t size;

	require(run, simfs_peek(disk, PATH, &data, &size), "the file is gone");
	require(run, size == SIZE, "the file has another size");
	if (memcmp(data, new_text, SIZE) == 0)
		return;
	require(run, !run->is_done, "the new file was lost");
	require(run, memcmp(data, old_text, SIZE) == 0, "the file is neither old nor new");
}

static void lose_power(void *ctx, struct simfs *fs)
{
	struct run *run = ctx;

	run->places++;
	for (uint64_t i = 0; i < LOSSES; i++) {
		struct rng rng = rng_of(run->seed, run->places * LOSSES + i);
		struct simfs *disk = simfs_after_power_loss(fs, &rng);

		run->losses++;
		check_disk(run, disk);
		simfs_free(disk);
	}
}

/* Replaces the old file with the NTH call of kind CALL failing; NTH 0: none fails. False if there
 * is no such call. */
static bool replace(struct run *run, enum sim_call call, uint64_t nth)
{
	struct simfs *fs = simfs_new(run->seed);
	struct bk_error err;
	bool was_met;

	run->is_done = false;
	require(run, !bk_wholefile_replace(simfs_io(fs), PATH, old_text, SIZE, &err), "the old");
	simfs_set_hook(fs, lose_power, run);
	if (nth)
		simfs_fail(fs, call, nth, SIM_FAULT_ERROR, EIO);
	run->is_done = !bk_wholefile_replace(simfs_io(fs), PATH, new_text, SIZE, &err);
	was_met = simfs_has_failed(fs);
	require(run, run->is_done == !was_met, "a failure was not told, or none was");
	lose_power(run, fs);
	require(run, simfs_open_files(fs) == 0, "a file was left open");
	simfs_free(fs);
	return was_met;
}

int main(void)
{
	static const enum sim_call calls[] = {
		SIM_OPEN, SIM_PWRITE, SIM_DATASYNC, SIM_RENAME, SIM_SYNC_DIR, SIM_LOCK};
	struct run run = {0};
	unsigned faults = 0;

	memset(old_text, 'o', SIZE);
	memset(new_text, 'n', SIZE);
	for (run.seed = 1; run.seed <= SEEDS; run.seed++) {
		replace(&run, SIM_OPEN, 0);
		for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
			for (uint64_t nth = 1; replace(&run, calls[i], nth); nth++)
				faults++;
	}
	require(&run, faults >= SEEDS * sizeof calls / sizeof *calls, "a call was never made");
	printf("%llu places, %llu power losses, %u calls that failed: the old or the new file each "
	       "time.\n",
		(unsigned long long)run.places, (unsigned long long)run.losses, faults);
	return EXIT_SUCCESS;
}

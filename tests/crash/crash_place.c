/* crash_place.c - a place in a file (place_file.h) takes a log in runs of any size, and then its
 * successor, and the power goes at every call: what it had said to be on stable storage is there,
 * what it says afterwards is a piece of the log that ends with a frame, and it takes the rest. Then
 * each call fails once. */
#include "how.h"
#include "place_file.h"
#include "rng.h"
#include "simfs.h"
#include "store.h"
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH            "/disk/node.bkp"
#define FRAMES          24
#define LOG_MAX         ((size_t)64 << 10)
#define LOSSES          3
#define SEEDS           40
#define SEEDS_OF_FAULTS 4

/* A log of frames that mean nothing. */
struct source {
	uint8_t bytes[LOG_MAX];
	size_t size;
	struct log_header header;
};

struct run {
	uint64_t seed, places, losses;
	struct source logs[2]; /* the second succeeds the first */
	int log;               /* which is sent now */
	bool is_begun;         /* it stands in the place for certain */
	bool is_committed;     /* the second has the name for certain */
	uint64_t acknowledged; /* bytes of it */
};

static void require(const struct run *run, bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr,
		"crash_place: seed %llu, place %llu, log %d: %s\nagain: crash_place --seed %llu\n",
		(unsigned long long)run->seed, (unsigned long long)run->places, run->log, what,
		(unsigned long long)run->seed);
	abort();
}

static void make_log(struct source *log, struct rng *rng, const uint8_t *predecessor)
{
	uint64_t sum;

	for (size_t i = 0; i < LOG_ID_SIZE; i++)
		log->header.id[i] = (uint8_t)rng_next(rng);
	if (predecessor)
		memcpy(log->header.predecessor, predecessor, LOG_ID_SIZE);
	bk_header_encode(log->bytes, &log->header);
	log->size = LOG_HEADER_SIZE;
	sum = log->header.sum;
	for (int i = 0; i < FRAMES; i++) {
		uint8_t *at = log->bytes + log->size;
		struct frame_head head = {.kind = FRAME_PAGES,
			.size = rng_below(rng, rng_chance(rng, 20) ? 4000 : 200),
			.chain = (uint32_t)sum};

		for (size_t n = 0; n < head.size; n++)
			at[FRAME_HEAD_SIZE + n] = (uint8_t)rng_next(rng);
		bk_frame_finish(at, &head, log->header.seed + log->size);
		log->size += (size_t)bk_frame_size(&head);
		sum = head.sum;
		assert(log->size < LOG_MAX - 8192);
	}
}

/* What PLACE says of LOG is so, and enough. */
static void check_told(const struct run *run, struct place *place, const struct place_log *told,
	const struct source *log, uint64_t least)
{
	static uint8_t bytes[LOG_MAX];
	struct bk_error err;
	size_t got;

	require(run, told->end <= log->size && told->durable <= told->end, "it says too much");
	require(run, told->end >= least, "what was acknowledged is not there");
	if (memcmp(told->id, log->header.id, LOG_ID_SIZE) != 0)
		return;
	if (place->ops->read(place, told->id, 0, bytes, sizeof bytes, &got, &err))
		return; /* the coming one cannot be read */
	require(run, got == told->end, "it gives less than it says");
	require(run, memcmp(bytes, log->bytes, got) == 0, "it gives other bytes");
}

/* Brings PLACE to the end of LOG by one call; false where it says a failure. */
static bool send_rest(
	struct place *place, const struct source *log, uint64_t from, struct bk_error *err)
{
	return !place->ops->append(place, log->header.id, from, log->bytes + from,
		(size_t)(log->size - from), true, err);
}

static void check_disk(const struct run *run, struct simfs *disk)
{
	const struct source *first = &run->logs[0], *second = &run->logs[1];
	struct place_head head;
	struct place *place;
	struct bk_error err;
	bool is_second;

	require(run, !bk_place_file(&place, simfs_io(disk), PATH, &err), "no memory");
	require(run, !place->ops->head(place, &head, &err), err.msg);
	is_second = head.now.is_there && memcmp(head.now.id, second->header.id, LOG_ID_SIZE) == 0;
	require(run, head.now.is_there || (!run->log && !run->is_begun), "the place is empty");
	require(run, !run->is_committed || is_second, "the successor lost its name");
	if (head.now.is_there && !is_second)
		check_told(
			run, place, &head.now, first, run->log ? first->size : run->acknowledged);
	if (is_second)
		check_told(run, place, &head.now, second, second->size);
	if (head.coming.is_there)
		check_told(run, place, &head.coming, second, run->log ? run->acknowledged : 0);
	else
		require(run, !run->log || !run->is_begun || is_second, "what was coming is gone");
	/* It takes the rest. */
	if (!head.now.is_there)
		require(run, !place->ops->begin(place, first->bytes, PLACE_SUCCEEDS, &err),
			err.msg);
	require(run, !place->ops->head(place, &head, &err), err.msg);
	require(run, send_rest(place, is_second ? second : first, head.now.end, &err), err.msg);
	require(run, !place->ops->head(place, &head, &err), err.msg);
	require(run, head.now.durable == (is_second ? second : first)->size, "it is not level");
	place->ops->close(place);
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

/* Where the last frame ends that is whole in the first AT bytes. */
static uint64_t whole(const struct source *log, uint64_t at)
{
	uint64_t end = LOG_HEADER_SIZE;
	struct frame_head head;

	while (end + FRAME_HEAD_SIZE <= at && bk_frame_plausible(&head, log->bytes + end) &&
		end + bk_frame_size(&head) <= at)
		end += bk_frame_size(&head);
	return end;
}

/* Sends the log under way; false if a call failed. */
static bool send_log(struct run *run, struct place *place, struct rng *rng)
{
	const struct source *log = &run->logs[run->log];
	uint64_t at = LOG_HEADER_SIZE;
	struct bk_error err;

	run->acknowledged = 0;
	run->is_begun = false;
	if (place->ops->begin(place, log->bytes, PLACE_SUCCEEDS, &err))
		return false;
	run->is_begun = true;
	while (at < log->size) {
		size_t size = rng_below(rng, 3000) + 1;
		bool sync;

		if (size > log->size - at)
			size = (size_t)(log->size - at);
		sync = at + size == log->size || rng_chance(rng, 30);
		if (place->ops->append(
			    place, log->header.id, at, log->bytes + at, size, sync, &err))
			return false;
		at += size;
		if (sync)
			run->acknowledged = whole(log, at);
	}
	return true;
}

static bool send_both(struct run *run, struct place *place, struct rng *rng)
{
	struct bk_error err;

	run->log = 0;
	run->is_committed = false;
	if (!send_log(run, place, rng))
		return false;
	run->log = 1;
	if (!send_log(run, place, rng) || place->ops->commit(place, run->logs[1].header.id, &err))
		return false;
	run->is_committed = true;
	return true;
}

static void prepare(struct run *run, uint64_t seed)
{
	struct rng rng = rng_of(seed, 1);

	*run = (struct run){.seed = seed};
	make_log(&run->logs[0], &rng, NULL);
	make_log(&run->logs[1], &rng, run->logs[0].header.id);
}

static void run_cuts(struct run *run)
{
	struct rng rng = rng_of(run->seed, 2);
	struct simfs *fs = simfs_new(run->seed);
	struct place *place;
	struct bk_error err;

	require(run, !bk_place_file(&place, simfs_io(fs), PATH, &err), "no memory");
	simfs_set_hook(fs, lose_power, run);
	require(run, send_both(run, place, &rng), "a call failed");
	lose_power(run, fs);
	place->ops->close(place);
	require(run, simfs_open_files(fs) == 0, "a file was left open");
	simfs_free(fs);
}

/* It was brought level, by who came after a failure: no power loss takes that away. */
static void check_level(struct run *run, struct simfs *fs)
{
	struct rng rng = rng_of(run->seed, run->places);
	struct simfs *disk = simfs_after_power_loss(fs, &rng);
	struct place_head head;
	struct place *place;
	struct bk_error err;
	bool is_first;

	require(run, !bk_place_file(&place, simfs_io(disk), PATH, &err), "no memory");
	require(run, !place->ops->head(place, &head, &err), err.msg);
	is_first = memcmp(head.now.id, run->logs[0].header.id, LOG_ID_SIZE) == 0;
	require(run, head.now.end == run->logs[is_first ? 0 : 1].size,
		"what came after a failure was lost");
	place->ops->close(place);
	simfs_free(disk);
}

/* The NTH call of kind CALL fails as FAULT has it: then what the disk holds after a power loss is
 * still enough, and the place, opened anew, takes the rest. False if there is no such call. */
static bool run_fault(struct run *run, enum sim_call call, uint64_t nth, enum sim_fault fault)
{
	struct rng rng = rng_of(run->seed, 2);
	struct simfs *fs = simfs_new(run->seed);
	struct place *place;
	struct bk_error err;
	bool was_met;

	require(run, !bk_place_file(&place, simfs_io(fs), PATH, &err), "no memory");
	simfs_fail(fs, call, nth, fault, EIO);
	(void)send_both(run, place, &rng);
	was_met = simfs_has_failed(fs);
	simfs_fail(fs, call, 0, fault, EIO);
	run->places = nth;
	lose_power(run, fs);
	place->ops->close(place);
	require(run, simfs_open_files(fs) == 0, "a file was left open");
	check_disk(run, fs);
	check_level(run, fs);
	simfs_free(fs);
	return was_met;
}

int main(int argc, char **argv)
{
	static const enum sim_call calls[] = {SIM_OPEN, SIM_PREAD, SIM_PWRITE, SIM_DATASYNC,
		SIM_TRUNCATE, SIM_STAT, SIM_LOCK, SIM_RENAME, SIM_RENAME_NEW, SIM_UNLINK,
		SIM_SYNC_DIR};
	uint64_t only = how_number(argc, argv, "--seed");
	unsigned long long places = 0, losses = 0, faults = 0;
	static struct run run;

	for (uint64_t seed = only ? only : 1; seed <= (only ? only : SEEDS); seed++) {
		prepare(&run, seed);
		run_cuts(&run);
		places += run.places;
		losses += run.losses;
	}
	for (uint64_t seed = 1; seed <= SEEDS_OF_FAULTS; seed++)
		for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
			for (int fault = 0; fault < SIM_FAULTS; fault++)
				for (uint64_t nth = 1;; nth++) {
					prepare(&run, seed);
					if (!run_fault(&run, calls[i], nth, (enum sim_fault)fault))
						break;
					faults++;
				}
	if (!only)
		require(&run, places > 1000 && faults > 1000, "hardly anything was tried");
	printf("%llu places, %llu power losses, %llu calls that failed: what a place had "
	       "acknowledged was there.\n",
		places, losses, faults);
	return EXIT_SUCCESS;
}

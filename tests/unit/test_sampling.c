/* test_sampling.c - where a version stands in a log, found by looking at many places (sampling.h).
 */
#include "frame.h"
#include "sampling.h"
#include "spread.h"
#include "support.h"

SUITE(sampling);

/* A log of COUNT frames of SIZES from a seed, each a version; offsets of all. */
#define FRAMES 20000

static uint64_t offsets[FRAMES + 1];
static struct sampling sampling;
static struct test_io io;
static struct file file;

static void make_log(uint64_t random)
{
	FILE *out = fopen(scratch("log"), "wb");
	static uint8_t frame[4096];
	uint64_t at = LOG_HEADER_SIZE;

	cr_assert(out && fwrite(frame, LOG_HEADER_SIZE, 1, out) == 1);
	for (uint32_t i = 0; i < FRAMES; i++) {
		struct frame_head head = {.kind = FRAME_CHANGE,
			.size = (uint32_t)(100 +
					   random_next(&random) % (i < FRAMES / 2 ? 300 : 3000)),
			.version = i + 1};

		for (size_t n = 0; n < head.size; n++)
			frame[FRAME_HEAD_SIZE + n] = (uint8_t)random_next(&random);
		bk_frame_finish(frame, &head, at);
		cr_assert(fwrite(frame, (size_t)bk_frame_size(&head), 1, out) == 1);
		offsets[i] = at;
		at += bk_frame_size(&head);
	}
	offsets[FRAMES] = at;
	fclose(out);
	test_io_init(&io);
	ok(bk_file_open(&file, &io.io, scratch("log"), BK_IO_READ, why()));
}

/* Each version is between what was found, and near. */
Test(sampling, a_version_is_found_in_few_rounds)
{
	make_log(7);
	for (uint32_t version = 100; version < FRAMES; version += 997) {
		struct sample low, high,
			ends[] = {{offsets[0], 0, 1}, {offsets[FRAMES - 1], 0, FRAMES}};

		sampling.count = 0;
		for (size_t i = 0; i < COUNT_OF(ends); i++)
			bk_sampling_add(&sampling, &ends[i]);
		cr_assert(bk_sampling_search(
			&sampling, &file, version, 64 << 10, offsets[FRAMES], &low, &high));
		cr_assert(low.version <= version && high.version > version);
		cr_assert(
			low.at == offsets[low.version - 1] && high.at == offsets[high.version - 1]);
		cr_assert(high.at - low.at < 512 << 10, "%u: %llu bytes", version,
			(unsigned long long)(high.at - low.at));
	}
	bk_file_close(&file);
}

Test(sampling, what_is_not_between_is_not_found)
{
	const struct sample all[] = {{500, 0, 5}, {100, 0, 1}, {300, 0, 3}, {300, 0, 4}};
	struct sample low, high;

	for (size_t i = 0; i < COUNT_OF(all); i++)
		bk_sampling_add(&sampling, &all[i]);
	cr_assert(sampling.count == 3 && sampling.all[0].at == 100 && sampling.all[2].at == 500);
	cr_assert(!bk_sampling_bracket(&sampling, 0, &low, &high));
	cr_assert(!bk_sampling_bracket(&sampling, 5, &low, &high));
	cr_assert(
		bk_sampling_bracket(&sampling, 4, &low, &high) && low.at == 300 && high.at == 500);
	cr_assert(bk_sampling_guess(&low, &high, 4) == 400);
}

/* More than there is room for. */
Test(sampling, has_a_limit)
{
	for (uint64_t i = 0; i < 2 * SAMPLES_MAX; i++)
		bk_sampling_add(&sampling, &(struct sample){i * 7 % 5003, 0, 1});
	cr_assert(sampling.count == SAMPLES_MAX);
	for (size_t i = 1; i < sampling.count; i++)
		cr_assert(sampling.all[i - 1].at < sampling.all[i].at);
}

/* Evenly, up to the end, and so that no two want the same slot of a cache of 128 by 4 blocks. */
Test(sampling, places_are_spread)
{
	for (uint64_t end = 0; end < (uint64_t)1 << 42; end = end * 5 / 4 + 99991) {
		uint64_t places[SPREAD_MOST], before = 0;
		size_t count = bk_spread(end, places), slots[128] = {0};

		cr_assert(count <= SPREAD_MOST && (count || end < (uint64_t)4 << 20));
		for (size_t i = 0; i < count; i++) {
			cr_assert(places[i] - before == places[0]);
			cr_assert(++slots[places[i] / SPREAD_BLOCK % 128] == 1);
			before = places[i];
		}
		cr_assert(!count || (before + SPREAD_BYTES < end && end - before <= 3 * places[0]));
	}
}

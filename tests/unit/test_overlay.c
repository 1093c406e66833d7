/* test_overlay.c - the pages that a replay has written, over a database that never changes
 * (overlay.h). */
#include "overlay.h"
#include "support.h"

SUITE(overlay);

#define PAGE_SIZE 512
#define BELOW     50 /* pages of the database below, each filled with its number */

struct bed {
	struct test_io io;
	struct overlay overlay;
	unsigned reads; /* of what lies below */
	bool fails;
};

static enum bk_code read_below(void *ctx, uint32_t page, void *dst, struct bk_error *err)
{
	struct bed *bed = ctx;

	cr_assert(page >= 1 && page <= BELOW);
	bed->reads++;
	if (bed->fails)
		return bk_fail(err, BK_E_DAMAGE, 0, "page %u is damaged", page);
	memset(dst, (int)page, PAGE_SIZE);
	return BK_OK;
}

static struct overlay *bed_begin(struct bed *bed, size_t memory_max)
{
	struct overlay *overlay = &bed->overlay;

	*bed = (struct bed){.reads = 0};
	test_io_init(&bed->io);
	bk_overlay_init(overlay, &bed->io.io, "/tmp", memory_max);
	overlay->store.page_size = PAGE_SIZE;
	overlay->store.page_count = overlay->below_count = BELOW;
	overlay->read_below = read_below;
	overlay->below = bed;
	return overlay;
}

static void put(struct overlay *overlay, uint32_t page, uint8_t fill)
{
	uint8_t bytes[PAGE_SIZE];

	memset(bytes, fill, sizeof bytes);
	ok(overlay->store.write(&overlay->store, page, bytes, why()));
}

/* What PAGE is filled with. */
static uint8_t get(struct overlay *overlay, uint32_t page)
{
	uint8_t bytes[PAGE_SIZE];

	ok(overlay->store.read(&overlay->store, page, bytes, why()));
	for (size_t i = 1; i < sizeof bytes; i++)
		cr_assert(bytes[i] == bytes[0]);
	return bytes[0];
}

static void cut(struct overlay *overlay, uint32_t page_count)
{
	ok(overlay->store.truncate(&overlay->store, page_count, why()));
}

static void check_dirty(struct overlay *overlay, const uint32_t *want, size_t count)
{
	size_t found = 0;
	uint32_t *pages = bk_overlay_dirty(overlay, &found);

	cr_assert(pages && found == count, "%zu pages are dirty", found);
	for (size_t i = 0; i < count; i++)
		cr_assert(pages[i] == want[i], "page %u is dirty", pages[i]);
	free(pages);
}

Test(overlay, reads_what_was_written_else_what_lies_below)
{
	struct bed bed;
	struct overlay *overlay = bed_begin(&bed, 1 << 20);

	cr_assert(get(overlay, 7) == 7 && bed.reads == 1);
	put(overlay, 7, 100);
	cr_assert(get(overlay, 7) == 100 && get(overlay, 8) == 8 && bed.reads == 2);
	put(overlay, 7, 101);
	cr_assert(get(overlay, 7) == 101 && bk_overlay_has(overlay, 7) &&
		  !bk_overlay_has(overlay, 8));
	check_dirty(overlay, (const uint32_t[]){7}, 1);
	bed.fails = true;
	cr_assert(get(overlay, 7) == 101);
	fails(BK_E_DAMAGE, overlay->store.read(&overlay->store, 8, (uint8_t[PAGE_SIZE]){0}, why()));
	bk_overlay_done(overlay);
}

/* "written, or new and never written (they read as zeros). Ascending" */
Test(overlay, grows)
{
	struct bed bed;
	struct overlay *overlay = bed_begin(&bed, 1 << 20);

	put(overlay, BELOW + 3, 200);
	put(overlay, 2, 201);
	cr_assert(overlay->store.page_count == BELOW + 3);
	cr_assert(get(overlay, BELOW + 1) == 0 && get(overlay, BELOW + 3) == 200 && bed.reads == 0);
	check_dirty(overlay, (const uint32_t[]){2, BELOW + 1, BELOW + 2, BELOW + 3}, 4);
	bk_overlay_done(overlay);
}

/* "A page that was written, cut off and is within the database again must read as zeros"; so must
 * one of the database below: "a cut hides what it cuts". */
Test(overlay, pages_cut_off_and_grown_again_are_zeros)
{
	for (size_t memory_max = 1; memory_max < 1 << 20; memory_max += (1 << 20) - 2) {
		struct bed bed;
		struct overlay *overlay = bed_begin(&bed, memory_max);

		put(overlay, 45, 200);
		put(overlay, 3, 201);
		cut(overlay, 40);
		cr_assert(overlay->store.page_count == 40);
		check_dirty(overlay, (const uint32_t[]){3}, 1);
		put(overlay, 46, 202);
		for (uint32_t page = 41; page <= 45; page++)
			cr_assert(get(overlay, page) == 0, "page %u", page);
		cr_assert(get(overlay, 46) == 202 && get(overlay, 40) == 40 &&
			  get(overlay, 3) == 201);
		check_dirty(overlay, (const uint32_t[]){3, 41, 42, 43, 44, 45, 46}, 7);
		bk_overlay_done(overlay);
	}
}

Test(overlay, a_cut_to_more_only_grows)
{
	struct bed bed;
	struct overlay *overlay = bed_begin(&bed, 1 << 20);

	cut(overlay, BELOW + 2);
	cr_assert(overlay->store.page_count == BELOW + 2 && get(overlay, BELOW + 2) == 0 &&
		  get(overlay, BELOW) == BELOW);
	cut(overlay, 0);
	cr_assert(overlay->store.page_count == 0);
	check_dirty(overlay, NULL, 0);
	bk_overlay_done(overlay);
}

/* Random writes, cuts and reads against an array, with all, some and no pages in memory. */
Test(overlay, does_what_an_array_does)
{
	static const size_t memories[] = {1 << 20, 100 * PAGE_SIZE, 17 * PAGE_SIZE + 1, 1};
	uint64_t seed = test_seed();

	for (size_t m = 0; m < COUNT_OF(memories); m++) {
		struct bed bed;
		struct overlay *overlay = bed_begin(&bed, memories[m]);
		uint8_t model[700];
		uint32_t count = BELOW;

		for (uint32_t i = 0; i < COUNT_OF(model); i++)
			model[i] = i < BELOW ? (uint8_t)(i + 1) : 0;
		for (unsigned i = 0; i < 5000; i++) {
			uint32_t at = (uint32_t)(random_next(&seed) % COUNT_OF(model));

			if (i % 100 == 99) {
				cut(overlay, at);
				for (count = at; at < COUNT_OF(model); at++)
					model[at] = 0;
			} else if (i % 3) {
				put(overlay, at + 1, (uint8_t)i);
				model[at] = (uint8_t)i;
				count = at + 1 > count ? at + 1 : count;
			} else if (at < count) {
				cr_assert(get(overlay, at + 1) == model[at], "step %u, page %u", i,
					at + 1);
			}
			cr_assert(overlay->store.page_count == count);
		}
		cr_assert(bed.io.calls[OP_OPEN_TEMP] == (m != 0), "one temporary file, if any");
		bk_overlay_done(overlay);
	}
}

Test(overlay, what_the_system_refuses)
{
	struct bed bed;
	struct overlay *overlay = bed_begin(&bed, 1);
	uint8_t bytes[PAGE_SIZE] = {9};

	test_io_fail(&bed.io, OP_OPEN_TEMP, 1, -13);
	fails(BK_E_IO, overlay->store.write(&overlay->store, 5, bytes, why()));
	test_io_fail(&bed.io, OP_WRITE, 1, -28);
	fails(BK_E_IO, overlay->store.write(&overlay->store, 5, bytes, why()));
	cr_assert(!bk_overlay_has(overlay, 5) && get(overlay, 5) == 5,
		"outputs are written only on success");
	put(overlay, 5, 77);
	test_io_fail(&bed.io, OP_READ, 1, -5);
	fails(BK_E_IO, overlay->store.read(&overlay->store, 5, bytes, why()));
	test_io_fail(&bed.io, OP_READ, 1, 0); /* the file was cut by somebody */
	fails(BK_E_IO, overlay->store.read(&overlay->store, 5, bytes, why()));
	says("lost what was written");
	cr_assert(get(overlay, 5) == 77);
	bk_overlay_done(overlay);
}

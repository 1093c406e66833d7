/* test_parts.c - which parts of a log are got from afar, in which order (parts.h). */
#include "parts.h"
#include "support.h"

SUITE(parts);

static struct parts parts;

static uint64_t take(void)
{
	struct part *part = bk_parts_take(&parts, SIZE_MAX);

	return part ? part->offset : UINT64_MAX;
}

/* What somebody waits for comes before what is foreseen, each in its own order. */
Test(parts, who_waits_comes_first)
{
	cr_assert(take() == UINT64_MAX);
	cr_assert(bk_parts_foresee(&parts, 100, 10) && bk_parts_foresee(&parts, 200, 10));
	cr_assert(bk_parts_foresee(&parts, 300, 10));
	cr_assert(bk_parts_need(&parts, 400, 10) && bk_parts_need(&parts, 350, 10));
	bk_parts_hurry(&parts, bk_parts_find(&parts, 309), 309);
	cr_assert(parts.count == 5 && parts.wanted == 5);
	cr_assert(take() == 400 && take() == 350 && take() == 300 && take() == 100);
	cr_assert(parts.wanted == 1 && parts.coming == 40);
	cr_assert(!bk_parts_find(&parts, 99) && !bk_parts_find(&parts, 110));
	cr_assert(bk_parts_find(&parts, 109)->state == PART_COMING);
	bk_parts_drop(&parts, bk_parts_find(&parts, 100));
	cr_assert(!bk_parts_find(&parts, 100) && parts.coming == 30 && parts.count == 4);
}

Test(parts, which_one_begins_next)
{
	cr_assert(bk_parts_next(&parts, 0, 1000) == 1000);
	cr_assert(bk_parts_foresee(&parts, 500, 10) && bk_parts_foresee(&parts, 300, 10));
	cr_assert(bk_parts_next(&parts, 0, 1000) == 300 && bk_parts_next(&parts, 300, 1000) == 500);
	cr_assert(bk_parts_next(&parts, 0, 200) == 200);
}

/* Where there is no room, what is foreseen gives way to what is needed, and nothing to what is
 * foreseen. */
Test(parts, there_is_room_for_what_is_needed)
{
	for (uint64_t i = 0; i < PARTS_MAX; i++)
		cr_assert(bk_parts_foresee(&parts, i * 10, 10));
	cr_assert(!bk_parts_foresee(&parts, 1000000, 10));
	cr_assert(bk_parts_need(&parts, 1000000, 10) && parts.count == PARTS_MAX);
	cr_assert(!bk_parts_find(&parts, (PARTS_MAX - 1) * 10) && take() == 1000000);
	while (take() != UINT64_MAX)
		;
	cr_assert(!bk_parts_need(&parts, 2000000, 10));
}

/* Of what is foreseen only so much is under way; what is needed does not wait for that. */
Test(parts, little_is_under_way)
{
	cr_assert(bk_parts_foresee(&parts, 0, 2 * PARTS_COMING_MAX));
	cr_assert(bk_parts_foresee(&parts, 4 * PARTS_COMING_MAX, 10));
	cr_assert(!bk_parts_take(&parts, 10) && take() == 0 && take() == UINT64_MAX);
	cr_assert(bk_parts_need(&parts, 3 * PARTS_COMING_MAX, 10));
	cr_assert(take() == 3 * PARTS_COMING_MAX && take() == UINT64_MAX);
	bk_parts_drop(&parts, bk_parts_find(&parts, 0));
	cr_assert(take() == 4 * PARTS_COMING_MAX);
}

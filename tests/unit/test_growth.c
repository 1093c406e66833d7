/* test_growth.c - how much space a day takes (plugin/beside/growth.h). */
#include "growth.h"
#include "support.h"

SUITE(growth);

#define MINUTE ((int64_t)60 * 1000000)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)
#define MB     ((uint64_t)1000000)
#define GB     (1000 * MB)

static const struct row {
	uint64_t grown;
	int64_t observed;
	uint64_t need;
} rows[] = {
	{0, 0, 0},
	{20 * GB, 0, 0},
	{20 * GB, -MINUTE, 0},
	/* "a minute says nothing of a day", and nothing is assumed */
	{20 * GB, MINUTE, 0},
	{20 * GB, HOUR - 1, 0},
	{10 * MB, HOUR, 240 * MB},
	{10 * MB, 2 * HOUR, 120 * MB},
	{10 * MB, 12 * HOUR, 20 * MB},
	{100 * MB, DAY, 100 * MB},
	{1000 * MB, 10 * DAY, 100 * MB},
	{0, 10 * DAY, 0},
};

Test(growth, space_for_a_day)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		cr_assert_eq(space_for_a_day(rows[i].grown, rows[i].observed), rows[i].need,
			"row %zu", i);
}

/* A log that was made two hours ago, with a snapshot of 20 GB: that is no growth of a day. Nor is a
 * snapshot that is taken meanwhile. */
Test(growth, snapshots_do_not_count)
{
	struct growth growth = {0};

	growth_begin(&growth, 20 * GB, 5 * HOUR);
	cr_assert_eq(growth_for_a_day(&growth, 20 * GB + MB, 7 * HOUR), 12 * MB);
	growth_skip(&growth, 20 * GB);
	cr_assert_eq(growth_for_a_day(&growth, 40 * GB + MB, 8 * HOUR), 8 * MB);
	cr_assert_eq(growth_for_a_day(&growth, 40 * GB + 100 * MB, 15 * HOUR), 240 * MB);
}

/* "as the day before, or as it looks since then if that is more" */
Test(growth, the_day_before_is_remembered)
{
	struct growth growth = {0};

	growth_begin(&growth, 0, 0);
	cr_assert_eq(growth_for_a_day(&growth, 500 * MB, DAY), 500 * MB);
	cr_assert_eq(growth_for_a_day(&growth, 501 * MB, DAY + 2 * HOUR), 500 * MB);
	cr_assert_eq(growth_for_a_day(&growth, 600 * MB, DAY + 2 * HOUR), 1200 * MB);
	cr_assert_eq(growth_for_a_day(&growth, 700 * MB, 2 * DAY), 200 * MB);
	cr_assert_eq(growth_for_a_day(&growth, 701 * MB, 2 * DAY + HOUR), 200 * MB);
}

/* What a snapshot that failed took is cut off again. */
Test(growth, a_log_may_become_shorter)
{
	struct growth growth = {0};

	growth_begin(&growth, GB, 0);
	cr_assert_eq(growth_for_a_day(&growth, GB - MB, 2 * HOUR), 0);
}

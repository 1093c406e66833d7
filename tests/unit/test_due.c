/* test_due.c - when it is looked into whether a log is to be compacted (plugin/beside/due.h). */
#include "due.h"
#include "support.h"

SUITE(due);

#define MINUTE_MS INT64_C(60000)

static const struct bk_policy half = {.bytes_max = 500000};

Test(due, only_with_a_policy_and_some_growth)
{
	static const struct bk_policy all;
	struct due due;

	due_init(&due, 1000);
	cr_assert(!due_is(&due, &half, 1000000, 1000));
	cr_assert(due_is(&due, &half, 1000000, 1000 + MINUTE_MS));
	cr_assert(!due_is(&due, &all, 1000000, 1000 + MINUTE_MS));
	due_looked(&due, 1000000, MINUTE_MS);
	cr_assert(!due_is(&due, &half, 1060000, 2 * MINUTE_MS));
	cr_assert(due_is(&due, &half, 1070000, 2 * MINUTE_MS));
	due_looked(&due, 100000000, MINUTE_MS);
	cr_assert(!due_is(&due, &half, 106000000, 2 * MINUTE_MS));
	cr_assert(due_is(&due, &half, 107000000, 2 * MINUTE_MS));
}

Test(due, failures_are_tried_again_more_and_more_rarely)
{
	struct due due;
	int64_t wait_ms;

	due_init(&due, 0);
	wait_ms = due_failed(&due, 0);
	cr_assert_eq(wait_ms, 5 * MINUTE_MS);
	cr_assert(!due_is(&due, &half, 1000000, wait_ms - 1));
	cr_assert(due_is(&due, &half, 1000000, wait_ms));
	cr_assert_eq(due_failed(&due, 0), 10 * MINUTE_MS);
	for (int i = 0; i < 20; i++)
		wait_ms = due_failed(&due, 0);
	cr_assert_eq(wait_ms, 24 * 60 * MINUTE_MS);
	due_done(&due, 1000);
	cr_assert_eq(due_failed(&due, 0), 5 * MINUTE_MS);
}

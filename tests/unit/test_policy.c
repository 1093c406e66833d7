/* test_policy.c - which versions a policy keeps. */
#include "support.h"
#include <bk/policy.h>

SUITE(policy);

#define HOUR INT64_C(3600000000)
#define DAY  (24 * HOUR)
#define NOW  TEST_NOW_US

static const struct bk_policy example = {.all_us = 30 * DAY,
	.hourly_us = 90 * DAY,
	.daily_us = 5 * 365 * DAY,
	.monthly_us = BK_POLICY_EVER};

/* COUNT versions, STEP apart, the last at NOW. */
static struct bk_aged *steps(size_t count, int64_t step)
{
	struct bk_aged *versions = calloc(count, sizeof *versions);

	cr_assert(versions);
	for (size_t i = 0; i < count; i++)
		versions[i] = (struct bk_aged){
			.version = (uint32_t)i, .time_us = NOW - (int64_t)(count - 1 - i) * step};
	return versions;
}

static size_t count_kept(const struct bk_aged *versions, size_t count, enum bk_kept kept)
{
	size_t found = 0;

	for (size_t i = 0; i < count; i++)
		found += versions[i].kept == kept;
	return found;
}

Test(policy, without_one_every_version_is_kept)
{
	struct bk_policy none = {.bytes_max = 1000};
	struct bk_aged *versions = steps(1000, DAY);

	cr_assert(bk_policy_keeps_all(&none) && !bk_policy_keeps_all(&example));
	bk_policy_apply(&none, versions, 1000);
	cr_assert(count_kept(versions, 1000, BK_KEPT_ALL) == 1000);
	free(versions);
}

Test(policy, keeps_all_then_the_newest_of_each_hour_day_and_month)
{
	const size_t count = 4 * 24 * 365 * 6;
	struct bk_aged *versions = steps(count, HOUR / 4);
	size_t all, hourly, daily, monthly;

	bk_policy_apply(&example, versions, count);
	all = count_kept(versions, count, BK_KEPT_ALL);
	hourly = count_kept(versions, count, BK_KEPT_HOURLY);
	daily = count_kept(versions, count, BK_KEPT_DAILY);
	monthly = count_kept(versions, count, BK_KEPT_MONTHLY);
	cr_assert(all == 30 * 24 * 4 + 1, "%zu", all);
	cr_assert(hourly >= 60 * 24 && hourly <= 60 * 24 + 1, "%zu", hourly);
	cr_assert(daily >= 1735 && daily <= 1737, "%zu", daily);
	cr_assert(monthly >= 12 && monthly <= 13, "%zu", monthly);
	for (size_t i = 0; i + 1 < count; i++)
		if (versions[i].kept == BK_KEPT_HOURLY)
			cr_assert(versions[i].time_us / HOUR != versions[i + 1].time_us / HOUR);
	free(versions);
}

/* What one compaction kept, the next one keeps, as long as it is of that age. */
Test(policy, is_stable)
{
	const size_t count = 24 * 365;
	struct bk_aged *versions = steps(count, HOUR / 2);
	size_t kept = 0;

	bk_policy_apply(&example, versions, count);
	for (size_t i = 0; i < count; i++)
		if (versions[i].kept != BK_KEPT_NOT)
			versions[kept++] = versions[i];
	cr_assert(kept < count);
	bk_policy_apply(&example, versions, kept);
	cr_assert(count_kept(versions, kept, BK_KEPT_NOT) == 0);
	free(versions);
}

Test(policy, a_step_of_the_clock_makes_nothing_old)
{
	static const int64_t jumps[] = {20 * 365 * DAY, -20 * 365 * DAY};

	for (size_t j = 0; j < COUNT_OF(jumps); j++) {
		struct bk_aged *versions = steps(1000, HOUR / 10);

		for (size_t i = 500; i < 1000; i++)
			versions[i].time_us += jumps[j];
		bk_policy_apply(&example, versions, 1000);
		cr_assert(count_kept(versions, 1000, BK_KEPT_ALL) == 1000, "jump %zu", j);
		free(versions);
	}
}

Test(policy, the_newest_is_kept_whatever_it_says)
{
	struct bk_policy least = {.all_us = 1};
	struct bk_aged *versions = steps(3, DAY);

	bk_policy_apply(&least, versions, 3);
	cr_assert(versions[2].kept == BK_KEPT_ALL && versions[1].kept == BK_KEPT_NOT);
	bk_policy_apply(&least, versions, 0);
	free(versions);
}

Test(policy, times_at_the_ends_of_what_is_possible)
{
	struct bk_aged versions[] = {{.time_us = INT64_MIN}, {.time_us = INT64_MAX},
		{.time_us = INT64_MIN}, {.time_us = 0}, {.time_us = INT64_MAX}};

	bk_policy_apply(&example, versions, COUNT_OF(versions));
	cr_assert(count_kept(versions, COUNT_OF(versions), BK_KEPT_ALL) == COUNT_OF(versions));
}

Test(policy, ages_and_sizes_as_people_write_them)
{
	static const struct {
		const char *text;
		int64_t want;
	} ages[] = {{"0", 0}, {"12h", 12 * HOUR}, {"30d", 30 * DAY}, {"2w", 14 * DAY},
		{"6m", 180 * DAY}, {"5y", 5 * 365 * DAY}, {"forever", BK_POLICY_EVER}};
	static const char *const bad[] = {"", "d", "30", "-3d", "3 d", "3dd", "3D",
		"9999999999999y", "99999999999999999999d"};
	uint64_t bytes;
	int64_t age;

	for (size_t i = 0; i < COUNT_OF(ages); i++) {
		ok(bk_policy_age(ages[i].text, &age, why()));
		cr_assert(age == ages[i].want, "%s", ages[i].text);
	}
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		fails(BK_E_INVALID, bk_policy_age(bad[i], &age, why()));
	ok(bk_policy_bytes("4G", &bytes, why()));
	cr_assert(bytes == 4000000000);
	ok(bk_policy_bytes("123456", &bytes, why()));
	cr_assert(bytes == 123456);
	fails(BK_E_INVALID, bk_policy_bytes("4GB", &bytes, why()));
	fails(BK_E_INVALID, bk_policy_bytes("", &bytes, why()));
}

Test(policy, is_told_as_it_was_given)
{
	struct bk_policy policy = example;
	char text[BK_POLICY_TEXT];

	bk_policy_text(&policy, text);
	cr_assert_str_eq(text, "all 30d, hourly 90d, daily 5y, monthly forever");
	policy = (struct bk_policy){.bytes_max = 5};
	bk_policy_text(&policy, text);
	cr_assert_str_eq(text, "every version, at most 5 bytes");
}

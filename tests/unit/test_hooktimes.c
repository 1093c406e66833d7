/* test_hooktimes.c - how long calls took (plugin/look/hooktimes.h, plugin/beside/times.h). */
#include "hooktimes.h"
#include "support.h"
#include "times.h"

SUITE(hooktimes);

Test(hooktimes, are_counted_by_their_bounds)
{
	struct hooktimes times = {.count = 0};

	cr_assert(hooktimes_within(&times, 0.5) == 0);
	for (size_t i = 1; i < HOOKTIMES_BUCKETS; i++)
		cr_assert(hooktimes_bounds_us[i] > hooktimes_bounds_us[i - 1]);
	cr_assert(hooktimes_bounds_us[HOOKTIMES_BUCKETS - 1] == INT64_MAX);
	hooktimes_add(&times, 100);
	hooktimes_add(&times, 101);
	hooktimes_add(&times, -5);
	hooktimes_add(&times, INT64_C(61000000));
	cr_assert(times.buckets[0] == 2 && times.buckets[1] == 1);
	cr_assert(times.buckets[HOOKTIMES_BUCKETS - 1] == 1);
	cr_assert(times.count == 4 && times.sum_us == 61000201);
	cr_assert(hooktimes_within(&times, 0.5) == 100);
	cr_assert(hooktimes_within(&times, 0.75) == 250);
	cr_assert(hooktimes_within(&times, 1) == INT64_MAX);
}

Test(hooktimes, come_back_as_they_were_written)
{
	struct hooktimes times = {.since_us = TEST_NOW_US, .at_us = TEST_NOW_US + 5}, again;

	for (int i = 0; i < 1000; i++)
		hooktimes_add(&times, (int64_t)i * i);
	ok(hooktimes_write(bk_io_posix(), scratch("times"), &times, why()));
	ok(hooktimes_read(&again, bk_io_posix(), scratch("times"), why()));
	cr_assert(memcmp(&again, &times, sizeof times) == 0);
	ok(hooktimes_read(&again, bk_io_posix(), scratch("nothing"), why()));
	cr_assert(!again.count && !again.since_us);
}

/* The thread writes what was counted at the end, if not before. */
Test(hooktimes, are_written_beside_the_hook)
{
	struct hooktimes found;
	struct times *times;
	char here[4096];

	cr_assert(getcwd(here, sizeof here) && chdir(scratch("")) == 0);
	ok(times_start(&times, bk_io_posix(), why()));
	for (int i = 0; i < 3; i++)
		times_count(times, times_now_us() - 2000);
	times_count(NULL, 0);
	times_stop(times);
	ok(hooktimes_read(&found, bk_io_posix(), HOOKTIMES_NAME, why()));
	cr_assert(found.count == 3 && found.sum_us >= 6000 && found.since_us <= found.at_us);
	unlink(HOOKTIMES_NAME);
	ok(times_start(&times, bk_io_posix(), why()));
	times_stop(times);
	cr_assert(!has_file(HOOKTIMES_NAME), "nothing to write");
	cr_assert(chdir(here) == 0);
}

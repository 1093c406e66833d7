/* test_readers.c - who reads a log on and on, and what is foreseen for him (readers.h). */
#include "readers.h"
#include "support.h"

SUITE(readers);

static struct readers readers;
static uint64_t from, upto;

static bool move(uint64_t number, bool missed)
{
	return bk_readers_move(&readers, number, missed, 16, 1, &from, &upto);
}

/* More and more for who reads on, and each block once. */
Test(readers, who_reads_on_gets_more_and_more)
{
	cr_assert(!move(10, true) && !move(10, false));
	cr_assert(move(11, true) && from == 12 && upto == 14);
	cr_assert(move(12, false) && from == 14 && upto == 17);
	for (uint64_t at = 13, next = 17; at < 1000; at++)
		if (move(at, false)) {
			cr_assert(from == next && upto > from && upto <= at + 17);
			next = upto;
		}
}

Test(readers, who_jumps_about_gets_nothing)
{
	for (uint64_t at = 1000; at > 10; at -= 2)
		cr_assert(!move(at, true));
}

/* What was announced is no reading on, though it follows each other. */
Test(readers, who_misses_nothing_is_none)
{
	for (uint64_t at = 0; at < 100; at++)
		cr_assert(!move(at, false));
}

Test(readers, several_at_a_time)
{
	for (uint64_t i = 0; i < 50; i++)
		for (uint64_t one = 0; one < READERS; one++)
			if (move(one * 1000 + i, i <= 1))
				cr_assert(from > one * 1000 + i && upto <= one * 1000 + i + 17);
			else
				cr_assert(i == 0 || readers.all[one].length > 0);
}

/* A few blocks are no reading on, where that is said. */
Test(readers, only_behind_a_few)
{
	cr_assert(!bk_readers_move(&readers, 1, true, 16, 4, &from, &upto));
	for (uint64_t at = 2; at < 5; at++)
		cr_assert(!bk_readers_move(&readers, at, true, 16, 4, &from, &upto));
	cr_assert(bk_readers_move(&readers, 5, true, 16, 4, &from, &upto) && from == 6);
}

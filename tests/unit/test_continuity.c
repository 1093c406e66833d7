/* test_continuity.c - whether anybody else wrote to the node's database (plugin/hook/continuity.h).
 */
#include "continuity.h"
#include "support.h"

SUITE(continuity);

static struct bk_stamp stamp_of(uint32_t counter)
{
	return (struct bk_stamp){.counter = counter, .inode = 5, .mtime_ns = counter, .size = 1};
}

/* So many commits of ours, and how much the counter rose. */
static const struct row {
	unsigned commits;
	uint32_t rise;
	bool is_same;
	const char *what;
} rows[] = {
	{0, 0, true, "nothing, or a lone pragma"},
	{1, 1, true, "a change"},
	{3, 3, true, "three changes, of which two could not be looked at"},
	{1, 2, false, "a change, and an edit by hand, or a VACUUM"},
	{0, 1, false, "an edit by hand behind a lone pragma"},
	{1, 0, false, "a change that was not committed, or an older file put back"},
	{1, UINT32_MAX, false, "an older file put back"},
};

Test(continuity, counts)
{
	static const uint32_t starts[] = {0, 7, UINT32_MAX - 1, UINT32_MAX};

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		for (size_t s = 0; s < COUNT_OF(starts); s++) {
			struct continuity continuity;
			struct bk_stamp stamp = stamp_of(starts[s]);

			continuity_begin(&continuity, &stamp);
			for (unsigned n = 0; n < rows[i].commits; n++)
				continuity_commit(&continuity);
			stamp = stamp_of(starts[s] + rows[i].rise);
			cr_assert(continuity_check(&continuity, &stamp) == rows[i].is_same, "%s",
				rows[i].what);
		}
}

/* Each look is where the next one starts; after one that failed the next tells it again. */
Test(continuity, goes_on_from_each_look)
{
	struct continuity continuity;
	struct bk_stamp stamp = stamp_of(10);

	continuity_begin(&continuity, &stamp);
	for (uint32_t counter = 11; counter < 20; counter++) {
		continuity_commit(&continuity);
		stamp = stamp_of(counter);
		cr_assert(continuity_check(&continuity, &stamp));
	}
	stamp = stamp_of(20);
	cr_assert(!continuity_check(&continuity, &stamp));
	cr_assert(!continuity_check(&continuity, &stamp));
	stamp = stamp_of(19);
	cr_assert(continuity_check(&continuity, &stamp));
}

Test(continuity, another_file)
{
	struct continuity continuity;
	struct bk_stamp stamp = stamp_of(10);

	continuity_begin(&continuity, &stamp);
	stamp.inode++;
	cr_assert(!continuity_check(&continuity, &stamp));
}

/* Where nothing is known nothing can be told. */
Test(continuity, unknown)
{
	struct continuity continuity;
	struct bk_stamp stamp = stamp_of(10);

	continuity_begin(&continuity, NULL);
	continuity_commit(&continuity);
	cr_assert(continuity_check(&continuity, &stamp) && !continuity.is_known);
}

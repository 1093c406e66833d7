/* test_heal.c - whether a full snapshot fits (plugin/hook/heal.h). */
#include "heal.h"
#include "support.h"

SUITE(heal);

#define MIB ((uint64_t)1 << 20)

/* "its pages may not compress at all, and changes must have room behind it" */
Test(heal, has_room)
{
	static const struct {
		uint64_t free_bytes, database_bytes;
		bool fits;
	} rows[] = {
		{0, 0, false},
		{MIB - 1, 0, false},
		{MIB, 0, true},
		{16 * MIB, 16 * MIB, false},
		{18 * MIB - 1, 16 * MIB, false},
		{18 * MIB, 16 * MIB, true},
		{(uint64_t)20 << 30, (uint64_t)20 << 30, false},
		{(uint64_t)40 << 30, (uint64_t)20 << 30, true},
		{UINT64_MAX, INT64_MAX, true},
		{0, INT64_MAX, false},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		cr_assert_eq(heal_has_room(rows[i].free_bytes, rows[i].database_bytes),
			rows[i].fits, "row %zu", i);
}

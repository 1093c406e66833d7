/* test_decide.c - what to do at a db_write (plugin/hook/decide.h; the table of docs/decisions.md).
 */
#include "decide.h"
#include "support.h"

SUITE(decide);

enum { UNKNOWN = 1000 }; /* the live database cannot be read in time */

/* The first db_write of a process: D its version, H the log's head, C the node's own version; each
 * less H. */
struct row {
	int d;
	bool is_lone;
	int c;
	enum verdict verdict;
	const char *why;
};

static const struct row first[] = {
	/* C = H: in step. "append (D = H + 1, or D = H for a lone pragma)" */
	{+1, false, 0, VERDICT_APPEND, "in step"},
	{0, true, 0, VERDICT_APPEND, "in step, a lone pragma"},
	/* C = H - 1: "the head was never committed: append a rewind, then D" */
	{0, false, -1, VERDICT_REWIND, "the head was never committed"},
	{-1, true, -1, VERDICT_REWIND, "the same, and a lone pragma comes"},
	/* C > H: "gap …: full keyframe of the live database (at C), then D" */
	{+2, false, +1, VERDICT_HEAL, "a gap of one"},
	{+1, true, +1, VERDICT_HEAL, "a gap of one, and a lone pragma comes"},
	{+1000, false, +999, VERDICT_HEAL, "a long gap"},
	{INT32_MAX, false, INT32_MAX - 1, VERDICT_HEAL, "the longest"},
	/* C < H - 1: "older than the backup: stop" */
	{-1, false, -2, VERDICT_OLDER, "older by two"},
	{-2, true, -2, VERDICT_OLDER, "older by two, and a lone pragma comes"},
	{-1000, false, -1001, VERDICT_OLDER, "much older"},
	{INT32_MIN + 1, false, INT32_MIN, VERDICT_OLDER, "the oldest"},
	/* "Where C cannot be read …, the arithmetic on D alone decides, and a gap stops." */
	{+1, false, UNKNOWN, VERDICT_APPEND, "C unknown, in step"},
	{0, true, UNKNOWN, VERDICT_APPEND, "C unknown, in step, a lone pragma"},
	{0, false, UNKNOWN, VERDICT_REWIND, "C unknown, the head came again"},
	{-1, true, UNKNOWN, VERDICT_REWIND, "C unknown, a lone pragma of the version before"},
	{+2, false, UNKNOWN, VERDICT_GAP, "C unknown, a gap"},
	{+1, true, UNKNOWN, VERDICT_GAP, "C unknown, a gap before a lone pragma"},
	{-1, false, UNKNOWN, VERDICT_OLDER, "C unknown, older"},
	/* The database that was read is not the one that the call comes from (another --wallet):
	 * the call decides, and nothing is copied from the other. */
	{+1, false, +5, VERDICT_APPEND, "another database is ahead"},
	{+1, false, -5, VERDICT_APPEND, "another database is behind"},
	{0, true, +1, VERDICT_APPEND, "another database, a lone pragma"},
	{0, false, 0, VERDICT_REWIND, "another database, the head came again"},
	{0, false, +3, VERDICT_REWIND, "another database is ahead, the head came again"},
	{+4, false, 0, VERDICT_GAP, "a gap, and another database"},
	{+4, false, +4, VERDICT_GAP, "a gap, and a database that has committed the call already"},
	{+4, false, +2, VERDICT_GAP, "a gap, and a database that lacks some of it"},
	{+4, true, +3, VERDICT_GAP, "a gap, a lone pragma, and another database"},
	{-3, false, -1, VERDICT_OLDER, "another database, older"},
	{-3, false, 0, VERDICT_OLDER, "another database is in step, the call is older"},
};

/* At a head in the middle, at 0, and on both sides of the wrap. */
static const uint32_t heads[] = {1000000, 0, 1, UINT32_MAX, UINT32_MAX - 1, 0x80000000, 0x7fffffff};

Test(decide, the_first_call_of_a_process)
{
	for (size_t i = 0; i < COUNT_OF(first); i++)
		for (size_t h = 0; h < COUNT_OF(heads); h++) {
			struct call call = {.version = heads[h] + (uint32_t)first[i].d,
				.is_lone = first[i].is_lone,
				.head = heads[h],
				.is_live_known = first[i].c != UNKNOWN,
				.live = heads[h] + (uint32_t)first[i].c};

			cr_assert(decide_first(&call) == first[i].verdict, "%s, head %u: %d",
				first[i].why, heads[h], (int)decide_first(&call));
		}
}

/* A head that was committed for certain is not struck out: the node is older than its backup. */
Test(decide, a_head_that_was_committed)
{
	for (size_t i = 0; i < COUNT_OF(first); i++) {
		struct call call = {.version = 1000 + (uint32_t)first[i].d,
			.is_lone = first[i].is_lone,
			.head = 1000,
			.is_head_committed = true,
			.is_live_known = first[i].c != UNKNOWN,
			.live = 1000 + (uint32_t)first[i].c};
		enum verdict want =
			first[i].verdict == VERDICT_REWIND ? VERDICT_OLDER : first[i].verdict;

		cr_assert(decide_first(&call) == want, "%s: %d", first[i].why,
			(int)decide_first(&call));
	}
}

/* "Later calls: D = last + 1, or D = last for a lone pragma; else stop." */
Test(decide, later_calls)
{
	static const struct {
		int d;
		bool is_lone;
		bool follows;
	} cases[] = {{+1, false, true}, {0, true, true}, {0, false, false}, {+2, false, false},
		{-1, false, false}, {+1, true, false}, {-1, true, false},
		{INT32_MIN, false, false}};

	for (size_t i = 0; i < COUNT_OF(cases); i++)
		for (size_t h = 0; h < COUNT_OF(heads); h++) {
			struct call call = {.version = heads[h] + (uint32_t)cases[i].d,
				.is_lone = cases[i].is_lone,
				.head = heads[h]};

			cr_assert(call_follows(&call) == cases[i].follows, "case %zu, head %u", i,
				heads[h]);
		}
}

/* A lone pragma repeats the version that the node is at; any other call leads one past it. */
Test(decide, the_version_that_a_call_tells)
{
	cr_assert(call_base(&(struct call){.version = 8}) == 7);
	cr_assert(call_base(&(struct call){.version = 8, .is_lone = true}) == 8);
	cr_assert(call_base(&(struct call){.version = 0}) == UINT32_MAX);
}

/* test_limits.c - what one statement of a hostile log may take of the machine. */
#include "overlay.h"
#include "replay.h"
#include "simfs.h"
#include <bk/image.h>
#include <bk/memory.h>
#include <criterion/criterion.h>
#include <string.h>

/* Six values of 40 MB at once. */
static const char hog[] = "SELECT zeroblob(40000000) || '', zeroblob(40000001) || '', "
			  "zeroblob(40000002) || '', zeroblob(40000003) || '', "
			  "zeroblob(40000004) || '', zeroblob(40000005) || ''";

struct bed {
	struct simfs *fs;
	struct overlay overlay;
	struct replay replay;
};

static void open_bed(struct bed *bed)
{
	struct bk_error err;

	bed->fs = simfs_new(1);
	bk_overlay_init(&bed->overlay, simfs_io(bed->fs), "/tmp", 65536);
	cr_assert_eq(bk_replay_open(&bed->replay, &bed->overlay.store, simfs_io(bed->fs), "/tmp",
			     NULL, &err),
		BK_OK);
}

static void close_bed(struct bed *bed)
{
	bk_replay_close(&bed->replay);
	bk_overlay_done(&bed->overlay);
	simfs_free(bed->fs);
}

static enum bk_code run(struct bed *bed, const char *sql)
{
	struct bk_slice statement = {sql, strlen(sql)};
	struct bk_change change = {1, &statement, 1};
	struct bk_error err;

	return bk_replay_change(&bed->replay, &change, 0, 0, &err);
}

/* The limit is one for all of the process, which may be a stranger's (core/ext). */
Test(limits, a_replay_leaves_the_process_alone)
{
	struct bed bed;

	open_bed(&bed);
	cr_assert_eq(sqlite3_hard_heap_limit64(-1), 0);
	close_bed(&bed);
	cr_assert_eq(sqlite3_hard_heap_limit64(-1), 0);
}

Test(limits, a_program_limits_the_memory_of_sqlite)
{
	bk_limit_sqlite_memory();
	cr_assert_eq(sqlite3_hard_heap_limit64(-1), (sqlite3_int64)2 << 30);
}

Test(limits, a_limit_that_the_program_set_stays)
{
	const sqlite3_int64 limit = 100000000;
	struct bed bed;

	sqlite3_hard_heap_limit64(limit);
	bk_limit_sqlite_memory();
	open_bed(&bed);
	cr_assert_eq(sqlite3_hard_heap_limit64(-1), limit);
	cr_assert_eq(run(&bed, "SELECT 1"), BK_OK);
	cr_assert_eq(run(&bed, hog), BK_E_NOMEM);
	cr_assert_leq(sqlite3_memory_highwater(0), limit);
	close_bed(&bed);
}

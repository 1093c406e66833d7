/* test_faults.c - what is at fault, as a function of what was seen (plugin/look/faults.h). What
 * real files, nodes and mirrors lead to is tests/cli/faults'. */
#include "faults.h"
#include "faults_places.h"
#include "support.h"

SUITE(faults);

#define MINUTE_US INT64_C(60000000)
#define DAY_US    (1440 * MINUTE_US)

/* Texts that a look would own. */
static char node_dir[] = "/node", log_path[] = "/log", mirror[] = "file:///m";

/* A node that runs with a plugin, in step with its log and one mirror; all as it should be. */
static struct look well(void)
{
	return (struct look){.now_us = TEST_NOW_US,
		.dir = node_dir,
		.lock = {.places = {.quorum = 2, .count = 1},
			.seen = {.log = "aa", .bytes = 900, .version = 90}},
		.node = {.answer = LOOK_ANSWERED,
			.before = {.version = 99},
			.after = {.version = 100}},
		.running = {.answer = BK_RUNNING_YES},
		.place_count = 1,
		.places = {{.url = mirror,
			.held = true,
			.answer = LOOK_ANSWERED,
			.stands = true,
			.standing = {.kind = BK_STANDS_LEVEL},
			.has_free = true,
			.free_bytes = UINT64_C(1) << 40}},
		.log = {.path = log_path,
			.answer = LOOK_ANSWERED,
			.status = {.id = "aa",
				.created_us = TEST_NOW_US - DAY_US,
				.version = 100,
				.time_us = TEST_NOW_US - MINUTE_US,
				.log_bytes = 1000,
				.changes = 100,
				.unkeyframed = 120},
			.health = {.day_bytes = 1000,
				.observed_us = DAY_US,
				.head = BK_HEAD_OPENS,
				.unkeyframed_us = TEST_NOW_US - DAY_US},
			.has_free = true,
			.free_bytes = UINT64_C(1) << 40,
			.writer = LOOK_WRITER_HOLDS,
			.has_notes = true}};
}

/* The kinds, one behind the other. */
static const char *kinds(const struct look *look)
{
	static char text[1024];
	static struct faults faults;

	faults_find(&faults, look);
	*text = '\0';
	for (unsigned i = 0; i < faults.count; i++) {
		cr_assert(*faults.list[i].text && *faults.list[i].mend);
		snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i ? " " : "",
			faults.list[i].kind);
	}
	return text;
}

#define is(look, wanted) cr_assert_str_eq(kinds(&(look)), (wanted))

Test(faults, none_where_all_is_well)
{
	struct look look = well();

	is(look, "");
	look.node.before.version = look.node.after.version = 100;
	is(look, "");
	/* A change under way: in the log, and not committed yet. */
	look.node.before.version = look.node.after.version = 99;
	is(look, "");
	look.running.answer = BK_RUNNING_NO;
	look.log.writer = LOOK_WRITER_NONE;
	is(look, "");
	/* A node that was killed has a transaction to be rolled back. */
	look.node = (struct look_node){.answer = LOOK_FAILED, .why = {.code = BK_E_BUSY}};
	is(look, "");
	look.log.status.torn_bytes = 12;
	is(look, "");
}

Test(faults, log_and_node_out_of_step)
{
	struct look look = well();

	look.node.before.version = look.node.after.version = 101;
	is(look, "node-ahead");
	look.node.before.version = look.node.after.version = 98;
	is(look, "node-behind");
	look.node.before.version = look.node.after.version = 99;
	look.log.status.is_committed = true;
	is(look, "node-behind");
	look.log.is_set_back = true;
	is(look, "node-set-back");
	look = well();
	look.log.status.version = 3; /* versions wrap */
	look.node.before.version = look.node.after.version = UINT32_MAX;
	look.lock.seen.version = UINT32_MAX - 5;
	is(look, "node-behind");
	look = well();
	look.log.status.is_empty = true;
	is(look, "node-ahead");
}

Test(faults, a_log_that_is_not_the_right_one)
{
	struct look look = well();

	look.log.status.log_bytes = 899;
	is(look, "log-rewound");
	look = well();
	look.lock.seen.log[0] = 'b';
	is(look, "log-rewound");
	/* A compaction put it there. */
	strcpy(look.log.status.predecessor, "ba");
	is(look, "");
	look.lock.seen.version = 101;
	is(look, "log-rewound");
}

Test(faults, a_mirror_has_a_minute)
{
	struct look look = well();
	struct bk_standing *standing = &look.places[0].standing;

	*standing = (struct bk_standing){
		.kind = BK_STANDS_BEHIND, .versions = 3, .since_us = TEST_NOW_US - MINUTE_US + 1};
	is(look, "");
	cr_assert(faults_place_is_well(&look, &look.places[0]));
	standing->since_us--;
	is(look, "place-behind");
	cr_assert(!faults_place_is_well(&look, &look.places[0]));
	standing->since_us = TEST_NOW_US;
	look.log.writer = LOOK_WRITER_NONE;
	look.running.answer = BK_RUNNING_NO;
	is(look, "place-behind");
}

Test(faults, what_time_makes_old)
{
	struct look look = well();

	look.log.status.created_us = TEST_NOW_US - 36 * DAY_US;
	is(look, "verify-old drill-old");
	look.log.notes.verify_us = TEST_NOW_US - 34 * DAY_US;
	look.log.notes.drill_us = TEST_NOW_US - 34 * DAY_US;
	look.log.notes.drill_good = true;
	is(look, "");
	look.log.notes.drill_good = false;
	is(look, "drill-failed");
	look.log.has_notes = false;
	is(look, "");
	look.log.status.time_us = TEST_NOW_US + 2 * MINUTE_US;
	is(look, "clock-back");
}

Test(faults, a_disk_is_nearly_full)
{
	struct look look = well();

	cr_assert(faults_days_left(&look.log) > 1e9);
	look.log.free_bytes = UINT64_C(20) << 30;
	look.log.health.day_bytes = UINT64_C(3) << 30;
	is(look, "disk-full");
	look.log.health.day_bytes = UINT64_C(2) << 30;
	is(look, "");
	look.log.health.day_bytes = 0;
	cr_assert(faults_days_left(&look.log) < 0);
	look.log.free_bytes = 1000;
	is(look, "disk-full");
}

Test(faults, a_quorum_that_nobody_asks_for_is_none)
{
	struct look look = well();

	look.log.status.quorum_missed = true;
	is(look, "quorum-missed");
	look.lock.places.quorum = 1;
	is(look, "");
}

/* However many there are. */
Test(faults, have_an_end)
{
	struct look look = well();
	static struct faults faults;

	look.place_count = LOCKPLACES_MAX;
	for (unsigned i = 0; i < LOCKPLACES_MAX; i++)
		look.places[i] =
			(struct look_place){.url = mirror, .answer = LOOK_SILENT, .has_free = true};
	faults_find(&faults, &look);
	cr_assert(faults.count == 2 * LOCKPLACES_MAX && faults.count <= FAULTS_MAX);
}

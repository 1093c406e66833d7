/* test_health.c - what a log tells of how it does. */
#include "node.h"
#include <bk/health.h>

SUITE(health);

#define HOUR_US INT64_C(3600000000)
#define DAY_US  (24 * HOUR_US)

static struct bk_health look(struct node *node, int64_t now_us)
{
	struct bk_health health;
	struct bk_log *log = node_log(node);

	ok(bk_health_look(&health, log, now_us, NULL, NULL, why()));
	bk_log_close(log);
	return health;
}

/* COUNT changes, STEP_US apart. */
static void changes(struct node *node, unsigned count, int64_t step_us)
{
	for (unsigned i = 0; i < count; i++) {
		node->io.now_us += step_us;
		node_busy(node, 1);
	}
}

Test(health, growth_is_that_of_the_last_week)
{
	struct bk_log_status before, after;
	struct bk_health health;
	struct node node;
	struct bk_log *log;

	node_begin(&node, 16);
	health = look(&node, node.io.now_us);
	cr_assert(!health.observed_us && !health.day_bytes, "too young to tell");
	changes(&node, 10, HOUR_US);
	health = look(&node, node.io.now_us);
	cr_assert(health.observed_us >= 10 * HOUR_US && health.observed_us < 11 * HOUR_US);
	cr_assert(health.day_versions >= 22 && health.day_versions <= 30, "%llu",
		(unsigned long long)health.day_versions);
	changes(&node, 400, 10 * 60 * INT64_C(1000000)); /* what is old counts no more */
	node.io.now_us += 20 * DAY_US;
	log = node_log(&node);
	ok(bk_log_status(log, &before, why()));
	bk_log_close(log);
	changes(&node, 8 * 24, HOUR_US);
	log = node_log(&node);
	ok(bk_log_status(log, &after, why()));
	bk_log_close(log);
	health = look(&node, node.io.now_us);
	cr_assert(health.observed_us == BK_HEALTH_WEEK_US);
	cr_assert(health.day_versions >= 23 && health.day_versions <= 25, "%llu",
		(unsigned long long)health.day_versions);
	cr_assert(health.day_bytes > (after.log_bytes - before.log_bytes) / 12 &&
			  health.day_bytes < (after.log_bytes - before.log_bytes) / 6,
		"%llu", (unsigned long long)health.day_bytes);
	node_end(&node);
}

Test(health, snapshots_are_gaps_and_no_growth)
{
	struct bk_health plain, health;
	struct node node;
	uint32_t from;

	node_begin(&node, 8);
	changes(&node, 30, HOUR_US);
	ok(bk_keyframes_build(node.writer, why()));
	plain = look(&node, node.io.now_us);
	cr_assert(!plain.gaps && !plain.missing);
	from = node.version;
	node_unwatched(&node, "CREATE TABLE big (x)");
	node_unwatched(&node, "INSERT INTO big VALUES (randomblob(900000))");
	node_snapshot(&node, BK_SNAPSHOT_GAP);
	health = look(&node, node.io.now_us);
	cr_assert(health.gaps == 1 && health.gap_from == from && health.gap_to == node.version,
		"%u to %u", health.gap_from, health.gap_to);
	cr_assert(health.missing == node.version - from - 1);
	cr_assert(health.day_bytes < plain.day_bytes * 2, "%llu, and %llu without",
		(unsigned long long)health.day_bytes, (unsigned long long)plain.day_bytes);
	changes(&node, 30, HOUR_US);
	ok(bk_keyframes_build(node.writer, why()));
	node_snapshot(&node, BK_SNAPSHOT_REPLAY_FAILED);
	health = look(&node, node.io.now_us);
	cr_assert(health.gaps == 2 && health.gap_from == node.version);
	cr_assert(health.gap_to == node.version && health.head == BK_HEAD_OPENS);
	node_end(&node);
}

static bool always(void *ctx)
{
	(void)ctx;
	return true;
}

Test(health, a_head_that_cannot_be_replayed)
{
	struct bk_health health;
	struct node node;
	struct bk_log *log;

	node_begin(&node, 0);
	node_busy(&node, 8);
	cr_assert(look(&node, TEST_NOW_US).head == BK_HEAD_OPENS);
	log = node_log(&node);
	ok(bk_health_look(&health, log, TEST_NOW_US, always, NULL, why()));
	cr_assert(health.head == BK_HEAD_UNKNOWN, "nobody waited");
	bk_log_close(log);
	node_lost(&node, "INSERT INTO nowhere VALUES (1)");
	node_unwatched(&node, "CREATE TABLE nowhere (x)");
	node_busy(&node, 4);
	health = look(&node, TEST_NOW_US);
	cr_assert(health.head == BK_HEAD_FAILS && strstr(health.why.msg, "nowhere"), "%s",
		health.why.msg);
	node_end(&node);
}

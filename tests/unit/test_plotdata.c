/* test_plotdata.c - a log in numbers, for a picture of it (cli/plotdata.h). */
#include "../../cli/plotdata.h"
#include "node.h"
#include <bk/listing.h>

SUITE(plotdata);

#define HOUR_US INT64_C(3600000000)

/* A bk_entry_fn. */
static enum bk_code count(void *ctx, const struct bk_entry *entry, struct bk_error *err)
{
	(void)entry, (void)err;
	++*(uint64_t *)ctx;
	return BK_OK;
}

/* Each version is in a bar, and the log's last byte in the picture. */
static void check(struct node *node, struct plotdata *data)
{
	struct bk_log *log = node_log(node);
	struct bk_log_status status;
	uint64_t versions = 0, all = 0;

	ok(plotdata_read(data, log, why()));
	ok(bk_log_status(log, &status, why()));
	ok(bk_listing_each(log, UINT64_MAX, BK_LISTING_VERSIONS, false, count, &all, why()));
	bk_log_close(log);
	cr_assert_leq(data->bars, PLOTDATA_BARS);
	for (unsigned i = 0; i < data->bars; i++)
		versions += data->versions[i];
	cr_assert_eq(versions, all, "%llu of %llu", (unsigned long long)versions,
		(unsigned long long)all);
	cr_assert_eq(data->bytes[PLOTDATA_POINTS - 1], status.log_bytes);
}

Test(plotdata, bars_are_as_wide_as_the_time_is_long)
{
	static struct plotdata data;
	struct node node;

	node_begin(&node, 16);
	for (int i = 0; i < 60; i++) {
		node.io.now_us += HOUR_US;
		node_busy(&node, 1);
	}
	check(&node, &data);
	cr_assert_eq(data.bar_us, HOUR_US);
	cr_assert(data.end_us - data.begin_us >= 60 * HOUR_US);
	node_end(&node);
}

Test(plotdata, times_that_no_clock_has)
{
	static const int64_t far = INT64_MAX / 4 * 3;
	const int64_t times[] = {-far, -far + 1000 * HOUR_US, 0, INT64_MIN, INT64_MAX, far};
	static struct plotdata data;
	struct node node;

	node_begin(&node, 4);
	node.io.step_us = 0;
	for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
		node.io.now_us = times[i];
		node_busy(&node, 1);
	}
	check(&node, &data);
	node_end(&node);
}

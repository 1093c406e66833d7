/* test_successor.c - what a log's successor keeps. */
#include "compacted.h"
#include <bk/image.h>
#include <bk/listing.h>
#include <bk/verify.h>

SUITE(successor);

#define HOUR INT64_C(3600000000)

static uint64_t history_of(struct bk_log *log)
{
	struct bk_log_status status;

	ok(bk_log_status(log, &status, why()));
	return status.history;
}

Test(successor, without_a_policy_keeps_every_version)
{
	struct bk_compact_result result;
	struct node node;
	struct bk_log *log;
	uint64_t history;

	node_lively(&node, 7, 1);
	log = node_log(&node);
	history = history_of(log);
	node_compact(&node, NULL, 2, &result);
	cr_assert(result.versions_after == result.versions_before);
	ok(node_succeed(&node));
	cr_assert(history_of(bk_writer_log(node.writer)) == history);
	node_check_all(&node, NULL, NULL);
	node_check_all(&node, log, NULL); /* who has the old file open keeps it */
	bk_log_close(log);
	node_is_clean(&node);
	node_busy(&node, 20);
	node_restart(&node);
	ok(bk_keyframes_build(node.writer, why()));
	node_busy(&node, 5);
	node_check_all(&node, NULL, NULL);
	node_is_clean(&node);
	cr_assert(!has_file(scratch("log.successor")) && !has_file(scratch("log.successor.new")));
	node_end(&node);
}

/* The versions that LOG lists are exactly those that have an image, which is right. */
static size_t check_kept(struct node *node)
{
	struct bk_log *log = node_log(node);
	struct bk_listing *listing;
	struct bk_entry entry;
	struct bk_image *image;
	bool more = true;
	size_t count = 0;
	uint32_t next = 0;

	ok(bk_listing_open_last(&listing, log, UINT64_MAX, BK_LISTING_VERSIONS, why()));
	while (true) {
		ok(bk_listing_next(listing, &entry, &more, why()));
		if (!more)
			break;
		for (; next < entry.version; next++) {
			enum bk_code code = bk_image_open(&image, log, next, NULL, why());

			cr_assert(code == BK_E_MISSING, "version %u is there", next);
		}
		node_check(node, log, entry.version, NULL);
		next = entry.version + 1;
		count++;
	}
	bk_listing_close(listing);
	bk_log_close(log);
	return count;
}

Test(successor, keeps_what_the_policy_says)
{
	const struct bk_policy policy = {
		.all_us = 10 * HOUR, .hourly_us = 30 * HOUR, .daily_us = BK_POLICY_EVER};
	struct bk_compact_result first, second;
	struct node node;

	node_lively(&node, 7, 120);
	node_compact(&node, &policy, 2, &first);
	cr_assert(first.versions_after < first.versions_before && first.hourly && first.daily);
	ok(node_succeed(&node));
	cr_assert(check_kept(&node) == first.versions_after);
	node_is_clean(&node);
	node_busy(&node, 100);
	ok(bk_keyframes_build(node.writer, why()));
	node_compact(&node, &policy, 3, &second);
	cr_assert(second.versions_after < second.versions_before);
	ok(node_succeed(&node));
	cr_assert(check_kept(&node) == second.versions_after);
	node_is_clean(&node);
	node_end(&node);
}

Test(successor, says_which_versions_are_nearest)
{
	const struct bk_policy policy = {.all_us = 5 * HOUR, .hourly_us = 30 * HOUR};
	struct bk_compact_result result;
	struct bk_entry entry, at;
	struct node node;
	struct bk_log *log;

	node_lively(&node, 7, 20);
	node_compact(&node, &policy, 2, &result);
	ok(node_succeed(&node));
	log = node_log(&node);
	fails(BK_E_MISSING, bk_log_find(log, result.oldest - 1, &entry, why()));
	says("is not kept: the oldest that is kept is");
	ok(bk_log_find(log, result.oldest, &entry, why()));
	fails(BK_E_MISSING, bk_log_find(log, result.oldest + 1, &at, why()));
	says("is not kept: the nearest that are kept are");
	ok(bk_log_find_time(log, entry.time_us + 1, &at, why()));
	cr_assert(at.version == result.oldest);
	fails(BK_E_MISSING, bk_log_find_time(log, entry.time_us - 1, &at, why()));
	fails(BK_E_MISSING, bk_log_find(log, 100000, &at, why()));
	says("whose newest is");
	bk_log_close(log);
	node_end(&node);
}

static void check_doubt(struct node *node, const char *want)
{
	struct bk_log_status status;
	struct bk_log *log = node_log(node);

	ok(bk_log_status(log, &status, why()));
	cr_assert_str_eq(status.doubt, want);
	bk_log_close(log);
}

Test(successor, carries_an_open_doubt_on)
{
	const struct bk_policy policy = {.all_us = 1};
	struct bk_compact_result result;
	struct node node;

	node_begin(&node, 5);
	node_busy(&node, 12);
	ok(bk_writer_raise_doubt(node.writer, "somebody wrote", why()));
	node_busy(&node, 30);
	ok(bk_keyframes_build(node.writer, why()));
	node_compact(&node, &policy, 2, &result);
	ok(node_succeed(&node));
	check_doubt(&node, "somebody wrote");
	node_restart(&node);
	check_doubt(&node, "somebody wrote");
	node_end(&node);
}

static void on_lost(void *ctx, uint32_t version, const struct bk_error *why)
{
	cr_assert(why->code && version);
	++*(uint64_t *)ctx;
}

/* Begins one with ten keyframes, and damage in the change to VERSION. */
static void begin_damaged(struct node *node, uint32_t version)
{
	struct bk_entry entry;

	node_begin(node, 7);
	for (unsigned i = 0; i < 10; i++) {
		node_busy(node, 7);
		ok(bk_keyframes_build(node->writer, why()));
	}
	ok(bk_log_find(bk_writer_log(node->writer), version, &entry, why()));
	poke_file(node->path, entry.offset + 60, "damage", 6);
}

/* Damage is not hidden, but by word; and then what is lost is named. */
Test(successor, of_a_damaged_log_keeps_what_can_be_rebuilt)
{
	uint64_t lost = 0;
	struct bk_compact_options options = {.lost = on_lost, .ctx = &lost};
	struct bk_compact_result result;
	struct bk_log *log;
	struct node node;

	begin_damaged(&node, 24);
	log = node_log(&node);
	node.io.random = 2;
	fails(BK_E_DAMAGE, bk_compact(log, &options, &result, why()));
	says("--despite-damage");
	options.despite_damage = true;
	ok(bk_compact(log, &options, &result, why()));
	bk_log_close(log);
	cr_assert(result.lost && result.lost == lost && result.lost < 8);
	cr_assert(result.versions_after == result.versions_before - lost);
	ok(node_succeed(&node));
	cr_assert(check_kept(&node) == result.versions_after);
	node_is_clean(&node);
	node_end(&node);
}

/* Pages that are damaged take no version, and the first keyframe that needs none of them is where
 * all is kept from. */
Test(successor, stands_on_a_keyframe_without_damaged_pages)
{
	const struct bk_compact_options options = {.program = "test", .despite_damage = true};
	struct bk_compact_result result;
	struct bk_log_status status;
	uint64_t pages = 0;
	struct bk_log *log;
	struct node node;

	node_begin(&node, 7);
	for (unsigned i = 0; i < 10; i++) {
		node_busy(&node, 7);
		ok(bk_log_status(bk_writer_log(node.writer), &status, why()));
		ok(bk_keyframes_build(node.writer, why()));
		if (i == 3)
			pages = status.log_bytes;
	}
	poke_file(node.path, pages + 100, "damage", 6);
	log = node_log(&node);
	node.io.random = 2;
	ok(bk_compact(log, &options, &result, why()));
	bk_log_close(log);
	cr_assert(!result.lost && result.versions_after == result.versions_before);
	cr_assert(result.whole_from > 24, "all is kept from %u on", result.whole_from);
	ok(node_succeed(&node));
	cr_assert(check_kept(&node) == result.versions_after);
	node_is_clean(&node);
	node_end(&node);
}

/* What damage took is not said to be the oldest that is kept. */
Test(successor, says_the_oldest_that_is_left)
{
	const struct bk_compact_options options = {.program = "test", .despite_damage = true};
	struct bk_compact_result result;
	struct bk_entry entry;
	struct bk_image *image;
	struct bk_log *log;
	struct node node;

	begin_damaged(&node, 1);
	poke_file(node.path, 180, "damage", 6); /* its first keyframe */
	log = node_log(&node);
	node.io.random = 2;
	ok(bk_compact(log, &options, &result, why()));
	bk_log_close(log);
	cr_assert(result.lost);
	ok(node_succeed(&node));
	log = node_log(&node);
	ok(bk_image_open(&image, log, result.oldest, NULL, why()));
	bk_image_close(image);
	fails(BK_E_MISSING, bk_log_find(log, result.oldest - 1, &entry, why()));
	bk_log_close(log);
	node_end(&node);
}

static void on_gap(void *ctx, enum bk_gap_kind kind, uint32_t from, uint32_t to)
{
	cr_assert(kind == BK_GAP_UNWATCHED && to == from + 4);
	++*(unsigned *)ctx;
}

static void on_kept_gap(void *ctx, uint32_t from, uint32_t to)
{
	cr_assert(to == from + 4);
	++*(unsigned *)ctx;
}

/* The gaps that are told beside what is listed. */
static unsigned listed_gaps(struct node *node)
{
	struct bk_log *log = node_log(node);
	struct bk_listing *listing;
	struct bk_entry entry;
	unsigned gaps = 0;
	bool more = true;

	ok(bk_listing_open_last(&listing, log, UINT64_MAX, BK_LISTING_VERSIONS, why()));
	while (true) {
		ok(bk_listing_next(listing, &entry, &more, why()));
		if (!more)
			break;
		ok(bk_log_gaps_before(log, &entry, on_kept_gap, &gaps, why()));
	}
	bk_listing_close(listing);
	bk_log_close(log);
	return gaps;
}

/* What was never watched is missing, also where all around it is thinned, and thinned again. */
Test(successor, tells_of_gaps_among_what_is_thinned)
{
	const struct bk_policy policy = {.all_us = HOUR, .hourly_us = BK_POLICY_EVER};
	struct bk_compact_result result;
	struct bk_verify_result found;
	struct bk_verify_options options = {.gap = on_gap};
	struct node node;
	unsigned gaps;

	options.ctx = &gaps;
	node_begin(&node, 7);
	node.io.step_us = INT64_C(20000000) * 20;
	node_busy(&node, 40);
	for (unsigned i = 0; i < 4; i++)
		node_unwatched(&node, "UPDATE busy SET note = 'unwatched' WHERE id % 3 = 0");
	node_snapshot(&node, BK_SNAPSHOT_GAP);
	node_busy(&node, 40);
	ok(bk_keyframes_build(node.writer, why()));
	for (unsigned id = 2; id < 4; id++) {
		node_compact(&node, &policy, id, &result);
		ok(node_succeed(&node));
		cr_assert(check_kept(&node) == result.versions_after);
		gaps = 0;
		ok(bk_verify(&node.io.io, node.path, &options, &found, why()));
		cr_assert(gaps == 1 && found.findings == 0, "%u gaps", gaps);
		cr_assert(listed_gaps(&node) == 1);
		node_busy(&node, 20);
		ok(bk_keyframes_build(node.writer, why()));
	}
	node_is_clean(&node);
	node_end(&node);
}

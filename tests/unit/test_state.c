/* test_state.c - what a log's frames say, taken together (docs/format.md, 4, 6, 10 and 11). */
#include "forge.h"
#include "state.h"

SUITE(state);

/* Frames as they are read from a log, one behind the other. */
struct feed {
	struct state state;
	uint8_t payload[4096];
	uint64_t at;
	uint64_t history; /* the next change's */
};

static enum bk_code take(
	struct feed *feed, uint8_t kind, uint8_t must, uint32_t version, size_t size)
{
	struct frame frame = {.offset = feed->at,
		.payload = feed->payload,
		.head = {.kind = kind,
			.must = must,
			.version = version,
			.size = (uint32_t)size,
			.time_us = TEST_NOW_US + version,
			.sum = feed->at * 3}};

	feed->at = bk_frame_end(&frame);
	return bk_state_take(&feed->state, &frame, why());
}

static enum bk_code change(
	struct feed *feed, uint8_t must, uint32_t version, uint32_t raw, uint32_t statements)
{
	forge_put(feed->payload, 4, raw);
	forge_put(feed->payload + 4, 4, statements);
	forge_put(feed->payload + 8, 8, ++feed->history);
	return take(feed, CHANGE, must, version, 16 + 10);
}

static enum bk_code rewind_to(struct feed *feed, uint32_t version, uint64_t history, uint64_t first)
{
	forge_put(feed->payload, 8, history);
	forge_put(feed->payload + 8, 8, first);
	return take(feed, REWIND, 0, version, 16);
}

static enum bk_code event(struct feed *feed, uint32_t code, uint32_t version)
{
	forge_put(feed->payload, 4, code);
	return take(feed, EVENT, 0, version, 4);
}

/* A state behind a full keyframe of version 10, at offset 1000. */
static struct feed feed_new(void)
{
	struct feed feed = {.at = 1000, .history = 100};
	struct keyframe kf = {.offset = 1000,
		.end = 1200,
		.is_full = true,
		.version = 10,
		.time_us = TEST_NOW_US,
		.next = 1000,
		.history = 100,
		.count = 5,
		.ordinal = 3};

	bk_state_take_keyframe(&feed.state, &kf);
	feed.at = feed.state.end = 1200;
	return feed;
}

Test(state, begins_at_its_keyframe)
{
	struct feed feed = feed_new();

	cr_assert(feed.state.version == 10 && feed.state.time_us == TEST_NOW_US &&
		  feed.state.history == 100 && feed.state.keyframe == 1000 &&
		  feed.state.keyframe_ordinal == 3 && feed.state.keyframe_count == 5);
	bk_state_done(&feed.state);
}

Test(state, follows_changes)
{
	struct feed feed = feed_new();

	ok(change(&feed, CHANGE_STREAM, 11, 50, 3));
	ok(change(&feed, 0, 12, 60, 4));
	cr_assert(feed.state.version == 12 && feed.state.time_us == TEST_NOW_US + 12 &&
		  feed.state.history == 102 && feed.state.tail_count == 2);
	cr_assert(
		feed.state.end == feed.at && feed.state.last_sum == feed.state.tail[1].offset * 3);
	cr_assert(feed.state.tail[0].offset == 1200 && feed.state.tail[0].statements == 3 &&
		  feed.state.tail[0].sql_bytes == 50 && feed.state.tail[0].log_bytes == 74 &&
		  feed.state.tail[0].flags == CHANGE_STREAM && feed.state.tail[0].version == 11);
	bk_state_done(&feed.state);
}

/* "it repeats the version before it": the head's time is when its version came. */
Test(state, a_lone_pragma_is_not_when_its_version_came)
{
	struct feed feed = feed_new();

	ok(change(&feed, CHANGE_STREAM, 11, 50, 3));
	feed.state.time_us = 5;
	ok(change(&feed, CHANGE_LONE, 11, 28, 1));
	cr_assert(feed.state.version == 11 && feed.state.time_us == 5 && feed.state.history == 102);
	bk_state_done(&feed.state);
}

/* Section 4: "statements: at least 1"; section 9: the limits of raw and statements. */
Test(state, changes_that_make_no_sense)
{
	static const struct {
		uint32_t raw, statements;
		enum bk_code code;
	} cases[] = {{1, 1, BK_OK}, {0, 0, BK_E_DAMAGE}, {5, 0, BK_E_DAMAGE}, {0, 1, BK_E_DAMAGE},
		{3, 4, BK_E_DAMAGE}, {1 << 30, 1 << 24, BK_OK}, {(1 << 30) + 1, 1, BK_E_DAMAGE},
		{1 << 30, (1 << 24) + 1, BK_E_DAMAGE}};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct feed feed = feed_new();

		cr_assert(
			code_is(change(&feed, CHANGE_STREAM, 11, cases[i].raw, cases[i].statements),
				cases[i].code),
			"case %zu: %s", i, why()->msg);
		if (cases[i].code)
			says("offset 1200");
		cr_assert(feed.state.version == (cases[i].code ? 10 : 11), "case %zu", i);
		bk_state_done(&feed.state);
	}
}

Test(state, frames_too_short_for_their_kind)
{
	struct feed feed = feed_new();

	forge_put(feed.payload, 8, (uint64_t)1 << 32 | 1);
	for (size_t size = 0; size < 16; size++) {
		fails(BK_E_DAMAGE, take(&feed, CHANGE, 0, 11, size));
		fails(BK_E_DAMAGE, take(&feed, REWIND, 0, 10, size));
	}
	for (size_t size = 0; size < 4; size++)
		fails(BK_E_DAMAGE, take(&feed, EVENT, 0, 10, size));
	cr_assert(feed.state.version == 10 && feed.state.tail_count == 0 && feed.state.end == 1200);
	bk_state_done(&feed.state);
}

/* Section 10: "Every change that still stands at or after that offset is struck". */
Test(state, rewinds)
{
	struct feed feed = feed_new();
	uint64_t first;

	ok(change(&feed, CHANGE_STREAM, 11, 50, 3));
	first = feed.at;
	ok(change(&feed, 0, 12, 60, 4));
	ok(change(&feed, CHANGE_LONE, 12, 28, 1));
	ok(rewind_to(&feed, 11, 101, first));
	cr_assert(feed.state.version == 11 && feed.state.history == 101 &&
		  feed.state.time_us == TEST_NOW_US + 11);
	cr_assert(bk_entry_stands(&feed.state.tail[0]) && !bk_entry_stands(&feed.state.tail[1]) &&
		  !bk_entry_stands(&feed.state.tail[2]));
	ok(change(&feed, CHANGE_STREAM, 12, 10, 1));
	cr_assert(feed.state.version == 12 && feed.state.tail_count == 4);
	bk_state_done(&feed.state);
}

/* To the keyframe below: its time, its version. */
Test(state, rewinds_all_of_the_tail)
{
	struct feed feed = feed_new();

	ok(change(&feed, CHANGE_STREAM, 11, 50, 3));
	ok(rewind_to(&feed, 10, 100, 1200));
	cr_assert(feed.state.version == 10 && feed.state.time_us == TEST_NOW_US &&
		  feed.state.history == 100);
	bk_state_done(&feed.state);
}

/* What is struck stands before the rewind. */
Test(state, rewinds_that_make_no_sense)
{
	struct feed feed = feed_new();

	ok(change(&feed, CHANGE_STREAM, 11, 50, 3));
	fails(BK_E_DAMAGE, rewind_to(&feed, 10, 100, feed.at));
	fails(BK_E_DAMAGE, rewind_to(&feed, 10, 100, UINT64_MAX));
	/* To another version than that of what then stands: past the keyframe, or of what is
	 * struck. */
	fails(BK_E_DAMAGE, rewind_to(&feed, 9, 100, 900));
	fails(BK_E_DAMAGE, rewind_to(&feed, 11, 100, 1200));
	cr_assert(bk_entry_stands(&feed.state.tail[0]) && feed.state.version == 11);
	bk_state_done(&feed.state);
}

/* Section 11, codes 1 and 2; "unknown codes" are ignored. */
Test(state, events)
{
	struct feed feed = feed_new();
	uint64_t opened = feed.at;

	ok(event(&feed, EVENT_OPENED, 10));
	cr_assert(feed.state.session == opened && !feed.state.is_closed);
	ok(change(&feed, CHANGE_STREAM, 11, 50, 3));
	ok(event(&feed, EVENT_CLOSED, 11));
	cr_assert(feed.state.is_closed && feed.state.session == opened);
	ok(event(&feed, 4711, 11));
	cr_assert(!feed.state.is_closed && feed.state.version == 11);
	ok(event(&feed, EVENT_OPENED, 11));
	cr_assert(feed.state.session > opened);
	bk_state_done(&feed.state);
}

/* Section 3: "it skips a kind of 0x80 or more"; section 5: "A PAGES frame means nothing until…". */
Test(state, frames_that_change_nothing)
{
	static const uint8_t kinds[] = {PAGES, MAP, KEYFRAME, 0x80, 0xff};
	struct feed feed = feed_new();

	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		ok(take(&feed, kinds[i], 0, 4711, 100));
		cr_assert(feed.state.version == 10 && feed.state.end == feed.at &&
			  feed.state.tail_count == 0 && feed.state.keyframe == 1000);
	}
	bk_state_done(&feed.state);
}

/* "next: the offset of a STREAM change": an interval is closed when a later stream begins, and
 * something in it stands. */
Test(state, closed_intervals)
{
	struct feed feed = feed_new();
	uint64_t next = 0, second;
	size_t count = 0;

	cr_assert(!bk_state_closed_interval(&feed.state, &next, &count));
	ok(change(&feed, CHANGE_STREAM, 11, 50, 3));
	ok(rewind_to(&feed, 10, 100, 1200));
	ok(change(&feed, CHANGE_STREAM, 11, 50, 3));
	ok(change(&feed, 0, 12, 50, 3));
	cr_assert(!bk_state_closed_interval(&feed.state, &next, &count),
		"the first has nothing that stands");
	second = feed.at;
	ok(change(&feed, CHANGE_STREAM, 13, 50, 3));
	ok(change(&feed, CHANGE_STREAM, 14, 50, 3));
	cr_assert(bk_state_closed_interval(&feed.state, &next, &count));
	cr_assert(next == second && count == 3);
	bk_state_done(&feed.state);
}

/* An interval may end within what a rewind struck, which is then partly in the keyframe's list. */
Test(state, rewinds_over_the_end_of_an_interval)
{
	struct feed feed = feed_new();
	struct keyframe kf = {.offset = 5000, .version = 10, .history = 100, .ordinal = 4};
	uint64_t first = feed.at;

	ok(change(&feed, CHANGE_STREAM, 11, 50, 3));
	kf.next = feed.at;
	bk_state_take_keyframe(&feed.state, &kf);
	ok(change(&feed, CHANGE_STREAM | CHANGE_LONE, 11, 50, 3));
	ok(rewind_to(&feed, 10, 100, first));
	cr_assert(feed.state.version == 10 && !bk_entry_stands(&feed.state.tail[0]));
	bk_state_done(&feed.state);
}

/* A delta keyframe takes its interval out of the tail, and the rest stays. */
Test(state, a_keyframe_takes_in_its_interval)
{
	struct feed feed = feed_new();
	struct keyframe kf = {
		.offset = 5000, .version = 11, .history = 101, .count = 6, .ordinal = 4};

	ok(change(&feed, CHANGE_STREAM, 11, 50, 3));
	kf.next = feed.at;
	ok(change(&feed, CHANGE_STREAM, 12, 50, 3));
	bk_state_take_keyframe(&feed.state, &kf);
	cr_assert(feed.state.tail_count == 1 && feed.state.tail[0].version == 12);
	cr_assert(feed.state.version == 12 && feed.state.history == 102 &&
		  feed.state.keyframe_version == 11 && feed.state.keyframe_next == kf.next);
	bk_state_done(&feed.state);
}

/* test_span.c - finding a keyframe among all of them (docs/format.md, 6, "Links"). */
#include "forge.h"
#include "node.h"
#include "span.h"
#include <bk/image.h>
#include <bk/listing.h>

SUITE(span);

/* 300 keyframes: the links of 16 and of 256 ordinals are there. */
#define KEYFRAMES 300

static void begin_long(struct node *node)
{
	node_begin(node, 2);
	node_busy(node, 2 * KEYFRAMES);
	ok(bk_keyframes_build(node->writer, why()));
}

/* "link k leads to ordinal - 16^k: u64 offset, u32 version (of its target), i64 earliest" */
Test(span, links_lead_where_they_say)
{
	struct node node;
	struct bk_log *log;
	struct keyframe *kf = NULL, *target;
	struct span tail;
	size_t most = 0;

	begin_long(&node);
	log = bk_writer_log(node.writer);
	ok(bk_span_of_tail(&tail, log, why()));
	cr_assert(tail.base->ordinal >= KEYFRAMES - 1);
	ok(bk_log_keyframe(log, tail.base->offset, &kf, why()));
	while (kf->ordinal) {
		uint64_t previous = kf->previous;

		cr_assert(kf->link_count == bk_keyframe_link_count(kf->ordinal));
		most = kf->link_count > most ? kf->link_count : most;
		for (size_t k = 0; k < kf->link_count; k++) {
			ok(bk_log_keyframe(log, kf->links[k].offset, &target, why()));
			cr_assert(target->ordinal == kf->ordinal - bk_keyframe_step((unsigned)k));
			cr_assert(target->version == kf->links[k].version);
			bk_log_unpin(log, target);
		}
		bk_log_unpin(log, kf);
		ok(bk_log_keyframe(log, previous, &kf, why()));
	}
	bk_log_unpin(log, kf);
	cr_assert(most == 3);
	bk_span_done(&tail);
	node_end(&node);
}

/* Each version is in the span that it is found by, from the newest keyframe not after it. */
Test(span, finds_every_version)
{
	struct node node;
	struct bk_log *log;
	struct span span;

	begin_long(&node);
	log = bk_writer_log(node.writer);
	for (uint32_t version = 0; version <= node.version; version++) {
		bool found;

		ok(bk_span_of_version(&span, log, version, why()));
		found = span.base->version == version;
		cr_assert(span.base->version <= version);
		cr_assert(!span.above || span.above->version > version);
		cr_assert(!span.above || span.above->ordinal == span.base->ordinal + 1);
		for (size_t i = 0; i < span.count; i++)
			found |= span.entries[i].version == version;
		cr_assert(found, "version %u", version);
		bk_span_done(&span);
	}
	ok(bk_span_of_version(&span, log, node.version + 1000, why()));
	cr_assert(!span.above, "what is after the head would be in the tail");
	bk_span_done(&span);
	fails(BK_E_MISSING, bk_span_of_version(&span, log, UINT32_MAX, why()));
	says("which begins with version 0");
	node_end(&node);
}

Test(span, finds_every_ordinal)
{
	struct node node;
	struct bk_log *log;
	struct span span;
	uint64_t newest;

	begin_long(&node);
	log = bk_writer_log(node.writer);
	ok(bk_span_of_tail(&span, log, why()));
	newest = span.base->ordinal;
	bk_span_done(&span);
	for (uint64_t ordinal = 0; ordinal <= newest; ordinal++) {
		ok(bk_span_of_ordinal(&span, log, ordinal, why()));
		cr_assert(span.base->ordinal == ordinal && !span.above == (ordinal == newest));
		bk_span_done(&span);
	}
	ok(bk_span_of_ordinal(&span, log, UINT64_MAX, why()));
	cr_assert(span.base->ordinal == newest);
	bk_span_done(&span);
	node_end(&node);
}

/* Few reads, however many keyframes there are: at most 16 at each of the levels. */
Test(span, takes_few_steps)
{
	struct node node;
	struct bk_log *log;
	struct span span;

	begin_long(&node);
	for (uint32_t version = 0; version < node.version; version += 37) {
		log = node_log(&node);
		node.io.calls[OP_READ] = 0;
		ok(bk_span_of_version(&span, log, version, why()));
		cr_assert(node.io.calls[OP_READ] <= 2 * 3 * 16, "%u reads to version %u",
			node.io.calls[OP_READ], version);
		bk_span_done(&span);
		bk_log_close(log);
	}
	node_end(&node);
}

/* "the newest span in which something came not after TIME_US": with clocks that step back and
 * forth. */
Test(span, finds_times_with_clocks_that_step)
{
	struct node node;
	struct bk_log *log;
	struct span span;
	uint64_t seed = test_seed();

	node_begin(&node, 2);
	for (unsigned i = 0; i < 80; i++) {
		node.io.now_us = TEST_NOW_US + (int64_t)(random_next(&seed) % 1000) * 1000000;
		node_busy(&node, 1);
		ok(bk_keyframes_build(node.writer, why()));
	}
	log = bk_writer_log(node.writer);
	for (int64_t second = 0; second <= 1000; second += 10) {
		int64_t time = TEST_NOW_US + second * 1000000;
		uint64_t want = UINT64_MAX, ordinal = 0;
		struct span all;

		/* The slow way: each span in turn. */
		do {
			bool has = false;

			ok(bk_span_of_ordinal(&all, log, ordinal, why()));
			for (size_t i = 0; i < all.count; i++)
				has |= all.entries[i].time_us <= time;
			if (has)
				want = ordinal;
			ordinal++;
			has = all.above;
			bk_span_done(&all);
			if (!has)
				break;
		} while (true);
		ok(bk_span_of_time(&span, log, time, why()));
		cr_assert(want == UINT64_MAX || (span.base && span.base->ordinal == want),
			"second %lld", (long long)second);
		bk_span_done(&span);
	}
	node_end(&node);
}

/* A link whose target is another keyframe than it should be: shorter ones lead there too. */
Test(span, a_link_that_leads_astray_is_not_taken)
{
	struct node node;
	struct bk_log *log = NULL;
	struct span span;
	struct forge forge;
	uint8_t *link;
	size_t from, to;

	node_begin(&node, 1);
	node_busy(&node, 40);
	ok(bk_keyframes_build(node.writer, why()));
	forge_load(&forge, node.path);
	from = forge_find(&forge, KEYFRAME, 32);
	to = forge_find(&forge, KEYFRAME, 15); /* and not 16 */
	link = forge_lists(forge_frame(&forge, from)) + 20;
	cr_assert(forge_get(link, 8) == forge.frames[forge_find(&forge, KEYFRAME, 16)]);
	forge_put(link, 8, forge.frames[to]);
	forge_seal(&forge);
	forge_save(&forge, scratch("bad"));
	ok(bk_log_open(&log, &node.io.io, scratch("bad"), why()));
	for (uint64_t ordinal = 0; ordinal < 40; ordinal++) {
		ok(bk_span_of_ordinal(&span, log, ordinal, why()));
		cr_assert(span.base->ordinal == ordinal && !span.is_mended);
		bk_span_done(&span);
	}
	bk_log_close(log);
	forge_done(&forge);
	node_end(&node);
}

/* What a search passed is not searched for again; a note that is not true leads nowhere. */
Test(span, begins_where_a_search_passed)
{
	struct node node;
	struct bk_log *log = NULL;
	struct span span;
	struct forge forge;

	node_begin(&node, 1);
	node_busy(&node, 40);
	ok(bk_keyframes_build(node.writer, why()));
	forge_load(&forge, node.path);
	for (unsigned noted = 0; noted < 3; noted++) {
		/* Nothing; the keyframe above the one that is asked for; another one as that. */
		uint64_t offset = forge.frames[forge_find(&forge, KEYFRAME, noted == 1 ? 20 : 23)];

		ok(bk_log_open(&log, &node.io.io, node.path, why()));
		if (noted)
			bk_passed_note(&log->passed, 20, offset);
		node.io.calls[OP_READ] = 0;
		ok(bk_span_of_ordinal(&span, log, 19, why()));
		cr_assert(span.base->ordinal == 19 && span.above->ordinal == 20);
		cr_assert((node.io.calls[OP_READ] < 6) == (noted == 1), "%u reads",
			node.io.calls[OP_READ]);
		bk_span_done(&span);
		/* The search itself has noted it, and the one below. */
		cr_assert(bk_passed_find(&log->passed, 20) ==
			  forge.frames[forge_find(&forge, KEYFRAME, 20)]);
		cr_assert(bk_passed_find(&log->passed, 19));
		bk_log_close(log);
	}
	forge_done(&forge);
	node_end(&node);
}

/* Between the keyframes around a damaged one all changes are there, with what they need. */
Test(span, damaged_keyframes_are_passed_over)
{
	struct node node;
	struct bk_log *log = NULL;
	struct bk_listing *history;
	struct bk_entry entry;
	struct span span;
	struct forge forge;
	uint32_t next = 0;
	bool more;

	node_begin(&node, 3);
	node_busy(&node, 150);
	ok(bk_keyframes_build(node.writer, why()));
	node_busy(&node, 2); /* or the damage might be a torn tail */
	forge_load(&forge, node.path);
	*(forge_frame(&forge, forge_find(&forge, KEYFRAME, 16)) + AT_PAYLOAD) ^= 1;
	*(forge_frame(&forge, forge_find(&forge, KEYFRAME, 33)) + AT_PAYLOAD) ^= 1;
	*(forge_frame(&forge, forge_find(&forge, KEYFRAME, 34)) + AT_PAYLOAD) ^= 1;
	forge_save(&forge, scratch("bad"));
	ok(bk_log_open(&log, &node.io.io, scratch("bad"), why()));
	for (uint64_t ordinal = 0; ordinal < 40; ordinal++) {
		bool below = ordinal == 15 || (ordinal >= 32 && ordinal < 34);
		bool bad = below || ordinal == 16 || ordinal == 34;

		ok(bk_span_of_ordinal(&span, log, ordinal, NULL));
		cr_assert(span.is_mended == bad && !span.base_lost, "%d", (int)ordinal);
		cr_assert(bad || (span.base->ordinal == ordinal && span.count == 3));
		cr_assert(!bad || span.count == (ordinal < 20 ? 6 : 9), "%zu", span.count);
		bk_span_done(&span);
	}
	ok(bk_listing_open(&history, log, 0, BK_LISTING_VERSIONS, why()));
	for (;; next++) {
		ok(bk_listing_next(history, &entry, &more, why()));
		if (!more)
			break;
		cr_assert(entry.version == next);
		ok(bk_log_find(log, next, &entry, NULL));
		cr_assert(entry.version == next);
	}
	cr_assert(next == node.version + 1);
	bk_listing_close(history);
	node_check_all(&node, log, &(struct bk_image_options){.past_damage = true});
	bk_log_close(log);
	forge_done(&forge);
	node_end(&node);
}

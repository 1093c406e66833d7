/* test_facts.c - what a log's events and notes say beside its changes (docs/format.md, 6, 11). */
#include "facts.h"
#include "support.h"

SUITE(facts);

static void event(struct facts *facts, uint32_t code, const char *text, uint32_t version)
{
	bk_facts_take_event(facts, code, text, strlen(text), version, 7);
}

Test(facts, a_head_that_was_seen_committed)
{
	static const char seen[] = "counter=4294967295\ninode=12\nmtime=1795330800000000001\n"
				   "ctime=1795330800000000002\nsize=8192\n";
	struct bk_stamp stamp = {UINT32_MAX, 12, 1795330800000000001, 1795330800000000002, 8192};
	struct facts facts = {0};

	event(&facts, EVENT_SEEN, seen, 7);
	cr_assert(facts.has_seen && bk_stamp_same(&facts.seen, &stamp));
	event(&facts, EVENT_OPENED, "", 7);
	cr_assert(facts.has_seen);
	bk_facts_take_change(&facts);
	cr_assert(!facts.has_seen);
	event(&facts, EVENT_SEEN, seen, 6);
	cr_assert(!facts.has_seen, "of another version");
	event(&facts, EVENT_SEEN, seen, 7);
	event(&facts, EVENT_SEEN, "counter=1\ninode=2\nmtime=3\nsize=4\n", 7);
	cr_assert(!facts.has_seen, "one that says too little");
	event(&facts, EVENT_SEEN, "counter=4294967296\ninode=2\nmtime=3\nctime=3\nsize=4\n", 7);
	cr_assert(!facts.has_seen, "no counter of SQLite's");
}

Test(facts, a_doubt_stays_until_it_is_settled)
{
	struct keyframe delta = {.notes = "doubt=stale\n"}, full = {.is_full = true, .notes = ""};
	struct facts facts = {0};

	event(&facts, EVENT_DOUBT, "why=a hand edit\n", 7);
	event(&facts, EVENT_DOUBT, "why=another\n", 7);
	event(&facts, EVENT_OPENED, "", 7);
	event(&facts, EVENT_CLOSED, "", 7);
	bk_facts_take_change(&facts);
	bk_facts_take_keyframe(&facts, &delta);
	cr_assert_str_eq(facts.doubt, "a hand edit");
	event(&facts, EVENT_SETTLED, "by=comparison\n", 7);
	cr_assert_str_empty(facts.doubt);
	event(&facts, EVENT_DOUBT, "", 7);
	cr_assert_str_eq(facts.doubt, "not said");
	bk_facts_take_keyframe(&facts, &full);
	cr_assert_str_empty(facts.doubt);
}

Test(facts, notes_carry_on_what_is_known)
{
	struct facts facts = {0}, again = {0};
	char notes[KEYFRAME_NOTES_MAX];

	bk_facts_notes(&facts, "", notes);
	cr_assert_str_empty(notes);
	event(&facts, EVENT_DOUBT, "why=the database stays locked\n", 7);
	bk_facts_notes(&facts, "02ab", notes);
	cr_assert_str_eq(notes, "node=02ab\ndoubt=the database stays locked\n");
	bk_facts_take_notes(&again, notes);
	cr_assert_str_eq(again.node, "02ab");
	cr_assert_str_eq(again.doubt, "the database stays locked");
	bk_facts_notes(&again, "", notes);
	cr_assert_str_eq(notes, "node=02ab\ndoubt=the database stays locked\n");
}

Test(facts, a_node_is_hexadecimal_digits)
{
	struct facts facts = {0};

	event(&facts, EVENT_OPENED, "node=02AB\n", 7);
	event(&facts, EVENT_OPENED, "node=\n", 7);
	event(&facts, EVENT_OPENED, "node=\x1b[31m\n", 7);
	cr_assert_str_empty(facts.node);
	event(&facts, EVENT_OPENED, "pid=1\nnode=03ff\n", 7);
	cr_assert_str_eq(facts.node, "03ff");
}

Test(facts, a_quorum_is_missed_until_it_is_met)
{
	struct keyframe full = {.is_full = true, .notes = ""};
	struct facts facts = {0}, again = {0};
	char notes[KEYFRAME_NOTES_MAX];

	event(&facts, EVENT_QUORUM, "from=4294967296\nplaces=2\n", 7);
	cr_assert(!facts.is_missed, "no version");
	event(&facts, EVENT_QUORUM, "from=70\nplaces=2\n", 7);
	event(&facts, EVENT_QUORUM, "from=90\nplaces=2\n", 7);
	event(&facts, EVENT_OPENED, "", 7);
	bk_facts_take_keyframe(&facts, &full);
	cr_assert(facts.is_missed && facts.missed_from == 70, "%u", facts.missed_from);
	bk_facts_notes(&facts, "", notes);
	cr_assert_str_eq(notes, "missed=70\n");
	bk_facts_take_notes(&again, notes);
	cr_assert(again.is_missed && again.missed_from == 70);
	event(&again, EVENT_QUORUM, "until=99\nplaces=2\n", 7);
	cr_assert(!again.is_missed);
}

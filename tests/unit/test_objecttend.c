/* test_objecttend.c - a place in a store of whole objects as time goes by: what is merged, removed
 * and put aside, and who slept meanwhile. */
#include "memstore.h"
#include "pieces.h"
#include "place_objects.h"
#include "source.h"
#include "support.h"

SUITE(objecttend);

Test(objecttend, merges_stretches_and_removes_what_they_cover)
{
	struct memstore store;
	struct source log;
	struct place *place;
	size_t before;

	memstore_init(&store, 1);
	place = store_begin_one(&store, &log);
	for (int i = 0; i < 30; i++) {
		source_grow(place, &log, 500000, (uint8_t)i);
		store_tend(place);
	}
	cr_assert(memstore_find(
		&store, "01010101010101010101010101010101/merged-00000000000000000000"));
	store_check(&store, &log, log.size);
	before = memstore_alive(&store);
	store.now_ms += 3500000;
	store_tend(place);
	cr_assert_eq(memstore_alive(&store), before);
	store.now_ms += 3700000;
	store_tend(place);
	cr_assert(memstore_alive(&store) < before - 20);
	store_check(&store, &log, log.size);
	/* Another session finds all merged; one that was cut short is made up for. */
	memstore_find(&store, "01010101010101010101010101010101/merged-00000000000000000000");
	source_grow(place, &log, 5 << 20, 1);
	place->ops->close(place);
	place = store_place(&store);
	ok(source_send(place, &log, log.size, log.size));
	store_tend(place);
	store.now_ms += 3700000;
	store_tend(place);
	store_check(&store, &log, log.size);
	store_end(&store, &log, place);
}

/* Where nothing can be removed, nothing more is merged, and nothing fails. */
Test(objecttend, is_content_where_nothing_can_be_removed)
{
	struct memstore store;
	struct source log;
	struct place *place;

	memstore_init(&store, 1);
	store.refuses_deletes = true;
	place = store_begin_one(&store, &log);
	for (int i = 0; i < 30; i++) {
		source_grow(place, &log, 500000, (uint8_t)i);
		store_tend(place);
		store.now_ms += 600000;
	}
	cr_assert_eq(store.removes, 1);
	store_check(&store, &log, log.size);
	store_end(&store, &log, place);
}

/* A predecessor goes after 30 days of the store's clock, with what was offered in vain. */
static void see_predecessors_go(bool is_racy)
{
	struct memstore store;
	struct source log, next, given_up;
	struct place *place;

	memstore_init(&store, 1);
	store.is_racy = is_racy;
	source_init(&log, 1, 0);
	source_init(&given_up, 3, 1);
	source_init(&next, 2, 1);
	source_add(&log, FRAME_PAGES, 100, 1);
	source_add(&next, FRAME_PAGES, 100, 1);
	place = store_begin(&store, &log);
	ok(place->ops->begin(place, given_up.bytes, PLACE_SUCCEEDS, why()));
	ok(place->ops->begin(place, next.bytes, PLACE_SUCCEEDS, why()));
	ok(source_send(place, &next, LOG_HEADER_SIZE, next.size));
	ok(place->ops->commit(place, next.header.id, why()));
	store.now_ms += INT64_C(29) * 86400000;
	store_tend(place);
	cr_assert(memstore_find(&store, "01010101010101010101010101010101/00000000000000000000"));
	cr_assert(memstore_find(&store, "03030303030303030303030303030303/00000000000000000000"));
	store.now_ms += INT64_C(2) * 86400000;
	store_tend(place);
	cr_assert(!memstore_find(&store, "01010101010101010101010101010101/00000000000000000000"));
	cr_assert(!memstore_find(&store, "vote-0000000001-0000000001"));
	cr_assert(!memstore_find(&store, "03030303030303030303030303030303/00000000000000000000"));
	cr_assert(!memstore_find(&store, "turn-0000000001"));
	/* Left are the turn, its offer or its vote, and the log: its header, its one piece. */
	cr_assert_eq(memstore_alive(&store), is_racy ? 4 : 3);
	store_check(&store, &next, next.size);
	store_end(&store, &log, place);
	free(next.bytes);
	free(given_up.bytes);
}

Test(objecttend, predecessors_stay_for_a_time)
{
	see_predecessors_go(false);
	see_predecessors_go(true);
}

/* A writer that slept while another went on, merged and removed, is not let in by a name that is
 * free again. */
Test(objecttend, a_sleeper_is_fenced_where_names_are_free_again)
{
	struct memstore store;
	struct source log, other = {0};
	struct place *place, *sleeper = NULL;
	struct place_head head;
	uint64_t parted;

	memstore_init(&store, 1);
	place = store_begin_one(&store, &log);
	for (int i = 0; i < 20; i++) {
		if (i == 3) {
			other = source_copy(&log);
			sleeper = store_place(&store);
			ok(sleeper->ops->head(sleeper, &head, why()));
			ok(source_send(sleeper, &other, other.size, other.size));
		}
		source_grow(place, &log, 500000, (uint8_t)i);
	}
	store_tend(place);
	store.now_ms += 3700000;
	store_tend(place);
	parted = other.size;
	source_add(&other, FRAME_CHANGE, 500000, 'x');
	fails(BK_E_BUSY, source_send(sleeper, &other, parted, other.size));
	says("unseen");
	ok(sleeper->ops->head(sleeper, &head, why()));
	cr_assert_eq(head.now.end, log.size);
	store_check(&store, &log, log.size);
	sleeper->ops->close(sleeper);
	store_end(&store, &log, place);
	free(other.bytes);
}

/* A listing may be older than anything: what is there is found by its name, merged or not. */
Test(objecttend, no_listing_has_to_be_true)
{
	struct memstore store;
	struct source log;
	struct place *place;
	struct place_head head;

	memstore_init(&store, 1);
	place = store_begin_one(&store, &log);
	for (int i = 0; i < 30; i++) {
		source_grow(place, &log, 500000, (uint8_t)i);
		store.list_at_ms = i == 11 ? store.now_ms : store.list_at_ms;
	}
	store_check(&store, &log, log.size);
	store_tend(place);
	store.now_ms += 3700000;
	store_tend(place);
	store_check(&store, &log, log.size);
	/* So is a log that took another turn. */
	ok(place->ops->begin(place, log.bytes, PLACE_ANEW, why()));
	ok(place->ops->head(place, &head, why()));
	cr_assert_eq(head.now.end, LOG_HEADER_SIZE);
	place->ops->close(place);
	place = store_place(&store);
	ok(place->ops->head(place, &head, why()));
	cr_assert_eq(head.now.end, LOG_HEADER_SIZE);
	store_end(&store, &log, place);
}

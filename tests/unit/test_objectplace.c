/* test_objectplace.c - a place in a store of whole objects (place_objects.h): what it takes, what
 * it gives back, and what it refuses. */
#include "memstore.h"
#include "pieces.h"
#include "place_objects.h"
#include "source.h"
#include "support.h"

SUITE(objectplace);

Test(objectplace, names_and_what_a_listing_says)
{
	struct pieces listed = {0}, way = {0};
	const struct piece there[] = {{.at = 128, .size = 100},
		{.at = 228, .size = 50, .writer = 2}, {.at = 228, .size = 40, .writer = 1},
		{.at = 278, .size = PIECE_MAX}, {.at = 278 + PIECE_MAX, .size = 10},
		{.at = 0, .size = 150 + PIECE_MAX, .is_merged = true}, {.at = 288 + PIECE_MAX}};
	struct piece piece;
	char name[PIECES_NAME];
	uint64_t end;
	bool is_closed;

	bk_pieces_name(name, "f", 4194304, true);
	cr_assert_str_eq(name, "f/merged-00000000000004194304");
	cr_assert(bk_pieces_parse(&piece, name + 2, 7) && piece.is_merged && piece.at == PIECE_MAX);
	cr_assert(!bk_pieces_parse(&piece, "merged-00000000000004194305", 7));
	cr_assert(!bk_pieces_parse(&piece, "00000000000004194305", PIECE_MAX + 1));
	cr_assert(!bk_pieces_parse(&piece, "99999999999999999999", 1));
	cr_assert(!bk_pieces_parse(&piece, "x", 1));
	cr_assert(
		bk_pieces_parse(&piece, "00000000000000000128-0000000007", 1) && piece.writer == 7);
	bk_pieces_object(name, "f", &piece);
	cr_assert_str_eq(name, "f/00000000000000000128-0000000007");
	cr_assert(!bk_pieces_parse(&piece, "00000000000000000128-0000000000", 1));
	cr_assert(!bk_pieces_parse(&piece, "00000000000000000128-7", 1));
	cr_assert(!bk_pieces_parse(&piece, "merged-00000000000004194304-0000000007", 1));
	for (size_t i = 0; i < COUNT_OF(there); i++)
		ok(bk_pieces_add(&listed, &there[i], why()));
	ok(bk_pieces_walk(&way, &listed, 128, &end, &is_closed, why()));
	cr_assert(is_closed && end == 288 + PIECE_MAX && way.count == 2 && way.list[0].is_merged);
	cr_assert(bk_pieces_find(&way, 127) == NULL && bk_pieces_find(&way, 128) == way.list);
	cr_assert(bk_pieces_find(&way, end - 1) == way.list + 1 && !bk_pieces_find(&way, end));
	bk_pieces_done(&listed);
	bk_pieces_done(&way);
}

Test(objectplace, takes_a_log_and_gives_it_back)
{
	struct memstore store;
	struct source log;
	struct place *place;

	memstore_init(&store, 1);
	place = store_begin_one(&store, &log);
	store_check(&store, &log, log.size);
	for (int i = 0; i < 5; i++) {
		uint64_t from = log.size;

		source_add(&log, FRAME_CHANGE, 100 + 50 * (size_t)i, (uint8_t)i);
		ok(source_send(place, &log, from, log.size));
		store_check(&store, &log, log.size);
	}
	place->ops->close(place);
	cr_assert(memstore_find(&store, "turn-0000000001"));
	cr_assert(memstore_find(&store, "01010101010101010101010101010101/00000000000000000128"));
	memstore_done(&store);
	free(log.bytes);
}

/* Bytes come in runs that end anywhere, and frames are larger than any piece. */
Test(objectplace, cuts_what_is_large)
{
	struct memstore store;
	struct source log;
	struct place *place;

	memstore_init(&store, 1);
	source_init(&log, 1, 0);
	source_add(&log, FRAME_CHANGE, 1000, 1);
	source_add(&log, FRAME_CHANGE, 11 << 20, 2);
	source_add(&log, FRAME_CHANGE, 1000, 3);
	source_add(&log, FRAME_PAGES, (4 << 20) - FRAME_HEAD_SIZE, 3);
	source_add(&log, FRAME_CHANGE, 1000, 3);
	place = store_place(&store);
	ok(place->ops->begin(place, log.bytes, PLACE_SUCCEEDS, why()));
	for (uint64_t at = LOG_HEADER_SIZE; at < log.size; at += 1 << 18) {
		size_t size = log.size - at < 1 << 18 ? (size_t)(log.size - at) : 1 << 18;

		ok(place->ops->append(place, log.header.id, at, log.bytes + at, size,
			at + size == log.size, why()));
		/* What is not whole is none of the log's, to whoever looks. */
		if (at > 6 << 20 && at < 8 << 20)
			store_check(&store, &log, 128 + 1048);
	}
	store_check(&store, &log, log.size);
	store_end(&store, &log, place);
}

/* Who reads on and on, and who jumps about. */
Test(objectplace, reads_anywhere)
{
	struct memstore store;
	struct source log;
	struct place *place;
	struct place_head head;
	uint64_t random = 7, at = 0;
	uint8_t *bytes = malloc(PLACE_RUN_MAX);
	size_t got;

	memstore_init(&store, 1);
	place = store_begin_one(&store, &log);
	for (int i = 0; i < 200; i++) {
		uint64_t from = log.size;

		source_add(&log, FRAME_CHANGE, (size_t)(random_next(&random) % 200000), (uint8_t)i);
		ok(source_send(place, &log, from, log.size));
	}
	place->ops->close(place);
	place = store_place(&store);
	ok(place->ops->head(place, &head, why()));
	for (int i = 0; i < 300; i++) {
		size_t size =
			i % 100 < 50 ? PLACE_RUN_MAX : 1 + (size_t)(random_next(&random) % 100000);

		if (i % 100 == 0 || at >= log.size)
			at = random_next(&random) % log.size;
		ok(place->ops->read(place, log.header.id, at, bytes, size, &got, why()));
		cr_assert(got == (log.size - at < size ? log.size - at : size));
		cr_assert(memcmp(bytes, log.bytes + at, got) == 0);
		at = i % 100 < 60 ? at + got : random_next(&random) % log.size;
	}
	free(bytes);
	store_end(&store, &log, place);
}

/* A frame that was being sent when the line broke goes on where it is whole. */
Test(objectplace, goes_on_behind_half_a_frame)
{
	struct memstore store;
	struct source log;
	struct place *place;
	struct place_head head;

	memstore_init(&store, 1);
	source_init(&log, 1, 0);
	source_add(&log, FRAME_CHANGE, 1000, 1);
	source_add(&log, FRAME_CHANGE, 11 << 20, 2);
	place = store_place(&store);
	ok(place->ops->begin(place, log.bytes, PLACE_SUCCEEDS, why()));
	ok(source_send(place, &log, LOG_HEADER_SIZE, 9 << 20));
	place->ops->close(place);
	place = store_place(&store);
	ok(place->ops->head(place, &head, why()));
	cr_assert_eq(head.now.end, 128 + 1048);
	ok(source_send(place, &log, head.now.end, log.size));
	store_check(&store, &log, log.size);
	store_end(&store, &log, place);
}

Test(objectplace, keeps_a_second_writer_out)
{
	struct memstore store;
	struct source log, other;
	struct place *place, *second;
	struct place_head head;
	uint64_t from;

	memstore_init(&store, 1);
	source_init(&log, 1, 0);
	source_add(&log, FRAME_PAGES, 100, 1);
	other = source_copy(&log);
	from = log.size;
	place = store_begin(&store, &log);
	second = store_place(&store);
	ok(second->ops->head(second, &head, why()));
	cr_assert_eq(head.now.end, from);
	source_add(&log, FRAME_CHANGE, 100, 'a');
	source_add(&other, FRAME_CHANGE, 100, 'b');
	ok(source_send(place, &log, from, log.size));
	fails(BK_E_UNSAFE, source_send(second, &other, from, other.size));
	says("another writer");
	store_check(&store, &log, log.size);
	/* Who has the same, and is behind, is told to ask again. */
	second->ops->close(second);
	second = store_place(&store);
	ok(second->ops->head(second, &head, why()));
	cr_assert_eq(head.now.end, log.size);
	place->ops->close(place);
	second->ops->close(second);
	memstore_done(&store);
	free(log.bytes);
	free(other.bytes);
}

/* Whoever goes on while another's put is between its two halves. */
struct rival {
	struct place *place;
	const struct source *log;
	uint64_t from;
	enum bk_code code;
};

static void go_on_beside(void *ctx)
{
	struct rival *rival = ctx;

	if (rival->from == rival->log->size)
		return;
	rival->code = source_send(rival->place, rival->log, rival->from, rival->log->size);
	rival->from = rival->log->size;
}

/* Of two puts at one moment both succeed: one is told that it has put something, and its stands. */
Test(objectplace, of_two_puts_at_one_moment_one_counts)
{
	struct memstore store;
	struct source log, other;
	struct place *place;
	struct place_head head;
	struct rival rival;
	uint64_t from;

	memstore_init(&store, 1);
	store.is_racy = true;
	place = store_begin_one(&store, &log);
	from = source_part(&log, &other);
	rival = (struct rival){.place = store_place(&store), .log = &other, .from = from};
	ok(rival.place->ops->head(rival.place, &head, why()));
	cr_assert_eq(head.now.end, from);
	store.between_ctx = &rival;
	store.between = go_on_beside;
	fails(BK_E_BUSY, source_send(place, &log, from, log.size));
	says("another writer has begun");
	store.between = NULL;
	cr_assert(!rival.code && rival.from == other.size);
	store_check(&store, &other, other.size);
	ok(place->ops->head(place, &head, why()));
	cr_assert(head.now.end == other.size && head.now.sum == other.sum);
	fails(BK_E_BUSY, source_send(place, &log, from, log.size));
	store_check(&store, &other, other.size);
	place->ops->close(place);
	rival.place->ops->close(rival.place);
	memstore_done(&store);
	free(log.bytes);
	free(other.bytes);
}

/* Who finds what he put, of which he was told nothing, is not told so of what another put there
 * before he took a number. */
Test(objectplace, what_is_found_counts_only_if_it_still_stands_there)
{
	struct memstore store;
	struct source log, other;
	struct place *first, *second;
	struct place_head head;
	uint64_t from;

	memstore_init(&store, 1);
	store.is_racy = true;
	second = store_begin_one(&store, &log);
	from = source_part(&log, &other);
	first = store_place(&store);
	ok(source_send(first, &log, from, from));
	fails(BK_E_BUSY, source_send(second, &other, from, other.size));
	second->ops->close(second);
	second = store_place(&store);
	ok(second->ops->head(second, &head, why()));
	cr_assert(head.now.end == other.size && head.now.sum == other.sum);
	ok(source_send(first, &log, from, log.size));
	fails(BK_E_BUSY, source_send(second, &other, other.size, other.size));
	ok(second->ops->head(second, &head, why()));
	cr_assert(head.now.end == log.size && head.now.sum == log.sum);
	store_check(&store, &log, log.size);
	first->ops->close(first);
	second->ops->close(second);
	memstore_done(&store);
	free(log.bytes);
	free(other.bytes);
}

/* A change costs a put and a look, where numbers are needed. */
Test(objectplace, a_change_costs_a_put_and_a_look)
{
	struct memstore store;
	struct source log;
	struct place *place;

	memstore_init(&store, 1);
	store.is_racy = true;
	place = store_begin_one(&store, &log);
	store.puts = store.gets = store.lists = store.claims = store.looks = 0;
	for (int i = 0; i < 10; i++)
		source_grow(place, &log, 20, 'a');
	cr_assert(store.puts == 10 && store.looks == 10);
	cr_assert(store.gets == 0 && store.lists == 0 && store.claims == 0);
	place->ops->close(place);
	/* Another session: a number, and the last piece once more. */
	store.puts = 0;
	place = store_place(&store);
	ok(source_send(place, &log, log.size, log.size));
	cr_assert(store.claims == 1 && store.puts == 2);
	store_check(&store, &log, log.size);
	store_end(&store, &log, place);
}

/* Nobody is told that half of what he put is there: not what he appends, nor what he puts once more
 * under his number. A store that keeps halves is none, and the first half is an error. */
Test(objectplace, half_of_what_was_put_is_not_taken_for_it)
{
	for (int is_racy = 0; is_racy < 2; is_racy++) {
		struct memstore store;
		struct source log;
		struct place *place;
		uint64_t from;

		memstore_init(&store, 1);
		store.is_racy = is_racy;
		place = store_begin_one(&store, &log);
		source_grow(place, &log, 1000, 'a');
		from = log.size;
		source_add(&log, FRAME_CHANGE, 1000, 'b');
		source_add(&log, FRAME_CHANGE, 1100, 'c');
		store.halves = 1;
		fails(BK_E_IO, source_send(place, &log, from, log.size));
		says("not all or nothing");
		store_end(&store, &log, place);
	}
	for (int is_whole = 0; is_whole < 2; is_whole++) {
		struct memstore store;
		struct source log;
		struct place *place;

		memstore_init(&store, 1);
		store.is_racy = true;
		place = store_begin_one(&store, &log);
		source_grow(place, &log, 1000, 'a');
		place->ops->close(place);
		place = store_place(&store);
		store.halves = !is_whole;
		if (is_whole)
			ok(source_send(place, &log, log.size, log.size));
		else
			fails(BK_E_IO, source_send(place, &log, log.size, log.size));
		store_end(&store, &log, place);
	}
}

/* What is there, and nobody knows how large, is neither empty, which ends a log, nor missing. */
Test(objectplace, a_listing_without_sizes_is_none)
{
	struct memstore store;
	struct source log;
	struct place *place;
	struct place_head head;

	memstore_init(&store, 1);
	place = store_begin_one(&store, &log);
	place->ops->close(place);
	place = store_place(&store);
	store.tells_no_sizes = true;
	fails(BK_E_IO, place->ops->head(place, &head, why()));
	says("how large 0000000000000000");
	store.tells_no_sizes = false;
	ok(place->ops->head(place, &head, why()));
	cr_assert_eq(head.now.end, log.size);
	store_end(&store, &log, place);
}

/* Names without a number are older than any with one. */
Test(objectplace, goes_on_with_names_that_have_no_number)
{
	struct memstore store;
	struct source log;
	struct place *place;
	uint64_t from;

	memstore_init(&store, 1);
	place = store_begin_one(&store, &log);
	place->ops->close(place);
	store.is_racy = true;
	for (int i = 0; i < 3; i++) {
		place = store_place(&store);
		from = log.size;
		ok(source_send(place, &log, from, from));
		source_add(&log, FRAME_CHANGE, 100, 1);
		ok(source_send(place, &log, from, log.size));
		place->ops->close(place);
		store_check(&store, &log, log.size);
	}
	cr_assert(memstore_find(&store, "01010101010101010101010101010101/00000000000000000128"));
	cr_assert(memstore_find(
		&store, "01010101010101010101010101010101/00000000000000000128-0000000001"));
	cr_assert(memstore_find(
		&store, "01010101010101010101010101010101/00000000000000000276-0000000002"));
	memstore_done(&store);
	free(log.bytes);
}

Test(objectplace, refuses_what_is_not_sealed_and_what_does_not_chain)
{
	struct memstore store;
	struct source log, clear, stranger;
	struct place *place;

	memstore_init(&store, 1);
	source_init(&log, 1, 0);
	clear = source_copy(&log);
	clear.header.is_sealed = false;
	bk_header_encode(clear.bytes, &clear.header);
	source_init(&stranger, 9, 8);
	source_add(&log, FRAME_PAGES, 100, 1);
	place = store_place(&store);
	fails(BK_E_UNSAFE, place->ops->begin(place, clear.bytes, PLACE_SUCCEEDS, why()));
	says("--in-the-clear");
	cr_assert_eq(memstore_alive(&store), 0);
	place->ops->close(place);
	place = store_begin(&store, &log);
	fails(BK_E_UNSAFE, place->ops->begin(place, stranger.bytes, PLACE_SUCCEEDS, why()));
	says("another log");
	source_add(&log, FRAME_CHANGE, 100, 1);
	log.bytes[log.size - 1] ^= 1;
	fails(BK_E_UNSAFE, source_send(place, &log, log.size - 148, log.size));
	says("at offset 276");
	store_check(&store, &log, log.size - 148);
	fails(BK_E_MISSING, source_send(place, &stranger, 128, 128));
	fails(BK_E_BUSY, source_send(place, &log, log.size - 1, log.size));
	store_end(&store, &log, place);
	free(clear.bytes);
	free(stranger.bytes);
}

Test(objectplace, refuses_a_store_that_writes_over_what_is_there)
{
	struct memstore store;
	struct source log;
	struct place *place;

	memstore_init(&store, 1);
	store.ignores_conditions = true;
	source_init(&log, 1, 0);
	place = store_place(&store);
	fails(BK_E_UNSAFE, place->ops->begin(place, log.bytes, PLACE_SUCCEEDS, why()));
	says("second node");
	store_end(&store, &log, place);
}

/* A successor comes beside the log, takes its turn, and closes the log before it. */
Test(objectplace, a_successor_takes_its_turn)
{
	struct memstore store;
	struct source log, next, given_up;
	struct place *place, *late;
	struct place_head head;
	uint64_t from;
	struct bk_buf names;

	memstore_init(&store, 1);
	source_init(&log, 1, 0);
	source_init(&given_up, 3, 1);
	source_init(&next, 2, 1);
	source_add(&log, FRAME_PAGES, 100, 1);
	source_add(&next, FRAME_PAGES, 100, 1);
	place = store_begin(&store, &log);
	late = store_place(&store);
	ok(late->ops->head(late, &head, why()));
	ok(place->ops->begin(place, given_up.bytes, PLACE_SUCCEEDS, why()));
	ok(place->ops->begin(place, next.bytes, PLACE_SUCCEEDS, why()));
	ok(place->ops->head(place, &head, why()));
	cr_assert(head.coming.is_there && head.coming.id[0] == 2 &&
		  head.coming.end == LOG_HEADER_SIZE);
	fails(BK_E_UNSAFE, place->ops->commit(place, next.header.id, why()));
	ok(source_send(place, &next, LOG_HEADER_SIZE, next.size));
	source_grow(place, &log, 100, 1);
	store_check(&store, &log, log.size);
	ok(place->ops->commit(place, next.header.id, why()));
	ok(place->ops->commit(place, next.header.id, why()));
	store_check(&store, &next, next.size);
	from = next.size;
	source_add(&next, FRAME_CHANGE, 100, 1);
	ok(source_send(place, &next, from, next.size));
	store_check(&store, &next, next.size);
	/* Who still stands by the log before is let in no more. */
	from = log.size;
	source_add(&log, FRAME_CHANGE, 100, 9);
	cr_assert(source_send(late, &log, from, log.size));
	ok(late->ops->head(late, &head, why()));
	cr_assert_eq(head.now.id[0], 2);
	bk_buf_init(&names, 1000);
	ok(late->ops->list(late, &names, why()));
	cr_assert(names.size == 16 && memcmp(names.data, "turn-0000000001\n", 16) == 0);
	bk_buf_done(&names);
	place->ops->close(place);
	late->ops->close(late);
	memstore_done(&store);
	free(log.bytes);
	free(next.bytes);
	free(given_up.bytes);
}

/* By an operator's word the same log begins once more, and who went on with it is fenced. */
Test(objectplace, begins_anew_by_word)
{
	struct memstore store;
	struct source log, other;
	struct place *place, *second;
	uint64_t from;

	memstore_init(&store, 1);
	source_init(&log, 1, 0);
	source_add(&log, FRAME_PAGES, 100, 1);
	other = source_copy(&log);
	from = log.size;
	place = store_begin(&store, &log);
	source_add(&log, FRAME_CHANGE, 100, 'a');
	ok(source_send(place, &log, from, log.size));
	second = store_place(&store);
	ok(second->ops->begin(second, other.bytes, PLACE_ANEW, why()));
	source_add(&other, FRAME_CHANGE, 100, 'b');
	ok(source_send(second, &other, LOG_HEADER_SIZE, other.size));
	store_check(&store, &other, other.size);
	from = log.size;
	source_add(&log, FRAME_CHANGE, 100, 'a');
	fails(BK_E_BUSY, source_send(place, &log, from, log.size));
	says("closed");
	fails(BK_E_UNSAFE, source_send(place, &log, from, log.size));
	store_check(&store, &other, other.size);
	place->ops->close(place);
	second->ops->close(second);
	memstore_done(&store);
	free(log.bytes);
	free(other.bytes);
}

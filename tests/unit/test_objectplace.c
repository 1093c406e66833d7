/* test_objectplace.c - a place in a store of whole objects (place_objects.h): what it takes, what
 * it refuses, and what is left of it when requests fail, answers are lost, and listings are late.
 */
#include "memstore.h"
#include "pieces.h"
#include "place_objects.h"
#include "support.h"

SUITE(objectplace);

/* A log whose id is ID times 16. */
struct source {
	uint8_t *bytes;
	size_t size, room;
	struct log_header header;
	uint64_t sum;
};

static void add_frame(struct source *log, uint8_t kind, size_t size, uint8_t fill)
{
	struct frame_head head = {
		.kind = kind, .size = (uint32_t)size, .chain = (uint32_t)log->sum};
	uint8_t *at;

	if (log->size + FRAME_HEAD_SIZE + size > log->room) {
		log->room = 2 * (log->size + FRAME_HEAD_SIZE + size);
		log->bytes = realloc(log->bytes, log->room);
	}
	at = log->bytes + log->size;
	memset(at + FRAME_HEAD_SIZE, fill, size);
	bk_frame_finish(at, &head, log->header.seed + log->size);
	log->size += (size_t)bk_frame_size(&head);
	log->sum = head.sum;
}

static void init_log(struct source *log, uint8_t id, uint8_t predecessor)
{
	*log = (struct source){.header.is_sealed = true, .room = 4096, .bytes = malloc(4096)};
	memset(log->header.id, id, LOG_ID_SIZE);
	memset(log->header.predecessor, predecessor, LOG_ID_SIZE);
	bk_header_encode(log->bytes, &log->header);
	log->size = LOG_HEADER_SIZE;
	log->sum = log->header.sum;
}

static struct source copy_of(const struct source *log)
{
	struct source copy = *log;

	copy.bytes = malloc(copy.room);
	memcpy(copy.bytes, log->bytes, copy.size);
	return copy;
}

static struct place *place_in(struct memstore *store)
{
	struct place *place;

	ok(bk_place_objects(&place, memstore_client(store, 0), false, why()));
	return place;
}

static enum bk_code send(struct place *place, const struct source *log, uint64_t from, uint64_t to)
{
	return place->ops->append(
		place, log->header.id, from, log->bytes + from, (size_t)(to - from), true, why());
}

/* What a place gives unasked is what LOG has. */
static void take_unasked(void *ctx, uint64_t offset, const uint8_t *bytes, size_t size)
{
	const struct source *log = ctx;

	cr_assert(offset % 1024 == 0 && offset + size <= log->size);
	cr_assert(memcmp(bytes, log->bytes + offset, size) == 0);
}

static struct place *place_to_read(struct memstore *store, struct source *log)
{
	struct place *place = place_in(store);

	place->take = take_unasked;
	place->take_ctx = log;
	return place;
}

/* The same for one who only reads, and reads parts beside each other. */
static void check_read(struct memstore *store, const struct source *log, uint64_t end)
{
	struct source copy = *log;
	struct place *place = place_to_read(store, &copy);
	struct place_head head;
	uint8_t *bytes = malloc((size_t)end + 100);
	uint64_t half = end / 2;
	struct place_part parts[] = {
		{half, bytes + half, (size_t)(end - half) + 100, 0}, {0, bytes, (size_t)half, 0}};
	enum bk_code code;

	ok(place->ops->head(place, &head, why()));
	cr_assert(head.now.is_there && head.now.end == end && head.now.durable == end,
		"%llu of %llu", (unsigned long long)head.now.end, (unsigned long long)end);
	code = place->ops->parts(place, log->header.id, parts, COUNT_OF(parts), why());
	for (size_t i = 0; code == BK_E_BUSY && i < COUNT_OF(parts); i++)
		ok(place->ops->read(place, log->header.id, parts[i].offset, parts[i].data,
			parts[i].size, &parts[i].got, why()));
	cr_assert(!code || code == BK_E_BUSY);
	cr_assert(parts[0].got == end - half && parts[1].got == half);
	cr_assert(memcmp(bytes, log->bytes, (size_t)end) == 0);
	free(bytes);
	place->ops->close(place);
}

/* The place's log, by readers of their own, is what LOG has up to END. */
static void check_now(struct memstore *store, const struct source *log, uint64_t end)
{
	struct place *place = place_in(store);
	struct place_head head;
	uint8_t *bytes = malloc((size_t)end + 100);
	size_t got;

	ok(place->ops->head(place, &head, why()));
	cr_assert(head.now.is_there && head.now.end == end && head.now.durable == end,
		"%llu of %llu", (unsigned long long)head.now.end, (unsigned long long)end);
	ok(place->ops->read(place, log->header.id, 0, bytes, (size_t)end + 100, &got, why()));
	cr_assert(got == end && memcmp(bytes, log->bytes, got) == 0);
	if (got > 300) {
		ok(place->ops->read(place, log->header.id, 100, bytes, 200, &got, why()));
		cr_assert(got == 200 && memcmp(bytes, log->bytes + 100, got) == 0);
	}
	free(bytes);
	place->ops->close(place);
	check_read(store, log, end);
}

static struct place *begun(struct memstore *store, const struct source *log)
{
	struct place *place = place_in(store);

	ok(place->ops->begin(place, log->bytes, PLACE_SUCCEEDS, why()));
	ok(send(place, log, LOG_HEADER_SIZE, log->size));
	return place;
}

Test(objectplace, names_and_what_a_listing_says)
{
	struct pieces listed = {0}, way = {0};
	const struct piece there[] = {{.at = 128, .size = 100}, {.at = 228, .size = 50},
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
	init_log(&log, 1, 0);
	add_frame(&log, FRAME_PAGES, 100, 1);
	place = begun(&store, &log);
	check_now(&store, &log, log.size);
	for (int i = 0; i < 5; i++) {
		uint64_t from = log.size;

		add_frame(&log, FRAME_CHANGE, 100 + 50 * (size_t)i, (uint8_t)i);
		ok(send(place, &log, from, log.size));
		check_now(&store, &log, log.size);
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
	init_log(&log, 1, 0);
	add_frame(&log, FRAME_CHANGE, 1000, 1);
	add_frame(&log, FRAME_CHANGE, 11 << 20, 2);
	add_frame(&log, FRAME_CHANGE, 1000, 3);
	add_frame(&log, FRAME_PAGES, (4 << 20) - FRAME_HEAD_SIZE, 3);
	add_frame(&log, FRAME_CHANGE, 1000, 3);
	place = place_in(&store);
	ok(place->ops->begin(place, log.bytes, PLACE_SUCCEEDS, why()));
	for (uint64_t at = LOG_HEADER_SIZE; at < log.size; at += 1 << 18) {
		size_t size = log.size - at < 1 << 18 ? (size_t)(log.size - at) : 1 << 18;

		ok(place->ops->append(place, log.header.id, at, log.bytes + at, size,
			at + size == log.size, why()));
		/* What is not whole is none of the log's, to whoever looks. */
		if (at > 6 << 20 && at < 8 << 20)
			check_now(&store, &log, 128 + 1048);
	}
	check_now(&store, &log, log.size);
	place->ops->close(place);
	memstore_done(&store);
	free(log.bytes);
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
	init_log(&log, 1, 0);
	add_frame(&log, FRAME_PAGES, 100, 1);
	place = begun(&store, &log);
	for (int i = 0; i < 200; i++) {
		uint64_t from = log.size;

		add_frame(&log, FRAME_CHANGE, (size_t)(random_next(&random) % 200000), (uint8_t)i);
		ok(send(place, &log, from, log.size));
	}
	place->ops->close(place);
	place = place_in(&store);
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
	place->ops->close(place);
	memstore_done(&store);
	free(log.bytes);
}

/* A frame that was being sent when the line broke goes on where it is whole. */
Test(objectplace, goes_on_behind_half_a_frame)
{
	struct memstore store;
	struct source log;
	struct place *place;
	struct place_head head;

	memstore_init(&store, 1);
	init_log(&log, 1, 0);
	add_frame(&log, FRAME_CHANGE, 1000, 1);
	add_frame(&log, FRAME_CHANGE, 11 << 20, 2);
	place = place_in(&store);
	ok(place->ops->begin(place, log.bytes, PLACE_SUCCEEDS, why()));
	ok(send(place, &log, LOG_HEADER_SIZE, 9 << 20));
	place->ops->close(place);
	place = place_in(&store);
	ok(place->ops->head(place, &head, why()));
	cr_assert_eq(head.now.end, 128 + 1048);
	ok(send(place, &log, head.now.end, log.size));
	check_now(&store, &log, log.size);
	place->ops->close(place);
	memstore_done(&store);
	free(log.bytes);
}

Test(objectplace, keeps_a_second_writer_out)
{
	struct memstore store;
	struct source log, other;
	struct place *place, *second;
	struct place_head head;
	uint64_t from;

	memstore_init(&store, 1);
	init_log(&log, 1, 0);
	add_frame(&log, FRAME_PAGES, 100, 1);
	other = copy_of(&log);
	from = log.size;
	place = begun(&store, &log);
	second = place_in(&store);
	ok(second->ops->head(second, &head, why()));
	cr_assert_eq(head.now.end, from);
	add_frame(&log, FRAME_CHANGE, 100, 'a');
	add_frame(&other, FRAME_CHANGE, 100, 'b');
	ok(send(place, &log, from, log.size));
	fails(BK_E_UNSAFE, send(second, &other, from, other.size));
	says("another writer");
	check_now(&store, &log, log.size);
	/* Who has the same, and is behind, is told to ask again. */
	second->ops->close(second);
	second = place_in(&store);
	ok(second->ops->head(second, &head, why()));
	cr_assert_eq(head.now.end, log.size);
	place->ops->close(place);
	second->ops->close(second);
	memstore_done(&store);
	free(log.bytes);
	free(other.bytes);
}

/* Of two puts at one moment both succeeded: who is gone with it finds out with his next piece. */
Test(objectplace, a_race_lost_in_silence_is_found_with_the_next_piece)
{
	struct memstore store;
	struct source log;
	struct place *place;
	struct objects *client;
	struct memobject *object;
	char name[PIECES_NAME];
	uint64_t from;

	memstore_init(&store, 1);
	init_log(&log, 1, 0);
	add_frame(&log, FRAME_PAGES, 100, 1);
	client = memstore_client(&store, 0);
	client->may_race = true;
	ok(bk_place_objects(&place, client, false, why()));
	ok(place->ops->begin(place, log.bytes, PLACE_SUCCEEDS, why()));
	ok(send(place, &log, LOG_HEADER_SIZE, log.size));
	for (int i = 0; i < 3; i++) {
		from = log.size;
		add_frame(&log, FRAME_CHANGE, 20, 'a');
		ok(send(place, &log, from, log.size));
	}
	bk_pieces_name(name, "01010101010101010101010101010101", from, false);
	object = memstore_find(&store, name);
	object->data[3] ^= 1;
	from = log.size;
	add_frame(&log, FRAME_CHANGE, 20, 'a');
	fails(BK_E_UNSAFE, send(place, &log, from, log.size));
	says("at the same moment");
	place->ops->close(place);
	memstore_done(&store);
	free(log.bytes);
}

Test(objectplace, refuses_what_is_not_sealed_and_what_does_not_chain)
{
	struct memstore store;
	struct source log, clear, stranger;
	struct place *place;

	memstore_init(&store, 1);
	init_log(&log, 1, 0);
	clear = copy_of(&log);
	clear.header.is_sealed = false;
	bk_header_encode(clear.bytes, &clear.header);
	init_log(&stranger, 9, 8);
	add_frame(&log, FRAME_PAGES, 100, 1);
	place = place_in(&store);
	fails(BK_E_UNSAFE, place->ops->begin(place, clear.bytes, PLACE_SUCCEEDS, why()));
	says("--in-the-clear");
	cr_assert_eq(memstore_alive(&store), 0);
	place->ops->close(place);
	place = begun(&store, &log);
	fails(BK_E_UNSAFE, place->ops->begin(place, stranger.bytes, PLACE_SUCCEEDS, why()));
	says("another log");
	add_frame(&log, FRAME_CHANGE, 100, 1);
	log.bytes[log.size - 1] ^= 1;
	fails(BK_E_UNSAFE, send(place, &log, log.size - 148, log.size));
	says("at offset 276");
	check_now(&store, &log, log.size - 148);
	fails(BK_E_MISSING, send(place, &stranger, 128, 128));
	fails(BK_E_BUSY, send(place, &log, log.size - 1, log.size));
	place->ops->close(place);
	memstore_done(&store);
	free(log.bytes);
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
	init_log(&log, 1, 0);
	place = place_in(&store);
	fails(BK_E_UNSAFE, place->ops->begin(place, log.bytes, PLACE_SUCCEEDS, why()));
	says("second node");
	place->ops->close(place);
	memstore_done(&store);
	free(log.bytes);
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
	init_log(&log, 1, 0);
	init_log(&given_up, 3, 1);
	init_log(&next, 2, 1);
	add_frame(&log, FRAME_PAGES, 100, 1);
	add_frame(&next, FRAME_PAGES, 100, 1);
	place = begun(&store, &log);
	late = place_in(&store);
	ok(late->ops->head(late, &head, why()));
	ok(place->ops->begin(place, given_up.bytes, PLACE_SUCCEEDS, why()));
	ok(place->ops->begin(place, next.bytes, PLACE_SUCCEEDS, why()));
	ok(place->ops->head(place, &head, why()));
	cr_assert(head.coming.is_there && head.coming.id[0] == 2 &&
		  head.coming.end == LOG_HEADER_SIZE);
	fails(BK_E_UNSAFE, place->ops->commit(place, next.header.id, why()));
	ok(send(place, &next, LOG_HEADER_SIZE, next.size));
	from = log.size;
	add_frame(&log, FRAME_CHANGE, 100, 1);
	ok(send(place, &log, from, log.size));
	check_now(&store, &log, log.size);
	ok(place->ops->commit(place, next.header.id, why()));
	ok(place->ops->commit(place, next.header.id, why()));
	check_now(&store, &next, next.size);
	from = next.size;
	add_frame(&next, FRAME_CHANGE, 100, 1);
	ok(send(place, &next, from, next.size));
	check_now(&store, &next, next.size);
	/* Who still stands by the log before is let in no more. */
	from = log.size;
	add_frame(&log, FRAME_CHANGE, 100, 9);
	cr_assert(send(late, &log, from, log.size));
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
	init_log(&log, 1, 0);
	add_frame(&log, FRAME_PAGES, 100, 1);
	other = copy_of(&log);
	from = log.size;
	place = begun(&store, &log);
	add_frame(&log, FRAME_CHANGE, 100, 'a');
	ok(send(place, &log, from, log.size));
	second = place_in(&store);
	ok(second->ops->begin(second, other.bytes, PLACE_ANEW, why()));
	add_frame(&other, FRAME_CHANGE, 100, 'b');
	ok(send(second, &other, LOG_HEADER_SIZE, other.size));
	check_now(&store, &other, other.size);
	from = log.size;
	add_frame(&log, FRAME_CHANGE, 100, 'a');
	fails(BK_E_BUSY, send(place, &log, from, log.size));
	says("closed");
	fails(BK_E_UNSAFE, send(place, &log, from, log.size));
	check_now(&store, &other, other.size);
	place->ops->close(place);
	second->ops->close(second);
	memstore_done(&store);
	free(log.bytes);
	free(other.bytes);
}

/* Tends to the place until there is nothing to do for an hour. */
static void tend(struct place *place)
{
	uint32_t wait_ms = 0;

	while (wait_ms == 0)
		ok(place->ops->tend(place, &wait_ms, why()));
}

Test(objectplace, merges_stretches_and_removes_what_they_cover)
{
	struct memstore store;
	struct source log;
	struct place *place;
	uint64_t from;
	size_t before;

	memstore_init(&store, 1);
	init_log(&log, 1, 0);
	add_frame(&log, FRAME_PAGES, 100, 1);
	place = begun(&store, &log);
	for (int i = 0; i < 30; i++) {
		from = log.size;
		add_frame(&log, FRAME_CHANGE, 500000, (uint8_t)i);
		ok(send(place, &log, from, log.size));
		tend(place);
	}
	cr_assert(memstore_find(
		&store, "01010101010101010101010101010101/merged-00000000000000000000"));
	check_now(&store, &log, log.size);
	before = memstore_alive(&store);
	store.now_ms += 3500000;
	tend(place);
	cr_assert_eq(memstore_alive(&store), before);
	store.now_ms += 3700000;
	tend(place);
	cr_assert(memstore_alive(&store) < before - 20);
	check_now(&store, &log, log.size);
	/* Another session finds all merged; one that was cut short is made up for. */
	memstore_find(&store, "01010101010101010101010101010101/merged-00000000000000000000");
	from = log.size;
	add_frame(&log, FRAME_CHANGE, 5 << 20, 1);
	ok(send(place, &log, from, log.size));
	place->ops->close(place);
	place = place_in(&store);
	ok(send(place, &log, log.size, log.size));
	tend(place);
	store.now_ms += 3700000;
	tend(place);
	check_now(&store, &log, log.size);
	place->ops->close(place);
	memstore_done(&store);
	free(log.bytes);
}

/* Where nothing can be removed, nothing more is merged, and nothing fails. */
Test(objectplace, is_content_where_nothing_can_be_removed)
{
	struct memstore store;
	struct source log;
	struct place *place;
	uint64_t from;

	memstore_init(&store, 1);
	store.refuses_deletes = true;
	init_log(&log, 1, 0);
	add_frame(&log, FRAME_PAGES, 100, 1);
	place = begun(&store, &log);
	for (int i = 0; i < 30; i++) {
		from = log.size;
		add_frame(&log, FRAME_CHANGE, 500000, (uint8_t)i);
		ok(send(place, &log, from, log.size));
		tend(place);
		store.now_ms += 600000;
	}
	cr_assert_eq(store.removes, 1);
	check_now(&store, &log, log.size);
	place->ops->close(place);
	memstore_done(&store);
	free(log.bytes);
}

/* A predecessor goes after 30 days of the store's clock, with what was offered in vain. */
Test(objectplace, predecessors_stay_for_a_time)
{
	struct memstore store;
	struct source log, next, given_up;
	struct place *place;

	memstore_init(&store, 1);
	init_log(&log, 1, 0);
	init_log(&given_up, 3, 1);
	init_log(&next, 2, 1);
	add_frame(&log, FRAME_PAGES, 100, 1);
	add_frame(&next, FRAME_PAGES, 100, 1);
	place = begun(&store, &log);
	ok(place->ops->begin(place, given_up.bytes, PLACE_SUCCEEDS, why()));
	ok(place->ops->begin(place, next.bytes, PLACE_SUCCEEDS, why()));
	ok(send(place, &next, LOG_HEADER_SIZE, next.size));
	ok(place->ops->commit(place, next.header.id, why()));
	store.now_ms += INT64_C(29) * 86400000;
	tend(place);
	cr_assert(memstore_find(&store, "01010101010101010101010101010101/00000000000000000128"));
	cr_assert(memstore_find(&store, "03030303030303030303030303030303/00000000000000000000"));
	store.now_ms += INT64_C(2) * 86400000;
	tend(place);
	cr_assert(!memstore_find(&store, "01010101010101010101010101010101/00000000000000000128"));
	cr_assert(!memstore_find(&store, "03030303030303030303030303030303/00000000000000000000"));
	cr_assert(!memstore_find(&store, "turn-0000000001"));
	/* Left are the turn, its offer, and the log: its header, its one piece. */
	cr_assert_eq(memstore_alive(&store), 3);
	check_now(&store, &next, next.size);
	place->ops->close(place);
	memstore_done(&store);
	free(log.bytes);
	free(next.bytes);
	free(given_up.bytes);
}

/* A writer that slept while another went on, merged and removed, is not let in by a name that is
 * free again. */
Test(objectplace, a_sleeper_is_fenced_where_names_are_free_again)
{
	struct memstore store;
	struct source log, other = {0};
	struct place *place, *sleeper = NULL;
	struct place_head head;
	uint64_t from, parted;

	memstore_init(&store, 1);
	init_log(&log, 1, 0);
	add_frame(&log, FRAME_PAGES, 100, 1);
	place = begun(&store, &log);
	for (int i = 0; i < 20; i++) {
		from = log.size;
		if (i == 3) {
			other = copy_of(&log);
			sleeper = place_in(&store);
			ok(sleeper->ops->head(sleeper, &head, why()));
			ok(send(sleeper, &other, other.size, other.size));
		}
		add_frame(&log, FRAME_CHANGE, 500000, (uint8_t)i);
		ok(send(place, &log, from, log.size));
	}
	tend(place);
	store.now_ms += 3700000;
	tend(place);
	parted = other.size;
	add_frame(&other, FRAME_CHANGE, 500000, 'x');
	fails(BK_E_BUSY, send(sleeper, &other, parted, other.size));
	says("unseen");
	ok(sleeper->ops->head(sleeper, &head, why()));
	cr_assert_eq(head.now.end, log.size);
	check_now(&store, &log, log.size);
	place->ops->close(place);
	sleeper->ops->close(sleeper);
	memstore_done(&store);
	free(log.bytes);
	free(other.bytes);
}

/* A listing may be older than anything: what is there is found by its name, merged or not. */
Test(objectplace, no_listing_has_to_be_true)
{
	struct memstore store;
	struct source log;
	struct place *place;
	struct place_head head;
	uint64_t from;

	memstore_init(&store, 1);
	init_log(&log, 1, 0);
	add_frame(&log, FRAME_PAGES, 100, 1);
	place = begun(&store, &log);
	for (int i = 0; i < 30; i++) {
		from = log.size;
		add_frame(&log, FRAME_CHANGE, 500000, (uint8_t)i);
		ok(send(place, &log, from, log.size));
		store.list_at_ms = i == 11 ? store.now_ms : store.list_at_ms;
	}
	check_now(&store, &log, log.size);
	tend(place);
	store.now_ms += 3700000;
	tend(place);
	check_now(&store, &log, log.size);
	/* So is a log that took another turn. */
	from = log.size;
	ok(place->ops->begin(place, log.bytes, PLACE_ANEW, why()));
	ok(place->ops->head(place, &head, why()));
	cr_assert_eq(head.now.end, LOG_HEADER_SIZE);
	place->ops->close(place);
	place = place_in(&store);
	ok(place->ops->head(place, &head, why()));
	cr_assert_eq(head.now.end, LOG_HEADER_SIZE);
	place->ops->close(place);
	memstore_done(&store);
	free(log.bytes);
}

/* A node with a mirror in the store, as mirror_run.c drives it. */
struct node {
	struct source log;
	struct memstore *store;
	int64_t clock_off_ms;
	struct place *place;
	uint64_t sent, acknowledged;
	bool is_fenced;
};

static void hang_up(struct node *node)
{
	if (node->place)
		node->place->ops->close(node->place);
	node->place = NULL;
}

/* As bk_mirror_resume looks whether the place has a beginning of LOG. */
static bool goes_on(const struct source *log, const struct place_log *there)
{
	struct frame_head head;

	if (there->end >= log->size)
		return there->end == log->size && there->sum == log->sum;
	return bk_frame_plausible(&head, log->bytes + there->end) &&
	       head.chain == (uint32_t)there->sum;
}

static enum bk_code resume(struct node *node)
{
	struct place_head head;
	enum bk_code code;

	ok(bk_place_objects(
		&node->place, memstore_client(node->store, node->clock_off_ms), false, why()));
	code = node->place->ops->head(node->place, &head, why());
	if (code)
		return code;
	if (!head.now.is_there) {
		node->sent = LOG_HEADER_SIZE;
		return node->place->ops->begin(node->place, node->log.bytes, PLACE_SUCCEEDS, why());
	}
	if (!goes_on(&node->log, &head.now))
		return BK_E_UNSAFE;
	node->sent = head.now.end;
	return send(node->place, &node->log, node->sent, node->sent);
}

static void move_on(struct node *node)
{
	uint32_t wait_ms;
	enum bk_code code = node->place ? BK_OK : resume(node);

	if (!code && node->sent < node->log.size)
		code = send(node->place, &node->log, node->sent, node->log.size);
	if (!code)
		node->sent = node->acknowledged = node->log.size;
	for (int i = 0; i < 3 && !code; i++)
		code = node->place->ops->tend(node->place, &wait_ms, why());
	node->is_fenced |= code == BK_E_UNSAFE;
	cr_assert(code != BK_E_DAMAGE && code != BK_E_MISSING && code != BK_E_FORMAT, "%s",
		why()->msg);
	if (code)
		hang_up(node);
}

/* What one node does next. */
static void live(struct node *node, uint64_t *random, uint8_t fill)
{
	uint64_t what = random_next(random) % 100;

	if (what < 3)
		hang_up(node);
	if (what < 90)
		add_frame(&node->log, FRAME_CHANGE,
			what < 80 ? (size_t)random_next(random) % 3000
				  : (size_t)random_next(random) % 700000,
			fill);
	if (what < 2)
		add_frame(&node->log, FRAME_CHANGE, 5 << 20, fill);
	node->store->now_ms += what > 95 ? (int64_t)(random_next(random) % 7200000)
					 : (int64_t)(random_next(random) % 2000);
	if (!node->is_fenced)
		move_on(node);
}

/* The store as it is in the end, seen by who meets no fault, has all that any node was told is
 * there: so no two nodes that parted were both told so of what they did not have in common. */
static void check_end(struct node *nodes, size_t count, struct memstore *store, uint64_t seed)
{
	struct place *place;
	struct place_head head;
	uint8_t *bytes;
	size_t got;

	store->fails = store->loses = store->stale = 0;
	place = place_in(store);
	ok(place->ops->head(place, &head, why()));
	bytes = malloc((size_t)head.now.end + 1);
	if (head.now.is_there)
		ok(place->ops->read(
			place, head.now.id, 0, bytes, (size_t)head.now.end, &got, why()));
	for (size_t i = 0; i < count; i++)
		if (nodes[i].acknowledged)
			cr_assert(head.now.is_there && head.now.end >= nodes[i].acknowledged &&
					  memcmp(bytes, nodes[i].log.bytes,
						  (size_t)nodes[i].acknowledged) == 0,
				"seed %llu, node %zu: %llu acknowledged, %llu there",
				(unsigned long long)seed, i,
				(unsigned long long)nodes[i].acknowledged,
				(unsigned long long)head.now.end);
	free(bytes);
	place->ops->close(place);
}

static void run_seed(uint64_t seed)
{
	struct memstore store;
	struct node nodes[2];
	uint64_t random = seed;
	unsigned steps = 20 + (unsigned)(random_next(&random) % 60), parted;

	memstore_init(&store, seed + 1);
	store.fails = (unsigned)(random_next(&random) % 10);
	store.loses = (unsigned)(random_next(&random) % 10);
	store.stale = (unsigned)(random_next(&random) % 50);
	store.stale_ms = 1 + (int64_t)(random_next(&random) % 10000000);
	store.forgets = (unsigned)(random_next(&random) % 30);
	store.refuses_deletes = random_next(&random) % 8 == 0;
	parted = (unsigned)(random_next(&random) % steps);
	nodes[0] = (struct node){.store = &store};
	init_log(&nodes[0].log, 1, 0);
	for (unsigned i = 0; i < steps; i++) {
		if (i == parted) {
			nodes[1] = nodes[0];
			nodes[1].log = copy_of(&nodes[0].log);
			nodes[1].place = NULL;
			nodes[1].clock_off_ms = (int64_t)(random_next(&random) % 100000000);
			if (random_next(&random) % 2 && resume(&nodes[1]))
				hang_up(&nodes[1]);
		}
		live(&nodes[0], &random, 'a');
		if (i >= parted && random_next(&random) % 3 == 0)
			live(&nodes[1], &random, 'b');
	}
	check_end(nodes, 2, &store, seed);
	for (size_t i = 0; i < 2; i++) {
		hang_up(&nodes[i]);
		free(nodes[i].log.bytes);
	}
	memstore_done(&store);
}

Test(objectplace, what_is_acknowledged_is_there_whatever_fails)
{
	uint64_t seed = test_seed();
	const char *more = getenv("BK_TORTURE");
	unsigned runs = more ? (unsigned)atoi(more) > 1 ? (unsigned)atoi(more) : 1000 : 60;

	for (unsigned i = 0; i < runs; i++)
		run_seed(seed + 1000003 * (uint64_t)i);
}

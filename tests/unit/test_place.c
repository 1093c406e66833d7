/* test_place.c - a place in a file: what it takes, what it refuses, and what it keeps (place.h,
 * store.h, hold.h). */
#include "place_file.h"
#include "store.h"
#include "support.h"
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

SUITE(place);

#define FRAME 100 /* bytes of each frame's payload */

/* A log of COUNT frames of kind KIND, whose id is ID times 16. */
struct source {
	uint8_t bytes[8192];
	size_t size;
	struct log_header header;
	uint64_t sum;
};

static void add_frame(struct source *log, uint8_t kind, size_t size, uint8_t fill)
{
	uint8_t *at = log->bytes + log->size;
	struct frame_head head = {
		.kind = kind, .size = (uint32_t)size, .chain = (uint32_t)log->sum};

	memset(at + FRAME_HEAD_SIZE, fill, size);
	bk_frame_finish(at, &head, log->header.seed + log->size);
	log->size += (size_t)bk_frame_size(&head);
	log->sum = head.sum;
}

static struct source log_of(uint8_t id, uint8_t predecessor, int count)
{
	struct source log = {0};

	memset(log.header.id, id, LOG_ID_SIZE);
	memset(log.header.predecessor, predecessor, LOG_ID_SIZE);
	bk_header_encode(log.bytes, &log.header);
	log.size = LOG_HEADER_SIZE;
	log.sum = log.header.sum;
	for (int i = 0; i < count; i++)
		add_frame(&log, FRAME_PAGES, FRAME, id);
	return log;
}

static struct place *place_at(const struct test_io *io)
{
	struct place *place;

	ok(bk_place_file(&place, &io->io, scratch("node.bkp"), why()));
	return place;
}

static enum bk_code send(struct place *place, const struct source *log, uint64_t from, size_t to)
{
	return place->ops->append(
		place, log->header.id, from, log->bytes + from, (size_t)(to - from), true, why());
}

static struct place_head head_of(struct place *place)
{
	struct place_head head;

	ok(place->ops->head(place, &head, why()));
	return head;
}

static struct place *place_with(const struct test_io *io, const struct source *log)
{
	struct place *place = place_at(io);

	ok(place->ops->begin(place, log->bytes, PLACE_SUCCEEDS, why()));
	ok(send(place, log, LOG_HEADER_SIZE, log->size));
	return place;
}

static void check_now(struct place *place, const struct source *log)
{
	struct place_head head = head_of(place);
	uint8_t bytes[8192];
	size_t got;

	cr_assert(head.now.is_there && head.now.end == log->size && head.now.durable == log->size);
	cr_assert(head.now.sum == log->sum);
	ok(place->ops->read(place, log->header.id, 0, bytes, sizeof bytes, &got, why()));
	cr_assert(got == log->size && memcmp(bytes, log->bytes, got) == 0);
}

/* Runs of any size: frames are cut and joined anyhow. */
Test(place, takes_runs_of_any_size)
{
	struct source log = log_of(1, 0, 5);
	struct test_io io;

	test_io_init(&io);
	for (size_t run = 1; run < 500; run += 7) {
		struct place *place = place_at(&io);

		ok(place->ops->begin(place, log.bytes, PLACE_SUCCEEDS, why()));
		for (size_t at = LOG_HEADER_SIZE; at < log.size; at += run)
			ok(send(place, &log, at, at + run < log.size ? at + run : log.size));
		check_now(place, &log);
		place->ops->close(place);
		unlink(scratch("node.bkp"));
		unlink(scratch("node.bkp.durable"));
	}
}

Test(place, says_where_it_stands_to_who_opens_it_anew)
{
	struct source log = log_of(1, 0, 5);
	struct place *place;
	struct test_io io;

	test_io_init(&io);
	place = place_with(&io, &log);
	place->ops->close(place);
	place = place_at(&io);
	check_now(place, &log);
	add_frame(&log, FRAME_EVENT, 10, 0);
	ok(send(place, &log, head_of(place).now.end, log.size));
	check_now(place, &log);
	place->ops->close(place);
}

/* The fence: of two logs that part, the second to come is refused, with the offset. */
Test(place, refuses_what_does_not_chain)
{
	struct source log = log_of(1, 0, 3), other = log;
	struct place *place;
	struct test_io io;
	char at[64];

	test_io_init(&io);
	add_frame(&log, FRAME_EVENT, 10, 'a');
	add_frame(&other, FRAME_EVENT, 10, 'b');
	place = place_with(&io, &log);
	add_frame(&other, FRAME_EVENT, 10, 'b');
	fails(BK_E_UNSAFE, send(place, &other, log.size, other.size));
	says("does not follow the one before it");
	snprintf(at, sizeof at, "at offset %zu", log.size);
	says(at);
	check_now(place, &log);
	/* It goes on with its own. */
	add_frame(&log, FRAME_EVENT, 10, 'a');
	ok(send(place, &log, head_of(place).now.end, log.size));
	place->ops->close(place);
}

Test(place, refuses_what_is_no_frame)
{
	struct source log = log_of(1, 0, 3), bad = log;
	struct place *place;
	struct test_io io;

	test_io_init(&io);
	place = place_with(&io, &log);
	add_frame(&bad, FRAME_EVENT, 10, 'a');
	bad.bytes[bad.size - 1] ^= 1;
	fails(BK_E_UNSAFE, send(place, &bad, log.size, bad.size));
	says("checksum does not fit");
	memset(bad.bytes + log.size, 0, 200);
	fails(BK_E_UNSAFE, send(place, &bad, log.size, log.size + 200));
	says("no frame begins");
	fails(BK_E_BUSY, send(place, &log, log.size - 10, log.size));
	check_now(place, &log);
	place->ops->close(place);
}

Test(place, takes_nothing_behind_the_frame_that_names_a_successor)
{
	struct source log = log_of(1, 0, 3);
	struct place *place;
	struct test_io io;
	size_t end;

	test_io_init(&io);
	add_frame(&log, FRAME_SUCCEEDED, 16, 2);
	place = place_with(&io, &log);
	end = log.size;
	add_frame(&log, FRAME_EVENT, 10, 0);
	fails(BK_E_UNSAFE, send(place, &log, end, log.size));
	says("names the log's successor");
	place->ops->close(place);
}

static size_t aside(struct place *place, char *first, size_t size)
{
	struct bk_buf names;
	size_t count = 0;

	bk_buf_init(&names, 4096);
	ok(place->ops->list(place, &names, why()));
	for (size_t i = 0; i < names.size; i++)
		count += names.data[i] == '\n';
	if (count)
		snprintf(first, size, "%.*s",
			(int)((uint8_t *)memchr(names.data, '\n', names.size) - names.data),
			(char *)names.data);
	bk_buf_done(&names);
	return count;
}

/* A successor takes the name when it is whole; what stood there is kept, by the place's own clock.
 */
Test(place, keeps_what_a_successor_replaced)
{
	struct source logs[3] = {log_of(1, 0, 3), log_of(2, 1, 4), log_of(3, 2, 2)};
	char name[64] = "", later[64];
	struct place *place;
	struct test_io io;

	test_io_init(&io);
	place = place_with(&io, &logs[0]);
	ok(place->ops->begin(place, logs[1].bytes, PLACE_SUCCEEDS, why()));
	ok(send(place, &logs[1], LOG_HEADER_SIZE, logs[1].size));
	check_now(place, &logs[0]);
	cr_assert(head_of(place).coming.end == logs[1].size);
	ok(place->ops->commit(place, logs[1].header.id, why()));
	check_now(place, &logs[1]);
	cr_assert(aside(place, name, sizeof name) == 1 && has_file(scratch(name)));
	ok(place->ops->commit(place, logs[1].header.id, why())); /* again: it is done */

	io.now_us += (STORE_KEEP_S + 10) * 1000000;
	ok(place->ops->begin(place, logs[2].bytes, PLACE_SUCCEEDS, why()));
	ok(send(place, &logs[2], LOG_HEADER_SIZE, logs[2].size));
	ok(place->ops->commit(place, logs[2].header.id, why()));
	cr_assert(aside(place, later, sizeof later) == 1 && strcmp(name, later) != 0);
	cr_assert(!has_file(scratch(name)));
	place->ops->close(place);
}

Test(place, takes_the_successor_of_one_that_it_has_not_whole)
{
	struct source first = log_of(1, 0, 2), second = log_of(2, 1, 3), third = log_of(3, 2, 2),
		      other = log_of(5, 4, 2);
	struct test_io io;
	struct place *place;

	test_io_init(&io);
	place = place_with(&io, &first);
	fails(BK_E_UNSAFE, place->ops->begin(place, third.bytes, PLACE_SUCCEEDS, why()));
	ok(place->ops->begin(place, second.bytes, PLACE_SUCCEEDS, why()));
	ok(send(place, &second, LOG_HEADER_SIZE, second.size - FRAME));
	fails(BK_E_UNSAFE, place->ops->begin(place, other.bytes, PLACE_SUCCEEDS, why()));
	ok(place->ops->begin(place, third.bytes, PLACE_SUCCEEDS, why()));
	ok(send(place, &third, LOG_HEADER_SIZE, third.size));
	check_now(place, &first);
	ok(place->ops->commit(place, third.header.id, why()));
	check_now(place, &third);
	place->ops->close(place);
}

Test(place, takes_no_other_log_but_by_an_operators_word)
{
	struct source log = log_of(1, 0, 3), other = log_of(2, 0, 3);
	struct place *place;
	struct test_io io;
	char name[64];

	test_io_init(&io);
	place = place_with(&io, &log);
	fails(BK_E_UNSAFE, place->ops->begin(place, other.bytes, PLACE_SUCCEEDS, why()));
	says("holds another log");
	fails(BK_E_MISSING, send(place, &other, LOG_HEADER_SIZE, other.size));
	check_now(place, &log);
	ok(place->ops->begin(place, other.bytes, PLACE_ANEW, why()));
	ok(send(place, &other, LOG_HEADER_SIZE, other.size));
	check_now(place, &other);
	cr_assert(aside(place, name, sizeof name) == 1 && has_file(scratch(name)));
	place->ops->close(place);
}

/* A log in use is nobody's to put aside; and what was put aside says which log it was. */
Test(place, begins_anew_but_where_a_writer_works)
{
	struct source log = log_of(1, 0, 3), other = log_of(2, 0, 3);
	struct place *place;
	struct test_io io;
	char name[64], id[16];
	int fd;

	test_io_init(&io);
	place = place_with(&io, &log);
	fd = open(scratch("node.bkp"), O_RDWR | O_CLOEXEC);
	cr_assert(fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0);
	fails(BK_E_BUSY, place->ops->begin(place, other.bytes, PLACE_ANEW, why()));
	says("held by a writer");
	cr_assert(aside(place, name, sizeof name) == 0 && has_file(scratch("node.bkp")));
	close(fd);
	ok(place->ops->begin(place, other.bytes, PLACE_ANEW, why()));
	snprintf(id, sizeof id, ".was-%02x%02x%02x%02x-", log.header.id[0], log.header.id[1],
		log.header.id[2], log.header.id[3]);
	cr_assert(aside(place, name, sizeof name) == 1 && strstr(name, id), "%s", name);
	place->ops->close(place);
}

/* So many at most: a client cannot fill the disk with them, nor push out what it once was. */
Test(place, keeps_so_many_and_refuses_another)
{
	struct store_options options = {.is_append_only = true};
	struct source log = log_of(1, 0, 1);
	struct store store;
	struct test_io io;

	test_io_init(&io);
	ok(bk_store_init(&store, &io.io, scratch("node.bkp"), NULL, why()));
	for (int i = 0; i < STORE_ASIDE_MAX; i++) {
		ok(bk_store_begin(&store, log.bytes, PLACE_ANEW, why()));
		io.now_us += 1000000;
	}
	ok(bk_store_begin(&store, log.bytes, PLACE_ANEW, why()));
	fails(BK_E_LIMIT, bk_store_begin(&store, log.bytes, PLACE_ANEW, why()));
	bk_store_done(&store);
	ok(bk_store_init(&store, &io.io, scratch("node.bkp"), &options, why()));
	fails(BK_E_UNSAFE, bk_store_begin(&store, log.bytes, PLACE_ANEW, why()));
	says("by a client's word");
	bk_store_done(&store);
}

Test(place, has_a_limit)
{
	struct store_options options = {.bytes_max = 400};
	struct source log = log_of(1, 0, 3);
	struct store store;
	struct test_io io;

	test_io_init(&io);
	ok(bk_store_init(&store, &io.io, scratch("node.bkp"), &options, why()));
	ok(bk_store_begin(&store, log.bytes, PLACE_SUCCEEDS, why()));
	fails(BK_E_LIMIT,
		bk_store_append(&store, log.header.id, LOG_HEADER_SIZE, log.bytes + LOG_HEADER_SIZE,
			log.size - LOG_HEADER_SIZE, true, why()));
	bk_store_done(&store);
}

/* Two on one file, by turns: each sees what the other did. */
Test(place, two_take_turns)
{
	struct source log = log_of(1, 0, 3);
	struct place *places[2];
	struct test_io io;

	test_io_init(&io);
	places[0] = place_with(&io, &log);
	places[1] = place_at(&io);
	for (int i = 0; i < 6; i++) {
		uint64_t from = log.size;

		add_frame(&log, FRAME_EVENT, 10, (uint8_t)i);
		ok(send(places[i % 2], &log, from, log.size));
		check_now(places[1 - i % 2], &log);
	}
	/* One in the midst of a frame, and the other comes. */
	add_frame(&log, FRAME_EVENT, 100, 9);
	ok(send(places[0], &log, log.size - 148, log.size - 60));
	ok(send(places[1], &log, log.size - 148, log.size));
	fails(BK_E_BUSY, send(places[0], &log, log.size - 60, log.size));
	check_now(places[0], &log);
	places[0]->ops->close(places[0]);
	places[1]->ops->close(places[1]);
}

Test(place, a_log_that_became_shorter_is_damage)
{
	struct source log = log_of(1, 0, 3);
	struct place_head head;
	struct place *place;
	struct test_io io;

	test_io_init(&io);
	place = place_with(&io, &log);
	place->ops->close(place);
	cr_assert(truncate(scratch("node.bkp"), (off_t)log.size - 148) == 0);
	place = place_at(&io);
	fails(BK_E_DAMAGE, place->ops->head(place, &head, why()));
	says("what stood there is gone");
	put_file(scratch("node.bkp"), "no log", 6);
	fails(BK_E_FORMAT, place->ops->head(place, &head, why()));
	place->ops->close(place);
}

Test(place, a_log_that_a_writer_holds_is_none)
{
	struct source log = log_of(1, 0, 3);
	struct place_head head;
	struct place *place;
	struct test_io io;
	int fd;

	test_io_init(&io);
	place = place_with(&io, &log);
	fd = io.io.ops->open(io.io.ctx, scratch("node.bkp"), BK_IO_WRITE);
	cr_assert(io.io.ops->lock(io.io.ctx, fd) == 0);
	fails(BK_E_BUSY, place->ops->head(place, &head, why()));
	says("held by a writer");
	close(fd);
	place->ops->close(place);
}

/* test_logfile.c - the log as a file of frames: reading one, and where the log ends
 * (docs/format.md, 1). */
#include "forge.h"
#include "logfile.h"
#include "node.h"
#include "search.h"
#include <bk/verify.h>

SUITE(logfile);

/* A log of a few frames, and behind it three events in one batch. */
struct batch {
	struct test_io io;
	struct forge forge;
	size_t before, first, second, third; /* indexes of frames */
	struct logfile lf;
};

static size_t add_event(struct forge *forge, uint32_t unsynced)
{
	size_t at = forge_append(forge, EVENT, 0, 3, "\x11\x27\0\0key=value\n", 14);

	forge_put(forge_frame(forge, at) + AT_UNSYNCED, 4, unsynced);
	return at;
}

static void batch_begin(struct batch *batch)
{
	struct node node;
	const uint32_t size = 48 + 14;

	node_begin(&node, 0);
	node_busy(&node, 2);
	node_end(&node);
	test_io_init(&batch->io);
	forge_load(&batch->forge, scratch("log"));
	batch->before = batch->forge.count - 1;
	batch->first = add_event(&batch->forge, 0);
	batch->second = add_event(&batch->forge, size);
	batch->third = add_event(&batch->forge, 2 * size);
	batch->lf = (struct logfile){.file = FILE_CLOSED};
}

static void batch_end(struct batch *batch)
{
	bk_logfile_close(&batch->lf);
	forge_done(&batch->forge);
	scratch_remove();
}

static enum bk_code find_end(struct batch *batch, struct log_end *end)
{
	bk_logfile_close(&batch->lf);
	forge_save(&batch->forge, scratch("batch"));
	ok(bk_logfile_open(&batch->lf, &batch->io.io, scratch("batch"), BK_IO_READ, why()));
	return bk_logfile_find_end(&batch->lf, end, why());
}

/* The offset of frame INDEX; of the end, if there is no such frame. */
static uint64_t offset_of(const struct batch *batch, size_t index)
{
	return index < batch->forge.count ? batch->forge.frames[index] : batch->forge.size;
}

static void spoil(struct batch *batch, size_t index)
{
	forge_frame(&batch->forge, index)[AT_PAYLOAD + 5] ^= 1;
}

static void unchain(struct batch *batch, size_t index)
{
	forge_put(forge_frame(&batch->forge, index) + AT_CHAIN, 4, 4711);
	forge_seal_but_chain(&batch->forge, index);
}

/* Rules 4 and 5. */
Test(logfile, where_a_log_ends)
{
	static const struct {
		const char *what;
		int spoiled, unchained; /* of the batch: 0 to 2; -1: none */
		size_t frames;          /* of the batch that are left */
	} cases[] = {
		{"all whole", -1, -1, 3},
		{"the last torn", 2, -1, 2},
		{"the middle one torn, the last whole", 1, -1, 1},
		{"the first torn, the others whole", 0, -1, 0},
		{"the middle one of another chain", -1, 1, 1},
		{"the last one of another chain", -1, 2, 2},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct batch batch;
		struct log_end end;
		size_t last;

		batch_begin(&batch);
		forge_seal(&batch.forge);
		if (cases[i].unchained >= 0)
			unchain(&batch, batch.first + (size_t)cases[i].unchained);
		if (cases[i].spoiled >= 0)
			spoil(&batch, batch.first + (size_t)cases[i].spoiled);
		last = batch.before + cases[i].frames;
		ok(find_end(&batch, &end));
		cr_assert(end.end == offset_of(&batch, last + 1), "%s: ends at %llu", cases[i].what,
			(unsigned long long)end.end);
		cr_assert(end.last == offset_of(&batch, last), "%s", cases[i].what);
		cr_assert(end.file_end == batch.forge.size, "%s", cases[i].what);
		batch_end(&batch);
	}
}

/* "Every byte before F.offset - F.unsynced was on stable storage": what is wrong there is damage,
 * and the log ends where it ended. */
Test(logfile, acknowledged_frames_are_no_torn_tail)
{
	struct batch batch;
	struct log_end end;

	batch_begin(&batch);
	forge_put(forge_frame(&batch.forge, batch.third) + AT_UNSYNCED, 4, 0);
	forge_seal(&batch.forge);
	spoil(&batch, batch.second);
	ok(find_end(&batch, &end));
	cr_assert(end.end == batch.forge.size);
	batch_end(&batch);
}

Test(logfile, a_batch_torn_behind_a_damaged_frame_is_damage)
{
	struct batch batch;
	struct log_end end;

	batch_begin(&batch);
	forge_seal(&batch.forge);
	spoil(&batch, batch.first);
	forge_frame(&batch.forge, batch.before)[AT_SUM] ^= 1;
	fails(BK_E_DAMAGE, find_end(&batch, &end));
	says("on stable storage");
	batch_end(&batch);
}

Test(logfile, a_frame_that_counts_back_too_far_is_damage)
{
	struct batch batch;
	struct log_end end;
	uint64_t reach;

	batch_begin(&batch);
	reach = batch.forge.frames[batch.third] - 128;
	forge_put(forge_frame(&batch.forge, batch.third) + AT_UNSYNCED, 4, reach);
	forge_seal(&batch.forge);
	ok(find_end(&batch, &end));
	cr_assert(end.end == batch.forge.size);
	forge_put(forge_frame(&batch.forge, batch.third) + AT_UNSYNCED, 4, reach + 1);
	forge_seal(&batch.forge);
	fails(BK_E_DAMAGE, find_end(&batch, &end));
	says("counts back too far");
	batch_end(&batch);
}

/* A file cut at any byte ends behind its last whole frame. */
Test(logfile, any_cut)
{
	struct batch batch;
	struct log_end end;

	batch_begin(&batch);
	forge_seal(&batch.forge);
	ok(find_end(&batch, &end));
	for (size_t size = batch.forge.size - 1; size >= offset_of(&batch, 3); size--) {
		size_t whole = batch.third + 1;

		cr_assert(truncate(scratch("batch"), (off_t)size) == 0);
		while (offset_of(&batch, whole) > size)
			whole--;
		ok(bk_logfile_find_end(&batch.lf, &end, why()));
		cr_assert(end.end == offset_of(&batch, whole) && end.file_end == size,
			"at %zu: %llu", size, (unsigned long long)end.end);
	}
	batch_end(&batch);
}

Test(logfile, a_header_alone_is_damage)
{
	struct batch batch;
	struct log_end end;

	batch_begin(&batch);
	forge_seal(&batch.forge);
	forge_cut(&batch.forge, 128);
	fails(BK_E_DAMAGE, find_end(&batch, &end));
	says("no valid frame follows the header");
	batch_end(&batch);
}

/* Rule 3 and section 2: "bytes of another log, of another place … are never a valid frame". */
Test(logfile, frames_of_another_place_or_log_are_not_valid)
{
	struct batch batch;
	struct log_end end;
	struct walk walk;
	struct frame frame;
	size_t other;

	batch_begin(&batch);
	forge_seal(&batch.forge);
	other = forge_append(&batch.forge, EVENT, 0, 3, "\x11\x27\0\0key=value\n", 14);
	memcpy(forge_frame(&batch.forge, other), forge_frame(&batch.forge, batch.third), 62);
	ok(find_end(&batch, &end));
	cr_assert(end.end == offset_of(&batch, other));
	bk_walk_init(&walk, &batch.lf, WALK_CHUNK_ONE);
	fails(BK_E_DAMAGE, bk_walk_frame(&walk, offset_of(&batch, other), &frame, why()));
	ok(bk_walk_frame(&walk, offset_of(&batch, batch.third), &frame, why()));
	bk_walk_done(&walk);
	batch.forge.bytes[32] ^= 1; /* another id, whose header is right */
	forge_put(batch.forge.bytes, 8, 0);
	batch.forge.count = 0;
	forge_seal(&batch.forge);
	fails(BK_E_DAMAGE, find_end(&batch, &end));
	batch_end(&batch);
}

/* "A reader that meets a must flag or a kind below 0x80 that it does not know refuses to read on
 * and says so". */
Test(logfile, unknown_frames)
{
	static const struct {
		uint8_t kind, must;
		enum bk_code code;
	} cases[] = {{0, 0, BK_E_FORMAT}, {9, 0, BK_E_FORMAT}, {0x7f, 0, BK_E_FORMAT},
		{0x80, 0, BK_OK}, {0xff, 0, BK_OK}, {0x80, 1, BK_E_FORMAT}, {EVENT, 1, BK_E_FORMAT},
		{EVENT, 0x80, BK_E_FORMAT}, {CHANGE, 0x20, BK_E_FORMAT},
		{CHANGE, 0x80, BK_E_FORMAT}, {KEYFRAME, 0x10, BK_E_FORMAT}, {PAGES, 1, BK_E_FORMAT},
		{MAP, 1, BK_E_FORMAT}, {REWIND, 1, BK_E_FORMAT}};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct batch batch;
		struct log_end end;
		uint8_t *frame;

		batch_begin(&batch);
		frame = forge_frame(&batch.forge, batch.third);
		frame[AT_KIND] = cases[i].kind;
		frame[AT_MUST] = cases[i].must;
		forge_seal(&batch.forge);
		cr_assert(code_is(find_end(&batch, &end), cases[i].code), "case %zu: %s", i,
			why()->msg);
		if (cases[i].code)
			says("use a newer one");
		else
			cr_assert(end.end == batch.forge.size);
		batch_end(&batch);
	}
}

/* A size that the file does not have asks for no more memory than the file. */
Test(logfile, a_promised_gigabyte_takes_no_memory)
{
	struct batch batch;
	struct log_end end;
	struct walk walk;
	struct frame frame;

	batch_begin(&batch);
	forge_seal(&batch.forge);
	forge_frame(&batch.forge, batch.third)[AT_KIND] = CHANGE;
	forge_put(forge_frame(&batch.forge, batch.third) + AT_SIZE, 4, 1 << 30);
	ok(find_end(&batch, &end));
	bk_walk_init(&walk, &batch.lf, WALK_CHUNK_ONE);
	fails(BK_E_DAMAGE, bk_walk_frame(&walk, offset_of(&batch, batch.third), &frame, why()));
	says("the file ends within the frame");
	cr_assert(walk.buf.capacity < 1 << 20);
	bk_walk_done(&walk);
	batch_end(&batch);
}

/* Forward from damage, and backward to the last frame before a limit. */
Test(logfile, searches)
{
	struct batch batch;
	struct log_end end;
	struct walk walk;
	struct frame_head head;
	uint64_t at;

	batch_begin(&batch);
	forge_seal(&batch.forge);
	spoil(&batch, batch.second);
	ok(find_end(&batch, &end));
	bk_walk_init(&walk, &batch.lf, WALK_CHUNK_ONE);
	ok(bk_walk_resync(&walk, offset_of(&batch, batch.second), batch.forge.size, &at, why()));
	cr_assert(at == offset_of(&batch, batch.third));
	ok(bk_walk_resync(&walk, offset_of(&batch, batch.second), at, &at, why()));
	cr_assert(at == offset_of(&batch, batch.third), "it becomes the limit if there is none");
	bk_walk_done(&walk);
	ok(bk_logfile_last_before(&batch.lf, offset_of(&batch, batch.third), &head, &at, why()));
	cr_assert(at == offset_of(&batch, batch.first) && head.kind == EVENT);
	ok(bk_logfile_last_before(
		&batch.lf, offset_of(&batch, batch.first) - 1, &head, &at, why()));
	cr_assert(at == offset_of(&batch, batch.before - 1),
		"a frame that ends later does not count");
	fails(BK_E_DAMAGE, bk_logfile_last_before(&batch.lf, 128, &head, &at, why()));
	batch_end(&batch);
}

Test(logfile, what_the_system_refuses)
{
	struct batch batch;
	struct log_end end;

	batch_begin(&batch);
	forge_seal(&batch.forge);
	ok(find_end(&batch, &end));
	test_io_fail(&batch.io, OP_READ, 1, -5);
	fails(BK_E_IO, bk_logfile_find_end(&batch.lf, &end, why()));
	test_io_fail(&batch.io, OP_STAT, 1, -5);
	fails(BK_E_IO, bk_logfile_find_end(&batch.lf, &end, why()));
	bk_logfile_close(&batch.lf);
	fails(BK_E_MISSING,
		bk_logfile_open(&batch.lf, &batch.io.io, scratch("none"), BK_IO_READ, why()));
	put_file(scratch("text"), "no log", 6);
	fails(BK_E_FORMAT,
		bk_logfile_open(&batch.lf, &batch.io.io, scratch("text"), BK_IO_READ, why()));
	test_io_fail(&batch.io, OP_READ, 1, -5);
	fails(BK_E_IO,
		bk_logfile_open(&batch.lf, &batch.io.io, scratch("batch"), BK_IO_READ, why()));
	batch_end(&batch);
}

/* Rule 5: zero bytes at the end are no part of the log, and nothing is wrong with them. They are
 * found in few reads, however many there are, on disk or in a hole. */
Test(logfile, zeros_at_the_end)
{
	static const struct {
		uint64_t zeros;
		bool hole;
	} cases[] = {{1, false}, {11, false}, {8192, false}, {262144, false}, {3 << 20, false},
		{(uint64_t)3 << 20, true}, {(uint64_t)64 << 30, true}};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		for (unsigned torn = 0; torn <= 60; torn += 20) {
			struct batch batch;
			struct log_end end;
			uint64_t tail, size;
			unsigned reads = (unsigned)(cases[i].hole ? 0 : cases[i].zeros >> 18) + 24;

			batch_begin(&batch);
			forge_seal(&batch.forge);
			ok(find_end(&batch, &end));
			tail = batch.forge.size + torn;
			size = tail + cases[i].zeros;
			poke_file(scratch("batch"), batch.forge.size,
				batch.forge.bytes + batch.forge.frames[1] + 8, torn);
			if (cases[i].hole) {
				cr_assert(truncate(scratch("batch"), (off_t)size) == 0);
			} else {
				uint8_t *zeros = calloc(1, (size_t)cases[i].zeros);

				poke_file(scratch("batch"), tail, zeros, (size_t)cases[i].zeros);
				free(zeros);
			}
			batch.io.calls[OP_READ] = 0;
			ok(bk_logfile_find_end(&batch.lf, &end, why()));
			cr_assert(end.end == batch.forge.size && end.file_end == size);
			cr_assert(end.tail_end <= tail && end.tail_end + 8 > tail, "case %zu, %u",
				i, torn);
			cr_assert(batch.io.calls[OP_READ] <= reads, "case %zu: %u reads", i,
				batch.io.calls[OP_READ]);
			batch_end(&batch);
		}
	}
}

/* What looks like frames costs a multiple of what there is of it, and no more. */
static void forge_heads(struct batch *batch, size_t count, uint64_t reach)
{
	uint8_t *heads = calloc(count, 48);

	for (size_t i = 0; i < count; i++) {
		uint64_t size = reach - batch->forge.size - (i + 1) * 48;

		memcpy(heads + i * 48 + AT_MAGIC, FRAME_MAGIC, 4);
		heads[i * 48 + AT_KIND] = CHANGE;
		forge_put(heads + i * 48 + AT_SIZE, 4, size < 1u << 30 ? size : 1u << 30);
	}
	poke_file(scratch("batch"), batch->forge.size, heads, count * 48);
	free(heads);
}

/* A reader gives what is before the heads, and says that it could not search them; a writer refuses
 * the log. */
static void read_and_verify(struct test_io *io, uint64_t size)
{
	struct bk_log *log = NULL;
	struct bk_writer *writer;
	struct bk_log_status status;
	struct bk_verify_result result;
	enum bk_log_news news;

	fails(BK_E_LIMIT, bk_writer_open(&writer, &io->io, scratch("batch"), NULL, why()));
	ok(bk_log_open(&log, &io->io, scratch("batch"), why()));
	ok(bk_log_refresh(log, &news, why()));
	ok(bk_log_status(log, &status, why()));
	cr_assert(status.log_bytes == size && status.damaged_at == size && status.head_unsure);
	bk_log_close(log);
	ok(bk_verify(&io->io, scratch("batch"), NULL, &result, why()));
	cr_assert(result.findings == 1 && result.verdict.answer == BK_VERDICT_UNSURE);
}

Test(logfile, forged_heads)
{
	static const struct {
		size_t count;
		uint64_t file; /* bytes */
		enum bk_code code;
	} cases[] = {
		/* They reach to the tail's end: 200 in 9.6 KB. */
		{200, 9600, BK_OK},
		/* Behind the end of the file: none is looked at. */
		{20000, 960000 - 48, BK_OK},
		/* Far into a hole. */
		{200, (uint64_t)64 << 20, BK_E_LIMIT},
		{200, (uint64_t)64 << 30, BK_E_LIMIT},
		/* All of a tail of a megabyte. */
		{20000, 960000, BK_E_LIMIT},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct batch batch;
		struct log_end end;
		uint64_t next = 0, reach;
		struct walk walk;

		batch_begin(&batch);
		forge_seal(&batch.forge);
		ok(find_end(&batch, &end));
		reach = batch.forge.size + cases[i].file;
		forge_heads(&batch, cases[i].count, i == 1 ? reach + 48 : reach);
		cr_assert(truncate(scratch("batch"), (off_t)reach) == 0);
		cr_assert(code_is(bk_logfile_find_end(&batch.lf, &end, why()), cases[i].code),
			"case %zu: %s", i, why()->msg);
		if (cases[i].code) {
			says("looks like a frame and is none");
			/* Gigabytes in a hole are read once, and no more often. */
			if (cases[i].file > (uint64_t)1 << 30) {
				batch_end(&batch);
				continue;
			}
			read_and_verify(&batch.io, batch.forge.size);
		} else
			cr_assert(end.end == batch.forge.size && end.file_end == reach);
		bk_walk_init(&walk, &batch.lf, WALK_CHUNK_ONE);
		cr_assert(code_is(bk_walk_resync(&walk, batch.forge.size - 1, reach, &next, why()),
				  cases[i].code),
			"case %zu, forwards: %s", i, why()->msg);
		cr_assert(cases[i].code || next == reach);
		/* The largest that is read may be one more than the bound. */
		cr_assert(walk.wasted <= WASTE_BYTES + (WASTE_LARGEST + 1) * walk.wasted_largest +
						 WASTE_TIMES * walk.passed);
		bk_walk_done(&walk);
		batch_end(&batch);
	}
}

/* A torn change, and zeros where the disk did not get further: cut, however large. */
Test(logfile, a_large_torn_tail)
{
	struct batch batch;
	struct log_end end;
	uint8_t *junk = malloc((size_t)64 << 20);
	uint64_t random = 1;

	for (size_t i = 0; i + 8 <= (size_t)64 << 20; i += 8) {
		uint64_t word = random_next(&random);

		memcpy(junk + i, &word, 8);
	}
	batch_begin(&batch);
	forge_seal(&batch.forge);
	ok(find_end(&batch, &end));
	/* A head that reaches to the end of the file, and chance ones within. */
	memcpy(junk + AT_MAGIC, FRAME_MAGIC, 4);
	junk[AT_KIND] = CHANGE;
	forge_put(junk + AT_SIZE, 4, ((size_t)64 << 20) - 48);
	forge_put(junk + AT_UNSYNCED, 4, 0);
	for (size_t at = 1 << 20; at < (size_t)64 << 20; at += (size_t)7 << 20) {
		memcpy(junk + at, junk, 48);
		forge_put(junk + at + AT_SIZE, 4, ((size_t)64 << 20) - 48 - at);
	}
	poke_file(scratch("batch"), batch.forge.size, junk, (size_t)64 << 20);
	ok(bk_logfile_find_end(&batch.lf, &end, why()));
	cr_assert(end.end == batch.forge.size);
	free(junk);
	batch_end(&batch);
}

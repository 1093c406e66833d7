/* test_trail.c - what a replay read of its log, noted and foretold (trail.h). */
#include "compacted.h"
#include "image.h"
#include <bk/listing.h>

SUITE(trail);

#define RANGES_MAX 1024
#define UNIT       1024u

/* A seam whose files stand afar: keeps what is wanted, and looks whether what is read was. */
static struct bk_io_range wanted[RANGES_MAX];
static size_t count;
static uint64_t interval; /* where changes begin, which are not noted */
static bool is_checked;
static struct test_io seam;
static struct bk_io_ops ops;

static int want(void *ctx, int fd, const struct bk_io_range *ranges, size_t more)
{
	(void)ctx;
	(void)fd;
	cr_assert(count + more <= RANGES_MAX);
	if (more)
		memcpy(&wanted[count], ranges, more * sizeof *ranges);
	count += more;
	return 1;
}

/* Whether the byte at OFFSET is in a range that was wanted; *END: where that ends. */
static bool is_wanted(uint64_t offset, uint64_t *end)
{
	for (size_t i = 0; i < count; i++)
		if (offset >= wanted[i].offset && offset - wanted[i].offset < wanted[i].size) {
			*end = wanted[i].offset + wanted[i].size;
			return true;
		}
	return false;
}

static int64_t pread_checked(void *ctx, int fd, void *data, size_t size, uint64_t offset)
{
	int64_t got = seam.ops.pread(ctx, fd, data, size, offset);

	for (uint64_t at = offset; is_checked && at < offset + size && at < interval;)
		cr_assert(is_wanted(at, &at), "%zu bytes at %llu were not noted", size,
			(unsigned long long)offset);
	return got;
}

/* A log of CHANGES, four to a keyframe, each written when it is due. */
static void write_log(struct node *node, unsigned changes)
{
	node_begin(node, 4);
	for (unsigned i = 0; i < changes; i += 4) {
		node_busy(node, 4);
		ok(bk_keyframes_build(node->writer, why()));
	}
}

static void make_log(struct node *node, unsigned changes)
{
	write_log(node, changes);
	bk_writer_close(node->writer);
	node->writer = NULL;
}

static void begin_afar(struct node *node)
{
	test_io_init(&seam);
	ops = seam.ops;
	ops.want = want;
	ops.pread = pread_checked;
	node->io.io = (struct bk_io){.ops = &ops, .ctx = seam.io.ctx};
}

/* Opens the image of the last version that the keyframe of ORDINAL lists. */
static void open_last(struct bk_log *log, uint64_t ordinal)
{
	struct bk_image *image;
	struct span span;

	ok(bk_span_of_ordinal(&span, log, ordinal - 1, why()));
	cr_assert(span.above && span.above->ordinal == ordinal && span.count);
	count = 0;
	cr_assert(bk_trail_want(log, span.above) && count);
	interval = span.above->from;
	is_checked = true;
	ok(bk_image_open_keyframe(&image, log, span.base, NULL, why()));
	ok(bk_image_advance(image, span.above->entries, span.count, NULL, why()));
	is_checked = false;
	bk_image_close(image);
	bk_span_done(&span);
}

/* Who opens a version reads what the keyframe above it notes, and nothing else that stands before
 * its changes. */
Test(trail, all_that_an_image_takes_is_noted)
{
	struct node node;

	make_log(&node, 400);
	for (uint64_t ordinal = 1; ordinal < 100; ordinal += ordinal < 20 ? 1 : 13) {
		struct bk_log *log;

		begin_afar(&node);
		ok(bk_log_open(&log, &node.io.io, node.path, why()));
		open_last(log, ordinal);
		bk_log_close(log);
	}
}

/* So does who opens it out of the log's successor, where all stands elsewhere. */
Test(trail, what_is_noted_is_carried_on)
{
	struct bk_compact_result result;
	struct bk_log *log;
	struct node node;

	write_log(&node, 400);
	node_compact(&node, NULL, 2, &result);
	ok(node_succeed(&node));
	bk_writer_close(node.writer);
	node.writer = NULL;
	for (uint64_t ordinal = 1; ordinal < 99; ordinal += 7) {
		begin_afar(&node);
		ok(bk_log_open(&log, &node.io.io, node.path, why()));
		open_last(log, ordinal);
		bk_log_close(log);
	}
}

/* The same seam as a store is: what is wanted comes with the next round, and a round passes when
 * something is waited for that is not here. */
#define HERE_MAX  (4u << 20)
#define HERE_ENDS (64u << 10)

static uint8_t here[HERE_MAX / UNIT];
static unsigned rounds;
static uint64_t log_end;

static void comes(uint64_t offset, uint64_t size)
{
	for (uint64_t at = offset / UNIT; at * UNIT < offset + size && at < sizeof here; at++)
		here[at] = 1;
}

static int64_t pread_counted(void *ctx, int fd, void *data, size_t size, uint64_t offset)
{
	bool is_here = true;

	for (uint64_t at = offset / UNIT; at * UNIT < offset + size && at * UNIT < log_end; at++)
		is_here &= at < sizeof here && here[at];
	if (!is_here) {
		rounds++;
		for (size_t i = 0; i < count; i++)
			comes(wanted[i].offset, wanted[i].size);
		count = 0;
		comes(offset, size);
	}
	return seam.ops.pread(ctx, fd, data, size, offset);
}

static void begin_store(struct node *node, uint64_t end)
{
	begin_afar(node);
	ops.pread = pread_counted;
	memset(here, 0, sizeof here);
	comes(0, HERE_ENDS);
	comes(end - HERE_ENDS, HERE_ENDS);
	rounds = 0;
	count = 0;
	log_end = end;
}

/* Two rounds, wherever it is: its interval, and what that notes. A third, where it is not quite
 * where it should be. */
Test(trail, any_version_is_opened_in_few_rounds)
{
	unsigned all = 0, opened = 0;
	struct node node;
	size_t size;

	make_log(&node, 600);
	free(file_bytes(node.path, &size));
	cr_assert(size > 4 * HERE_ENDS && size < HERE_MAX);
	for (uint32_t version = 5; version < 600; version += 37) {
		struct bk_image *image;
		struct bk_entry entry;
		struct bk_log *log;

		begin_store(&node, size);
		ok(bk_log_open(&log, &node.io.io, node.path, why()));
		cr_assert(rounds == 0);
		ok(bk_log_find(log, version, &entry, why()));
		ok(bk_image_open(&image, log, version, NULL, why()));
		cr_assert(rounds <= 3, "version %u: %u rounds", version, rounds);
		all += rounds;
		opened++;
		bk_image_close(image);
		bk_log_close(log);
	}
	cr_assert(all * 2 <= opened * 5, "%u rounds for %u versions", all, opened);
}

static struct bk_log *fake_log(void)
{
	static struct bk_log log;

	seam.ops = *bk_io_posix()->ops;
	ops = seam.ops;
	ops.want = want;
	log.lf.file.io = &seam.io;
	seam.io.ops = &ops;
	pthread_mutex_init(&log.foresee_mutex, NULL);
	count = 0;
	return &log;
}

static bool want_notes(const char *notes, uint64_t offset)
{
	const struct keyframe kf = {.notes = notes, .offset = offset};

	return bk_trail_want(fake_log(), &kf);
}

/* In order, whole units, and as one what is near. */
Test(trail, is_written_and_read_again)
{
	static const uint32_t read[] = {1000, 7, 32, 1, 32, 5000, 7};
	static const struct stored_page stored[] = {{7, 0}, {31, 0}, {4999, 0}, {5000, 0}};
	struct trail trail = {0};
	char line[KEYFRAME_NOTES_MAX];

	bk_trail_write(&trail, NULL, 0, line, sizeof line);
	cr_assert(!*line);
	bk_trail_add(&trail, 5000000, 100);
	bk_trail_add(&trail, 1023, 2);
	bk_trail_add(&trail, 5010000, 50);
	bk_trail_add(&trail, 5000010, 10);
	bk_trail_add(&trail, 900000, 1024);
	trail.is_blind = true;
	bk_trail_write(&trail, stored, COUNT_OF(stored), line, sizeof line);
	cr_assert(strcmp(line, "reads=0+2 36c+2 fa2+b\n") == 0, "%s", line);
	cr_assert(!want_notes(line, 6000000) && count == 3);
	trail.is_blind = false;
	bk_trail_write(&trail, stored, COUNT_OF(stored), line, sizeof line);
	cr_assert(strcmp(line, "pages=\nreads=0+2 36c+2 fa2+b\n") == 0, "%s", line);
	for (size_t i = 0; i < COUNT_OF(read); i++)
		bk_trail_add_page(&trail, read[i]);
	bk_trail_write(&trail, stored, COUNT_OF(stored), line, sizeof line);
	cr_assert(strncmp(line, "pages=1 1f 3c8\nreads=0+2 ", 25) == 0, "%s", line);
	cr_assert(want_notes(line, 6000000) && count == 3);
	cr_assert(wanted[0].offset == 0 && wanted[0].size == 2 * UNIT);
	cr_assert(wanted[1].offset == 878 * UNIT && wanted[1].size == 2 * UNIT);
	cr_assert(wanted[2].offset == 4882 * UNIT && wanted[2].size == 11 * UNIT);
	bk_trail_done(&trail);
}

/* However much was read: the line has its limit, as have the trail's memory and what is asked for.
 */
Test(trail, has_a_limit)
{
	static char line[KEYFRAME_NOTES_MAX + 8];
	struct trail trail = {0};
	uint64_t random = 3, bytes = 0;

	for (size_t i = 0; i < 100000; i++) {
		bk_trail_add(&trail, random_next(&random) % ((uint64_t)1 << 40), 4096);
		bk_trail_add_page(&trail, (uint32_t)random_next(&random));
	}
	cr_assert(trail.capacity <= 4096 && trail.is_cut && trail.page_count <= TRAIL_PAGES);
	for (size_t room = 200; room <= KEYFRAME_NOTES_MAX; room += 974) {
		memset(line, 'x', sizeof line);
		bk_trail_write(&trail, NULL, 0, line, room);
		cr_assert(strlen(line) < room && strlen(line) > room - 60);
		cr_assert(line[strlen(line) - 1] == '\n' && line[room] == 'x');
	}
	bk_trail_write(&trail, NULL, 0, line, 159);
	cr_assert(!*line);
	bk_trail_write(&trail, NULL, 0, line, KEYFRAME_NOTES_MAX);
	cr_assert(want_notes(line, (uint64_t)1 << 41) && count > 100 && count <= 512);
	for (size_t i = 0; i < count; i++)
		bytes += wanted[i].size;
	cr_assert(bytes <= 8 << 20);
	bk_trail_done(&trail);
}

/* Whatever a forged note says, not much is asked for, and nothing behind the keyframe's beginning.
 */
Test(trail, what_is_forged_costs_little)
{
	static const struct {
		const char *notes;
		size_t count;
	} cases[] = {
		{"", 0},
		{"node=12\n", 0},
		{"reads=\n", 0},
		{"reads=zz\n", 0},
		{"reads=1\n", 0},
		{"reads=1+\n", 0},
		{"reads=1+2 3\n", 1},
		{"reads=1+2 3+\n", 1},
		{"reads=1+2,3+4\n", 1},
		{"reads=0+ffffffff\n", 0},
		{"reads=0+2000 1+1\n", 1},
		{"reads=ffffffffffffffffffff+1\n", 0},
		{"reads=3e8+1\n", 1},
		{"reads=3e9+1\n", 0},
		{"reads=3e8+1 ffffffffffffffff+1\n", 1},
		{"doubt=x\nreads=3+1 0+2", 2},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		cr_assert(!want_notes(cases[i].notes, 1000 * UNIT));
		cr_assert(count == cases[i].count, "%s: %zu", cases[i].notes, count);
	}
}

/* The pages that a keyframe notes, for who carries it elsewhere. */
Test(trail, pages_are_read_again)
{
	static const struct {
		const char *notes;
		size_t count;
		uint32_t last;
		bool is_blind;
	} cases[] = {
		{"", 0, 0, true},
		{"reads=1+1\n", 0, 0, true},
		{"pages=\n", 0, 0, false},
		{"pages=1 1f 3c8\nreads=1+1\n", 3, 1000, false},
		{"pages=5 0 7\n", 1, 5, false},
		{"pages=ffffffff 1\n", 1, UINT32_MAX, false},
		{"pages=7 -1\n", 1, 7, false},
		{"pages=7 zz\n", 1, 7, false},
		{"pages=1 1 1 1 1 1 1 1 1 1\n", 8, 8, false},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct keyframe kf = {.notes = cases[i].notes};
		uint32_t pages[8] = {0};
		bool is_blind;
		size_t found = bk_trail_pages(&kf, pages, COUNT_OF(pages), &is_blind);

		cr_assert(found == cases[i].count && is_blind == cases[i].is_blind, "%s",
			cases[i].notes);
		cr_assert(!found || pages[found - 1] == cases[i].last, "%s", cases[i].notes);
	}
}

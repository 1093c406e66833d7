/* test_record.c - one stored page (docs/format.md, 5). */
#include "forge.h"
#include "record.h"
#include <xxhash.h>

SUITE(record);

#define PAGE 77

/* A file of records, and the content that each of them gives. */
struct shelf {
	struct test_io io;
	struct file file;
	struct record_reader *reader;
	struct bk_buf bytes;
	ZSTD_CCtx *zstd;
	uint32_t page_size;
	uint64_t offsets[16];
	uint8_t content[16][PAGE_SIZE_MAX];
	size_t count;
};

/* Static: too large for a stack. */
static struct shelf the_shelf;

static struct shelf *shelf_new(uint32_t page_size)
{
	struct shelf *shelf = &the_shelf;

	memset(shelf, 0, sizeof *shelf);
	test_io_init(&shelf->io);
	shelf->file = FILE_CLOSED;
	shelf->page_size = page_size;
	shelf->zstd = ZSTD_createCCtx();
	shelf->reader = bk_record_reader_new(NULL);
	cr_assert(shelf->zstd && shelf->reader);
	bk_buf_init(&shelf->bytes, 1 << 24);
	ok(bk_buf_append(&shelf->bytes, "header", 6, why())); /* offset 0 is no record's */
	return shelf;
}

/* Writes the bytes out and opens them for reading. */
static void shelf_save(struct shelf *shelf)
{
	bk_file_close(&shelf->file);
	put_file(scratch("records"), shelf->bytes.data, shelf->bytes.size);
	ok(bk_file_open(&shelf->file, &shelf->io.io, scratch("records"), BK_IO_READ, why()));
	bk_record_reader_forget(shelf->reader);
}

static void shelf_free(struct shelf *shelf)
{
	bk_file_close(&shelf->file);
	bk_record_reader_free(shelf->reader);
	ZSTD_freeCCtx(shelf->zstd);
	bk_buf_done(&shelf->bytes);
}

/* Adds a record of the last content with some bytes changed, on the record before if STANDS. */
static void shelf_add(struct shelf *shelf, bool stands)
{
	size_t n = shelf->count++;
	struct record_base base = {0};
	uint64_t seed = n;

	if (n) {
		memcpy(shelf->content[n], shelf->content[n - 1], shelf->page_size);
		base = (struct record_base){.content = shelf->content[n - 1],
			.offset = shelf->offsets[n - 1],
			.depth = (unsigned)n - 1};
	}
	for (size_t i = 0; i < (n ? 20 : shelf->page_size); i++)
		shelf->content[n][n ? random_next(&seed) % shelf->page_size : i] =
			(uint8_t)random_next(&seed);
	shelf->offsets[n] = shelf->bytes.size;
	ok(bk_record_write(&shelf->bytes, shelf->zstd, PAGE, shelf->content[n], shelf->page_size,
		bk_record_check(PAGE, shelf->content[n], shelf->page_size), stands ? &base : NULL,
		why()));
}

static enum bk_code shelf_read(
	struct shelf *shelf, size_t n, uint8_t *page, struct record_chain *chain)
{
	return bk_record_read(shelf->reader, &shelf->file, shelf->offsets[n], PAGE,
		shelf->page_size, page, chain, why());
}

/* The table of section 5, of a record that stands alone. */
Test(record, layout)
{
	struct shelf *shelf = shelf_new(4096);
	const uint8_t *at;
	uint8_t page[4096];
	size_t size;

	shelf_add(shelf, false);
	at = shelf->bytes.data + shelf->offsets[0];
	size = (size_t)forge_get(at + 4, 3);
	cr_assert(forge_get(at, 4) == PAGE && at[7] == 0 && forge_get(at + 8, 8) == 0);
	cr_assert(forge_get(at + 16, 8) == XXH3_64bits_withSeed(shelf->content[0], 4096, PAGE));
	cr_assert(size + RECORD_HEAD_SIZE == shelf->bytes.size - shelf->offsets[0]);
	cr_assert(ZSTD_decompress(page, sizeof page, at + RECORD_HEAD_SIZE, size) == 4096);
	cr_assert(memcmp(page, shelf->content[0], 4096) == 0);
	shelf_free(shelf);
}

/* "compressed with the base's content as a raw prefix, and the base, a record of the same page and
 * an earlier offset, has depth n - 1" */
Test(record, layout_on_a_base)
{
	struct shelf *shelf = shelf_new(4096);
	ZSTD_DCtx *zstd = ZSTD_createDCtx();
	const uint8_t *at;
	uint8_t page[4096];

	shelf_add(shelf, false);
	shelf_add(shelf, true);
	at = shelf->bytes.data + shelf->offsets[1];
	cr_assert(at[7] == 1 && forge_get(at + 8, 8) == shelf->offsets[0]);
	ZSTD_DCtx_refPrefix(zstd, shelf->content[0], 4096);
	cr_assert(ZSTD_decompressDCtx(zstd, page, sizeof page, at + RECORD_HEAD_SIZE,
			  (size_t)forge_get(at + 4, 3)) == 4096);
	cr_assert(memcmp(page, shelf->content[1], 4096) == 0);
	ZSTD_freeDCtx(zstd);
	shelf_free(shelf);
}

/* "as a raw prefix", also where it begins as a dictionary of zstd's does. */
Test(record, a_base_that_looks_like_a_dictionary)
{
	struct shelf *shelf = shelf_new(4096);
	struct record_base base;
	uint8_t page[PAGE_SIZE_MAX];

	memcpy(shelf->content[0], "\x37\xa4\x30\xec\x01\x02\x03\x04", 8);
	for (unsigned i = 0; i < 2; i++) {
		base = (struct record_base){shelf->content[0], shelf->offsets[0], 0};
		if (i)
			memcpy(shelf->content[1], shelf->content[0], 4096);
		shelf->content[i][100 + i] = 7;
		shelf->offsets[i] = shelf->bytes.size;
		ok(bk_record_write(&shelf->bytes, shelf->zstd, PAGE, shelf->content[i], 4096,
			bk_record_check(PAGE, shelf->content[i], 4096), i ? &base : NULL, why()));
	}
	shelf_save(shelf);
	ok(shelf_read(shelf, 1, page, NULL));
	cr_assert(memcmp(page, shelf->content[1], 4096) == 0);
	shelf_free(shelf);
}

/* Any page size, and a chain as deep as the format has. */
Test(record, comes_back_from_any_depth)
{
	for (uint32_t page_size = 512; page_size <= 65536; page_size *= 2) {
		struct shelf *shelf = shelf_new(page_size);
		uint8_t page[PAGE_SIZE_MAX];
		struct record_chain chain;

		for (unsigned depth = 0; depth <= RECORD_DEPTH_MAX; depth++)
			shelf_add(shelf, depth > 0);
		shelf_save(shelf);
		for (unsigned depth = 0; depth <= RECORD_DEPTH_MAX; depth++) {
			ok(shelf_read(shelf, depth, page, &chain));
			cr_assert(memcmp(page, shelf->content[depth], page_size) == 0);
			cr_assert(chain.all[0].depth == depth, "page size %u: depth %u, not %u",
				page_size, chain.all[0].depth, depth);
		}
		shelf_free(shelf);
	}
}

/* "depth, at most 8" */
Test(record, a_ninth_base_is_refused)
{
	struct shelf *shelf = shelf_new(4096);
	uint8_t page[PAGE_SIZE_MAX];

	for (unsigned depth = 0; depth <= RECORD_DEPTH_MAX + 1; depth++)
		shelf_add(shelf, depth > 0);
	shelf_save(shelf);
	ok(shelf_read(shelf, RECORD_DEPTH_MAX, page, NULL));
	fails(BK_E_DAMAGE, shelf_read(shelf, RECORD_DEPTH_MAX + 1, page, NULL));
	shelf_free(shelf);
}

/* A page that changed as a whole is stored alone, where it ends the chain (record.h). */
Test(record, a_page_that_changed_as_a_whole_stands_alone)
{
	struct shelf *shelf = shelf_new(4096);
	struct record_base base;
	uint8_t page[PAGE_SIZE_MAX];
	uint64_t seed = test_seed();
	struct record_chain chain;

	shelf_add(shelf, false);
	base = (struct record_base){shelf->content[0], shelf->offsets[0], 0};
	for (size_t i = 0; i < 4096; i++)
		shelf->content[1][i] = (uint8_t)random_next(&seed);
	shelf->offsets[1] = shelf->bytes.size;
	ok(bk_record_write(&shelf->bytes, shelf->zstd, PAGE, shelf->content[1], 4096,
		bk_record_check(PAGE, shelf->content[1], 4096), &base, why()));
	shelf_save(shelf);
	ok(shelf_read(shelf, 1, page, &chain));
	cr_assert(!chain.all[0].depth && !chain.all[0].base &&
		  memcmp(page, shelf->content[1], 4096) == 0);
	shelf_free(shelf);
}

Test(record, rules)
{
	static const struct {
		const char *rule;
		size_t record, at, size;
		uint64_t value;
	} cases[] = {
		{"the page's number", 2, 0, 4, PAGE + 1},
		{"the page's number, of the base", 1, 0, 4, PAGE + 1},
		{"bytes of data", 2, 4, 3, 0},
		{"bytes of data, too many", 2, 4, 3, 0xffffff},
		{"bytes of data, of the base", 0, 4, 3, 10},
		{"depth 9", 2, 7, 1, 9},
		{"depth one more than the base's", 2, 7, 1, 3},
		{"depth one more than the base's, again", 2, 7, 1, 1},
		{"depth 0 stands alone", 2, 7, 1, 0},
		{"the base is a record", 2, 8, 8, 3},
		{"the base is earlier", 2, 8, 8, UINT64_MAX},
		{"the base is not 0", 2, 8, 8, 0},
		{"check", 2, 16, 8, 12345},
	};
	struct shelf *shelf = shelf_new(4096);
	uint8_t page[PAGE_SIZE_MAX];

	for (unsigned i = 0; i < 3; i++)
		shelf_add(shelf, i > 0);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		uint8_t *at = shelf->bytes.data + shelf->offsets[cases[i].record] + cases[i].at;
		uint64_t was = forge_get(at, cases[i].size);

		forge_put(at, cases[i].size, cases[i].value);
		shelf_save(shelf);
		cr_assert(code_is(shelf_read(shelf, 2, page, NULL), BK_E_DAMAGE), "%s: %s",
			cases[i].rule, why()->msg);
		forge_put(at, cases[i].size, was);
	}
	shelf_save(shelf);
	ok(shelf_read(shelf, 2, page, NULL));
	shelf_free(shelf);
}

/* The base must not be the record itself, nor a later one: a chain could go round for ever. */
Test(record, a_base_at_or_behind_its_record_is_refused)
{
	struct shelf *shelf = shelf_new(4096);
	uint8_t page[PAGE_SIZE_MAX], *at;

	shelf_add(shelf, false);
	shelf_add(shelf, true);
	at = shelf->bytes.data + shelf->offsets[1] + 8;
	forge_put(at, 8, shelf->offsets[1]);
	shelf_save(shelf);
	fails(BK_E_DAMAGE, shelf_read(shelf, 1, page, NULL));
	shelf_free(shelf);
}

/* No flipped bit gives a wrong page, in the record or in those it stands on. */
Test(record, a_flipped_bit_never_gives_a_wrong_page)
{
	struct shelf *shelf = shelf_new(512);
	uint8_t page[PAGE_SIZE_MAX];

	for (unsigned i = 0; i < 3; i++)
		shelf_add(shelf, i > 0);
	shelf_save(shelf);
	for (size_t bit = (size_t)shelf->offsets[0] * 8; bit < shelf->bytes.size * 8; bit++) {
		uint8_t was = shelf->bytes.data[bit / 8], now = was ^ (uint8_t)(1 << bit % 8);
		enum bk_code code;

		poke_file(scratch("records"), bit / 8, &now, 1);
		code = shelf_read(shelf, 2, page, NULL);
		cr_assert(code ? code_is(code, BK_E_DAMAGE)
			       : memcmp(page, shelf->content[2], 512) == 0,
			"bit %zu: %s", bit, why()->msg);
		poke_file(scratch("records"), bit / 8, &was, 1);
	}
	shelf_free(shelf);
}

Test(record, a_file_that_ends_too_early)
{
	struct shelf *shelf = shelf_new(4096);
	uint8_t page[PAGE_SIZE_MAX];
	size_t whole;

	shelf_add(shelf, false);
	shelf_add(shelf, true);
	whole = shelf->bytes.size;
	for (shelf->bytes.size = 0; shelf->bytes.size < whole; shelf->bytes.size += 7) {
		shelf_save(shelf);
		fails(BK_E_DAMAGE, shelf_read(shelf, 1, page, NULL));
	}
	shelf_free(shelf);
}

Test(record, a_read_that_fails)
{
	struct shelf *shelf = shelf_new(65536);
	uint8_t page[PAGE_SIZE_MAX];

	shelf_add(shelf, false);
	shelf_save(shelf);
	for (unsigned nth = 1; nth <= 2; nth++) {
		test_io_fail(&shelf->io, OP_READ, nth, -5);
		fails(BK_E_IO, shelf_read(shelf, 0, page, NULL));
	}
	ok(shelf_read(shelf, 0, page, NULL));
	shelf_free(shelf);
}

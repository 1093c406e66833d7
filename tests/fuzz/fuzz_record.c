/* fuzz_record.c - stored pages: a page is what was stored, or an error. */
#include "codec.h"
#include "fuzz.h"
#include "logbuild.h"
#include "logfile.h"
#include "record.h"
#include "simfs.h"
#include <string.h>
#include <xxhash.h>

#define PAGE_SIZE 512
#define PAGE      7
#define PATH      "/log/fuzz.bkp"

static void open_bytes(struct simfs **fs, struct logfile *lf, const struct logbuild *build)
{
	struct bk_error err;

	*fs = simfs_new(1);
	simfs_put(*fs, PATH, build->bytes.data, build->bytes.size);
	REQUIRE(bk_logfile_open(lf, simfs_io(*fs), PATH, BK_IO_READ, &err) == BK_OK);
}

/* DATA as records: the last one begins where its first four bytes say. */
static void check_raw(const uint8_t *data, size_t size)
{
	struct frame_head head = {.kind = FRAME_PAGES};
	uint8_t page[PAGE_SIZE], again[PAGE_SIZE];
	struct record_reader *reader = bk_record_reader_new(NULL);
	struct logbuild build;
	struct logfile lf;
	struct record_chain chain;
	const struct record *top = chain.all;
	struct simfs *fs;
	struct bk_error err = {0};
	uint64_t offset = bk_load_u32(data) % size;
	enum bk_code code;

	REQUIRE(reader);
	logbuild_init(&build);
	offset += logbuild_frame(&build, &head, data, size, false) + FRAME_HEAD_SIZE;
	open_bytes(&fs, &lf, &build);
	code = bk_record_read(reader, &lf.file, offset, PAGE, PAGE_SIZE, page, &chain, &err);
	REQUIRE(!code || code == BK_E_DAMAGE);
	if (!code) {
		REQUIRE(top->check == bk_record_check(PAGE, page, PAGE_SIZE));
		REQUIRE(top->page == PAGE && top->depth <= RECORD_DEPTH_MAX);
		REQUIRE(!bk_record_read(
			reader, &lf.file, offset, PAGE, PAGE_SIZE, again, NULL, &err));
		REQUIRE(memcmp(page, again, PAGE_SIZE) == 0);
	}
	bk_logfile_close(&lf);
	simfs_free(fs);
	logbuild_done(&build);
	bk_record_reader_free(reader);
}

/* Stores versions of a page cut from DATA, each on the one before, and reads all of them back. */
static void check_chain(const uint8_t *data, size_t size)
{
	uint8_t pages[RECORD_DEPTH_MAX + 1][PAGE_SIZE] = {{0}};
	uint64_t offsets[RECORD_DEPTH_MAX + 1];
	struct record_reader *reader = bk_record_reader_new(NULL);
	ZSTD_CCtx *zstd = ZSTD_createCCtx();
	struct frame_head head = {.kind = FRAME_PAGES};
	struct record_base base = {0};
	struct bk_buf records;
	struct logbuild build;
	struct logfile lf;
	struct simfs *fs;
	struct bk_error err;
	unsigned count = 0;

	REQUIRE(reader && zstd);
	bk_buf_init(&records, (size_t)1 << 20);
	for (size_t at = 0; count <= RECORD_DEPTH_MAX && at < size; count++, at += PAGE_SIZE / 3) {
		uint8_t *page = pages[count];

		if (count)
			memcpy(page, pages[count - 1], PAGE_SIZE);
		memcpy(page + at % (PAGE_SIZE / 2), data + at,
			size - at < PAGE_SIZE / 3 ? size - at : PAGE_SIZE / 3);
		offsets[count] = LOG_HEADER_SIZE + FRAME_HEAD_SIZE + records.size;
		REQUIRE(!bk_record_write(&records, zstd, PAGE, page, PAGE_SIZE,
			bk_record_check(PAGE, page, PAGE_SIZE), count ? &base : NULL, &err));
		/* Stored alone it begins a new chain. */
		base = (struct record_base){.content = page,
			.offset = offsets[count],
			.depth = records.data[offsets[count] - LOG_HEADER_SIZE - FRAME_HEAD_SIZE +
					      7]};
	}
	logbuild_init(&build);
	logbuild_frame(&build, &head, records.data, records.size, false);
	open_bytes(&fs, &lf, &build);
	for (unsigned i = 0; i < count; i++) {
		uint8_t page[PAGE_SIZE];

		REQUIRE(!bk_record_read(
			reader, &lf.file, offsets[i], PAGE, PAGE_SIZE, page, NULL, &err));
		REQUIRE(memcmp(page, pages[i], PAGE_SIZE) == 0);
		REQUIRE(bk_record_read(reader, &lf.file, offsets[i], PAGE + 1, PAGE_SIZE, page,
				NULL, &err) == BK_E_DAMAGE);
	}
	bk_logfile_close(&lf);
	simfs_free(fs);
	logbuild_done(&build);
	bk_buf_done(&records);
	ZSTD_freeCCtx(zstd);
	bk_record_reader_free(reader);
}

/* The page sums of DATA's records made right where a record stands alone: a stranger can do that.
 */
static uint8_t *with_sums(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size), page[PAGE_SIZE];

	REQUIRE(copy);
	memcpy(copy, data, size);
	for (size_t at = 0; at + RECORD_HEAD_SIZE <= size;) {
		size_t length = bk_load_u32(copy + at + 4) & 0xffffff;

		if (length > size - at - RECORD_HEAD_SIZE)
			break;
		if (ZSTD_decompress(page, sizeof page, copy + at + RECORD_HEAD_SIZE, length) ==
			sizeof page)
			bk_put_u64(copy + at + 16,
				XXH3_64bits_withSeed(page, sizeof page, bk_load_u32(copy + at)));
		at += RECORD_HEAD_SIZE + length;
	}
	return copy;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy;

	if (size < 4 || size > 65536)
		return 0;
	check_raw(data, size);
	check_chain(data, size);
	copy = with_sums(data, size);
	check_raw(copy, size);
	free(copy);
	return 0;
}

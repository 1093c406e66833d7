/* test_imagecopy.c - all pages of an image on their way into a file, and read meanwhile
 * (imagecopy.h). */
#include "imagecopy.h"
#include "node.h"
#include <errno.h>

SUITE(imagecopy);

/* The image of a database of so many KiB and a little, and a new file. */
struct bench {
	struct node node;
	struct bk_image *image;
	struct file file;
	struct imagecopy copy;
	uint8_t *bytes; /* what the file must become */
	size_t size;
};

static void begin(struct bench *bench, unsigned kib)
{
	char sql[400];

	snprintf(sql, sizeof sql,
		"CREATE TABLE vars (name TEXT, intval INTEGER, blobval BLOB);"
		"INSERT INTO vars VALUES ('data_version', 5, NULL); CREATE TABLE big (id, x);"
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT %u) "
		"INSERT INTO big SELECT i, zeroblob(900) FROM n",
		kib);
	node_begin_with(&bench->node, 0, 5, sql);
	/* Some pages are the overlay's. */
	node_change(&bench->node, "UPDATE big SET x = id WHERE id % 97 = 0");
	ok(bk_image_open(&bench->image, bk_writer_log(bench->node.writer), 6, NULL, why()));
	bench->size = (size_t)bk_image_size(bench->image);
	bench->bytes = malloc(bench->size);
	for (uint64_t at = 0; at < bench->size; at += 4096) {
		size_t done;

		ok(bk_image_read(bench->image, bench->bytes + at, 4096, at, &done, why()));
	}
	ok(bk_file_open(&bench->file, &bench->node.io.io, scratch("out"), BK_IO_CREATE, why()));
	bench->node.io.calls[OP_SYNC] = 0;
}

static void start(struct bench *bench)
{
	ok(bk_imagecopy_start(&bench->copy, bench->image, &bench->file, NULL, NULL, why()));
}

static void end(struct bench *bench)
{
	bk_imagecopy_stop(&bench->copy);
	bk_file_close(&bench->file);
	bk_image_close(bench->image);
	free(bench->bytes);
	node_end(&bench->node);
}

static void check_page(struct bench *bench, uint32_t page)
{
	struct pagestore *store = &bench->copy.store;
	const uint8_t *is = bench->bytes + (size_t)(page - 1) * store->page_size;
	const void *there = store->peek(store, page);
	uint8_t bytes[PAGE_SIZE_MAX];

	ok(store->read(store, page, bytes, why()));
	cr_assert(memcmp(bytes, is, store->page_size) == 0, "page %u", page);
	cr_assert(!there == (bench->size > COPY_KEPT_MAX));
	cr_assert(!there || memcmp(there, is, store->page_size) == 0, "page %u", page);
}

static void check_file(const struct bench *bench)
{
	size_t size;
	uint8_t *bytes = file_bytes(scratch("out"), &size);

	cr_assert(size == bench->size && memcmp(bytes, bench->bytes, size) == 0);
	free(bytes);
}

/* One part, some that are kept in memory, more than are. */
static const unsigned kibs[] = {300, 5000, COPY_KEPT_MAX / 1024 + 1300};

/* "What is read through .store is what the file holds", and "a part that is read before it is there
 * is written first" */
Test(imagecopy, is_read_and_written)
{
	for (size_t i = 0; i < COUNT_OF(kibs); i++) {
		static struct bench bench;
		uint32_t count;

		begin(&bench, kibs[i]);
		start(&bench);
		count = bench.copy.store.page_count;
		for (uint32_t page = count; page > 0; page -= page < 37 ? page : 37)
			check_page(&bench, page);
		ok(bk_imagecopy_finish(&bench.copy, why()));
		cr_assert(bench.node.io.calls[OP_SYNC] == 1);
		check_file(&bench);
		check_page(&bench, count / 2 + 1);
		end(&bench);
		unlink(scratch("out"));
		unlink(scratch("log"));
		unlink(scratch("node"));
	}
}

/* "Fails with ..., also where .store has failed so before" */
Test(imagecopy, a_write_or_sync_that_fails)
{
	static const enum test_op ops[] = {OP_WRITE, OP_SYNC};

	for (size_t i = 0; i < COUNT_OF(ops); i++) {
		static struct bench bench;

		begin(&bench, 5000);
		test_io_fail(&bench.node.io, ops[i], 1, -ENOSPC);
		start(&bench);
		fails(BK_E_IO, bk_imagecopy_finish(&bench.copy, why()));
		fails(BK_E_IO, bk_imagecopy_finish(&bench.copy, why()));
		end(&bench);
		unlink(scratch("out"));
		unlink(scratch("log"));
		unlink(scratch("node"));
	}
}

Test(imagecopy, a_read_that_comes_too_late_fails)
{
	static struct bench bench;
	uint8_t page[PAGE_SIZE_MAX];

	begin(&bench, 5000);
	test_io_fail(&bench.node.io, OP_WRITE, 1, -ENOSPC);
	bench.node.io.fail_more = 1000;
	start(&bench);
	fails(BK_E_IO, bench.copy.store.read(&bench.copy.store, 1, page, why()));
	cr_assert(!bench.copy.store.peek(&bench.copy.store, 1));
	end(&bench);
}

/* "Ends COPY, wherever it is" */
Test(imagecopy, is_stopped)
{
	static struct bench bench;

	begin(&bench, 5000);
	start(&bench);
	end(&bench);
}

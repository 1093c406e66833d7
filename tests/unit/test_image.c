/* test_image.c - the database as it was at one version (bk/image.h). */
#include "forge.h"
#include "node.h"
#include <bk/image.h>
#include <bk/listing.h>
#include <bk/snapshot.h>
#include <bk/writer.h>
#include <pthread.h>

SUITE(image);

static uint8_t *read_all(
	struct bk_log *log, uint32_t version, const struct bk_image_options *options, size_t *size)
{
	struct bk_image *image = NULL;
	uint8_t *bytes;
	size_t done;

	ok(bk_image_open(&image, log, version, options, why()));
	*size = (size_t)bk_image_size(image);
	bytes = malloc(*size + 1);
	cr_assert(bytes);
	ok(bk_image_read(image, bytes, *size, 0, &done, why()));
	cr_assert(done == *size);
	bk_image_close(image);
	return bytes;
}

/* Fails unless both logs, or both ways of opening, give the same bytes. */
static void same_bytes(struct bk_log *a, const struct bk_image_options *how_a, struct bk_log *b,
	const struct bk_image_options *how_b, uint32_t version)
{
	size_t size_a, size_b;
	uint8_t *left = read_all(a, version, how_a, &size_a);
	uint8_t *right = read_all(b, version, how_b, &size_b);

	cr_assert(size_a == size_b, "version %u has %zu bytes, and %zu", version, size_a, size_b);
	for (size_t i = 0; i < size_a; i++)
		cr_assert(left[i] == right[i], "version %u differs at byte %zu", version, i);
	free(left);
	free(right);
}

Test(image, of_an_empty_database)
{
	struct node node;
	struct bk_image *image = NULL;
	uint8_t byte;
	size_t done = 7;

	node_begin(&node, 0);
	ok(bk_image_open(&image, bk_writer_log(node.writer), 0, NULL, why()));
	cr_assert(bk_image_size(image) == 0 && bk_image_page_size(image) == 0 &&
		  bk_image_page_count(image) == 0 && bk_image_version(image) == 0);
	ok(bk_image_read(image, &byte, 1, 0, &done, why()));
	cr_assert(done == 0);
	bk_image_close(image);
	bk_image_close(NULL);
	node_end(&node);
}

/* "*DONE is fewer only at its end" */
Test(image, reads_of_any_size_and_place)
{
	struct node node;
	struct bk_log *log;
	struct bk_image *image = NULL;
	uint64_t seed = test_seed();
	uint8_t *whole, *part;
	size_t size;

	node_begin(&node, 3);
	node_busy(&node, 30);
	ok(bk_keyframes_build(node.writer, why()));
	log = bk_writer_log(node.writer);
	whole = read_all(log, 20, NULL, &size);
	part = malloc(size + 10000);
	ok(bk_image_open(&image, log, 20, NULL, why()));
	for (unsigned i = 0; i < 500; i++) {
		size_t offset = (size_t)(random_next(&seed) % (size + 5000));
		size_t want = (size_t)(random_next(&seed) % (i % 5 ? 9000 : size + 5000)), done;
		size_t left = offset < size ? size - offset : 0;

		ok(bk_image_read(image, part, want, offset, &done, why()));
		cr_assert(done == (want < left ? want : left));
		cr_assert(memcmp(part, whole + (done ? offset : 0), done) == 0, "%zu at %zu", want,
			offset);
	}
	ok(bk_image_read(image, part, 1, UINT64_MAX, &size, why()));
	cr_assert(size == 0);
	bk_image_close(image);
	free(whole);
	free(part);
	node_end(&node);
}

/* "Fails with BK_E_MISSING if the log does not hold that version", and says what it holds. */
Test(image, of_versions_that_are_not_there)
{
	struct node node;
	struct bk_image *image = NULL;
	struct bk_log *log;

	node_begin(&node, 2);
	node_busy(&node, 4); /* to version 6 */
	for (unsigned i = 0; i < 3; i++)
		node_unwatched(&node, "DELETE FROM busy");
	node_snapshot(&node, BK_SNAPSHOT_GAP);
	node_busy(&node, 1); /* version 10 */
	log = bk_writer_log(node.writer);
	fails(BK_E_MISSING, bk_image_open(&image, log, 8, NULL, why()));
	says("it has 6 (");
	says("and nothing between that and the next snapshot, 9 (");
	fails(BK_E_MISSING, bk_image_open(&image, log, 11, NULL, why()));
	says("whose newest is 10");
	fails(BK_E_MISSING, bk_image_open(&image, log, UINT32_MAX, NULL, why()));
	node_lost(&node, "DELETE FROM busy");
	ok(bk_writer_rewind(node.writer, node.version, why()));
	fails(BK_E_MISSING, bk_image_open(&image, log, 11, NULL, why()));
	node_check_all(&node, NULL, NULL);
	node_end(&node);
}

/* docs/decisions.md: a replay gives the same pages each time; an image's bytes do not depend on
 * which keyframes there are, nor on when it is opened. */
Test(image, is_the_same_from_any_keyframe)
{
	struct node node;
	struct bk_log *before, *after;

	node_begin(&node, 3);
	node_busy(&node, 40);
	before = node_log(&node);
	ok(bk_keyframes_build(node.writer, why()));
	after = node_log(&node);
	for (uint32_t version = 0; version <= node.version; version++)
		same_bytes(before, NULL, after, NULL, version);
	bk_log_close(before);
	bk_log_close(after);
	node_end(&node);
}

/* "pass over so many more keyframes" */
Test(image, is_the_same_from_older_keyframes)
{
	struct node node;
	struct bk_log *log;

	node_begin(&node, 3);
	node_busy(&node, 60);
	ok(bk_keyframes_build(node.writer, why()));
	log = bk_writer_log(node.writer);
	for (uint32_t version = 20; version <= node.version; version += 7)
		for (unsigned older = 1; older < 6; older++) {
			struct bk_image_options options = {.past_damage = true, .older = older};

			same_bytes(log, NULL, log, &options, version);
		}
	node_end(&node);
}

/* "where damage hit keyframes, stand on an older one and replay all changes since" */
Test(image, stands_on_an_older_keyframe_where_one_is_damaged)
{
	struct node node;
	struct bk_log *log = NULL;
	struct bk_image *image = NULL;
	struct bk_image_options options = {.past_damage = true};
	struct forge forge;

	node_begin(&node, 4);
	node_busy(&node, 30);
	ok(bk_keyframes_build(node.writer, why()));
	node_busy(&node, 2); /* the keyframes are synced: no torn tail */
	forge_load(&forge, node.path);
	for (size_t i = 0; i < forge.count; i++)
		if (forge_frame(&forge, i)[AT_KIND] == PAGES && i > forge_find(&forge, KEYFRAME, 2))
			memset(forge_frame(&forge, i) + AT_PAYLOAD, 0xee, 100);
	forge_save(&forge, scratch("bad"));
	ok(bk_log_open(&log, &node.io.io, scratch("bad"), why()));
	fails(BK_E_DAMAGE, bk_image_open(&image, log, 22, NULL, why()));
	while (bk_image_open(&image, log, 22, &options, why()))
		cr_assert(++options.older < 9);
	cr_assert(bk_image_is_past_damage(image));
	bk_image_close(image);
	node_check(&node, log, 22, &options);
	options.older = 0;
	ok(bk_image_open(&image, log, 12, &options, why()));
	cr_assert(!bk_image_is_past_damage(image));
	bk_image_close(image);
	bk_log_close(log);
	forge_done(&forge);
	node_end(&node);
}

/* Pages that shrink and grow again, from interval to interval and within one. */
Test(image, of_a_database_that_shrinks_and_grows)
{
	static const char *const modes[] = {"FULL", "INCREMENTAL", "NONE"};

	for (size_t m = 0; m < COUNT_OF(modes); m++)
		for (unsigned interval = 1; interval <= 4; interval += 3) {
			struct node node;
			char sql[300];

			snprintf(sql, sizeof sql,
				"PRAGMA auto_vacuum = %s; CREATE TABLE vars (name, intval); INSERT "
				"INTO "
				"vars VALUES ('data_version', 1); CREATE TABLE t (id INTEGER "
				"PRIMARY KEY, x)",
				modes[m]);
			node_begin_with(&node, interval, 1, sql);
			for (unsigned i = 0; i < 24; i++) {
				snprintf(sql, sizeof sql,
					i % 4 == 3 ? "DELETE FROM t WHERE id %% 5 <> %u"
						   : "INSERT INTO t (x) VALUES (hex(zeroblob(%u)))",
					i % 4 == 3 ? i % 5 : 9000 * i % 50000);
				node_change(&node, sql);
			}
			node_check_all(&node, NULL, NULL);
			ok(bk_keyframes_build(node.writer, why()));
			node_check_all(&node, NULL, NULL);
			node_end(&node);
			scratch_remove();
		}
}

/* Any page size; the database of the log's first keyframe, and an empty one that takes SQLite's
 * default. */
Test(image, of_any_page_size)
{
	for (unsigned page_size = 512; page_size <= 65536; page_size *= 2) {
		struct node node;
		struct bk_image *image = NULL;
		char sql[300];

		snprintf(sql, sizeof sql,
			"PRAGMA page_size = %u; CREATE TABLE vars (name, intval); INSERT INTO vars "
			"VALUES "
			"('data_version', 1); CREATE TABLE t (x); INSERT INTO t VALUES "
			"(zeroblob(200000))",
			page_size);
		node_begin_with(&node, 2, 1, sql);
		for (unsigned i = 0; i < 6; i++)
			node_change(&node, "INSERT INTO t VALUES (zeroblob(70000))",
				"DELETE FROM t WHERE rowid % 3 = 0");
		ok(bk_keyframes_build(node.writer, why()));
		node_check_all(&node, NULL, NULL);
		ok(bk_image_open(&image, bk_writer_log(node.writer), 4, NULL, why()));
		cr_assert(bk_image_page_size(image) == page_size);
		bk_image_close(image);
		node_end(&node);
		scratch_remove();
	}
}

/* "bytes of replayed pages in memory; more go to a temporary file" */
Test(image, spills)
{
	struct node node;
	struct bk_log *log;
	struct bk_image *image = NULL;
	struct bk_image_options small = {.memory_max = 1, .spill_dir = "/tmp"};

	node_begin(&node, 100);
	node_busy(&node, 60);
	log = bk_writer_log(node.writer);
	node.io.calls[OP_OPEN_TEMP] = 0;
	for (small.memory_max = 1; small.memory_max < 300000; small.memory_max *= 5)
		same_bytes(log, NULL, log, &small, node.version);
	cr_assert(node.io.calls[OP_OPEN_TEMP] >= 5);
	small.memory_max = 1;
	test_io_fail(&node.io, OP_OPEN_TEMP, 1, -13);
	fails(BK_E_IO, bk_image_open(&image, log, node.version, &small, why()));
	test_io_fail(&node.io, OP_WRITE, 20, -28);
	fails(BK_E_IO, bk_image_open(&image, log, node.version, &small, why()));
	small.spill_dir = scratch("nowhere");
	fails(BK_E_MISSING, bk_image_open(&image, log, node.version, &small, why()));
	node_end(&node);
}

struct reading {
	struct bk_log *log;
	struct bk_image *image;
	const uint8_t *whole;
	size_t size;
	uint64_t seed;
	bool is_right;
};

static void *read_along(void *arg)
{
	struct reading *reading = arg;
	uint8_t bytes[9000];

	reading->is_right = true;
	for (unsigned i = 0; i < 300 && reading->is_right; i++) {
		struct bk_image *own = NULL;
		size_t offset = (size_t)(random_next(&reading->seed) % reading->size), done;
		struct bk_error err;

		if (i % 10 == 0)
			reading->is_right = !bk_image_open(&own, reading->log, 30, NULL, &err);
		reading->is_right = reading->is_right &&
				    !bk_image_read(own ? own : reading->image, bytes, sizeof bytes,
					    offset, &done, &err) &&
				    memcmp(bytes, reading->whole + offset, done) == 0;
		bk_image_close(own);
	}
	return NULL;
}

/* "Threads: any number may read one image", and "any number of threads may read from one bk_log".
 */
Test(image, is_read_by_many)
{
	struct node node;
	struct bk_log *log;
	struct bk_image *image = NULL;
	struct reading readings[4];
	pthread_t threads[4];
	uint8_t *whole;
	size_t size;

	node_begin(&node, 8);
	node_busy(&node, 60);
	ok(bk_keyframes_build(node.writer, why()));
	log = node_log(&node);
	whole = read_all(log, 30, NULL, &size);
	ok(bk_image_open(&image, log, 30, NULL, why()));
	for (size_t i = 0; i < COUNT_OF(threads); i++) {
		readings[i] = (struct reading){log, image, whole, size, i, false};
		cr_assert(pthread_create(&threads[i], NULL, read_along, &readings[i]) == 0);
	}
	for (size_t i = 0; i < COUNT_OF(threads); i++) {
		pthread_join(threads[i], NULL);
		cr_assert(readings[i].is_right);
	}
	bk_image_close(image);
	bk_log_close(log);
	free(whole);
	node_end(&node);
}

/* Another SQLite may lay a change's pages out in more of them than a keyframe lists: what counts is
 * what the image has. */
Test(image, page_counts_may_differ)
{
	struct node node;
	struct bk_log *log = NULL;
	struct forge forge;
	uint8_t *at;

	node_begin(&node, 4);
	node_busy(&node, 4);
	ok(bk_keyframes_build(node.writer, why()));
	forge_load(&forge, node.path);
	at = forge_lists(forge_frame(&forge, forge_find(&forge, KEYFRAME, 1))) + 20 + 16;
	for (unsigned number = 0; number < 15; at++)
		number += !(*at & 0x80);
	cr_assert(*at < 10); /* of the second change, version 2 */
	*at += 1;
	forge_seal(&forge);
	forge_save(&forge, scratch("bad"));
	ok(bk_log_open(&log, &node.io.io, scratch("bad"), why()));
	node_check(&node, log, 1, NULL);
	for (uint32_t version = 2; version <= 3; version++)
		node_check(&node, log, version, NULL);
	node_check(&node, log, 4, NULL);
	bk_log_close(log);
	forge_done(&forge);
	node_end(&node);
}

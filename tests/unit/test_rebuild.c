/* test_rebuild.c - the database of a version, past damage (bk/rebuild.h). */
#include "forge.h"
#include "node.h"
#include <bk/rebuild.h>
#include <string.h>

SUITE(rebuild);

static unsigned calls;
static unsigned failing; /* so many calls fail */

static enum bk_code count_calls(void *ctx, struct bk_image *image, struct bk_error *err)
{
	const uint32_t *version = ctx;

	cr_assert(bk_image_version(image) == *version);
	calls++;
	return calls > failing ? BK_OK : bk_fail(err, BK_E_DAMAGE, 0, "call %u", calls);
}

static enum bk_code never_done(void *ctx, struct bk_image *image, struct bk_error *err)
{
	(void)ctx;
	(void)image;
	calls++;
	return bk_fail(err, BK_E_IO, 0, "a disk");
}

/* "as long as either fails with BK_E_DAMAGE", "the damage that was met first", and not more often
 * than there are doublings up to the first keyframe. */
Test(rebuild, does_its_work_in_few_tries)
{
	struct node node;
	struct bk_log *log;

	node_begin(&node, 1);
	node_busy(&node, 40);
	ok(bk_keyframes_build(node.writer, why()));
	log = bk_writer_log(node.writer);
	failing = calls = 0;
	ok(bk_rebuild_do(log, node.version, NULL, count_calls, &node.version, why()));
	cr_assert(calls == 1);
	failing = 3;
	calls = 0;
	ok(bk_rebuild_do(log, node.version, NULL, count_calls, &node.version, why()));
	cr_assert(calls == 4);
	failing = 1000;
	calls = 0;
	fails(BK_E_DAMAGE,
		bk_rebuild_do(log, node.version, NULL, count_calls, &node.version, why()));
	cr_assert(calls == 8 && strcmp(why()->msg, "call 1") == 0, "%u calls", calls);
	calls = 0;
	fails(BK_E_IO, bk_rebuild_do(log, node.version, NULL, never_done, NULL, why()));
	cr_assert(calls == 1);
	node_end(&node);
}

/* A whole database. */
struct whole {
	uint8_t *bytes;
	size_t size;
};

/* VERSION of the whole log, which the caller frees. */
static struct whole whole_of(const struct node *node, uint32_t version)
{
	struct bk_image *image = NULL;
	struct whole whole;

	ok(bk_image_open(&image, bk_writer_log(node->writer), version, NULL, why()));
	whole.bytes = malloc((size_t)bk_image_size(image));
	cr_assert(whole.bytes);
	ok(bk_image_read(image, whole.bytes, (size_t)bk_image_size(image), 0, &whole.size, why()));
	bk_image_close(image);
	return whole;
}

/* Reads all in parts; fails with the first part that does. */
static enum bk_code read_parts(struct bk_rebuild *rebuild, const struct whole *whole)
{
	uint8_t part[1000];
	size_t done = 1;

	for (uint64_t at = 0; done; at += done) {
		enum bk_code code = bk_rebuild_read(rebuild, part, sizeof part, at, &done, why());

		if (code)
			return code;
		cr_assert(at + done <= whole->size && memcmp(part, whole->bytes + at, done) == 0);
	}
	return BK_OK;
}

/* Damages the pages of the newest COUNT keyframes in a copy of NODE's log, which is opened. */
static struct bk_log *damage_pages(struct node *node, int count)
{
	struct bk_log *log = NULL;
	struct forge forge;

	forge_load(&forge, node->path);
	for (int nth = -1; nth >= -count; nth--)
		memset(forge_frame(&forge, forge_find(&forge, PAGES, nth)) + AT_PAYLOAD, 0xee, 30);
	forge_save(&forge, scratch("bad"));
	forge_done(&forge);
	ok(bk_log_open(&log, &node->io.io, scratch("bad"), why()));
	return log;
}

/* "stands on an older keyframe from one read to the next" */
Test(rebuild, reads_on_from_an_older_keyframe)
{
	struct node node;
	struct bk_log *log;
	unsigned past_damage = 0;

	node_begin(&node, 4);
	node_busy(&node, 31);
	ok(bk_keyframes_build(node.writer, why()));
	node_busy(&node, 2); /* the keyframes are synced: no torn tail */
	log = damage_pages(&node, 3);
	for (uint32_t version = 1; version <= node.version; version++) {
		struct bk_rebuild *rebuild = NULL;
		struct whole whole = whole_of(&node, version);

		ok(bk_rebuild_new(&rebuild, log, version, NULL, why()));
		ok(bk_rebuild_load(rebuild, why()));
		cr_assert(bk_rebuild_entry(rebuild)->version == version);
		cr_assert((size_t)bk_rebuild_entry(rebuild)->page_count *
				  bk_rebuild_entry(rebuild)->page_size ==
			  whole.size);
		ok(read_parts(rebuild, &whole));
		past_damage += bk_rebuild_state(rebuild).past_damage;
		cr_assert(bk_rebuild_state(rebuild).memory);
		bk_rebuild_unload(rebuild);
		cr_assert(!bk_rebuild_state(rebuild).memory);
		ok(read_parts(rebuild, &whole));
		bk_rebuild_free(rebuild);
		free(whole.bytes);
	}
	cr_assert(past_damage);
	bk_log_close(log);
	node_end(&node);
}

/* "No older keyframe is to be tried" */
Test(rebuild, that_was_given_up)
{
	struct node node;
	struct bk_log *log;
	unsigned failed = 0;

	node_begin(&node, 4);
	node_busy(&node, 31);
	ok(bk_keyframes_build(node.writer, why()));
	node_busy(&node, 2);
	log = damage_pages(&node, 1);
	for (uint32_t version = 1; version <= node.version; version++) {
		struct bk_rebuild *rebuild = NULL;
		struct whole whole = whole_of(&node, version);

		ok(bk_rebuild_new(&rebuild, log, version, NULL, why()));
		bk_rebuild_give_up(rebuild);
		failed += read_parts(rebuild, &whole) == BK_E_DAMAGE;
		bk_rebuild_free(rebuild);
		free(whole.bytes);
	}
	cr_assert(failed && failed < 10, "%u failed", failed);
	bk_log_close(log);
	node_end(&node);
}

/* "another change was put in the version's place since the first load" */
Test(rebuild, of_a_version_that_was_struck_out)
{
	struct node node;
	struct bk_rebuild *rebuild = NULL;
	struct bk_log *log;
	uint8_t byte;
	size_t done;

	node_begin(&node, 4);
	node_busy(&node, 6);
	node_lost(&node, "DELETE FROM busy");
	log = node_log(&node);
	ok(bk_rebuild_new(&rebuild, log, node.version + 1, NULL, why()));
	ok(bk_rebuild_load(rebuild, why()));
	ok(bk_writer_rewind(node.writer, node.version, why()));
	node_busy(&node, 2);
	ok(bk_log_refresh(log, &(enum bk_log_news){BK_LOG_SAME}, why()));
	ok(bk_rebuild_read(rebuild, &byte, 1, 0, &done, why())); /* what is open stays readable */
	bk_rebuild_unload(rebuild);
	fails(BK_E_MISSING, bk_rebuild_load(rebuild, why()));
	bk_rebuild_free(rebuild);
	bk_log_close(log);
	node_end(&node);
}

/* "where the node's own database was copied at that very version (a snapshot) it stays" */
Test(rebuild, of_a_snapshot_stays)
{
	struct node node;
	struct bk_rebuild *rebuild = NULL;
	struct whole whole;
	struct bk_log *log;
	uint32_t version;

	node_begin(&node, 4);
	node_busy(&node, 13);
	ok(bk_keyframes_build(node.writer, why()));
	version = node.version;
	node_snapshot(&node, BK_SNAPSHOT_REPLAY_FAILED);
	node_busy(&node, 2);
	log = damage_pages(&node, 1);
	ok(bk_rebuild_new(&rebuild, log, version, NULL, why()));
	whole = whole_of(&node, version);
	fails(BK_E_DAMAGE, read_parts(rebuild, &whole));
	bk_rebuild_free(rebuild);
	free(whole.bytes);
	bk_log_close(log);
	node_end(&node);
}

/* test_verdict.c - whether a version can be restored (bk/verdict.h): one answer for all who ask. */
#include "build.h"
#include "forge.h"
#include "node.h"
#include <bk/restore.h>
#include <bk/verdict.h>
#include <bk/verify.h>
#include <xxhash.h>

SUITE(verdict);

/* Where fields stand in a keyframe's payload (docs/format.md, 6). */
enum { KF_HISTORY = 32, KF_PAGES_SUM = 40, KF_PAGE_SIZE = 64, KF_PAGE_COUNT = 68 };

/* Makes the history of the log's first keyframe right, and all sums, and writes it. */
static void save(struct forge *forge, const char *path)
{
	uint8_t *frame = forge_frame(forge, forge_find(forge, KEYFRAME, 0)), sums[28] = {0};
	uint8_t *payload = frame + AT_PAYLOAD;

	memcpy(sums + 8, frame + AT_VERSION, 4);
	memcpy(sums + 12, payload + KF_PAGE_SIZE, 8);
	memcpy(sums + 20, payload + KF_PAGES_SUM, 8);
	forge_put(payload + KF_HISTORY, 8, XXH3_64bits(sums, sizeof sums));
	forge_seal(forge);
	forge_save(forge, path);
	forge_done(forge);
}

static struct bk_verify_result verify(const char *path, bool deep)
{
	struct bk_verify_options options = {.deep = deep, .threads = 2};
	struct bk_verify_result result;

	ok(bk_verify(bk_io_posix(), path, &options, &result, why()));
	return result;
}

/* All who are asked say that the head of the log at PATH can be restored, or that it cannot. */
static void all_say(const char *path, bool can)
{
	struct bk_restore_result result = {.path = NULL};
	struct bk_verdict verdict;
	struct bk_log *log;
	enum bk_code code;

	ok(bk_log_open(&log, bk_io_posix(), path, why()));
	ok(bk_verdict_head(log, NULL, &verdict, why()));
	cr_assert((verdict.answer == BK_VERDICT_YES) == can, "%s", verdict.why.msg);
	for (int deep = 0; deep < 2; deep++) {
		struct bk_verify_result said = verify(path, deep);

		cr_assert(said.verdict.answer == verdict.answer, "deep %d: %s", deep,
			said.verdict.why.msg);
		cr_assert(can || said.findings, "deep %d", deep);
		cr_assert(can || said.lost, "deep %d: no version is said to be lost", deep);
	}
	code = bk_restore(log, scratch("out"), NULL, &result, why());
	cr_assert((code == BK_OK) == can, "%s", why()->msg);
	cr_assert(has_file(scratch("out")) == can);
	free(result.path);
	unlink(scratch("out"));
	unlink(scratch("out.restoring"));
	bk_log_close(log);
}

#define SQL                                                                                        \
	"CREATE TABLE vars (name, intval, blobval); INSERT INTO vars VALUES ('data_version', 7, "  \
	"NULL);"                                                                                   \
	"CREATE TABLE t (x); INSERT INTO t VALUES (zeroblob(20000))"

/* A log whose only keyframe has a database of version 7, taken apart. */
static void forge_begin(struct node *node, struct forge *forge)
{
	node_begin_with(node, 0, 7, SQL);
	forge_load(forge, node->path);
}

static uint8_t *keyframe(struct forge *forge)
{
	return forge_frame(forge, forge_find(forge, KEYFRAME, 0));
}

static void keeps(struct forge *forge)
{
	(void)forge;
}

static void a_page_stored_nowhere(struct forge *forge)
{
	uint8_t *count = keyframe(forge) + AT_PAYLOAD + KF_PAGE_COUNT;

	forge_put(count, 4, forge_get(count, 4) + 1);
}

static void all_pages_there_can_be(struct forge *forge)
{
	uint64_t offset = forge->frames[forge_find(forge, KEYFRAME, 0)];

	forge_put(keyframe(forge) + AT_PAYLOAD + KF_PAGE_COUNT, 4, 1 + offset / 24);
}

/* Behind count and number, the offset of page 1's record. */
static void a_map_astray(struct forge *forge)
{
	forge_frame(forge, forge_find(forge, MAP, 0))[AT_PAYLOAD + 5] ^= 2;
}

static void a_version_that_lies(struct forge *forge)
{
	forge_put(keyframe(forge) + AT_VERSION, 4, 8);
}

/* Their sums are right, all of them. */
Test(verdict, forged_keyframes)
{
	static const struct {
		void (*forge)(struct forge *forge);
		bool can;
	} cases[] = {{keeps, true}, {a_page_stored_nowhere, false}, {all_pages_there_can_be, false},
		{a_map_astray, false}, {a_version_that_lies, false}};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct node node;
		struct forge forge;

		forge_begin(&node, &forge);
		cases[i].forge(&forge);
		save(&forge, scratch("forged"));
		all_say(scratch("forged"), cases[i].can);
		node_end(&node);
		scratch_remove();
	}
}

/* Pages whose sums are right, and which are no database. */
Test(verdict, pages_of_garbage)
{
	struct build_result result = {.version = 9, .page_size = 4096, .page_count = 2};
	struct build build;
	struct node node;
	uint8_t page[4096];

	node_begin_with(&node, 0, 7, SQL);
	result.session = bk_writer_log(node.writer)->state.session;
	result.time_us = TEST_NOW_US;
	result.history = bk_writer_log(node.writer)->state.history;
	ok(bk_build_begin(&build, node.writer, true, why()));
	build.version = 9;
	build.page_size = 4096;
	for (uint32_t number = 1; number <= 2; number++) {
		memset(page, 0x5a, sizeof page);
		ok(bk_build_page(&build, number, page, NULL, why()));
	}
	ok(bk_build_finish(&build, &result, why()));
	bk_build_done(&build);
	all_say(node.path, false);
	node_end(&node);
}

/* Where an older keyframe and the changes since lead to the version, it can be restored. */
Test(verdict, past_a_keyframe_that_lies)
{
	struct bk_verdict verdict;
	struct bk_log *log;
	struct node node;
	struct forge forge;
	size_t at;

	node_begin(&node, 4);
	node_busy(&node, 9);
	ok(bk_keyframes_build(node.writer, why()));
	forge_load(&forge, node.path);
	at = forge_find(&forge, PAGES, -1);
	memset(forge_frame(&forge, at) + AT_PAYLOAD, 0xee, 30);
	forge_seal(&forge);
	forge_save(&forge, scratch("forged"));
	forge_done(&forge);
	ok(bk_log_open(&log, &node.io.io, scratch("forged"), why()));
	ok(bk_verdict_head(log, NULL, &verdict, why()));
	cr_assert(verdict.answer == BK_VERDICT_YES && verdict.is_past_damage);
	bk_log_close(log);
	all_say(scratch("forged"), true);
	node_end(&node);
}

/* "Fails with BK_E_MISSING if the log does not hold that version." */
Test(verdict, of_a_version)
{
	struct bk_verdict verdict;
	struct node node;

	node_begin(&node, 4);
	node_busy(&node, 9);
	ok(bk_verdict(bk_writer_log(node.writer), 3, NULL, &verdict, why()));
	cr_assert(verdict.answer == BK_VERDICT_YES && verdict.version == 3 && verdict.bytes);
	ok(bk_verdict(bk_writer_log(node.writer), 0, NULL, &verdict, why()));
	cr_assert(verdict.answer == BK_VERDICT_NOTHING);
	fails(BK_E_MISSING, bk_verdict(bk_writer_log(node.writer), 3000, NULL, &verdict, why()));
	node_end(&node);
}

/* "It is given when asked for by its number." */
Test(verdict, a_head_that_may_not_be_the_newest)
{
	struct bk_verdict verdict;
	struct bk_log *log;
	struct node node;
	struct forge forge;

	node_begin(&node, 3);
	node_busy(&node, 20);
	ok(bk_keyframes_build(node.writer, why()));
	forge_load(&forge, node.path);
	forge_frame(&forge, forge_find(&forge, CHANGE, -1))[AT_PAYLOAD + 20] ^= 1;
	forge_save(&forge, scratch("bad"));
	forge_done(&forge);
	ok(bk_log_open(&log, &node.io.io, scratch("bad"), why()));
	ok(bk_verdict_head(log, NULL, &verdict, why()));
	cr_assert(verdict.answer == BK_VERDICT_UNSURE);
	cr_assert(strstr(verdict.why.msg, "a change newer than version"), "%s", verdict.why.msg);
	cr_assert(verify(scratch("bad"), false).verdict.answer == BK_VERDICT_UNSURE);
	ok(bk_verdict(log, verdict.version, NULL, &verdict, why()));
	cr_assert(verdict.answer == BK_VERDICT_YES);
	bk_log_close(log);
	node_end(&node);
}

Test(verdict, whose_database_it_is)
{
	struct bk_verdict verdict;
	struct node node;

	node_begin_with(&node, 0, 7, SQL "; INSERT INTO vars VALUES ('node_id', 0, x'02cd')");
	ok(bk_verdict_head(bk_writer_log(node.writer), NULL, &verdict, why()));
	cr_assert(strcmp(verdict.node, "02cd") == 0);
	node_end(&node);
}

/* test_standing.c - where a place that holds a log's bytes stands to that log. */
#include "forge.h"
#include "node.h"
#include <bk/standing.h>

SUITE(standing);

static struct bk_standing stands(struct bk_log *log, const char *path)
{
	struct bk_place_told told;
	struct bk_standing standing;

	ok(bk_place_ask(bk_io_posix(), path, &told, why()));
	ok(bk_stands(&standing, log, bk_io_posix(), path, &told, why()));
	return standing;
}

Test(standing, a_mirror_that_has_all_or_less)
{
	struct node node;
	struct forge forge;
	struct bk_standing standing;
	struct bk_log *log;
	size_t third;

	node_begin(&node, 8);
	node_busy(&node, 40);
	log = node_log(&node);
	cr_assert(stands(log, scratch("nothing")).kind == BK_STANDS_EMPTY);
	copy_file(node.path, scratch("mirror"));
	standing = stands(log, scratch("mirror"));
	cr_assert(standing.kind == BK_STANDS_LEVEL && !standing.bytes && !standing.versions);

	forge_load(&forge, node.path);
	third = forge.frames[forge_find(&forge, CHANGE, -3)];
	forge_cut(&forge, third);
	forge_save(&forge, scratch("third"));
	standing = stands(log, scratch("third"));
	cr_assert(standing.kind == BK_STANDS_BEHIND && standing.versions == 3 && standing.bytes,
		"%llu", (unsigned long long)standing.versions);
	cr_assert(standing.since_us > TEST_NOW_US);
	forge_cut(&forge, forge.frames[forge_find(&forge, CHANGE, 1)]);
	forge_save(&forge, scratch("first"));
	standing = stands(log, scratch("first"));
	cr_assert(standing.kind == BK_STANDS_BEHIND && standing.versions == node.version - 1,
		"kind %d, %llu of %u", standing.kind, (unsigned long long)standing.versions,
		node.version);
	forge_done(&forge);

	node_busy(&node, 1);
	copy_file(node.path, scratch("ahead"));
	standing = stands(log, scratch("ahead"));
	cr_assert(standing.kind == BK_STANDS_AHEAD && standing.bytes && !standing.versions);
	bk_log_close(log);
	node_end(&node);
}

/* Versions are counted however many there are. */
Test(standing, far_behind)
{
	struct node node;
	struct forge forge;
	struct bk_log *log;

	node_begin(&node, 100);
	node_busy(&node, 1200);
	log = node_log(&node);
	forge_load(&forge, node.path);
	forge_cut(&forge, forge.frames[forge_find(&forge, CHANGE, 2)]);
	forge_save(&forge, scratch("mirror"));
	cr_assert(stands(log, scratch("mirror")).versions == node.version - 2, "%llu of %u",
		(unsigned long long)stands(log, scratch("mirror")).versions, node.version);
	forge_done(&forge);
	bk_log_close(log);
	node_end(&node);
}

/* Another history from some offset on, of the same length or not. */
Test(standing, a_mirror_that_went_on_by_itself)
{
	struct node node;
	struct forge forge;
	struct bk_log *log;

	node_begin(&node, 8);
	node_busy(&node, 20);
	log = node_log(&node);
	forge_load(&forge, node.path);
	forge_frame(&forge, forge_find(&forge, CHANGE, -1))[AT_TIME] ^= 1;
	forge_seal(&forge);
	forge_save(&forge, scratch("mirror"));
	cr_assert(stands(log, scratch("mirror")).kind == BK_STANDS_FORKED);
	forge_append(&forge, CHANGE, 0, node.version + 1, "", 0);
	forge_seal(&forge);
	forge_save(&forge, scratch("longer"));
	cr_assert(stands(log, scratch("longer")).kind == BK_STANDS_FORKED);
	forge_frame(&forge, forge_find(&forge, CHANGE, -5))[AT_TIME] ^= 1;
	forge_seal(&forge);
	forge_cut(&forge, forge.frames[forge_find(&forge, CHANGE, -3)]);
	forge_save(&forge, scratch("shorter"));
	cr_assert(stands(log, scratch("shorter")).kind == BK_STANDS_FORKED);
	forge_done(&forge);
	bk_log_close(log);
	node_end(&node);
}

Test(standing, a_mirror_of_another_log)
{
	struct bk_place_told told = {.is_there = true, .bytes = 128};
	struct bk_standing standing;
	struct node node;
	struct bk_log *log;

	node_begin(&node, 8);
	log = node_log(&node);
	memset(told.log, 'a', 32);
	ok(bk_stands(&standing, log, bk_io_posix(), "none", &told, why()));
	cr_assert(standing.kind == BK_STANDS_OTHER && standing.versions == 1);
	bk_log_close(log);
	node_end(&node);
}

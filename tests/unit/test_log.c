/* test_log.c - opening a log, its status, and following it as it grows (bk/log.h). */
#include "forge.h"
#include "keyframe.h"
#include "log.h"
#include "node.h"
#include "pagemap.h"
#include <bk/image.h>
#include <bk/listing.h>
#include <bk/snapshot.h>
#include <bk/writer.h>

SUITE(log);

Test(log, status_of_an_empty_log)
{
	struct test_io io;
	struct bk_log *log = NULL;
	struct bk_log_status status;
	uint32_t version = 7;
	char text[100] = "x";

	test_io_init(&io);
	ok(bk_log_create(&io.io, scratch("log"), NULL, 0, NULL, NULL, &version, why()));
	ok(bk_log_open(&log, &io.io, scratch("log"), why()));
	status = log_status(log);
	cr_assert(version == 0 && status.version == 0 && status.is_empty && status.changes == 0);
	cr_assert(status.page_count == 0 && status.page_size == 0 && status.keyframes == 1);
	cr_assert(strcmp(status.id, "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a") == 0);
	cr_assert(status.created_us >= TEST_NOW_US && status.created_us < TEST_NOW_US + 1000000);
	cr_assert(!status.is_closed && !status.torn_bytes && !status.damaged_at);
	ok(bk_log_session(log, text, sizeof text, why()));
	cr_assert(*text == '\0', "nobody has opened it for writing");
	bk_log_close(log);
	bk_log_close(NULL);
}

Test(log, status_counts)
{
	struct node node;
	struct bk_log *log;
	struct bk_log_status status;
	size_t size;

	node_begin(&node, 4);
	node_busy(&node, 8); /* 10 changes in all */
	node_lone(&node, "PRAGMA foreign_keys = ON");
	ok(bk_keyframes_build(node.writer, why()));
	log = node_log(&node);
	status = log_status(log);
	cr_assert(status.version == 10 && status.changes == 11 && status.keyframes == 3 &&
		  status.unkeyframed == 3 && !status.is_empty && !status.is_closed);
	cr_assert(status.page_size == 4096 && status.page_count > 2);
	free(file_bytes(node.path, &size));
	cr_assert(status.log_bytes == size);
	node_restart(&node);
	cr_assert(log_refresh(log) == BK_LOG_GREW && !log_status(log).is_closed);
	node_end(&node);
	cr_assert(log_refresh(log) == BK_LOG_GREW && log_status(log).is_closed);
	cr_assert(strcmp(bk_log_path(log), scratch("log")) == 0);
	bk_log_close(log);
}

/* docs/format.md, 11, code 1. */
Test(log, session_says_who_writes)
{
	struct node node;
	struct bk_log *log;
	char text[512], line[64], tiny[8];

	node_begin(&node, 0);
	log = node_log(&node);
	ok(bk_log_session(log, text, sizeof text, why()));
	snprintf(line, sizeof line, "\npid=%ld\n", (long)getpid());
	cr_assert(strstr(text, "program=test\n") == text && strstr(text, line), "%s", text);
	cr_assert(
		strstr(text, "\nhost=") && strstr(text, "\nrelease=") && strstr(text, "\nsqlite="));
	ok(bk_log_session(log, tiny, sizeof tiny, why()));
	cr_assert(strcmp(tiny, "program") == 0);
	bk_log_close(log);
	node_end(&node);
}

/* Rule 6: "A writer refuses a log in which it meets damage. A reader gives nothing that depends on
 * the damaged frame, and everything else." */
Test(log, damage_near_the_end)
{
	struct node node;
	struct bk_log *log = NULL;
	struct bk_writer *writer;
	struct bk_image *image;
	struct forge forge;
	size_t at;

	node_begin(&node, 4);
	node_busy(&node, 12); /* intervals of 4: up to 4, 8, 12; then 13, 14 */
	ok(bk_keyframes_build(node.writer, why()));
	node_busy(&node, 1);
	forge_load(&forge, node.path);
	at = forge_find(&forge, CHANGE, 13); /* version 14 */
	forge_frame(&forge, at)[AT_PAYLOAD + 20] ^= 4;
	forge_save(&forge, scratch("bad"));
	fails(BK_E_DAMAGE,
		bk_writer_open(&writer, &node.io.io, scratch("bad"), &node.options, why()));
	ok(log_open(&node, scratch("bad"), &log));
	cr_assert(log_status(log).damaged_at == forge.frames[at]);
	cr_assert(log_status(log).version == 15, "what stands behind the damage is seen");
	for (uint32_t version = 1; version <= 13; version++)
		node_check(&node, log, version, NULL);
	fails(BK_E_MISSING, bk_image_open(&image, log, 14, NULL, why()));
	fails(BK_E_DAMAGE, bk_image_open(&image, log, 15, NULL, why()));
	bk_log_close(log);
	forge_done(&forge);
	node_end(&node);
}

/* A frame that does not follow the one before is damage, even where the first of a batch is it: its
 * predecessor was on stable storage. */
Test(log, an_unchained_frame_is_damage)
{
	for (int nth = -1; nth >= -2; nth--) {
		struct node node;
		struct bk_log *log = NULL;
		struct bk_writer *writer;
		struct forge forge;
		size_t at;

		node_begin(&node, 0);
		node_busy(&node, 4);
		forge_load(&forge, node.path);
		at = forge_find(&forge, CHANGE, nth);
		forge_put(forge_frame(&forge, at) + AT_CHAIN, 4, 4711);
		forge_seal_but_chain(&forge, at);
		forge_save(&forge, scratch("bad"));
		fails(BK_E_DAMAGE,
			bk_writer_open(&writer, &node.io.io, scratch("bad"), &node.options, why()));
		says("does not follow the one before");
		ok(log_open(&node, scratch("bad"), &log));
		cr_assert(log_status(log).damaged_at == forge.frames[at]);
		bk_log_close(log);
		forge_done(&forge);
		node_end(&node);
		scratch_remove();
	}
}

/* "The first frames of a log make up its first keyframe … A log without one is damaged." */
Test(log, without_a_keyframe)
{
	struct node node;
	struct bk_log *log = NULL;
	struct forge forge;

	node_begin(&node, 0);
	forge_load(&forge, node.path);
	forge_frame(&forge, 0)[AT_KIND] = EVENT;
	forge_frame(&forge, 0)[AT_MUST] = 0;
	forge_seal(&forge);
	forge_save(&forge, scratch("bad"));
	fails(BK_E_DAMAGE, log_open(&node, scratch("bad"), &log));
	forge_done(&forge);
	node_end(&node);
}

/* Fields of frames' heads that lead to keyframes. */
Test(log, keyframe_fields_that_lead_astray)
{
	static const struct {
		const char *what;
		uint64_t value;
	} cases[] = {{"nowhere", 0}, {"into the header", 64}, {"to a change", 1}, {"to itself", 2},
		{"behind the end", UINT64_MAX}};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct node node;
		struct bk_log *log = NULL;
		struct bk_writer *writer;
		struct forge forge;
		size_t at;
		uint64_t value = cases[i].value;

		node_begin(&node, 0);
		node_busy(&node, 2);
		forge_load(&forge, node.path);
		at = forge_find(&forge, CHANGE, -1);
		if (value == 1)
			value = forge.frames[forge_find(&forge, CHANGE, 0)];
		else if (value == 2)
			value = forge.frames[at];
		forge_put(forge_frame(&forge, at) + AT_KEYFRAME, 8, value);
		forge_seal(&forge);
		forge_save(&forge, scratch("bad"));
		cr_assert(code_is(bk_writer_open(&writer, &node.io.io, scratch("bad"),
					  &node.options, why()),
				  BK_E_DAMAGE),
			"%s: %s", cases[i].what, why()->msg);
		if (log_open(&node, scratch("bad"), &log) == BK_OK) {
			node_check(&node, log, 2, NULL);
			bk_log_close(log);
		}
		forge_done(&forge);
		node_end(&node);
		scratch_remove();
	}
}

/* What stands in the cache is no answer to who asks for something else at its place. */
Test(log, a_part_of_another_kind)
{
	struct node node;
	struct forge forge;
	struct bk_log *log;
	struct keyframe *kf, *no_kf, other;
	struct keyframe_map astray;
	struct pagemap *map, *no_map;

	node_begin(&node, 1);
	node_busy(&node, 3);
	ok(bk_keyframes_build(node.writer, why()));
	forge_load(&forge, node.path);
	log = node_log(&node);
	ok(bk_log_keyframe(log, forge.frames[forge_find(&forge, KEYFRAME, -1)], &kf, why()));
	ok(bk_log_pagemap(log, kf, 0, &map, why()));
	astray = kf->maps[0];
	astray.offset = kf->offset;
	other = *kf;
	other.maps = &astray;
	fails(BK_E_DAMAGE, bk_log_pagemap(log, &other, 0, &no_map, why()));
	/* A map that is there, of which the keyframe says another first page, or number of them. */
	astray = kf->maps[0];
	ok(bk_log_pagemap(log, &other, 0, &no_map, why()));
	bk_log_unpin(log, no_map);
	astray.first_page++;
	fails(BK_E_DAMAGE, bk_log_pagemap(log, &other, 0, &no_map, why()));
	astray = kf->maps[0];
	astray.entries++;
	fails(BK_E_DAMAGE, bk_log_pagemap(log, &other, 0, &no_map, why()));
	fails(BK_E_DAMAGE, bk_log_keyframe(log, kf->maps[0].offset, &no_kf, why()));
	bk_log_unpin(log, map);
	bk_log_unpin(log, kf);
	bk_log_close(log);
	forge_done(&forge);
	node_end(&node);
}

/* Section 3: a reader refuses what it does not know, wherever it meets it. */
Test(log, unknown_frames)
{
	struct node node;
	struct bk_log *log = NULL;
	struct forge forge;
	enum bk_log_news news;
	size_t size;

	node_begin(&node, 0);
	forge_load(&forge, node.path);
	size = forge.size;
	forge_append(&forge, 0x90, 0, 1, "later", 5);
	forge_seal(&forge);
	forge_save(&forge, scratch("may"));
	ok(log_open(&node, scratch("may"), &log));
	cr_assert(log_status(log).version == 1 && log_status(log).log_bytes == size + 53);
	node_check(&node, log, 1, NULL);
	bk_log_close(log);
	forge_append(&forge, 9, 0, 1, "later", 5);
	forge_seal(&forge);
	forge_save(&forge, scratch("must"));
	fails(BK_E_FORMAT, log_open(&node, scratch("must"), &log));
	says("use a newer one");
	ok(log_open(&node, scratch("may"), &log));
	poke_file(scratch("may"), size + 53, forge.bytes + size + 53, 53);
	fails(BK_E_FORMAT, bk_log_refresh(log, &news, why()));
	node_check(&node, log, 1, NULL);
	bk_log_close(log);
	forge_done(&forge);
	node_end(&node);
}

/* Opening reads the end, the newest keyframe and what came after it, nothing else. */
Test(log, opens_without_reading_it_all)
{
	struct node node;
	struct bk_log *log;
	unsigned reads[2];

	node_begin(&node, 4);
	for (unsigned i = 0; i < 2; i++) {
		for (unsigned n = 0; n < (i ? 100 : 10); n++) {
			node_busy(&node, 4);
			ok(bk_keyframes_build(node.writer, why()));
		}
		node.io.calls[OP_READ] = 0;
		log = node_log(&node);
		reads[i] = node.io.calls[OP_READ];
		bk_log_close(log);
	}
	cr_assert(reads[0] == reads[1] && reads[0] < 20, "%u and %u reads", reads[0], reads[1]);
	node_end(&node);
}

Test(log, what_the_system_refuses)
{
	struct node node;
	struct bk_log *log = NULL;
	enum bk_log_news news;

	node_begin(&node, 0);
	for (unsigned nth = 1; nth < 5; nth++) {
		test_io_fail(&node.io, OP_READ, nth, -5);
		fails(BK_E_IO, log_open(&node, node.path, &log));
	}
	node.io.fail_at = 0;
	log = node_log(&node);
	test_io_fail(&node.io, OP_STAT, 1, -5);
	fails(BK_E_IO, bk_log_refresh(log, &news, why()));
	node_busy(&node, 1);
	test_io_fail(&node.io, OP_READ, 1, -5);
	fails(BK_E_IO, bk_log_refresh(log, &news, why()));
	cr_assert(log_refresh(log) == BK_LOG_GREW && log_status(log).version == node.version);
	bk_log_close(log);
	fails(BK_E_MISSING, log_open(&node, scratch("none"), &log));
	node_end(&node);
}

/* test_pageindex.c - where each page of the database at one keyframe is stored (pageindex.h;
 * docs/format.md, 6, "Maps"). */
#include "forge.h"
#include "node.h"
#include "pageindex.h"
#include "span.h"
#include <bk/image.h>

SUITE(pageindex);

static void begin(struct node *node)
{
	node_begin(node, 1);
	node_busy(node, 60);
	ok(bk_keyframes_build(node->writer, why()));
}

/* Each page of the newest keyframe's database has a record of its own, and no other page has. */
Test(pageindex, finds_every_page)
{
	struct node node;
	struct pageindex index;
	struct record_reader *reader = bk_record_reader_new(NULL);
	struct span tail;
	struct bk_log *log;
	uint64_t offset;
	uint8_t page[PAGE_SIZE_MAX];

	begin(&node);
	log = bk_writer_log(node.writer);
	ok(bk_span_of_tail(&tail, log, why()));
	ok(bk_pageindex_open(&index, log, tail.base, why()));
	cr_assert(index.count < 20, "%zu levels", index.count);
	for (uint32_t number = 1; number <= tail.base->page_count; number++) {
		ok(bk_pageindex_find(&index, number, &offset, why()));
		cr_assert(offset, "page %u", number);
		ok(bk_record_read(reader, &log->lf.file, offset, number, 4096, page, NULL, why()));
	}
	ok(bk_pageindex_find(&index, tail.base->page_count + 1000, &offset, why()));
	cr_assert(offset == 0);
	ok(bk_pageindex_find(&index, UINT32_MAX, &offset, why()));
	cr_assert(offset == 0);
	bk_pageindex_done(&index);
	bk_pageindex_done(&index);
	bk_span_done(&tail);
	bk_record_reader_free(reader);
	node_end(&node);
}

/* "The same of the COUNT pages from FIRST on, for each that has 0 in OFFSETS" */
Test(pageindex, finds_runs_of_pages)
{
	struct node node;
	struct pageindex index;
	struct span tail;
	struct bk_log *log;
	uint32_t count;

	begin(&node);
	log = bk_writer_log(node.writer);
	ok(bk_span_of_tail(&tail, log, why()));
	ok(bk_pageindex_open(&index, log, tail.base, why()));
	count = tail.base->page_count + 3; /* some that are nowhere */
	for (uint32_t first = 1; first <= count; first += 5)
		for (uint32_t length = 1; first + length <= count + 1; length += 7) {
			uint64_t run[1000] = {0}, offset;

			run[length / 2] = 12345;
			ok(bk_pageindex_find_run(&index, first, length, run, why()));
			for (uint32_t i = 0; i < length; i++) {
				ok(bk_pageindex_find(&index, first + i, &offset, why()));
				cr_assert(run[i] == (i == length / 2 ? 12345 : offset),
					"page %u of %u from %u on", first + i, length, first);
			}
		}
	bk_pageindex_done(&index);
	bk_span_done(&tail);
	node_end(&node);
}

/* The maps of a few keyframes only: 16 of each level, and the full one. */
Test(pageindex, has_few_levels)
{
	struct node node;
	struct bk_log *log;

	node_begin(&node, 1);
	node_busy(&node, 300);
	ok(bk_keyframes_build(node.writer, why()));
	log = bk_writer_log(node.writer);
	for (uint64_t ordinal = 0; ordinal < 300; ordinal += 7) {
		struct pageindex index;
		struct span span;
		/* 16^L of each level on the way down, and the full one. */
		uint64_t want = ordinal % 16 + ordinal / 16 % 16 + ordinal / 256 + 1;

		ok(bk_span_of_ordinal(&span, log, ordinal, why()));
		ok(bk_pageindex_open(&index, log, span.base, why()));
		cr_assert(index.count == want, "ordinal %d has %zu levels", (int)ordinal,
			index.count);
		bk_pageindex_done(&index);
		bk_span_done(&span);
	}
	node_end(&node);
}

#define FIELDS 88u /* bytes of a keyframe before its notes and lists */

/* Fields that lead to another keyframe, map or page than they should. */
Test(pageindex, rules)
{
	static const struct {
		const char *what;
		int keyframe;    /* whose payload is changed: of these, the NTH from the end */
		size_t at, size; /* in the payload; from FIELDS on, in its lists */
		int64_t add;
	} cases[] = {
		{"the ordinal", -2, 0, 8, 1},
		{"the full keyframe", -2, 8, 8, 1},
		{"the map", -2, FIELDS + 20, 8, 1},
	};
	struct node node;

	begin(&node);
	node_busy(&node, 2);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct bk_log *log = NULL;
		struct bk_image *image = NULL;
		struct forge forge;
		uint32_t version;
		uint8_t *field;
		enum bk_code code;

		forge_load(&forge, node.path);
		field = forge_frame(&forge, forge_find(&forge, KEYFRAME, cases[i].keyframe));
		version = (uint32_t)forge_get(field + AT_VERSION, 4);
		field = cases[i].at < FIELDS ? field + AT_PAYLOAD + cases[i].at
					     : forge_lists(field) + (cases[i].at - FIELDS);
		forge_put(field, cases[i].size,
			forge_get(field, cases[i].size) + (uint64_t)cases[i].add);
		forge_seal(&forge);
		forge_save(&forge, scratch("bad"));
		code = bk_log_open(&log, &node.io.io, scratch("bad"), why());
		if (!code)
			code = bk_image_open(&image, log, version, NULL, why());
		if (!code) { /* it may be found only when a page is read */
			uint8_t page[4096];
			size_t done;

			for (uint64_t at = 0; at < bk_image_size(image) && !code; at += 4096)
				code = bk_image_read(image, page, 4096, at, &done, why());
		}
		/* What is not needed, or can be gone around, may be as it will. */
		if (!code && i < 2)
			node_check(&node, log, version, NULL);
		else
			cr_assert(code_is(code, BK_E_DAMAGE), "%s: %s", cases[i].what, why()->msg);
		bk_image_close(image);
		bk_log_close(log);
		forge_done(&forge);
	}
	node_end(&node);
}

/* "A page in none of them was never stored: the lock page, or damage." */
Test(pageindex, a_page_that_is_stored_nowhere)
{
	struct node node;
	struct bk_log *log = NULL;
	struct bk_image *image = NULL;
	struct forge forge;
	uint8_t *count, page[4096];
	size_t done;

	node_begin(&node, 1);
	node_busy(&node, 4);
	ok(bk_keyframes_build(node.writer, why()));
	node_busy(&node, 2);
	forge_load(&forge, node.path);
	count = forge_frame(&forge, forge_find(&forge, KEYFRAME, -1)) + AT_PAYLOAD + 68;
	forge_put(count, 4, forge_get(count, 4) + 1);
	forge_seal(&forge);
	forge_save(&forge, scratch("bad"));
	ok(bk_log_open(&log, &node.io.io, scratch("bad"), why()));
	ok(bk_image_open(&image, log, 5, NULL, why()));
	fails(BK_E_DAMAGE,
		bk_image_read(image, page, 4096, bk_image_size(image) - 4096, &done, why()));
	says("of version 5 is not stored anywhere");
	ok(bk_image_read(image, page, 4096, 0, &done, why()));
	bk_image_close(image);
	bk_log_close(log);
	forge_done(&forge);
	node_end(&node);
}

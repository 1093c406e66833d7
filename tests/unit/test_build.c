/* test_build.c - what a keyframe holds on disk, read by docs/format.md, 5 to 7, alone. */
#include "forge.h"
#include "node.h"
#include <bk/image.h>
#include <bk/snapshot.h>
#include <bk/writer.h>
#include <xxhash.h>
#include <zstd.h>

SUITE(build);

#define PAGES_MAX 4096

/* What is known of each keyframe, from the frames themselves. */
struct seen {
	uint64_t offset, ordinal, full,
		stored[PAGES_MAX]; /* newest record of each page it stores; 0: none */
	uint32_t page_size, page_count, reach;
	bool is_full;
};

static struct seen keyframes[400];
static size_t keyframe_count;

static uint64_t bk_get_number(const uint8_t **at)
{
	uint64_t value = 0;
	unsigned shift = 0;

	for (;; shift += 7) {
		value |= (uint64_t)(**at & 0x7f) << shift;
		if (!(*(*at)++ & 0x80))
			return value;
	}
}

static int64_t bk_get_signed(const uint8_t **at)
{
	uint64_t value = bk_get_number(at);

	return (int64_t)(value >> 1 ^ (0 - (value & 1)));
}

/* The records of a PAGES frame; the page sum grows by what they check. */
static void see_pages(struct forge *forge, size_t index, struct seen *seen, uint64_t *sum)
{
	const uint8_t *frame = forge_frame(forge, index), *at = frame + AT_PAYLOAD;
	const uint8_t *end = frame + forge_frame_size(forge, index);

	while (at < end) {
		uint64_t page = forge_get(at, 4), size = forge_get(at + 4, 3);

		cr_assert(page >= 1 && page < PAGES_MAX);
		cr_assert(at[7] <= 4, "this writer stops at depth 4");
		cr_assert(!at[7] == !forge_get(at + 8, 8));
		cr_assert(!seen->stored[page], "page %d comes twice", (int)page);
		seen->stored[page] = (uint64_t)(at - forge->bytes);
		*sum += forge_get(at + 16, 8);
		at += 24 + size;
	}
	cr_assert(at == end);
}

/* Checks a MAP frame against MAPPED, and takes out of that what it holds. */
static void check_map(
	struct forge *forge, uint64_t offset, uint32_t first, uint32_t entries, uint64_t *mapped)
{
	const uint8_t *at = forge->bytes + offset + AT_PAYLOAD;
	uint64_t page = 0, record = 0;

	cr_assert(forge->bytes[offset + AT_KIND] == MAP && forge_get(at, 4) == entries);
	at += 4;
	for (uint32_t i = 0; i < entries; i++) {
		page += bk_get_number(&at);
		record += (uint64_t)bk_get_signed(&at);
		cr_assert(i || page == first);
		cr_assert(mapped[page] == record, "page %d is at %llu, not %llu", (int)page,
			(unsigned long long)mapped[page], (unsigned long long)record);
		mapped[page] = 0;
	}
}

/* "Together they hold, for the `reach` keyframes that end with this one, each page stored by any of
 * them, with the newest record." */
static void check_maps(struct forge *forge, uint8_t *frame, const struct seen *seen)
{
	static uint64_t mapped[PAGES_MAX];
	const uint8_t *payload = frame + AT_PAYLOAD;
	size_t links = (size_t)forge_get(payload + 76, 4),
	       maps = (size_t)forge_get(payload + 80, 4);
	const uint8_t *at = forge_lists(frame) + 20 * links;

	memset(mapped, 0, sizeof mapped);
	for (uint64_t i = 0; i < seen->reach; i++)
		for (size_t page = 0; page < PAGES_MAX; page++)
			if (!mapped[page])
				mapped[page] = (seen - i)->stored[page];
	for (size_t i = 0; i < maps; i++, at += 16)
		check_map(forge, forge_get(at, 8), (uint32_t)forge_get(at + 8, 4),
			(uint32_t)forge_get(at + 12, 4), mapped);
	for (size_t page = 0; page < PAGES_MAX; page++)
		cr_assert(!mapped[page], "page %zu is in no map", page);
}

/* "reach is 1 in a full keyframe, else 16^L, but never past the newest full keyframe" */
static void check_reach(const struct seen *seen)
{
	uint64_t step = 1, to_full = 0;

	while (step < 256 && seen->ordinal % (step * 16) == 0 && seen->ordinal)
		step *= 16;
	while (!(seen - to_full)->is_full)
		to_full++;
	cr_assert(seen->reach == (seen->is_full           ? 1
					 : step < to_full ? step
							  : to_full),
		"ordinal %llu reaches %u", (unsigned long long)seen->ordinal, seen->reach);
	cr_assert(seen->full == (seen->is_full ? 0 : (seen - to_full)->offset));
}

static void see_keyframe(struct forge *forge, size_t index, struct seen *seen, uint64_t pages_sum)
{
	uint8_t *frame = forge_frame(forge, index), *payload = frame + AT_PAYLOAD;

	seen->offset = forge->frames[index];
	seen->is_full = frame[AT_MUST] & 1;
	seen->ordinal = forge_get(payload, 8);
	seen->full = forge_get(payload + 8, 8);
	seen->page_size = (uint32_t)forge_get(payload + 64, 4);
	seen->page_count = (uint32_t)forge_get(payload + 68, 4);
	seen->reach = (uint32_t)forge_get(payload + 72, 4);
	cr_assert(seen->ordinal == keyframe_count);
	cr_assert(forge_get(payload + 40, 8) == (seen->is_full ? pages_sum : 0));
	check_reach(seen);
	check_maps(forge, frame, seen);
	keyframe_count++;
}

static void see_log(const char *path)
{
	struct forge forge;
	uint64_t pages_sum = 0;

	keyframe_count = 0;
	memset(keyframes, 0, sizeof keyframes);
	forge_load(&forge, path);
	for (size_t i = 0; i < forge.count; i++) {
		struct seen *seen = &keyframes[keyframe_count];

		cr_assert(keyframe_count < COUNT_OF(keyframes));
		if (forge_frame(&forge, i)[AT_KIND] == PAGES)
			see_pages(&forge, i, seen, &pages_sum);
		if (forge_frame(&forge, i)[AT_KIND] == KEYFRAME) {
			see_keyframe(&forge, i, seen, pages_sum);
			pages_sum = 0;
		}
	}
	forge_done(&forge);
}

/* Maps merged at ordinals 16 and 256, over a full keyframe in the middle too. */
Test(build, maps_are_merged)
{
	struct node node;

	node_begin(&node, 1);
	node_busy(&node, 20);
	ok(bk_keyframes_build(node.writer, why()));
	node_unwatched(&node, "DELETE FROM busy WHERE id % 2");
	node_snapshot(&node, BK_SNAPSHOT_GAP);
	node_busy(&node, 300);
	ok(bk_keyframes_build(node.writer, why()));
	see_log(node.path);
	cr_assert(keyframe_count > 310 && keyframes[22].is_full);
	cr_assert(keyframes[256].reach > 200 && keyframes[256].reach < 256);
	cr_assert(keyframes[304].reach == 16);
	node_check_all(&node, NULL, NULL);
	node_end(&node);
}

/* A log of which every keyframe but the first is a delta. */
Test(build, reaches_down_to_the_first)
{
	struct node node;

	node_begin(&node, 1);
	node_busy(&node, 270);
	ok(bk_keyframes_build(node.writer, why()));
	see_log(node.path);
	cr_assert(keyframe_count > 256 && keyframes[256].reach == 256 &&
		  keyframes[255].reach == 1 && keyframes[240].reach == 16);
	node_check_all(&node, NULL, NULL);
	node_end(&node);
}

/* A link that leads to a keyframe which has fewer links than the right one: who builds the next
 * long link from it finds damage. No page is looked for there, behind the snapshot. */
Test(build, a_link_that_leads_astray)
{
	struct node node;
	struct forge forge;
	uint8_t *link;

	node_begin(&node, 1);
	node_busy(&node, 245);
	ok(bk_keyframes_build(node.writer, why()));
	node_snapshot(&node, BK_SNAPSHOT_GAP);
	node_busy(&node, 4);
	ok(bk_keyframes_build(node.writer, why()));
	bk_writer_close(node.writer);
	forge_load(&forge, node.path);
	link = forge_lists(forge_frame(&forge, forge_find(&forge, KEYFRAME, 240))) + 20;
	cr_assert(forge_get(link, 8) == forge.frames[forge_find(&forge, KEYFRAME, 224)]);
	forge_put(link, 8, forge.frames[forge_find(&forge, KEYFRAME, 223)]);
	forge_seal(&forge);
	forge_save(&forge, node.path);
	forge_done(&forge);
	ok(bk_writer_open(&node.writer, &node.io.io, node.path, &node.options, why()));
	node_busy(&node, 20);
	fails(BK_E_DAMAGE, bk_keyframes_build(node.writer, why()));
	says("leads astray");
	node_end(&node);
}

/* Section 5: "Byte 18 and 19 of page 1 are stored as 1", of a WAL database too. */
Test(build, stores_rollback_mode)
{
	struct node node;
	struct bk_image *image = NULL;
	uint8_t bytes[2];
	size_t done;

	node_begin_with(&node, 1, 5,
		"PRAGMA journal_mode = WAL; CREATE TABLE vars (name, intval); INSERT INTO vars "
		"VALUES "
		"('data_version', 5); CREATE TABLE t (x)");
	node_change(&node, "INSERT INTO t VALUES (1)");
	node_change(&node, "INSERT INTO t VALUES (2)");
	ok(bk_keyframes_build(node.writer, why()));
	for (uint32_t version = 5; version <= 7; version++) {
		ok(bk_image_open(&image, bk_writer_log(node.writer), version, NULL, why()));
		ok(bk_image_read(image, bytes, 2, 18, &done, why()));
		cr_assert(done == 2 && bytes[0] == 1 && bytes[1] == 1);
		bk_image_close(image);
	}
	node_end(&node);
}

/* Pieces are bounded: a large database goes into many PAGES frames, each within its limit, and into
 * maps of 65536 pages. */
Test(build, large_databases_go_in_pieces)
{
	struct node node;
	struct forge forge;
	uint64_t pages = 0, entries = 0;
	size_t maps = 0;

	node_begin_with(&node, 1, 1,
		"PRAGMA page_size = 512; CREATE TABLE vars (name, intval); INSERT INTO vars VALUES "
		"('data_version', 1); CREATE TABLE t (x); INSERT INTO t VALUES "
		"(zeroblob(40000000))");
	forge_load(&forge, node.path);
	for (size_t i = 0; i < forge.count; i++) {
		const uint8_t *frame = forge_frame(&forge, i);

		cr_assert(frame[AT_KIND] != PAGES || forge_frame_size(&forge, i) < 400 << 10);
		pages += frame[AT_KIND] == PAGES;
		maps += frame[AT_KIND] == MAP;
		if (frame[AT_KIND] == MAP)
			entries += forge_get(frame + AT_PAYLOAD, 4);
	}
	cr_assert(pages > 10 && maps == 2 &&
		  entries == (uint64_t)sql_int(node.db, "PRAGMA page_count"));
	forge_done(&forge);
	node_change(&node, "UPDATE t SET x = 1");
	node_change(&node, "UPDATE t SET x = 2");
	ok(bk_keyframes_build(node.writer, why()));
	node_check_all(&node, NULL, NULL);
	node_end(&node);
}

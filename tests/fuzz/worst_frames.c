/* worst_frames.c - logs whose frames cost much: heads without frames, many frames, frames that
 * stand for much more than they are. */
#include "changeframe.h"
#include "codec.h"
#include "fuzz.h"
#include "keyframe.h"
#include "record.h"
#include "worst.h"
#include <string.h>
#include <xxhash.h>

#define HEADS_STEP 24 /* one head lies over the next */

static void small(struct forger *f)
{
	worst_database(f, 4096, "");
	worst_change(f, "UPDATE vars SET intval = 2 WHERE name = 'data_version'");
}

/* Heads of frames of KIND to the end of the log, but for ROOM bytes: each ends there. */
static void put_heads(struct forger *f, uint8_t kind, size_t room, uint32_t most)
{
	size_t size = worst_left(f) - room, at = f->build.bytes.size;
	struct bk_error err;

	REQUIRE(!bk_buf_reserve(&f->build.bytes, size + FRAME_HEAD_SIZE, &err));
	memset(f->build.bytes.data + at, 0, size);
	for (size_t i = 0; i + FRAME_HEAD_SIZE <= size; i += HEADS_STEP) {
		uint32_t rest = (uint32_t)(size - i - FRAME_HEAD_SIZE);

		worst_head(f->build.bytes.data + at + i, kind, rest < most ? rest : most);
	}
	f->build.bytes.size += size;
}

static void heads_behind(struct forger *f)
{
	small(f);
	put_heads(f, FRAME_CHANGE, 0, UINT32_MAX);
}

/* The same with a valid frame behind them. */
static void heads_between(struct forger *f)
{
	small(f);
	put_heads(f, FRAME_CHANGE, 1000, UINT32_MAX);
	worst_change(f, "UPDATE vars SET intval = 3 WHERE name = 'data_version'");
}

/* The header is damaged: its id is looked for in events. */
static void heads_of_events(struct forger *f)
{
	static const char line[] = "\nlog=0123456789abcdef0123456789abcdef\n";

	put_heads(f, FRAME_EVENT, 0, 60000);
	for (size_t at = 50000; at + sizeof line < WORST_BYTES; at += 50000)
		memcpy(f->build.bytes.data + at, line, sizeof line - 1);
	f->build.bytes.data[20] ^= 1;
}

/* Full keyframes of an empty database. */
static void keyframes(struct forger *f)
{
	while (worst_left(f) > 400) {
		struct keyframe_link links[KEYFRAME_LINKS_MAX] = {0};
		struct keyframe kf = {.version = f->version,
			.ordinal = f->ordinal,
			.is_full = true,
			.from = f->keyframe ? f->keyframe : LOG_HEADER_SIZE,
			.reach = 1,
			.links = links,
			.link_count = bk_keyframe_link_count(f->ordinal)};
		struct bk_buf payload;
		struct bk_error err;

		/* All keyframes but those with links of higher levels are as long. */
		for (size_t i = 0; i < kf.link_count; i++)
			links[i] = (struct keyframe_link){
				i ? LOG_HEADER_SIZE : f->keyframe, f->time_us - 1, f->version};
		kf.history = f->history = bk_history_of_full(&kf, f->history);
		bk_buf_init(&payload, 4096);
		REQUIRE(!bk_keyframe_encode(&kf, &payload, &err));
		f->keyframe =
			worst_frame(f, FRAME_KEYFRAME, KEYFRAME_FULL, payload.data, payload.size);
		bk_buf_done(&payload);
		f->ordinal++;
	}
}

/* Changes behind the first keyframe, all in one interval: each version replays those before it. */
static void changes(struct forger *f)
{
	worst_database(f, 4096, "");
	while (worst_left(f) > 200)
		worst_change(f, "SELECT 1");
}

/* A change and what strikes it, over and over. */
static void rewinds(struct forger *f)
{
	worst_database(f, 4096, "");
	while (worst_left(f) > 400) {
		uint64_t before = f->history, at = f->build.bytes.size;
		uint8_t payload[PAYLOAD_REWIND_SIZE];

		worst_change(f, "SELECT 1");
		f->version--;
		f->history = before;
		bk_put_u64(bk_put_u64(payload, before), at);
		worst_frame(f, FRAME_REWIND, 0, payload, sizeof payload);
	}
}

/* Changes, then rewinds that each strike all of them. */
static void rewinds_of_all(struct forger *f)
{
	uint8_t payload[PAYLOAD_REWIND_SIZE];
	uint64_t before, at;

	worst_database(f, 4096, "");
	before = f->history;
	at = f->build.bytes.size;
	while (worst_left(f) > 500000)
		worst_change(f, "SELECT 1");
	f->version = f->keyframe_version;
	bk_put_u64(bk_put_u64(payload, before), at);
	while (worst_left(f) > 200)
		worst_frame(f, FRAME_REWIND, 0, payload, sizeof payload);
}

static void events(struct forger *f)
{
	static const char session[] = "\1\0\0\0program=backup\n";

	small(f);
	while (worst_left(f) > 200)
		worst_frame(f, FRAME_EVENT, 0, session, sizeof session - 1);
}

/* A gigabyte of blanks. */
static void blanks(struct forger *f)
{
	worst_database(f, 4096, "");
	worst_fill(f, "UPDATE vars SET intval = 2 WHERE", ' ', (uint64_t)1 << 30,
		"name = 'data_version'", 1);
}

/* As many of them as fit, of 32 MiB each. */
static void blanks_often(struct forger *f)
{
	worst_database(f, 4096, "");
	while (worst_left(f) > 2000)
		worst_fill(f, "SELECT", ' ', (uint64_t)32 << 20, "1", 1);
}

/* As many statements as a change may have, of nothing. */
static void statements(struct forger *f)
{
	worst_database(f, 4096, "");
	worst_fill(f, "", '\0', 1 << 24, NULL, 1 << 24);
	worst_fill(f, "", '\0', 1 << 24, NULL, 1 << 24);
}

/* A database of 64 KiB a page whose pages are all alike. */
static void pages_of(struct forger *f, uint32_t count, uint32_t told)
{
	struct stored {
		uint32_t count;
		struct bk_buf map;
		uint64_t offset, sum, last;
	} stored = {.count = count};
	size_t page_size = PAGE_SIZE_MAX;
	uint8_t *page = calloc(1, page_size), packed[512], head[RECORD_HEAD_SIZE];
	size_t size;
	struct keyframe_map map = {.first_page = 1, .entries = count};
	struct keyframe kf = {.version = 1,
		.is_full = true,
		.from = LOG_HEADER_SIZE,
		.page_size = PAGE_SIZE_MAX,
		.page_count = told,
		.reach = 1,
		.maps = &map,
		.map_count = 1};
	struct bk_buf payload;
	struct bk_error err;

	REQUIRE(page);
	f->version = 1;
	size = ZSTD_compress(packed, sizeof packed, page, page_size, 1);
	REQUIRE(!ZSTD_isError(size));
	bk_buf_init(&stored.map, WORST_BYTES);
	bk_buf_init(&payload, WORST_BYTES);
	REQUIRE(!bk_buf_reserve(&stored.map, 4 + (size_t)count * 2 * NUMBER_SIZE_MAX, &err));
	bk_put_u32(stored.map.data, count);
	stored.map.size = 4;
	for (uint32_t i = 1; i <= count; i++) {
		uint64_t at = f->build.bytes.size + FRAME_HEAD_SIZE + payload.size;
		uint64_t check = XXH3_64bits_withSeed(page, page_size, i);
		uint8_t *end = stored.map.data + stored.map.size;

		bk_put_u32(bk_put_u32(head, i), (uint32_t)size);
		bk_put_u64(bk_put_u64(head + 8, 0), check);
		REQUIRE(!bk_buf_append(&payload, head, sizeof head, &err));
		REQUIRE(!bk_buf_append(&payload, packed, size, &err));
		end = bk_put_signed(bk_put_number(end, 1), (int64_t)(at - stored.last));
		stored.map.size = (size_t)(end - stored.map.data);
		stored.last = at;
		kf.pages_sum += check;
	}
	worst_frame(f, FRAME_PAGES, 0, payload.data, payload.size);
	map.offset = worst_frame(f, FRAME_MAP, 0, stored.map.data, stored.map.size);
	kf.history = f->history = bk_history_of_full(&kf, 0);
	payload.size = 0;
	REQUIRE(!bk_keyframe_encode(&kf, &payload, &err));
	f->keyframe = worst_frame(f, FRAME_KEYFRAME, KEYFRAME_FULL, payload.data, payload.size);
	bk_buf_done(&payload);
	bk_buf_done(&stored.map);
	free(page);
}

static void pages(struct forger *f)
{
	pages_of(f, 14000, 14000);
}

/* The same, and keyframes over it that have no page of their own. */
static void pages_often(struct forger *f)
{
	uint64_t change;

	pages_of(f, 6000, 6000);
	f->next = f->full = f->keyframe;
	f->keyframe_version = f->version;
	f->page_size = PAGE_SIZE_MAX;
	f->page_count = 6000;
	worst_change(f, "SELECT 0");
	while (worst_left(f) > 1000) {
		change = f->change;
		worst_change(f, "SELECT 0");
		worst_delta(f, &change, 1);
	}
}

static void pages_told(struct forger *f)
{
	pages_of(f, 100, UINT32_MAX);
}

const struct worst worst_frames[] = {
	{"small", "nothing out of the ordinary, to compare with", small, 0},
	{"heads-behind", "40,000 heads without frames behind the log's end", heads_behind, 0},
	{"heads-between", "the same between two frames", heads_between, 0},
	{"heads-of-events", "the same of events, and a damaged header", heads_of_events, 0},
	{"hole", "a hole of 64 GiB behind the log's end", small, (uint64_t)64 << 30},
	{"keyframes", "6,000 full keyframes of an empty database", keyframes, 0},
	{"changes", "10,000 changes in one interval", changes, 0},
	{"rewinds", "6,000 changes, each of them struck", rewinds, 0},
	{"rewinds-of-all", "5,000 changes, struck 8,000 times", rewinds_of_all, 0},
	{"events", "14,000 sessions", events, 0},
	{"blanks", "a change of 1 GiB", blanks, 0},
	{"blanks-often", "1,000 changes of 32 MiB", blanks_often, 0},
	{"statements", "two changes of 2^24 statements", statements, 0},
	{"pages", "a database of 14,000 pages of 64 KiB", pages, 0},
	{"pages-often", "6,000 pages of 64 KiB, and 2,000 keyframes over them", pages_often, 0},
	{"pages-told", "a database that says it has more pages than there is room for", pages_told,
		0},
	{NULL, NULL, NULL, 0},
};

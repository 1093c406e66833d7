/* worst_forger.c - putting a log together that costs much. */
#include "changeframe.h"
#include "codec.h"
#include "fuzz.h"
#include "keyframe.h"
#include "pagemap.h"
#include "record.h"
#include "worst.h"
#include <sqlite3.h>
#include <string.h>
#include <xxhash.h>

#define TIME_US   1795330800000000
#define BLOCK_MAX ((uint64_t)128 << 10) /* of zstd */

void worst_begin(struct forger *f)
{
	*f = (struct forger){.time_us = TIME_US};
	logbuild_init(&f->build);
}

void worst_end(struct forger *f)
{
	REQUIRE(f->build.bytes.size <= WORST_BYTES);
	logbuild_done(&f->build);
}

size_t worst_left(const struct forger *f)
{
	return f->build.bytes.size < WORST_BYTES ? WORST_BYTES - f->build.bytes.size : 0;
}

uint64_t worst_frame(struct forger *f, uint8_t kind, uint8_t must, const void *payload, size_t size)
{
	struct frame_head head = {.kind = kind,
		.must = must,
		.version = f->version,
		.time_us = f->time_us++,
		.keyframe = f->keyframe};

	return logbuild_frame(&f->build, &head, payload, size, false);
}

/* The pages of CONTENT as records in one frame; fills in STORED, returns the sum of their checks.
 */
static uint64_t put_pages(struct forger *f, const uint8_t *content, uint32_t count,
	uint32_t page_size, struct stored_page *stored)
{
	ZSTD_CCtx *zstd = ZSTD_createCCtx();
	struct bk_buf payload;
	struct bk_error err;
	uint64_t sum = 0, offset;

	REQUIRE(zstd);
	bk_buf_init(&payload, (size_t)4 << 20);
	for (uint32_t i = 0; i < count; i++) {
		const uint8_t *page = content + (size_t)i * page_size;
		uint64_t check = bk_record_check(i + 1, page, page_size);

		stored[i] = (struct stored_page){i + 1, payload.size};
		REQUIRE(!bk_record_write(
			&payload, zstd, i + 1, page, page_size, check, NULL, &err));
		sum += check;
	}
	offset = worst_frame(f, FRAME_PAGES, 0, payload.data, payload.size) + FRAME_HEAD_SIZE;
	for (uint32_t i = 0; i < count; i++)
		stored[i].offset += offset;
	bk_buf_done(&payload);
	ZSTD_freeCCtx(zstd);
	return sum;
}

static void put_full(struct forger *f, const uint8_t *content, uint32_t count, uint32_t page_size)
{
	struct stored_page *stored = calloc(count, sizeof *stored);
	struct keyframe_map map = {.first_page = 1, .entries = count};
	struct keyframe kf = {.version = f->version,
		.is_full = true,
		.from = LOG_HEADER_SIZE,
		.page_size = page_size,
		.page_count = count,
		.reach = 1,
		.maps = &map,
		.map_count = 1};
	struct bk_buf payload;
	struct bk_error err;

	REQUIRE(stored);
	kf.pages_sum = put_pages(f, content, count, page_size, stored);
	bk_buf_init(&payload, WORST_BYTES);
	REQUIRE(!bk_pagemap_encode(stored, count, &payload, &err));
	map.offset = worst_frame(f, FRAME_MAP, 0, payload.data, payload.size);
	payload.size = 0;
	kf.history = f->history = bk_history_of_full(&kf, 0);
	REQUIRE(!bk_keyframe_encode(&kf, &payload, &err));
	f->keyframe = worst_frame(f, FRAME_KEYFRAME, KEYFRAME_FULL, payload.data, payload.size);
	f->keyframe_version = f->version;
	f->full = f->next = f->keyframe;
	f->page_size = page_size;
	f->page_count = count;
	bk_buf_done(&payload);
	free(stored);
}

void worst_database(struct forger *f, uint32_t page_size, const char *sql)
{
	sqlite3_int64 size = 0;
	char first[256];
	uint8_t *bytes;
	sqlite3 *db;

	f->version = 1;
	snprintf(first, sizeof first,
		"PRAGMA page_size = %u;"
		"CREATE TABLE vars (name TEXT PRIMARY KEY, val TEXT, intval INTEGER, blobval BLOB);"
		"INSERT INTO vars (name, intval) VALUES ('data_version', 1);",
		page_size);
	REQUIRE(sqlite3_open(":memory:", &db) == SQLITE_OK);
	REQUIRE(sqlite3_exec(db, first, NULL, NULL, NULL) == SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) {
		fprintf(stderr, "%s: %s\n", sql, sqlite3_errmsg(db));
		abort();
	}
	bytes = sqlite3_serialize(db, "main", &size, 0);
	REQUIRE(bytes && size);
	put_full(f, bytes, (uint32_t)(size / page_size), page_size);
	sqlite3_free(bytes);
	sqlite3_close(db);
}

static void append(struct bk_buf *out, const void *data, size_t size)
{
	struct bk_error err;

	if (size)
		REQUIRE(!bk_buf_append(out, data, size, &err));
}

/* Blocks of zstd: SIZE bytes as they are, or the same byte SIZE times. */
static void put_raw(struct bk_buf *out, const void *data, size_t size)
{
	uint8_t head[4];

	REQUIRE(size <= BLOCK_MAX);
	if (!size)
		return;
	bk_put_u32(head, (uint32_t)size << 3);
	append(out, head, 3);
	append(out, data, size);
}

static void put_fill(struct bk_buf *out, uint8_t fill, uint64_t size)
{
	while (size) {
		uint32_t part = (uint32_t)(size < BLOCK_MAX ? size : BLOCK_MAX);
		uint8_t head[4];

		bk_put_u32(head, part << 3 | 2);
		head[3] = fill;
		append(out, head, 4);
		size -= part;
	}
}

/* The history at the next version, after HEAD, FILLS bytes FILL, TAIL. */
static uint64_t history_of(struct forger *f, const char *head, uint8_t fill, uint64_t fills,
	const char *tail, size_t tail_size)
{
	XXH3_state_t *state = XXH3_createState();
	uint8_t before[RAW_HEAD], bytes[4096];
	uint64_t history;

	REQUIRE(state && XXH3_64bits_reset(state) == XXH_OK);
	bk_put_u32(bk_put_u64(before, f->history), f->version);
	memset(bytes, fill, sizeof bytes);
	XXH3_64bits_update(state, before, sizeof before);
	XXH3_64bits_update(state, head, strlen(head));
	for (uint64_t left = fills; left;) {
		size_t part = left < sizeof bytes ? (size_t)left : sizeof bytes;

		XXH3_64bits_update(state, bytes, part);
		left -= part;
	}
	XXH3_64bits_update(state, tail, tail_size);
	history = XXH3_64bits_digest(state);
	XXH3_freeState(state);
	return history;
}

void worst_fill(struct forger *f, const char *head, uint8_t fill, uint64_t raw, const char *tail,
	uint32_t statements)
{
	static const uint8_t stream[] = {0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x50};
	struct change_head change = {.raw = (uint32_t)raw, .statements = statements};
	size_t tail_size = tail ? strlen(tail) + 1 : 0;
	uint64_t fills = raw - strlen(head) - tail_size;
	uint8_t bytes[CHANGE_HEAD_SIZE];
	struct bk_buf payload;

	f->version++;
	f->before = f->history;
	change.history = f->history = history_of(f, head, fill, fills, tail ? tail : "", tail_size);
	bk_change_head_encode(bytes, &change);
	bk_buf_init(&payload, WORST_BYTES);
	append(&payload, bytes, sizeof bytes);
	append(&payload, stream, sizeof stream);
	put_raw(&payload, head, strlen(head));
	put_fill(&payload, fill, fills);
	put_raw(&payload, tail ? tail : "", tail_size);
	f->change = worst_frame(f, FRAME_CHANGE, CHANGE_STREAM, payload.data, payload.size);
	bk_buf_done(&payload);
}

/* As its change says it. */
static struct bk_entry entry_of(const struct forger *f, uint64_t offset)
{
	const uint8_t *frame = f->build.bytes.data + offset;

	return (struct bk_entry){.offset = offset,
		.version = bk_load_u32(frame + 20),
		.time_us = (int64_t)bk_load_u64(frame + 24),
		.flags = frame[13],
		.statements = bk_load_u32(frame + FRAME_HEAD_SIZE + 4),
		.sql_bytes = bk_load_u32(frame + FRAME_HEAD_SIZE),
		.log_bytes = bk_load_u32(frame + 16) + FRAME_HEAD_SIZE,
		.page_count = f->page_count};
}

void worst_delta(struct forger *f, const uint64_t *offsets, size_t count)
{
	struct keyframe_link links[KEYFRAME_LINKS_MAX] = {0};
	struct bk_entry *entries = calloc(count, sizeof *entries);
	struct keyframe kf = {.version = f->version - 1,
		.ordinal = ++f->ordinal,
		.full = f->full,
		.from = f->next,
		.next = f->change,
		.history = f->before,
		.page_size = f->page_size,
		.page_count = f->page_count,
		.reach = 1,
		.links = links,
		.link_count = bk_keyframe_link_count(f->ordinal),
		.entries = entries,
		.entry_count = count};
	struct bk_buf payload;
	struct bk_error err;

	REQUIRE(entries);
	for (unsigned level = 1; level < kf.link_count; level++)
		kf.reach *= 16;
	for (size_t i = 0; i < count; i++)
		entries[i] = entry_of(f, offsets[i]);
	for (size_t i = 0; i < kf.link_count; i++)
		links[i] = (struct keyframe_link){
			i ? f->full : f->keyframe, TIME_US, f->keyframe_version};
	bk_buf_init(&payload, WORST_BYTES);
	REQUIRE(!bk_keyframe_encode(&kf, &payload, &err));
	f->version--;
	f->keyframe = worst_frame(f, FRAME_KEYFRAME, 0, payload.data, payload.size);
	f->keyframe_version = f->version++;
	f->next = f->change;
	bk_buf_done(&payload);
	free(entries);
}

void worst_change(struct forger *f, const char *sql)
{
	worst_fill(f, sql, ' ', strlen(sql) + 1, "", 1);
}

void worst_head(uint8_t *at, uint8_t kind, uint32_t size)
{
	memset(at, 0, FRAME_HEAD_SIZE);
	memcpy(at + 8, FRAME_MAGIC, 4);
	at[12] = kind;
	bk_put_u32(at + 16, size);
}

/* mutate_pages.c - stored pages and keyframes made anew in a log. */
#include "codec.h"
#include "fuzz.h"
#include "keyframe.h"
#include "mutate.h"
#include "pagemap.h"
#include "record.h"
#include "stored.h"
#include <string.h>

#define NEW_PAGES_MAX 6
#define ENTRIES_MAX   64

/* A delta keyframe under way. */
struct delta {
	struct mutation *m;
	struct stored_table table;
	struct bk_buf records, payload;
	struct stored_page pages[NEW_PAGES_MAX];
	uint32_t count, page_size, version;
	struct bk_entry entries[ENTRIES_MAX];
	struct keyframe_link links[KEYFRAME_LINKS_MAX];
	struct keyframe kf;
};

/* The content of some stored page, changed a little. */
static void pick_content(struct delta *d, uint8_t *content)
{
	struct rng *rng = &d->m->rng;
	const struct stored *from =
		d->table.count ? &d->table.list[rng_below(rng, (uint32_t)d->table.count)] : NULL;
	uint32_t changes = rng_below(rng, 4);

	memset(content, 0, d->page_size);
	if (from)
		memcpy(content, from->content,
			from->size < d->page_size ? from->size : d->page_size);
	for (uint32_t i = 0; i < changes; i++)
		content[rng_below(rng, d->page_size)] = (uint8_t)rng_next(rng);
}

/* The newest record of PAGE that another may stand on. */
static const struct stored *newest(const struct delta *d, uint32_t page)
{
	for (size_t i = d->table.count; i-- > 0;)
		if (d->table.list[i].page == page && d->table.list[i].size == d->page_size)
			return &d->table.list[i];
	return NULL;
}

static void put_page(struct delta *d, ZSTD_CCtx *zstd, uint32_t page)
{
	const struct stored *below = newest(d, page);
	struct record_base base = {0};
	uint8_t content[PAGE_SIZE_MAX];
	struct bk_error err;

	pick_content(d, content);
	if (below)
		base = (struct record_base){below->content, below->address, below->depth};
	d->pages[d->count++] = (struct stored_page){page, d->records.size + FRAME_HEAD_SIZE};
	REQUIRE(!bk_record_write(&d->records, zstd, page, content, d->page_size,
		bk_record_check(page, content, d->page_size), below ? &base : NULL, &err));
}

static void put_pages(struct delta *d)
{
	uint32_t first = 1 + rng_below(&d->m->rng, 3), count = 1 + rng_below(&d->m->rng, 4);
	ZSTD_CCtx *zstd = ZSTD_createCCtx();
	struct piece *piece;

	REQUIRE(zstd);
	for (uint32_t i = 0; i < count && first + i <= d->kf.page_count; i++)
		put_page(d, zstd, first + i);
	ZSTD_freeCCtx(zstd);
	if (!d->count)
		return;
	piece = pieces_insert(
		d->m->pieces, d->m->pieces->count, FRAME_PAGES, d->records.data, d->records.size);
	for (uint32_t i = 0; piece && i < d->count; i++)
		d->pages[i].offset += piece->address;
}

static void put_map(struct delta *d, struct keyframe_map *map)
{
	struct bk_buf payload;
	struct bk_error err;
	struct piece *piece;

	bk_buf_init(&payload, 65536);
	REQUIRE(!bk_pagemap_encode(d->pages, d->count, &payload, &err));
	piece = pieces_insert(
		d->m->pieces, d->m->pieces->count, FRAME_MAP, payload.data, payload.size);
	if (piece)
		*map = (struct keyframe_map){piece->address, d->pages[0].page, d->count};
	bk_buf_done(&payload);
}

/* The keyframe of ORDINAL, by what it says of itself. */
static const struct piece *keyframe_of(const struct delta *d, uint64_t ordinal)
{
	struct pieces *pieces = d->m->pieces;

	for (size_t i = pieces->count; i-- > 0;)
		if (piece_kind(&pieces->list[i]) == FRAME_KEYFRAME &&
			piece_size(&pieces->list[i]) >= KF_FIXED &&
			bk_load_u64(piece_payload(&pieces->list[i])) == ordinal)
			return &pieces->list[i];
	return NULL;
}

static void fill_links(struct delta *d)
{
	d->kf.link_count = bk_keyframe_link_count(d->kf.ordinal);
	d->kf.links = d->links;
	for (unsigned i = 0; i < d->kf.link_count; i++) {
		const struct piece *to = keyframe_of(d, d->kf.ordinal - bk_keyframe_step(i));

		if (to)
			d->links[i] =
				(struct keyframe_link){to->address, (int64_t)rng_next(&d->m->rng),
					bk_load_u32(to->bytes.data + HEAD_VERSION)};
	}
}

/* The changes from address FROM up to the last that starts a stream. */
static void fill_entries(struct delta *d, const struct piece *below)
{
	struct pieces *pieces = d->m->pieces;
	uint64_t from = d->kf.from;
	bool inside = false;

	d->kf.entries = d->entries;
	d->kf.next = from;
	d->version = bk_load_u32(below->bytes.data + HEAD_VERSION);
	for (size_t i = 0; i < pieces->count && d->kf.entry_count < ENTRIES_MAX; i++) {
		const struct piece *piece = &pieces->list[i];
		const uint8_t *head = piece->bytes.data;

		inside |= piece->address == from;
		if (!inside || piece_kind(piece) != FRAME_CHANGE || piece_size(piece) < 16)
			continue;
		if (d->kf.entry_count && head[HEAD_MUST] & CHANGE_STREAM) {
			d->kf.next = piece->address;
			break;
		}
		d->version = bk_load_u32(head + HEAD_VERSION);
		d->entries[d->kf.entry_count++] = (struct bk_entry){.offset = piece->address,
			.time_us = (int64_t)bk_load_u64(head + HEAD_TIME),
			.version = d->version,
			.page_count = d->kf.page_count,
			.statements = bk_load_u32(piece_payload(piece) + 4),
			.sql_bytes = bk_load_u32(piece_payload(piece)),
			.log_bytes = (uint32_t)piece->bytes.size,
			.flags = head[HEAD_MUST]};
	}
}

/* The changes between are not kept; the history and the sum of all pages can be any. */
static void fill_thinned(struct delta *d, const struct piece *below)
{
	const uint8_t *fixed = piece_payload(below);
	struct rng *rng = &d->m->rng;

	d->version = bk_load_u32(below->bytes.data + HEAD_VERSION) + rng_below(rng, 100);
	d->kf.history = rng_chance(rng, 50) ? rng_next(rng) : bk_load_u64(fixed + KF_HISTORY);
	d->kf.pages_sum = rng_chance(rng, 50) ? rng_next(rng) : bk_load_u64(fixed + KF_PAGES_SUM);
}

/* What the new keyframe takes over from the one BELOW it. */
static bool fill_fixed(struct delta *d, const struct piece *below)
{
	const uint8_t *fixed = piece_payload(below);
	bool is_full = below->bytes.data[HEAD_MUST] & KEYFRAME_FULL;
	bool is_entry = is_full || below->bytes.data[HEAD_MUST] & KEYFRAME_THINNED;

	if (piece_size(below) < KF_FIXED)
		return false;
	d->page_size = bk_load_u32(fixed + KF_PAGE_SIZE);
	if (d->page_size < 512 || d->page_size > 65536 || d->page_size & (d->page_size - 1))
		return false;
	d->kf = (struct keyframe){.ordinal = bk_load_u64(fixed) + 1,
		.full = is_full ? below->address : bk_load_u64(fixed + KF_FULL),
		.from = is_entry ? below->address : bk_load_u64(fixed + KF_NEXT),
		.session = bk_load_u64(fixed + KF_SESSION),
		.page_size = d->page_size,
		.page_count = bk_load_u32(fixed + KF_PAGE_COUNT),
		.reach = 1};
	d->kf.is_thinned = rng_chance(&d->m->rng, 30);
	if (d->kf.is_thinned)
		fill_thinned(d, below);
	else
		fill_entries(d, below);
	d->kf.count = bk_load_u64(fixed + KF_COUNT) + d->kf.entry_count;
	fill_links(d);
	return true;
}

static void finish(struct delta *d, uint64_t below)
{
	struct keyframe_map map = {0};
	struct bk_error err;
	struct piece *piece;

	put_pages(d);
	if (d->count) {
		put_map(d, &map);
		d->kf.maps = &map;
		d->kf.map_count = 1;
	}
	REQUIRE(!bk_keyframe_encode(&d->kf, &d->payload, &err));
	piece = pieces_insert(d->m->pieces, d->m->pieces->count, FRAME_KEYFRAME, d->payload.data,
		d->payload.size);
	if (!piece)
		return;
	piece->bytes.data[HEAD_MUST] = bk_keyframe_must(&d->kf);
	bk_put_u32(piece->bytes.data + HEAD_VERSION, d->version);
	bk_put_u64(piece->bytes.data + HEAD_KEYFRAME, below);
}

void make_carried(struct mutation *m)
{
	struct piece *piece = mutate_pick(m, FRAME_KEYFRAME);

	if (!piece || piece_size(piece) < KF_FIXED ||
		!(piece->bytes.data[HEAD_MUST] & KEYFRAME_FULL))
		return;
	piece->bytes.data[HEAD_MUST] ^= KEYFRAME_CARRIED;
	if (rng_chance(&m->rng, 50))
		mutate_field(m, piece_payload(piece) + KF_HISTORY, 8);
}

void make_keyframe(struct mutation *m)
{
	const struct piece *below = pieces_last(m->pieces, FRAME_KEYFRAME, m->pieces->count);
	struct delta *d = calloc(1, sizeof *d);

	REQUIRE(d);
	d->m = m;
	bk_buf_init(&d->records, PIECE_BYTES_MAX);
	bk_buf_init(&d->payload, PIECE_BYTES_MAX);
	if (below && m->pieces->count + 3 <= PIECES_MAX && fill_fixed(d, below)) {
		uint64_t address = below->address;

		stored_read(&d->table, m->pieces->list, m->pieces->count, false, false);
		finish(d, address);
		stored_done(&d->table);
	}
	bk_buf_done(&d->payload);
	bk_buf_done(&d->records);
	free(d);
}

/* Stores CONTENT in the place of the first record of PIECE, alone. */
static void replace_first(struct piece *piece, const struct stored *first, const uint8_t *content)
{
	size_t length = RECORD_HEAD_SIZE + (bk_load_u32(piece_payload(piece) + 4) & 0xffffff);
	ZSTD_CCtx *zstd = ZSTD_createCCtx();
	struct bk_buf records;
	struct bk_error err;

	REQUIRE(zstd);
	bk_buf_init(&records, 2 * PIECE_BYTES_MAX);
	REQUIRE(!bk_record_write(
		&records, zstd, first->page, content, (uint32_t)first->size, 0, NULL, &err));
	REQUIRE(!bk_buf_append(
		&records, piece_payload(piece) + length, piece_size(piece) - length, &err));
	piece_set(piece, records.data, records.size);
	bk_buf_done(&records);
	ZSTD_freeCCtx(zstd);
}

void make_record(struct mutation *m)
{
	struct stored_table *table = malloc(sizeof *table);
	struct piece *piece = mutate_pick(m, FRAME_PAGES);
	const struct stored *first;

	REQUIRE(table);
	if (piece) {
		stored_read(table, m->pieces->list, m->pieces->count, false, false);
		first = stored_at(table, piece->address + FRAME_HEAD_SIZE);
		if (first && first->size >= 512 && !(first->size & (first->size - 1))) {
			uint8_t content[PAGE_SIZE_MAX];

			memcpy(content, first->content, first->size);
			LLVMFuzzerMutate(content, first->size, first->size);
			replace_first(piece, first, content);
		}
		stored_done(table);
	}
	free(table);
}

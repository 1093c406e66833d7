/* relocate.c - the offsets in a frame, rewritten. */
#include "relocate.h"
#include "codec.h"
#include "fuzz.h"
#include "record.h"
#include <string.h>

#define ENTRY_NUMBERS 8

/* Rewrites the u64 at AT. */
static void move_u64(uint8_t *at, relocate_fn *fn, void *ctx)
{
	bk_put_u64(at, fn(ctx, bk_load_u64(at)));
}

static void move_pages(struct piece *piece, relocate_fn *fn, void *ctx)
{
	uint8_t *payload = piece_payload(piece);
	size_t size = piece_size(piece);

	for (size_t at = 0; size - at >= RECORD_HEAD_SIZE;) {
		size_t length = bk_load_u32(payload + at + 4) & 0xffffff;

		move_u64(payload + at + 8, fn, ctx);
		if (length > size - at - RECORD_HEAD_SIZE)
			break;
		at += RECORD_HEAD_SIZE + length;
	}
}

/* Puts OUT in the place of PIECE's payload from KEPT on, and behind it what CUR has not read. */
static void put_back(
	struct piece *piece, size_t kept, const struct bk_buf *out, const struct cursor *cur)
{
	struct bk_buf whole;
	struct bk_error err;

	bk_buf_init(&whole, 4 * PIECE_BYTES_MAX);
	REQUIRE(!bk_buf_append(&whole, piece_payload(piece), kept, &err));
	if (out->size)
		REQUIRE(!bk_buf_append(&whole, out->data, out->size, &err));
	if (bk_cursor_left(cur))
		REQUIRE(!bk_buf_append(&whole, cur->at, bk_cursor_left(cur), &err));
	piece_set(piece, whole.data, whole.size);
	bk_buf_done(&whole);
}

static uint8_t *reserve(struct bk_buf *out, size_t size)
{
	struct bk_error err;

	REQUIRE(!bk_buf_reserve(out, size, &err));
	return out->data + out->size;
}

static void move_map(struct piece *piece, relocate_fn *fn, void *ctx)
{
	struct cursor cur = bk_cursor_of(piece_payload(piece), piece_size(piece)), good;
	uint64_t was = 0, now = 0;
	struct bk_buf out;

	bk_buf_init(&out, 4 * PIECE_BYTES_MAX);
	bk_get_u32(&cur);
	if (cur.failed)
		return;
	for (good = cur; bk_cursor_left(&cur); good = cur) {
		uint64_t page = bk_get_number(&cur), moved;
		uint8_t *at = reserve(&out, 2 * NUMBER_SIZE_MAX);

		was += (uint64_t)bk_get_signed(&cur);
		if (cur.failed)
			break;
		moved = fn(ctx, was);
		at = bk_put_signed(bk_put_number(at, page), (int64_t)(moved - now));
		out.size = (size_t)(at - out.data);
		now = moved;
	}
	put_back(piece, 4, &out, &good);
	bk_buf_done(&out);
}

/* The list of changes, which CUR is at: only their offsets move. */
static void move_entries(struct piece *piece, struct cursor cur, uint64_t was, uint64_t now,
	relocate_fn *fn, void *ctx)
{
	size_t kept = (size_t)(cur.at - piece_payload(piece));
	struct cursor good = cur;
	struct bk_buf out;

	bk_buf_init(&out, 4 * PIECE_BYTES_MAX);
	for (; bk_cursor_left(&cur); good = cur) {
		uint64_t moved;
		const uint8_t *rest;
		uint8_t *at = reserve(&out, ENTRY_NUMBERS * NUMBER_SIZE_MAX);

		was += bk_get_number(&cur);
		rest = cur.at;
		for (int i = 1; i < ENTRY_NUMBERS; i++)
			bk_get_number(&cur);
		if (cur.failed)
			break;
		moved = fn(ctx, was);
		at = bk_put_number(at, moved - now);
		memcpy(at, rest, (size_t)(cur.at - rest));
		out.size = (size_t)(at - out.data) + (size_t)(cur.at - rest);
		now = moved;
	}
	put_back(piece, kept, &out, &good);
	bk_buf_done(&out);
}

static void move_keyframe(struct piece *piece, relocate_fn *fn, void *ctx)
{
	static const uint8_t fields[] = {KF_FULL, KF_FROM, KF_NEXT, KF_SESSION};
	uint8_t *payload = piece_payload(piece);
	struct cursor cur = bk_cursor_of(payload, piece_size(piece));
	uint64_t from, links, maps;

	if (!bk_get_bytes(&cur, KF_FIXED))
		return;
	from = bk_load_u64(payload + KF_FROM);
	for (size_t i = 0; i < sizeof fields; i++)
		move_u64(payload + fields[i], fn, ctx);
	if (piece->bytes.data[HEAD_MUST] & KEYFRAME_NOTES)
		bk_get_bytes(&cur, bk_get_u32(&cur));
	if (cur.failed)
		return;
	links = bk_load_u32(payload + KF_LINKS);
	maps = bk_load_u32(payload + KF_MAPS);
	for (uint64_t i = 0; i < links && bk_cursor_left(&cur) >= KF_LINK_SIZE; i++)
		move_u64(payload + (bk_get_bytes(&cur, KF_LINK_SIZE) - payload), fn, ctx);
	for (uint64_t i = 0; i < maps && bk_cursor_left(&cur) >= KF_MAP_SIZE; i++)
		move_u64(payload + (bk_get_bytes(&cur, KF_MAP_SIZE) - payload), fn, ctx);
	if (!cur.failed)
		move_entries(piece, cur, from, bk_load_u64(payload + KF_FROM), fn, ctx);
}

/* It counts back to the beginning of a frame. */
static void move_unsynced(struct piece *piece, relocate_fn *fn, void *ctx)
{
	uint32_t unsynced = bk_load_u32(piece->bytes.data + HEAD_UNSYNCED);
	uint64_t first;

	if (!unsynced || unsynced > piece->address)
		return;
	first = fn(ctx, piece->address - unsynced);
	if (piece->at > first && piece->at - first < UNSYNCED_MAX)
		bk_put_u32(piece->bytes.data + HEAD_UNSYNCED, (uint32_t)(piece->at - first));
}

void relocate(struct piece *piece, relocate_fn *fn, void *ctx)
{
	if (!piece->is_frame)
		return;
	move_unsynced(piece, fn, ctx);
	move_u64(piece->bytes.data + HEAD_KEYFRAME, fn, ctx);
	switch (piece_kind(piece)) {
	case FRAME_PAGES:
		move_pages(piece, fn, ctx);
		break;
	case FRAME_MAP:
		move_map(piece, fn, ctx);
		break;
	case FRAME_KEYFRAME:
		move_keyframe(piece, fn, ctx);
		break;
	case FRAME_REWIND:
		if (piece_size(piece) == PAYLOAD_REWIND_SIZE)
			move_u64(piece_payload(piece) + 8, fn, ctx);
		break;
	}
}

/* reseal.c - sums of pages and histories of a log that was put together anew. */
#include "changeframe.h"
#include "codec.h"
#include "fuzz.h"
#include "record.h"
#include "relocate.h"
#include "stored.h"
#include <string.h>
#include <xxhash.h>

#define RAW_MAX     ((size_t)1 << 20) /* a longer change keeps the history it has */
#define CHANGES_MAX PIECES_MAX

void reseal_checks(struct piece *copies, size_t count)
{
	struct stored_table *table = malloc(sizeof *table);

	REQUIRE(table);
	stored_read(table, copies, count, true, true);
	stored_done(table);
	free(table);
}

/* What the histories depend on, as far as the log was read. */
struct past {
	struct piece *copies;
	size_t count;
	ZSTD_DCtx *zstd;
	uint8_t *raw; /* RAW_HEAD bytes, then what a change holds */
	uint64_t history;
	struct {
		uint64_t at, before, after;
		bool is_struck;
	} changes[CHANGES_MAX];
	size_t change_count;
};

/* The piece of KIND that holds OFFSET. */
static struct piece *piece_at(const struct past *past, uint64_t offset, uint8_t kind)
{
	for (size_t i = 0; i < past->count; i++)
		if (piece_kind(&past->copies[i]) == kind && offset >= past->copies[i].at &&
			offset - past->copies[i].at < past->copies[i].bytes.size)
			return &past->copies[i];
	return NULL;
}

/* The raw bytes of the change, behind past->raw's head; false if it does not hold what it says. */
static bool decode_change(struct past *past, const struct piece *piece)
{
	const uint8_t *payload = piece_payload(piece);
	ZSTD_inBuffer in = {payload + CHANGE_HEAD_SIZE, piece_size(piece) - CHANGE_HEAD_SIZE, 0};
	ZSTD_outBuffer out = {past->raw + RAW_HEAD, bk_load_u32(payload), 0};

	if (piece->bytes.data[HEAD_MUST] & CHANGE_STREAM)
		ZSTD_DCtx_reset(past->zstd, ZSTD_reset_session_only);
	if (out.size > RAW_MAX)
		return false;
	while (in.pos < in.size) {
		size_t before = in.pos + out.pos;

		if (ZSTD_isError(ZSTD_decompressStream(past->zstd, &out, &in)) ||
			in.pos + out.pos == before)
			break;
	}
	return out.pos == out.size;
}

static void reseal_change(struct past *past, struct piece *piece)
{
	uint8_t *payload = piece_payload(piece);
	uint64_t before = past->history;

	if (piece_size(piece) < CHANGE_HEAD_SIZE)
		return;
	if (decode_change(past, piece)) {
		bk_put_u32(bk_put_u64(past->raw, before),
			bk_load_u32(piece->bytes.data + HEAD_VERSION));
		bk_put_u64(payload + 8, XXH3_64bits(past->raw, RAW_HEAD + bk_load_u32(payload)));
	}
	past->history = bk_load_u64(payload + 8);
	past->changes[past->change_count].at = piece->at;
	past->changes[past->change_count].before = before;
	past->changes[past->change_count].is_struck = false;
	past->changes[past->change_count++].after = past->history;
}

static void reseal_rewind(struct past *past, struct piece *piece)
{
	size_t i = past->change_count;

	if (piece_size(piece) != PAYLOAD_REWIND_SIZE)
		return;
	while (i > 0 && past->changes[i - 1].at >= bk_load_u64(piece_payload(piece) + 8)) {
		if (!past->changes[--i].is_struck)
			past->history = past->changes[i].before;
		past->changes[i].is_struck = true;
	}
	bk_put_u64(piece_payload(piece), past->history);
}

/* The sums of the pages that the MAP frame at OFFSET names. */
static uint64_t sum_of_map(const struct past *past, uint64_t offset)
{
	const struct piece *map = piece_at(past, offset, FRAME_MAP);
	uint64_t record = 0, sum = 0;
	struct cursor cur;

	if (!map || map->at != offset)
		return 0;
	cur = bk_cursor_of(piece_payload(map), piece_size(map));
	for (bk_get_u32(&cur); bk_cursor_left(&cur) && !cur.failed;) {
		const struct piece *pages;

		bk_get_number(&cur);
		record += (uint64_t)bk_get_signed(&cur);
		pages = piece_at(past, record, FRAME_PAGES);
		if (!cur.failed && pages &&
			record - pages->at + RECORD_HEAD_SIZE <= pages->bytes.size)
			sum += bk_load_u64(pages->bytes.data + (record - pages->at) + 16);
	}
	return sum;
}

static uint64_t sum_of_pages(const struct past *past, const struct piece *piece)
{
	struct cursor cur = bk_cursor_of(piece_payload(piece), piece_size(piece));
	const uint8_t *fixed = bk_get_bytes(&cur, KF_FIXED);
	uint64_t sum = 0;

	if (piece->bytes.data[HEAD_MUST] & KEYFRAME_NOTES)
		bk_get_bytes(&cur, bk_get_u32(&cur));
	bk_get_bytes(&cur, (size_t)bk_load_u32(fixed + KF_LINKS) * KF_LINK_SIZE);
	for (uint32_t i = 0; i < bk_load_u32(fixed + KF_MAPS) && !cur.failed; i++) {
		const uint8_t *map = bk_get_bytes(&cur, KF_MAP_SIZE);

		sum += map ? sum_of_map(past, bk_load_u64(map)) : 0;
	}
	return sum;
}

static void reseal_full(struct past *past, struct piece *piece)
{
	uint8_t *payload = piece_payload(piece);
	struct keyframe kf = {.version = bk_load_u32(piece->bytes.data + HEAD_VERSION),
		.page_size = bk_load_u32(payload + KF_PAGE_SIZE),
		.page_count = bk_load_u32(payload + KF_PAGE_COUNT),
		.pages_sum = sum_of_pages(past, piece)};

	past->history = bk_history_of_full(&kf, past->history);
	bk_put_u64(payload + KF_PAGES_SUM, kf.pages_sum);
	bk_put_u64(payload + KF_HISTORY, past->history);
}

/* A delta's history is that of the last change before its interval's end. */
static void reseal_keyframe(struct past *past, struct piece *piece)
{
	uint8_t *payload = piece_payload(piece);

	if (piece_size(piece) < KF_FIXED)
		return;
	if (piece->bytes.data[HEAD_MUST] & KEYFRAME_FULL) {
		reseal_full(past, piece);
		return;
	}
	for (size_t i = past->change_count; i-- > 0;)
		if (past->changes[i].at < bk_load_u64(payload + KF_NEXT) &&
			!past->changes[i].is_struck) {
			bk_put_u64(payload + KF_HISTORY, past->changes[i].after);
			break;
		}
}

void reseal_histories(struct piece *copies, size_t count)
{
	struct past *past = calloc(1, sizeof *past);

	REQUIRE(past);
	past->copies = copies;
	past->count = count;
	past->zstd = ZSTD_createDCtx();
	past->raw = malloc(RAW_HEAD + RAW_MAX);
	REQUIRE(past->zstd && past->raw);
	for (size_t i = 0; i < count; i++)
		switch (piece_kind(&copies[i])) {
		case FRAME_CHANGE:
			reseal_change(past, &copies[i]);
			break;
		case FRAME_REWIND:
			reseal_rewind(past, &copies[i]);
			break;
		case FRAME_KEYFRAME:
			reseal_keyframe(past, &copies[i]);
			break;
		}
	ZSTD_freeDCtx(past->zstd);
	free(past->raw);
	free(past);
}

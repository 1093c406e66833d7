/* stored.c - the stored pages of a log that was taken apart. */
#include "stored.h"
#include "codec.h"
#include "fuzz.h"
#include "record.h"
#include <string.h>
#include <xxhash.h>

const struct stored *stored_at(const struct stored_table *table, uint64_t address)
{
	for (size_t i = 0; i < table->count; i++)
		if (table->list[i].address == address)
			return &table->list[i];
	return NULL;
}

void stored_done(struct stored_table *table)
{
	for (size_t i = 0; i < table->count; i++)
		free(table->list[i].content);
	table->count = 0;
}

/* Adds the page of RECORD, SIZE bytes with its head; false if it cannot be decoded. */
static bool add(struct stored_table *table, ZSTD_DCtx *zstd, uint64_t address,
	const uint8_t *record, size_t size)
{
	struct stored stored = {.address = address,
		.page = bk_load_u32(record),
		.depth = record[7],
		.content = malloc(PAGE_SIZE_MAX)};
	const struct stored *base = stored_at(table, bk_load_u64(record + 8));

	REQUIRE(stored.content);
	ZSTD_DCtx_reset(zstd, ZSTD_reset_session_and_parameters);
	if (stored.depth && base)
		REQUIRE(!ZSTD_isError(ZSTD_DCtx_refPrefix(zstd, base->content, base->size)));
	stored.size = ZSTD_decompressDCtx(zstd, stored.content, PAGE_SIZE_MAX,
		record + RECORD_HEAD_SIZE, size - RECORD_HEAD_SIZE);
	if (ZSTD_isError(stored.size) || !stored.size || table->count == STORED_MAX) {
		free(stored.content);
		return false;
	}
	table->list[table->count++] = stored;
	return true;
}

static void read_piece(struct stored_table *table, ZSTD_DCtx *zstd, struct piece *piece,
	uint64_t address, bool reseal)
{
	size_t size = piece_size(piece);
	uint8_t *payload = piece_payload(piece);

	for (size_t at = 0; size - at >= RECORD_HEAD_SIZE;) {
		size_t length = bk_load_u32(payload + at + 4) & 0xffffff;
		const struct stored *last;

		if (length > size - at - RECORD_HEAD_SIZE)
			break;
		if (add(table, zstd, address + FRAME_HEAD_SIZE + at, payload + at,
			    RECORD_HEAD_SIZE + length) &&
			reseal) {
			last = &table->list[table->count - 1];
			bk_put_u64(payload + at + 16,
				XXH3_64bits_withSeed(last->content, last->size, last->page));
		}
		at += RECORD_HEAD_SIZE + length;
	}
}

void stored_read(
	struct stored_table *table, struct piece *pieces, size_t count, bool in_place, bool reseal)
{
	ZSTD_DCtx *zstd = ZSTD_createDCtx();

	REQUIRE(zstd);
	table->count = 0;
	for (size_t i = 0; i < count; i++)
		if (piece_kind(&pieces[i]) == FRAME_PAGES)
			read_piece(table, zstd, &pieces[i],
				in_place ? pieces[i].at : pieces[i].address, reseal);
	ZSTD_freeDCtx(zstd);
}

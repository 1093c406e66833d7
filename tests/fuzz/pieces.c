/* pieces.c - a log taken apart, and put together again with right offsets and sums. */
#include "pieces.h"
#include "codec.h"
#include "fuzz.h"
#include "relocate.h"
#include <string.h>
#include <xxhash.h>

#define ADDRESS_NEW ((uint64_t)1 << 40) /* no file is as long */
#define LAYOUTS_MAX 5                   /* a number may take more bytes once its frame moved */

static void piece_init(struct piece *piece, bool is_frame, uint64_t address)
{
	*piece = (struct piece){.is_frame = is_frame, .address = address};
	bk_buf_init(&piece->bytes, PIECE_BYTES_MAX);
}

static void append(struct bk_buf *buf, const void *data, size_t size)
{
	struct bk_error err;

	if (size)
		REQUIRE(!bk_buf_append(buf, data, size, &err));
}

static struct piece *open_place(struct pieces *pieces, size_t index, bool is_frame)
{
	struct piece *piece = &pieces->list[index];

	if (pieces->count == PIECES_MAX)
		return NULL;
	memmove(piece + 1, piece, (pieces->count++ - index) * sizeof *piece);
	piece_init(piece, is_frame, pieces->next_address);
	pieces->next_address += PIECE_BYTES_MAX;
	return piece;
}

/* The size of the frame that DATA begins with; 0 if it is none that ends there. */
static size_t frame_size(const uint8_t *data, size_t size)
{
	uint64_t whole;

	if (size < FRAME_HEAD_SIZE || memcmp(data + HEAD_MAGIC, FRAME_MAGIC, 4) != 0)
		return 0;
	whole = FRAME_HEAD_SIZE + (uint64_t)bk_load_u32(data + HEAD_SIZE);
	return whole <= size && whole <= PIECE_BYTES_MAX ? (size_t)whole : 0;
}

void pieces_parse(struct pieces *pieces, const uint8_t *data, size_t size)
{
	size_t head = size < LOG_HEADER_SIZE ? size : LOG_HEADER_SIZE;
	size_t at = head;

	*pieces = (struct pieces){.next_address = ADDRESS_NEW};
	memcpy(pieces->header, data, head);
	while (at < size && pieces->count < PIECES_MAX / 2) {
		struct piece *piece = &pieces->list[pieces->count++];
		size_t whole = frame_size(data + at, size - at);

		piece_init(piece, whole, at);
		if (!whole)
			whole = 1;
		while (!piece->is_frame && whole < size - at && whole < PIECE_BYTES_MAX &&
			!frame_size(data + at + whole, size - at - whole))
			whole++;
		append(&piece->bytes, data + at, whole);
		at += whole;
	}
}

void pieces_done(struct pieces *pieces)
{
	for (size_t i = 0; i < pieces->count; i++)
		bk_buf_done(&pieces->list[i].bytes);
	pieces->count = 0;
}

void piece_set(struct piece *piece, const void *payload, size_t size)
{
	piece->bytes.size = FRAME_HEAD_SIZE;
	if (size > PIECE_BYTES_MAX - FRAME_HEAD_SIZE)
		size = PIECE_BYTES_MAX - FRAME_HEAD_SIZE;
	append(&piece->bytes, payload, size);
}

struct piece *pieces_insert(
	struct pieces *pieces, size_t index, uint8_t kind, const void *payload, size_t size)
{
	uint8_t head[FRAME_HEAD_SIZE] = {0};
	struct piece *piece = open_place(pieces, index, kind);
	const struct piece *keyframe = pieces_last(pieces, FRAME_KEYFRAME, index);
	const struct piece *before = index ? piece - 1 : NULL;

	if (!piece)
		return NULL;
	if (before && before->is_frame)
		memcpy(head, before->bytes.data, sizeof head);
	memcpy(head + HEAD_MAGIC, FRAME_MAGIC, 4);
	head[HEAD_KIND] = kind;
	head[HEAD_MUST] = 0;
	bk_put_u64(head + HEAD_KEYFRAME, keyframe ? keyframe->address : 0);
	bk_put_u32(head + HEAD_UNSYNCED, 0);
	append(&piece->bytes, head, kind ? sizeof head : 0);
	if (!kind)
		append(&piece->bytes, payload, size < PIECE_BYTES_MAX ? size : PIECE_BYTES_MAX);
	else
		piece_set(piece, payload, size);
	return piece;
}

struct piece *pieces_copy(struct pieces *pieces, size_t index, const struct piece *from)
{
	struct bk_buf bytes = from->bytes; /* FROM itself may move */
	unsigned wrong = from->wrong;
	struct piece *piece = open_place(pieces, index, from->is_frame);

	if (!piece)
		return NULL;
	append(&piece->bytes, bytes.data, bytes.size);
	piece->wrong = wrong;
	/* It would count back to where nothing begins, and the log end there. */
	if (piece->is_frame)
		bk_put_u32(piece->bytes.data + HEAD_UNSYNCED, 0);
	return piece;
}

void pieces_drop(struct pieces *pieces, size_t index)
{
	struct piece *piece = &pieces->list[index];

	bk_buf_done(&piece->bytes);
	memmove(piece, piece + 1, (--pieces->count - index) * sizeof *piece);
}

static uint64_t shifted(void *ctx, uint64_t address)
{
	const uint64_t *base = ctx;

	return address >= LOG_HEADER_SIZE && address < ADDRESS_NEW ? address + *base : address;
}

void pieces_splice(
	struct pieces *pieces, size_t index, const struct pieces *other, size_t first, size_t count)
{
	uint64_t base = pieces->next_address;

	for (size_t i = 0; i < count && pieces->count < PIECES_MAX; i++) {
		struct piece *piece = pieces_copy(pieces, index + i, &other->list[first + i]);

		piece->address = other->list[first + i].address + base;
		relocate(piece, shifted, &base);
		if (pieces->next_address < piece->address + PIECE_BYTES_MAX)
			pieces->next_address = piece->address + PIECE_BYTES_MAX;
	}
}

struct piece *pieces_last(struct pieces *pieces, uint8_t kind, size_t end)
{
	while (end-- > 0)
		if (piece_kind(&pieces->list[end]) == kind)
			return &pieces->list[end];
	return NULL;
}

/* Where ADDRESS has come to stand. */
static uint64_t translated(void *ctx, uint64_t address)
{
	const struct pieces *pieces = ctx;

	if (!address)
		return 0;
	for (size_t i = 0; i < pieces->count; i++) {
		const struct piece *piece = &pieces->list[i];

		if (address >= piece->address && address - piece->address < piece->bytes.size)
			return piece->at + (address - piece->address);
	}
	return address;
}

/* Gives each piece its place, and COPIES the bytes that stand there. */
static void lay_out(struct pieces *pieces, struct piece *copies)
{
	bool moved = true;

	for (size_t i = 0; i < pieces->count; i++)
		piece_init(&copies[i], pieces->list[i].is_frame, pieces->list[i].address);
	for (unsigned pass = 0; pass < LAYOUTS_MAX && moved; pass++) {
		uint64_t at = LOG_HEADER_SIZE;

		moved = false;
		for (size_t i = 0; i < pieces->count; i++) {
			struct piece *piece = &pieces->list[i];

			moved |= piece->at != at;
			piece->at = copies[i].at = at;
			at += pass ? copies[i].bytes.size : piece->bytes.size;
		}
		for (size_t i = 0; i < pieces->count; i++) {
			size_t before = copies[i].bytes.size;

			copies[i].bytes.size = 0;
			copies[i].wrong = pieces->list[i].wrong;
			append(&copies[i].bytes, pieces->list[i].bytes.data,
				pieces->list[i].bytes.size);
			relocate(&copies[i], translated, pieces);
			moved |= copies[i].bytes.size != before;
		}
	}
}

static void seal(const struct pieces *pieces, struct piece *copies, uint8_t *header)
{
	uint64_t seed = XXH3_64bits(header + 32, LOG_ID_SIZE);
	uint64_t sum = bk_load_u64(header);

	if (!pieces->header_wrong)
		bk_put_u64(header, sum = XXH3_64bits(header + 8, LOG_HEADER_SIZE - 8));
	for (size_t i = 0; i < pieces->count; i++) {
		uint8_t *bytes = copies[i].bytes.data;
		size_t size = copies[i].bytes.size;

		if (!copies[i].is_frame)
			continue;
		if (!(copies[i].wrong & WRONG_SIZE))
			bk_put_u32(bytes + HEAD_SIZE, (uint32_t)(size - FRAME_HEAD_SIZE));
		if (!(copies[i].wrong & WRONG_CHAIN))
			bk_put_u32(bytes + HEAD_CHAIN, (uint32_t)sum);
		sum = XXH3_64bits_withSeed(bytes + 8, size - 8, seed + copies[i].at);
		if (!(copies[i].wrong & WRONG_SUM))
			bk_put_u64(bytes, sum);
	}
}

size_t pieces_build(struct pieces *pieces, const struct reseal *what, uint8_t *out, size_t max)
{
	struct piece *copies = calloc(PIECES_MAX, sizeof *copies);
	size_t size = max < LOG_HEADER_SIZE ? max : LOG_HEADER_SIZE;

	REQUIRE(copies);
	lay_out(pieces, copies);
	if (what->checks)
		reseal_checks(copies, pieces->count);
	if (what->histories)
		reseal_histories(copies, pieces->count);
	seal(pieces, copies, pieces->header);
	memcpy(out, pieces->header, size);
	for (size_t i = 0; i < pieces->count; i++) {
		size_t part = copies[i].bytes.size < max - size ? copies[i].bytes.size : max - size;

		memcpy(out + size, copies[i].bytes.data, part);
		size += part;
		bk_buf_done(&copies[i].bytes);
	}
	free(copies);
	return size;
}

/* mutate_log.c - a log changed frame by frame, its sums made right again. */
#include "codec.h"
#include "fuzz.h"
#include "mutate.h"
#include <string.h>

#define STEPS_MAX  4
#define SPLICE_MAX 12

uint64_t mutate_value(struct mutation *m, uint64_t old)
{
	static const uint64_t edges[] = {0, 1, 2, 8, 9, 16, 128, 255, 256, 512, 4096, 65535, 65536,
		65537, 1u << 20, 4u << 20, (4u << 20) + 1, 1u << 30, INT32_MAX, 1u << 31,
		UINT32_MAX, (uint64_t)UINT32_MAX + 1, INT64_MAX, (uint64_t)1 << 63, UINT64_MAX};
	const struct piece *piece = mutate_pick(m, 0);

	switch (rng_below(&m->rng, 8)) {
	case 0:
	case 1:
		return edges[rng_below(&m->rng, sizeof edges / sizeof *edges)];
	case 2:
		return old + 1;
	case 3:
		return old - 1;
	case 4:
		return old ^ (uint64_t)1 << rng_below(&m->rng, 64);
	case 5:
		return rng_next(&m->rng) >> rng_below(&m->rng, 64);
	default:
		return piece ? piece->address + (rng_chance(&m->rng, 20) ? piece->bytes.size : 0)
			     : old * 2;
	}
}

void mutate_field(struct mutation *m, uint8_t *at, unsigned bytes)
{
	uint64_t value = 0;

	for (unsigned i = bytes; i-- > 0;)
		value = value << 8 | at[i];
	value = mutate_value(m, value);
	for (unsigned i = 0; i < bytes; i++, value >>= 8)
		at[i] = (uint8_t)value;
}

struct piece *mutate_pick(struct mutation *m, uint8_t kind)
{
	size_t count = m->pieces->count;
	size_t first = count ? rng_below(&m->rng, (uint32_t)count) : 0;

	for (size_t i = 0; i < count; i++) {
		struct piece *piece = &m->pieces->list[(first + i) % count];

		if (piece->is_frame && (!kind || piece_kind(piece) == kind))
			return piece;
	}
	return NULL;
}

static size_t any_index(struct mutation *m)
{
	return rng_below(&m->rng, (uint32_t)m->pieces->count + 1);
}

static void change_header(struct mutation *m)
{
	static const uint8_t fields[][2] = {{8, 8}, {16, 4}, {20, 4}, {24, 4}, {28, 4}, {32, 8},
		{40, 8}, {48, 8}, {56, 8}, {72, 4}, {76, 4}};
	const uint8_t *field = fields[rng_below(&m->rng, sizeof fields / sizeof *fields)];

	mutate_field(m, m->pieces->header + field[0], field[1]);
	m->pieces->header_wrong = rng_chance(&m->rng, 20);
}

static void change_head(struct mutation *m)
{
	static const struct {
		uint8_t at, bytes;
		unsigned wrong;
	} fields[] = {{HEAD_KIND, 1, 0}, {HEAD_MUST, 1, 0}, {14, 2, 0}, {HEAD_SIZE, 4, WRONG_SIZE},
		{HEAD_VERSION, 4, 0}, {HEAD_VERSION, 4, 0}, {HEAD_TIME, 8, 0},
		{HEAD_KEYFRAME, 8, 0}, {HEAD_KEYFRAME, 8, 0}, {HEAD_UNSYNCED, 4, 0},
		{HEAD_CHAIN, 4, WRONG_CHAIN}, {0, 8, WRONG_SUM}};
	uint32_t i = rng_below(&m->rng, sizeof fields / sizeof *fields);
	struct piece *piece = mutate_pick(m, 0);

	if (!piece)
		return;
	mutate_field(m, piece->bytes.data + fields[i].at, fields[i].bytes);
	piece->wrong |= fields[i].wrong;
}

/* A field of a payload, where its kind has one. */
static void change_payload(struct mutation *m)
{
	static const uint8_t of_change[][2] = {{0, 4}, {4, 4}, {8, 8}},
			     of_keyframe[][2] = {{KF_ORDINAL, 8}, {KF_FULL, 8}, {KF_FROM, 8},
				     {KF_NEXT, 8}, {KF_HISTORY, 8}, {KF_PAGES_SUM, 8},
				     {KF_SESSION, 8}, {KF_COUNT, 8}, {KF_PAGE_SIZE, 4},
				     {KF_PAGE_COUNT, 4}, {KF_REACH, 4}, {KF_LINKS, 4}, {KF_MAPS, 4},
				     {KF_CHANGES, 4}, {KF_FIXED, 8}, {KF_FIXED + 8, 4},
				     {KF_FIXED + 20, 8}, {KF_FIXED + 28, 4}, {KF_FIXED + 32, 4}},
			     of_rewind[][2] = {{0, 8}, {8, 8}, {8, 8}},
			     of_pages[][2] = {{0, 4}, {4, 3}, {7, 1}, {8, 8}, {16, 8}, {24, 4}},
			     of_map[][2] = {{0, 4}, {4, 1}, {5, 1}, {6, 1}},
			     of_event[][2] = {{0, 4}};
	static const struct {
		const uint8_t (*fields)[2];
		uint32_t count;
	} kinds[] = {{of_event, 1}, {of_change, 3}, {of_pages, 6}, {of_map, 4}, {of_keyframe, 19},
		{of_rewind, 3}, {of_event, 1}, {of_event, 1}};
	static const uint8_t likely[] = {1, 2, 3, 4, 4, 4, 4, 5, 6};
	struct piece *piece = mutate_pick(m, likely[rng_below(&m->rng, sizeof likely)]);
	const uint8_t *field;
	uint8_t kind;

	if (!piece)
		return;
	kind = piece_kind(piece) < 8 ? piece_kind(piece) : 0;
	field = kinds[kind].fields[rng_below(&m->rng, kinds[kind].count)];
	if ((size_t)field[0] + field[1] <= piece_size(piece))
		mutate_field(m, piece_payload(piece) + field[0], field[1]);
}

/* What libFuzzer makes of a payload, by its dictionary too. */
static void change_bytes(struct mutation *m)
{
	struct piece *piece = mutate_pick(m, 0);
	size_t size = piece ? piece_size(piece) : 0, room = size + 64;
	uint8_t *bytes = malloc(room);

	REQUIRE(bytes);
	if (size) {
		memcpy(bytes, piece_payload(piece), size);
		piece_set(piece, bytes, LLVMFuzzerMutate(bytes, size, room));
	}
	free(bytes);
}

static void copy_frame(struct mutation *m)
{
	const struct piece *piece = mutate_pick(m, 0);

	if (piece)
		pieces_copy(m->pieces, any_index(m), piece);
}

static void drop_frame(struct mutation *m)
{
	if (m->pieces->count > 1)
		pieces_drop(m->pieces, rng_below(&m->rng, (uint32_t)m->pieces->count));
}

static void swap_frames(struct mutation *m)
{
	struct piece *a = mutate_pick(m, 0), *b = mutate_pick(m, 0), other;

	if (!a || a == b)
		return;
	other = *a;
	*a = *b;
	*b = other;
}

/* Within a frame or behind one: a write that never finished, or a cut. */
static void cut_tail(struct mutation *m)
{
	struct piece *last;

	if (!m->pieces->count)
		return;
	last = &m->pieces->list[m->pieces->count - 1];
	if (last->bytes.size > 1 && rng_chance(&m->rng, 50)) {
		last->bytes.size = 1 + rng_below(&m->rng, (uint32_t)last->bytes.size - 1);
		last->is_frame = false;
	} else if (m->pieces->count > 1) {
		pieces_drop(m->pieces, m->pieces->count - 1);
	}
}

static void break_frame(struct mutation *m)
{
	static const unsigned ways[] = {WRONG_SUM, WRONG_CHAIN, WRONG_SIZE};
	struct piece *piece = mutate_pick(m, 0);

	if (piece) {
		piece->wrong |= ways[rng_below(&m->rng, 3)];
		piece->bytes.data[rng_below(&m->rng, (uint32_t)piece->bytes.size)] ^=
			(uint8_t)(1u << rng_below(&m->rng, 8));
	}
}

/* One that was broken is right again. */
static void keep(struct mutation *m)
{
	(void)m;
}

static void (*const steps[])(struct mutation *m) = {change_header, change_head, change_head,
	change_payload, change_payload, change_payload, change_payload, change_bytes, change_bytes,
	copy_frame, drop_frame, swap_frames, cut_tail, break_frame, keep, make_change, make_change,
	make_sql, make_sql, make_event, make_rewind, make_succeeded, make_notes, make_keyframe,
	make_keyframe, make_carried, make_heads, make_zeros, make_record, make_record};

/* Puts PIECES together, mostly with everything right that follows from the rest. */
static size_t build(struct rng *rng, struct pieces *pieces, uint8_t *out, size_t max)
{
	struct reseal what = {.checks = !rng_chance(rng, 10), .histories = !rng_chance(rng, 10)};
	size_t size = pieces_build(pieces, &what, out, max);

	pieces_done(pieces);
	return size;
}

size_t mutate_log(uint8_t *data, size_t size, size_t max, unsigned seed)
{
	struct pieces *pieces = malloc(sizeof *pieces);
	struct mutation m = {.rng = rng_of(seed, 1), .pieces = pieces};
	uint32_t count = 1 + rng_below(&m.rng, STEPS_MAX);

	REQUIRE(pieces);
	pieces_parse(pieces, data, size);
	for (uint32_t i = 0; i < count; i++)
		steps[rng_below(&m.rng, sizeof steps / sizeof *steps)](&m);
	size = build(&m.rng, pieces, data, max);
	free(pieces);
	return size;
}

size_t cross_logs(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size, uint8_t *out,
	size_t max, unsigned seed)
{
	struct pieces *pieces = malloc(2 * sizeof *pieces), *other = pieces + 1;
	struct mutation m = {.rng = rng_of(seed, 2), .pieces = pieces};
	size_t first, count, size;

	REQUIRE(pieces);
	pieces_parse(pieces, a, a_size);
	pieces_parse(other, b, b_size);
	if (other->count) {
		first = rng_below(&m.rng, (uint32_t)other->count);
		count = 1 + rng_below(&m.rng, SPLICE_MAX);
		if (count > other->count - first)
			count = other->count - first;
		pieces_splice(pieces, rng_chance(&m.rng, 50) ? pieces->count : any_index(&m), other,
			first, count);
	}
	pieces_done(other);
	size = build(&m.rng, pieces, out, max);
	free(pieces);
	return size;
}

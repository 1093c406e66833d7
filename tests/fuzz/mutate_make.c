/* mutate_make.c - frames made anew in a log, such as a writer or a forger would make them. */
#include "changeframe.h"
#include "codec.h"
#include "fuzz.h"
#include "mutate.h"
#include <string.h>

#define HEADS_MAX 64

/* Most things come at the end, where a writer would put them. */
static size_t place(struct mutation *m)
{
	size_t count = m->pieces->count;

	return rng_chance(&m->rng, 70) ? count : rng_below(&m->rng, (uint32_t)count + 1);
}

static uint32_t version_before(struct mutation *m, size_t index)
{
	while (index-- > 0)
		if (m->pieces->list[index].is_frame)
			return bk_load_u32(m->pieces->list[index].bytes.data + HEAD_VERSION);
	return 0;
}

/* A payload of SQL: a stream's beginning, or a part of one that is under way. Blocks that are
 * stored as they are need nothing of what stands before them. */
static void put_sql(struct mutation *m, bool begins, struct bk_buf *payload)
{
	static const uint8_t stream[] = {0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x50};
	struct bk_buf raw;
	struct bk_error err;
	uint8_t head[CHANGE_HEAD_SIZE] = {0}, block[4];

	bk_buf_init(&raw, 65536);
	bk_put_u32(head + 4, mutate_sql(&m->rng, &raw));
	bk_put_u32(head, (uint32_t)raw.size);
	bk_put_u32(block, (uint32_t)raw.size << 3);
	REQUIRE(!bk_buf_append(payload, head, sizeof head, &err));
	if (begins)
		REQUIRE(!bk_buf_append(payload, stream, sizeof stream, &err));
	REQUIRE(!bk_buf_append(payload, block, 3, &err));
	REQUIRE(!bk_buf_append(payload, raw.data, raw.size, &err));
	bk_buf_done(&raw);
}

void make_change(struct mutation *m)
{
	size_t index = place(m);
	bool begins = rng_chance(&m->rng, 60);
	uint8_t flags = rng_chance(&m->rng, 15) ? (uint8_t)(rng_next(&m->rng) & 6) : 0;
	uint32_t version = version_before(m, index) + !(flags & CHANGE_LONE);
	struct bk_buf payload;
	struct piece *piece;

	bk_buf_init(&payload, 65536);
	put_sql(m, begins, &payload);
	piece = pieces_insert(m->pieces, index, FRAME_CHANGE, payload.data, payload.size);
	if (piece) {
		piece->bytes.data[HEAD_MUST] = (uint8_t)(flags | (begins ? CHANGE_STREAM : 0));
		bk_put_u32(piece->bytes.data + HEAD_VERSION, version);
	}
	bk_buf_done(&payload);
}

void make_sql(struct mutation *m)
{
	struct piece *piece = mutate_pick(m, FRAME_CHANGE);
	struct bk_buf payload;

	if (!piece)
		return;
	bk_buf_init(&payload, 65536);
	put_sql(m, piece->bytes.data[HEAD_MUST] & CHANGE_STREAM, &payload);
	piece_set(piece, payload.data, payload.size);
	bk_buf_done(&payload);
}

void make_event(struct mutation *m)
{
	static const char *const lines[] = {"", "why=doubt\n", "by=snapshot\n",
		"version=7\ncounter=4\ninode=1\nmtime=2\nsize=4096\n",
		"program=p\nrelease=0.1.0\nlog=00000000000000000000000000000000\nnode=02ab\n",
		"from=1\nto=9\n", "bytes=5\n", "version=4294967295\ncounter=-1\nwhy=\x1b[2J\n",
		"why"};
	const char *text = lines[rng_below(&m->rng, sizeof lines / sizeof *lines)];
	uint8_t payload[1024];
	size_t size = 4 + strlen(text);

	bk_put_u32(payload, rng_below(&m->rng, 11));
	memcpy(payload + 4, text, size - 4);
	if (size > 4 && rng_chance(&m->rng, 20))
		size = 4 + LLVMFuzzerMutate(payload + 4, size - 4, sizeof payload - 4);
	pieces_insert(m->pieces, place(m), FRAME_EVENT, payload, size);
}

void make_rewind(struct mutation *m)
{
	const struct piece *change = mutate_pick(m, FRAME_CHANGE);
	uint8_t payload[PAYLOAD_REWIND_SIZE] = {0};
	size_t index = place(m);
	struct piece *piece;
	uint32_t version;

	if (!change)
		return;
	version = bk_load_u32(change->bytes.data + HEAD_VERSION) - 1;
	bk_put_u64(payload + 8, change->address);
	piece = pieces_insert(m->pieces, index, FRAME_REWIND, payload, sizeof payload);
	if (piece && rng_chance(&m->rng, 80))
		bk_put_u32(piece->bytes.data + HEAD_VERSION, version);
}

void make_succeeded(struct mutation *m)
{
	uint8_t id[LOG_ID_SIZE];

	memset(id, (int)rng_next(&m->rng), sizeof id);
	pieces_insert(m->pieces, place(m), FRAME_SUCCEEDED, id, sizeof id);
}

void make_notes(struct mutation *m)
{
	static const char *const lines[] = {
		"node=02ab\n", "doubt=why\nnode=03\n", "x\n", "doubt=\x1b[2J\xff\n", "node=zz"};
	const char *text = lines[rng_below(&m->rng, sizeof lines / sizeof *lines)];
	struct piece *piece = mutate_pick(m, FRAME_KEYFRAME);
	uint8_t *bytes;
	size_t size, more = 4 + strlen(text);

	if (!piece || piece_size(piece) < KF_FIXED || piece->bytes.data[HEAD_MUST] & KEYFRAME_NOTES)
		return;
	size = piece_size(piece);
	bytes = malloc(size + more);
	REQUIRE(bytes);
	memcpy(bytes, piece_payload(piece), KF_FIXED);
	bk_put_u32(bytes + KF_FIXED, (uint32_t)strlen(text));
	memcpy(bytes + KF_FIXED + 4, text, more - 4);
	memcpy(bytes + KF_FIXED + more, piece_payload(piece) + KF_FIXED, size - KF_FIXED);
	piece_set(piece, bytes, size + more);
	piece->bytes.data[HEAD_MUST] |= KEYFRAME_NOTES;
	free(bytes);
}

void make_heads(struct mutation *m)
{
	uint32_t count = 1 + rng_below(&m->rng, HEADS_MAX);
	const struct piece *piece = mutate_pick(m, 0);
	uint8_t heads[HEADS_MAX * FRAME_HEAD_SIZE];

	if (!piece)
		return;
	for (uint32_t i = 0; i < count; i++) {
		uint8_t *head = heads + i * FRAME_HEAD_SIZE;

		memcpy(head, piece->bytes.data, FRAME_HEAD_SIZE);
		head[HEAD_KIND] = (uint8_t)(1 + rng_below(&m->rng, 7));
		bk_put_u32(head + HEAD_SIZE, (uint32_t)(rng_next(&m->rng) >> (32 + i % 32)));
		mutate_field(m, head + HEAD_UNSYNCED, 4);
	}
	pieces_insert(m->pieces, place(m), 0, heads, count * FRAME_HEAD_SIZE);
}

void make_zeros(struct mutation *m)
{
	static const uint8_t zeros[8192];

	pieces_insert(m->pieces, place(m), 0, zeros, 1 + rng_below(&m->rng, sizeof zeros));
}

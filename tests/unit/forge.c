/* forge.c - a log taken apart and made wrong on purpose. */
#include "forge.h"
#include <xxhash.h>

#define HEADER_SIZE 128

uint64_t forge_get(const uint8_t *at, size_t bytes)
{
	uint64_t value = 0;

	while (bytes-- > 0)
		value = value << 8 | at[bytes];
	return value;
}

void forge_put(uint8_t *at, size_t bytes, uint64_t value)
{
	for (size_t i = 0; i < bytes; i++, value >>= 8)
		at[i] = (uint8_t)value;
}

static void find_frames(struct forge *forge)
{
	size_t at = HEADER_SIZE;

	forge->count = 0;
	while (forge->size - at >= AT_PAYLOAD && forge->count < FORGE_FRAMES_MAX) {
		size_t size = AT_PAYLOAD + (size_t)forge_get(forge->bytes + at + AT_SIZE, 4);

		if (memcmp(forge->bytes + at + AT_MAGIC,
			    "\xb7"
			    "BKF",
			    4) != 0 ||
			size > forge->size - at)
			break;
		forge->frames[forge->count++] = at;
		at += size;
	}
}

void forge_load(struct forge *forge, const char *path)
{
	forge->bytes = file_bytes(path, &forge->size);
	cr_assert(forge->size >= HEADER_SIZE);
	find_frames(forge);
}

void forge_save(const struct forge *forge, const char *path)
{
	put_file(path, forge->bytes, forge->size);
}

void forge_done(struct forge *forge)
{
	free(forge->bytes);
	forge->bytes = NULL;
}

size_t forge_find(const struct forge *forge, enum forge_kind kind, int nth)
{
	int step = nth < 0 ? -1 : 1;
	int left = nth < 0 ? -nth : nth + 1;

	for (size_t i = 0; i < forge->count; i++) {
		size_t at = step < 0 ? forge->count - 1 - i : i;

		if (forge->bytes[forge->frames[at] + AT_KIND] == kind && --left == 0)
			return at;
	}
	cr_assert(false, "the log has no frame %d of kind %d", nth, (int)kind);
	return 0;
}

uint8_t *forge_lists(uint8_t *frame)
{
	uint8_t *behind = frame + AT_PAYLOAD + 88;

	return frame[AT_MUST] & 2 ? behind + 4 + forge_get(behind, 4) : behind;
}

uint8_t *forge_frame(struct forge *forge, size_t index)
{
	cr_assert(index < forge->count);
	return forge->bytes + forge->frames[index];
}

size_t forge_frame_size(const struct forge *forge, size_t index)
{
	return AT_PAYLOAD + (size_t)forge_get(forge->bytes + forge->frames[index] + AT_SIZE, 4);
}

static void seal(struct forge *forge, size_t but_chain)
{
	uint64_t seed = XXH3_64bits(forge->bytes + 32, 16);
	uint64_t sum = XXH3_64bits(forge->bytes + 8, HEADER_SIZE - 8);

	forge_put(forge->bytes, 8, sum);
	for (size_t i = 0; i < forge->count; i++) {
		uint8_t *frame = forge_frame(forge, i);

		if (i != but_chain)
			forge_put(frame + AT_CHAIN, 4, sum);
		sum = XXH3_64bits_withSeed(
			frame + 8, forge_frame_size(forge, i) - 8, seed + forge->frames[i]);
		forge_put(frame, 8, sum);
	}
}

void forge_seal(struct forge *forge)
{
	seal(forge, SIZE_MAX);
}

void forge_seal_but_chain(struct forge *forge, size_t index)
{
	seal(forge, index);
}

size_t forge_append(struct forge *forge, uint8_t kind, uint8_t must, uint32_t version,
	const void *payload, size_t size)
{
	uint8_t *frame, *grown = malloc(forge->size + AT_PAYLOAD + size);
	uint64_t keyframe = 0;

	cr_assert(grown && forge->count < FORGE_FRAMES_MAX);
	for (size_t i = 0; i < forge->count; i++)
		if (forge->bytes[forge->frames[i] + AT_KIND] == KEYFRAME)
			keyframe = forge->frames[i];
	memcpy(grown, forge->bytes, forge->size);
	frame = grown + forge->size;
	memset(frame, 0, AT_PAYLOAD);
	memcpy(frame + AT_MAGIC,
		"\xb7"
		"BKF",
		4);
	frame[AT_KIND] = kind;
	frame[AT_MUST] = must;
	forge_put(frame + AT_SIZE, 4, size);
	forge_put(frame + AT_VERSION, 4, version);
	forge_put(frame + AT_TIME, 8, (uint64_t)TEST_NOW_US);
	forge_put(frame + AT_KEYFRAME, 8, keyframe);
	if (size)
		memcpy(frame + AT_PAYLOAD, payload, size); /* perhaps of the old bytes */
	free(forge->bytes);
	forge->bytes = grown;
	forge->frames[forge->count] = forge->size;
	forge->size += AT_PAYLOAD + size;
	return forge->count++;
}

void forge_cut(struct forge *forge, size_t size)
{
	forge->size = size;
	find_frames(forge);
}

/* relist.c - logs whose lists say what another SQLite would have said. */
#include "relist.h"
#include "mountkit.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

/* docs/format.md, 2, 3 and 6. */
enum { ID_AT = 32, ID_BYTES = 16, HEADER_BYTES = 128 };
enum { KIND_AT = 12, SIZE_AT = 16, CHAIN_AT = 44, HEAD_BYTES = 48, KEYFRAME = 4 };

/* Of a keyframe's payload, with one link and one map, and the size of its notes before them; the
 * numbers that each change takes, of which the last is the count of pages. */
enum { NOTES_AT = 84, FIXED_BYTES = 88, LINK_BYTES = 20, MAP_BYTES = 16, NUMBERS = 8 };

static size_t frame_size(const uint8_t *frame)
{
	uint32_t payload;

	memcpy(&payload, frame + SIZE_AT, sizeof payload);
	return HEAD_BYTES + payload;
}

/* Makes all chains and sums right again. */
static void seal(uint8_t *bytes, size_t size)
{
	uint64_t seed = XXH3_64bits(bytes + ID_AT, ID_BYTES), sum;

	memcpy(&sum, bytes, sizeof sum);
	for (size_t at = HEADER_BYTES; at < size; at += frame_size(bytes + at)) {
		memcpy(bytes + at + CHAIN_AT, &sum, 4);
		sum = XXH3_64bits_withSeed(bytes + at + 8, frame_size(bytes + at) - 8, seed + at);
		memcpy(bytes + at, &sum, sizeof sum);
	}
}

/* Where the payload of the keyframe that begins at FRAME lists its changes. */
static uint8_t *list_of(uint8_t *frame)
{
	uint8_t *payload = frame + HEAD_BYTES;
	uint32_t notes;

	memcpy(&notes, payload + NOTES_AT, sizeof notes);
	return payload + FIXED_BYTES + notes + LINK_BYTES + MAP_BYTES;
}

static uint8_t *find_keyframe(uint8_t *bytes, size_t size, unsigned nth)
{
	for (size_t at = HEADER_BYTES; at < size; at += frame_size(bytes + at))
		if (bytes[at + KIND_AT] == KEYFRAME && !nth--)
			return bytes + at;
	cr_assert(false, "there is no such keyframe");
	return NULL;
}

void relist_pages(const char *path, unsigned index, int more)
{
	size_t size;
	uint8_t *bytes = read_whole(path, (size_t)1 << 20, &size);
	uint8_t *at = list_of(find_keyframe(bytes, size, 1));
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	for (unsigned number = 0; number < index * NUMBERS + NUMBERS - 1; at++)
		number += !(*at & 0x80);
	cr_assert(*at + more > 0 && *at + more < 0x80);
	*at = (uint8_t)(*at + more);
	seal(bytes, size);
	cr_assert(fd >= 0 && write(fd, bytes, size) == (ssize_t)size && close(fd) == 0);
	free(bytes);
}

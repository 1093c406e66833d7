/* sight.c - what was read of one file: its parts. */
#include "sight.h"
#include <stdlib.h>
#include <string.h>

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

void bk_sight_begin(struct sight *sight, const char *path)
{
	sight->path = path;
	sight->is_full = false;
	sight->count = 0;
}

void bk_sight_end(struct sight *sight)
{
	size_t kept = 0;

	qsort(sight->parts, sight->count, sizeof *sight->parts, by_number);
	for (size_t i = 0; i < sight->count; i++)
		if (!kept || sight->parts[kept - 1] != sight->parts[i])
			sight->parts[kept++] = sight->parts[i];
	sight->count = kept;
}

void bk_sight_note(void *ctx, const char *path, uint64_t offset, size_t size)
{
	struct sight *sight = ctx;

	if (!size || sight->is_full || strcmp(path, sight->path) != 0)
		return;
	for (uint64_t part = offset / SIGHT_PART; part <= (offset + size - 1) / SIGHT_PART;
		part++) {
		if (sight->count == SIGHT_PARTS_MAX) {
			bk_sight_end(sight); /* much is read more than once */
			sight->is_full = sight->count > SIGHT_PARTS_MAX / 2;
		}
		if (sight->is_full)
			return;
		sight->parts[sight->count++] = part;
	}
}

size_t bk_sight_run(const struct sight *sight, size_t index, size_t max)
{
	size_t count = 1;

	while (count < max && index + count < sight->count &&
		sight->parts[index + count] == sight->parts[index] + count)
		count++;
	return count;
}

/* nearby.c - blocks of a log that stands on another computer. */
#include "nearby.h"
#include <stdlib.h>
#include <string.h>

/* The slot of the block, or that which is to be its; *IS_THERE tells. */
static struct nearby_block *slot_of(struct nearby *nearby, uint64_t number, bool *is_there)
{
	struct nearby_block *ways =
		&nearby->blocks[number % (NEARBY_BLOCKS / NEARBY_WAYS) * NEARBY_WAYS];
	struct nearby_block *oldest = ways;

	for (struct nearby_block *way = ways; way < ways + NEARBY_WAYS; way++) {
		*is_there = way->used && way->number == number;
		if (*is_there)
			return way;
		if (way->used < oldest->used)
			oldest = way;
	}
	return oldest;
}

/* How many bytes of the block are there from FROM on. */
static size_t there(const struct nearby_block *block, size_t from)
{
	size_t end = from;

	while (end < NEARBY_BLOCK && block->parts >> end / NEARBY_PART & 1)
		end = (end / NEARBY_PART + 1) * NEARBY_PART;
	if (end < block->cut && end / NEARBY_PART == block->cut / NEARBY_PART)
		end = block->cut;
	return end - from;
}

/* The slot of the block, emptied if another's was in it; NULL without memory. */
static struct nearby_block *take_slot(struct nearby *nearby, uint64_t number)
{
	bool is_there;
	struct nearby_block *block = slot_of(nearby, number, &is_there);

	if (!block->bytes)
		block->bytes = malloc(NEARBY_BLOCK);
	if (!block->bytes)
		return NULL;
	if (!is_there)
		*block = (struct nearby_block){.number = number, .bytes = block->bytes};
	block->used = ++nearby->count;
	return block;
}

/* Keeps SIZE bytes at FROM, where a part begins, within one block. */
static void keep_within(struct nearby_block *block, size_t from, const uint8_t *bytes, size_t size)
{
	memcpy(block->bytes + from, bytes, size);
	for (; size >= NEARBY_PART; from += NEARBY_PART, size -= NEARBY_PART)
		block->parts |= (uint64_t)1 << from / NEARBY_PART;
	if (size)
		block->cut = (uint32_t)(from + size);
}

size_t bk_nearby_has(struct nearby *nearby, uint64_t offset)
{
	bool is_there;
	struct nearby_block *block = slot_of(nearby, offset / NEARBY_BLOCK, &is_there);

	return is_there ? there(block, (size_t)(offset % NEARBY_BLOCK)) : 0;
}

size_t bk_nearby_give(struct nearby *nearby, uint64_t offset, void *data, size_t size)
{
	size_t from = (size_t)(offset % NEARBY_BLOCK), n;
	bool is_there;
	struct nearby_block *block = slot_of(nearby, offset / NEARBY_BLOCK, &is_there);

	n = is_there ? there(block, from) : 0;
	if (!n)
		return 0;
	block->used = ++nearby->count;
	n = n < size ? n : size;
	memcpy(data, block->bytes + from, n);
	return n;
}

void bk_nearby_keep(struct nearby *nearby, uint64_t offset, const uint8_t *bytes, size_t size)
{
	while (size) {
		size_t from = (size_t)(offset % NEARBY_BLOCK);
		size_t part = NEARBY_BLOCK - from < size ? NEARBY_BLOCK - from : size;
		struct nearby_block *block = take_slot(nearby, offset / NEARBY_BLOCK);

		if (!block)
			return;
		keep_within(block, from, bytes, part);
		offset += part;
		bytes += part;
		size -= part;
	}
}

void bk_nearby_done(struct nearby *nearby)
{
	for (size_t i = 0; i < NEARBY_BLOCKS; i++)
		free(nearby->blocks[i].bytes);
}

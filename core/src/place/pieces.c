/* pieces.c - a log as a run of objects: their names, and what a listing of them says. */
#include "pieces.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MERGED "merged-"
#define DIGITS 20
#define WRITER 10 /* digits of who put it */

void bk_pieces_name(char out[PIECES_NAME], const char *folder, uint64_t at, bool is_merged)
{
	snprintf(out, PIECES_NAME, "%.48s/%s%0*" PRIu64, folder, is_merged ? MERGED : "", DIGITS,
		at);
}

void bk_pieces_object(char out[PIECES_NAME], const char *folder, const struct piece *piece)
{
	bk_pieces_name(out, folder, piece->is_merged ? bk_pieces_stretch(piece->at) : piece->at,
		piece->is_merged);
	if (piece->writer)
		sprintf(out + strlen(out), "-%0*" PRIu32, WRITER, piece->writer);
}

/* Reads what stands behind the offset in a piece's name; false if that is nobody's number. */
static bool parse_writer(uint32_t *out, const char *text)
{
	unsigned long long number;

	*out = 0;
	if (!*text)
		return true;
	if (*text != '-' || strlen(text) != 1 + WRITER || strspn(text + 1, "0123456789") != WRITER)
		return false;
	number = strtoull(text + 1, NULL, 10);
	*out = (uint32_t)number;
	return number && number < UINT32_MAX;
}

bool bk_pieces_parse(struct piece *out, const char *name, uint64_t size)
{
	bool is_merged = strncmp(name, MERGED, strlen(MERGED)) == 0;
	const char *digits = name + (is_merged ? strlen(MERGED) : 0);
	uint32_t writer;

	if (strspn(digits, "0123456789") != DIGITS || !parse_writer(&writer, digits + DIGITS) ||
		(is_merged && writer))
		return false;
	*out = (struct piece){.at = strtoull(digits, NULL, 10),
		.size = size,
		.is_merged = is_merged,
		.writer = writer};
	if (out->at > PIECES_OFFSET || size > (is_merged ? 2 * PIECE_MAX - 1 : PIECE_MAX))
		return false;
	return !is_merged || (size && out->at == bk_pieces_stretch(out->at));
}

enum bk_code bk_pieces_add(struct pieces *pieces, const struct piece *piece, struct bk_error *err)
{
	if (pieces->count == pieces->capacity) {
		size_t more = pieces->capacity ? 2 * pieces->capacity : 64;
		struct piece *list = realloc(pieces->list, more * sizeof *list);

		if (!list)
			return bk_fail(err, BK_E_NOMEM, 0, "no memory for a listing");
		pieces->list = list;
		pieces->capacity = more;
	}
	pieces->list[pieces->count++] = *piece;
	return BK_OK;
}

void bk_pieces_done(struct pieces *pieces)
{
	free(pieces->list);
	*pieces = (struct pieces){0};
}

static int by_name(const void *a, const void *b)
{
	const struct piece *x = a, *y = b;

	if (x->is_merged != y->is_merged)
		return x->is_merged ? 1 : -1;
	if (x->at != y->at)
		return x->at > y->at ? 1 : -1;
	return (x->writer > y->writer) - (x->writer < y->writer);
}

/* What counts of that name: the newest writer's. */
static const struct piece *named(const struct pieces *listed, uint64_t at, bool is_merged)
{
	const struct piece key = {.at = at, .is_merged = is_merged, .writer = UINT32_MAX}, *found;
	size_t from = 0, to = listed->count;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (by_name(&listed->list[middle], &key) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	found = from ? &listed->list[from - 1] : NULL;
	return found && found->at == at && found->is_merged == is_merged ? found : NULL;
}

uint64_t bk_pieces_start(const struct pieces *way, uint64_t end, bool *is_first)
{
	uint64_t stretch = bk_pieces_stretch(end), start = end;

	for (size_t i = way->count; i && bk_pieces_stretch(way->list[i - 1].at) == stretch; i--)
		start = way->list[i - 1].at;
	*is_first = start == end;
	return start;
}

enum bk_code bk_pieces_walk(struct pieces *way, struct pieces *listed, uint64_t from, uint64_t *end,
	bool *is_closed, struct bk_error *err)
{
	uint64_t at = from, before = UINT64_MAX;
	enum bk_code code = BK_OK;

	way->count = 0;
	*is_closed = false;
	if (listed->count)
		qsort(listed->list, listed->count, sizeof *listed->list, by_name);
	while (!code) {
		uint64_t stretch = bk_pieces_stretch(at);
		const struct piece *next = stretch != before ? named(listed, stretch, true) : NULL;
		struct piece found;

		before = stretch;
		if (!next)
			next = named(listed, at, false);
		*is_closed = next && !next->size;
		if (!next || !next->size)
			break;
		found = *next;
		found.at = at;
		code = bk_pieces_add(way, &found, err);
		at += next->size;
	}
	*end = at;
	return code;
}

const struct piece *bk_pieces_find(const struct pieces *way, uint64_t offset)
{
	size_t from = 0, to = way->count;

	while (from < to) {
		size_t middle = from + (to - from) / 2;
		const struct piece *piece = &way->list[middle];

		if (offset < piece->at)
			to = middle;
		else if (offset - piece->at >= piece->size)
			from = middle + 1;
		else
			return piece;
	}
	return NULL;
}

bool bk_pieces_merge(struct pieces *way, uint64_t at, uint64_t size)
{
	struct piece *end = way->list + way->count, *first = way->list, *behind;

	while (first < end && bk_pieces_stretch(first->at) < bk_pieces_stretch(at))
		first++;
	for (behind = first; behind < end && behind->at - first->at < size; behind++)
		;
	if (first == end || behind[-1].at + behind[-1].size != first->at + size)
		return false;
	*first = (struct piece){.at = first->at, .size = size, .is_merged = true};
	memmove(first + 1, behind, (size_t)(end - behind) * sizeof *first);
	way->count -= (size_t)(behind - first) - 1;
	return true;
}

void bk_pieces_cut(struct pieces *way, uint64_t at)
{
	while (way->count && way->list[way->count - 1].at >= at)
		way->count--;
}

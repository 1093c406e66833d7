/* parts.c - which parts of a log are to be got from afar. */
#include "parts.h"

/* Turns of what is only foreseen begin here. */
#define FORESEEN ((uint64_t)1 << 62)

struct part *bk_parts_find(struct parts *parts, uint64_t offset)
{
	for (size_t i = 0; parts->count && i < PARTS_MAX; i++) {
		struct part *part = &parts->all[i];

		if (part->state != PART_NONE && offset >= part->offset &&
			offset - part->offset < part->size)
			return part;
	}
	return NULL;
}

uint64_t bk_parts_next(const struct parts *parts, uint64_t offset, uint64_t upto)
{
	for (size_t i = 0; parts->count && i < PARTS_MAX; i++) {
		const struct part *part = &parts->all[i];

		if (part->state != PART_NONE && part->offset > offset && part->offset < upto)
			upto = part->offset;
	}
	return upto;
}

static struct part *add(struct parts *parts, uint64_t offset, size_t size, uint64_t turn)
{
	for (size_t i = 0; parts->count < PARTS_MAX && i < PARTS_MAX; i++) {
		struct part *part = &parts->all[i];

		if (part->state != PART_NONE)
			continue;
		*part = (struct part){.offset = offset,
			.size = size,
			.at = offset,
			.turn = turn,
			.state = PART_WANTED};
		parts->count++;
		parts->wanted++;
		return part;
	}
	return NULL;
}

bool bk_parts_foresee(struct parts *parts, uint64_t offset, size_t size)
{
	return add(parts, offset, size, FORESEEN + ++parts->turns);
}

/* What is wanted last; NULL if nothing is. */
static struct part *last_wanted(struct parts *parts)
{
	struct part *last = NULL;

	for (size_t i = 0; i < PARTS_MAX; i++)
		if (parts->all[i].state == PART_WANTED &&
			(!last || parts->all[i].turn > last->turn))
			last = &parts->all[i];
	return last;
}

struct part *bk_parts_need(struct parts *parts, uint64_t offset, size_t size)
{
	struct part *last = parts->count == PARTS_MAX ? last_wanted(parts) : NULL;

	if (last)
		bk_parts_drop(parts, last);
	return add(parts, offset, size, ++parts->turns);
}

void bk_parts_hurry(struct parts *parts, struct part *part, uint64_t at)
{
	part->at = at;
	if (part->turn >= FORESEEN)
		part->turn = ++parts->turns;
}

struct part *bk_parts_take(struct parts *parts, size_t room)
{
	struct part *first = NULL;

	for (size_t i = 0; parts->count && i < PARTS_MAX; i++)
		if (parts->all[i].state == PART_WANTED &&
			(!first || parts->all[i].turn < first->turn))
			first = &parts->all[i];
	if (!first || first->size > room ||
		(first->turn >= FORESEEN && parts->coming &&
			parts->coming + first->size > PARTS_COMING_MAX))
		return NULL;
	first->state = PART_COMING;
	parts->wanted--;
	parts->coming += first->size;
	return first;
}

void bk_parts_drop(struct parts *parts, struct part *part)
{
	if (part->state == PART_WANTED)
		parts->wanted--;
	else
		parts->coming -= part->size;
	part->state = PART_NONE;
	parts->count--;
}

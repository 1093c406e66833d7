/* readers.c - who reads a log on and on. */
#include "readers.h"

/* The one who reads block NUMBER now, or read the one before it last; else the one who moved
 * longest ago. */
static struct reader *find(struct readers *readers, uint64_t number)
{
	struct reader *oldest = readers->all;

	for (struct reader *at = readers->all; at < readers->all + READERS; at++) {
		if (at->used && number - at->block <= 1)
			return at;
		if (at->used < oldest->used)
			oldest = at;
	}
	return oldest;
}

/* More and more is foreseen for him. */
static void lengthen(struct reader *reader, unsigned most)
{
	reader->length = reader->length ? 2 * reader->length : 2;
	if (reader->length > most)
		reader->length = most;
}

bool bk_readers_move(struct readers *readers, uint64_t number, bool missed, unsigned most,
	unsigned few, uint64_t *from, uint64_t *upto)
{
	struct reader *reader = find(readers, number);
	bool is_new = !reader->used || number - reader->block > 1;

	if (!missed && (is_new || number >= reader->upto))
		return false;
	if (is_new)
		*reader = (struct reader){.block = number, .upto = number + 1};
	reader->used = ++readers->moves;
	if (number == reader->block)
		return false;
	reader->block = number;
	if (++reader->read < few)
		return false;
	lengthen(reader, most);
	if (reader->upto > number + reader->length - reader->length / 8)
		return false;
	*from = reader->upto > number ? reader->upto : number + 1;
	*upto = reader->upto = number + 1 + reader->length;
	return true;
}

/* parts.h - which parts of a log are to be got from afar, in which order, and which are under way.
 * What somebody waits for comes first, in the order in which it was asked for; then what is only
 * foreseen, in its own.
 *
 * Threads: whoever calls holds a mutex of its own. */
#ifndef BK_PARTS_H
#define BK_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PARTS_MAX 512

/* So many bytes of what is only foreseen are under way, and no more: what is asked for at once
 * comes at once, and then the line would stand still. */
#define PARTS_COMING_MAX ((size_t)8 << 20)

enum part_state { PART_NONE, PART_WANTED, PART_COMING };

struct part {
	uint64_t offset;
	size_t size;
	uint64_t at;   /* of the byte that is waited for, else OFFSET */
	uint64_t turn; /* the lowest comes first */
	enum part_state state;
};

/* One of zeros is empty. */
struct parts {
	struct part all[PARTS_MAX];
	uint64_t turns; /* that were given out */
	size_t count;   /* parts that are wanted or coming */
	size_t wanted;  /* of them */
	size_t coming;  /* bytes */
};

/* The part that has the byte at OFFSET, wanted or coming; NULL if none does. */
struct part *bk_parts_find(struct parts *parts, uint64_t offset);

/* The first offset behind OFFSET where a part begins that is wanted or coming; UPTO if none does
 * before that. */
uint64_t bk_parts_next(const struct parts *parts, uint64_t offset, uint64_t upto);

/* Adds a part that is only foreseen. False where there is no room. */
bool bk_parts_foresee(struct parts *parts, uint64_t offset, size_t size);

/* Adds a part that is waited for; in the place of one that is only wanted, where there is no room.
 * NULL where all are coming. */
struct part *bk_parts_need(struct parts *parts, uint64_t offset, size_t size);

/* The byte at AT of PART is waited for from now on. */
void bk_parts_hurry(struct parts *parts, struct part *part, uint64_t at);

/* The part that is to be got next, which is coming from now on; NULL if none is, or it has more
 * than ROOM bytes. */
struct part *bk_parts_take(struct parts *parts, size_t room);

/* PART has come, or not. */
void bk_parts_drop(struct parts *parts, struct part *part);

#endif

/* pieces.h - a log as a run of objects in a folder of a store: their names, and what a listing of
 * them says (docs/objects.md, 2). Pure. */
#ifndef BK_PIECES_H
#define BK_PIECES_H

#include <bk/buf.h>

#define PIECE_MAX     ((uint64_t)1 << 22) /* bytes of a piece, and of a stretch's steps */
#define PIECES_NAME   96                  /* a folder, a slash, a name, and the end */
#define PIECES_OFFSET (UINT64_MAX >> 2)   /* no log is so long */

/* One object, by what its name says. */
struct piece {
	uint64_t at; /* its offset; of a merged one, that of its stretch */
	uint64_t size;
	bool is_merged;
	uint32_t writer; /* whose it is, by its name; 0: nobody's */
};

struct pieces {
	struct piece *list; /* owned */
	size_t count, capacity;
};

/* Where the stretch of AT begins. */
static inline uint64_t bk_pieces_stretch(uint64_t at)
{
	return at & ~(PIECE_MAX - 1);
}

/* Writes the name of the piece at AT of FOLDER, or of a merged one, to OUT. */
void bk_pieces_name(char out[PIECES_NAME], const char *folder, uint64_t at, bool is_merged);

/* The same of PIECE, as it stands in a way: a merged one is named by its stretch. */
void bk_pieces_object(char out[PIECES_NAME], const char *folder, const struct piece *piece);

/* What an object of this NAME and SIZE is; false if it is no piece. */
bool bk_pieces_parse(struct piece *out, const char *name, uint64_t size);

/* Fails with BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_pieces_add(
	struct pieces *pieces, const struct piece *piece, struct bk_error *err);
void bk_pieces_done(struct pieces *pieces);

/* What LISTED says, which is sorted by it (of several pieces at one offset the newest writer's
 * counts): sets WAY to the objects that lead from FROM on, each at
 * the offset of its first byte; returns how far they lead. *IS_CLOSED: an empty piece is there. */
BK_MUST_CHECK enum bk_code bk_pieces_walk(struct pieces *way, struct pieces *listed, uint64_t from,
	uint64_t *end, bool *is_closed, struct bk_error *err);

/* The object of WAY that holds the byte at OFFSET; NULL if none does. */
const struct piece *bk_pieces_find(const struct pieces *way, uint64_t offset);

/* Where in WAY the stretch of its last object begins; where the next one would, if that is in
 * another: *IS_FIRST. END: where WAY ends. */
uint64_t bk_pieces_start(const struct pieces *way, uint64_t end, bool *is_first);

/* Puts a merged object of SIZE bytes in the place of what WAY has of the stretch of AT. False if
 * that does not fit. */
bool bk_pieces_merge(struct pieces *way, uint64_t at, uint64_t size);

/* Drops what WAY has from AT on, where an object begins. */
void bk_pieces_cut(struct pieces *way, uint64_t at);

#endif

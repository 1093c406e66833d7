/* turns.h - which log a place in a store holds, and which one may take its place: told by small
 * objects that are put once (docs/objects.md, 2 and 4). */
#ifndef BK_TURNS_H
#define BK_TURNS_H

#include "folder.h"

struct turns {
	struct objects *objects; /* borrowed */
	uint32_t now;            /* the turn that it is; 0: the place is empty */
	uint32_t offers;         /* of the next one: how many were made */
	char now_name[FOLDER_NAME], next_name[FOLDER_NAME]; /* folders; "": none */
	uint32_t oldest;                                    /* that is kept; 0: none */
	uint32_t oldest_offers; /* of logs that could have followed it */
	int64_t oldest_over_s;  /* when the one after it began, by the store's clock; 0: unknown */
};

/* Finds them. Fails with BK_E_DAMAGE, BK_E_IO, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_turns_load(
	struct turns *turns, struct objects *objects, struct bk_error *err);

/* The same for who only reads: several requests at once by FETCH, and none for what was offered.
 * MEANWHILE is called, with CTX and the only folder that there is ("": none, or several), while
 * answers are under way. */
typedef void turns_meanwhile(void *ctx, const char *folder);
BK_MUST_CHECK enum bk_code bk_turns_look(struct turns *turns, struct objects *objects,
	struct fetch *fetch, turns_meanwhile *meanwhile, void *ctx, struct bk_error *err);

/* The log in the folder NAME takes the next turn. Fails with BK_E_BUSY where another did. */
BK_MUST_CHECK enum bk_code bk_turns_take(
	struct turns *turns, const char *name, struct bk_error *err);

/* The log in the folder NAME may take the next turn, and none that was offered before. */
BK_MUST_CHECK enum bk_code bk_turns_offer(
	struct turns *turns, const char *name, struct bk_error *err);

/* Writes the name of the turn NUMBER's object to OUT; of an offer for it. */
void bk_turns_name(char out[PIECES_NAME], uint32_t number);
void bk_turns_offer_name(char out[PIECES_NAME], uint32_t number, uint32_t offer);

/* Reads the folder's name out of the object NAME. Fails with BK_E_DAMAGE where it holds none. */
BK_MUST_CHECK enum bk_code bk_turns_read(struct objects *objects, const char *name,
	char out[FOLDER_NAME], bool *is_there, struct bk_error *err);

#endif

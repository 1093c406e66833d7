/* writers.h - who may write to a folder, and which log takes a turn, in a store where of two puts
 * at one moment both may succeed (docs/objects.md, 4, "Where both of two may succeed").
 *
 * A number is taken by making a folder that is named by it, which one alone can do. Whoever has the
 * highest may write. He looks where the log stands after he took it; and who wrote looks whether
 * anybody took one since, before he says so. */
#ifndef BK_WRITERS_H
#define BK_WRITERS_H

#include "objects.h"

#define WRITERS_NAME 96

/* The number that the folder NAME within a log's is taken for; 0: none. */
uint32_t bk_writers_number(const char *name);

/* Takes a number above KNOWN in FOLDER: *OUT. Fails with BK_E_IO, BK_E_BUSY, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_writers_take(struct objects *objects, const char *folder,
	uint32_t known, uint32_t *out, struct bk_error *err);

/* Fails with BK_E_BUSY where somebody has taken one above MINE. */
BK_MUST_CHECK enum bk_code bk_writers_check(
	struct objects *objects, const char *folder, uint32_t mine, struct bk_error *err);

/* The same for votes of the turn TURN, from 1. */
BK_MUST_CHECK enum bk_code bk_votes_take(
	struct objects *objects, uint32_t turn, uint32_t *out, struct bk_error *err);
BK_MUST_CHECK enum bk_code bk_votes_check(
	struct objects *objects, uint32_t turn, uint32_t mine, struct bk_error *err);

/* Writes the name of a vote's folder to OUT. */
void bk_votes_name(char out[WRITERS_NAME], uint32_t turn, uint32_t vote);

#endif

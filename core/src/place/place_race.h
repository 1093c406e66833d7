/* place_race.h - what a store does with two requests at one moment (docs/objects.md, 8). */
#ifndef BK_PLACE_RACE_H
#define BK_PLACE_RACE_H

#include <bk/error.h>
#include <bk/io.h>
#include <stdbool.h>

struct place_race {
	unsigned rounds;
	unsigned both_put;     /* in so many both of two were told that they made an object */
	bool has_folders;      /* the store has folders, and */
	unsigned both_claimed; /* in so many both made one */
};

/* Asks the store at URL, with names that begin with NAME and are removed again. Fails as
 * bk_place_check does. */
BK_MUST_CHECK enum bk_code bk_place_race(struct place_race *out, const struct bk_io *io,
	const char *url, const char *name, struct bk_error *err);

#endif

/* background.h - starting in the background, yet telling of failures first.
 *
 * The first process waits until the second one says that the mount stands, or ends. Until then both
 * are one job of the terminal.
 *
 * Calling sequence: background_begin, background_ready. */
#ifndef BACKGROUND_H
#define BACKGROUND_H

#include <bk/error.h>

struct background {
	int ready; /* the first process waits for a byte here; -1: there is none */
};

/* Returns in the second process. The first one exits: with 0 when the second is ready, else with
 * its exit status, or 1 if that is 0. Fails with BK_E_IO. */
BK_MUST_CHECK enum bk_code background_begin(struct background *background, struct bk_error *err);

/* Lets the first process end, and the terminal go. */
void background_ready(struct background *background);

#endif

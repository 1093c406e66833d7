/* farline.h - the line to the place of a log that is read from afar: who uses it, and how it is made
 * anew where it breaks. Each call takes it, and leaves it. */
#ifndef BK_FARLINE_H
#define BK_FARLINE_H

#include "afar.h"

/* Asks for the log's head, which must be the log that it was; a line that broke is made anew,
 * ONCE_MORE if it broke just now. */
BK_MUST_CHECK enum bk_code bk_farline_ask(struct afar *afar, bool once_more, struct bk_error *err);

/* Reads COUNT parts, or as much of each as there is. */
BK_MUST_CHECK enum bk_code bk_farline_read(
	struct afar *afar, struct place_part *parts, size_t count, struct bk_error *err);

/* Asks for all of what was foreseen, if that is still to be done. If it fails, it comes as it is
 * read. */
void bk_farline_ask_foreseen(struct afar *afar);

#endif

/* colour.h - colour on a terminal: never where output goes elsewhere, where NO_COLOR is set, or
 * where TERM is dumb. Nothing is told by colour alone. */
#ifndef COLOUR_H
#define COLOUR_H

/* Begins to colour where that is wanted; before standard output goes through a pager. */
void colour_begin(void);

enum colour { COLOUR_ADDED, COLOUR_CHANGED, COLOUR_REMOVED, COLOUR_VERSION };

/* What sends the terminal into COLOUR, and back; "" where there is none. */
const char *colour_of(enum colour colour);
const char *colour_end(void);

#endif

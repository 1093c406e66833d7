/* own.h - what SQLite says of a database that is the node's own, gathered and printed. */
#ifndef OWN_H
#define OWN_H

#include <bk/note.h>
#include <stddef.h>
#include <stdint.h>

struct own_line {
	enum bk_note_kind kind;
	char *text;
};

/* Zeros are an empty one. */
struct own {
	struct own_line *lines;
	size_t count;
};

/* The word for KIND in --json. */
const char *own_kind(enum bk_note_kind kind);

/* Takes TEXT in; where there is no memory for it, it is left out. */
void own_add(struct own *own, enum bk_note_kind kind, const char *text);

/* Prints what was taken in, by its kinds, each with what it means. */
void own_print(const struct own *own);
void own_done(struct own *own);

#endif

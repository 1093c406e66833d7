/* sqlend.h - what stands between statements that are written out one behind the other.
 *
 * Calling sequence: a struct of zeros; for each statement any number of bk_sqlend_feed, then
 * bk_sqlend_finish. */
#ifndef SQLEND_H
#define SQLEND_H

#include <bk/entry.h>
#include <stddef.h>

/* Where a statement is, as far as it was fed. */
struct bk_sqlend {
	enum {
		SQLEND_PLAIN,
		SQLEND_DASH,  /* one: a second begins a comment */
		SQLEND_SLASH, /* a star behind it does */
		SQLEND_LINE,  /* in a comment up to the line's end */
		SQLEND_BLOCK, /* in one up to a star and a slash */
		SQLEND_STAR,  /* and the star is there */
		SQLEND_QUOTED,
	} state;
	char quote;        /* what ends the string or name */
	char last, before; /* neither blank nor comment: the last byte, and the one before it */
};

/* Takes the next SIZE bytes of the statement. */
void bk_sqlend_feed(struct bk_sqlend *end, const void *bytes, size_t size);

/* The statement is over: what is to follow it, so that another can stand behind it. BK_SQL_END
 * bytes, for every statement as many, so that a text's size is known without reading it: a
 * semicolon and an empty line, as a rule; where the statement has its own semicolon, empty lines;
 * where it ends in a comment, first what ends that. END is as new. */
const char *bk_sqlend_finish(struct bk_sqlend *end);

#endif

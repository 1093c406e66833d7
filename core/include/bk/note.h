/* note.h - what is to be told of a node's database, and is no damage to its log.
 *
 * The pages that a log gives are, to the byte, those that lightningd left: what SQLite finds wrong
 * with them was so in the node's own database. */
#ifndef BK_NOTE_H
#define BK_NOTE_H

enum bk_note_kind {
	BK_NOTE_UNSOUND,   /* SQLite's integrity_check or foreign_key_check finds something */
	BK_NOTE_UNCHECKED, /* they cannot look at a part of it here, as where a collation, a
			    * function or a unique parent key is missing */
	BK_NOTE_ALIEN,     /* the schema has what no node's has, such as a view */
};

/* WHAT is one line, for the time of the call. */
typedef void bk_note_fn(void *ctx, enum bk_note_kind kind, const char *what);

#endif

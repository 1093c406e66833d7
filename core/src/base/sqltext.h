/* sqltext.h - where statements begin in a text of SQL, and what a schema's calls.
 *
 * Threads: any; nothing is kept. */
#ifndef BK_SQLTEXT_H
#define BK_SQLTEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Where the first statement from AT on begins: behind blanks, comments and empty statements. END if
 * there is none. */
const char *bk_sqltext_begin(const char *at, const char *end);

/* The first statement from AT on that is a pragma: where its word PRAGMA begins. NULL if there is
 * none before END. AT is where a statement begins, or blanks and comments before it. */
const char *bk_sqltext_pragma(const char *at, const char *end);

/* Bytes of SQL, of SIZE, that are neither comment nor quoted; sets *LONGEST to the longest that is.
 */
size_t bk_sqltext_code(const char *sql, size_t size, size_t *longest);

/* Behind what begins at AT, before END: a comment, or something quoted; AT if it is neither. A
 * quote that stands twice within what it quotes ends one and begins another. */
const char *bk_sqltext_hidden(const char *at, const char *end, bool *is_comment);

/* Whether SQL, up to END, makes a virtual table. */
bool bk_sqltext_is_virtual(const char *sql, const char *end);

/* The first call of a function in SQL, up to END, which makes a table or, with IS_INDEX, an index:
 * in a CHECK, a generated column, a DEFAULT, an indexed expression, the index's WHERE. Returns
 * where the name begins, as it is written, and sets *SIZE; NULL if there is none. */
const char *bk_sqltext_call(const char *sql, const char *end, bool is_index, size_t *size);

#endif

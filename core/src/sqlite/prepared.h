/* prepared.h - statements that were prepared before: of a replay, by their shapes (shape.h).
 *
 * To parse a statement takes SQLite almost three times as long as to run it (docs/architecture.md).
 * It does the same either way, and what becomes of a text does not depend on what came before it: a
 * replay gives the same pages from whatever keyframe it starts.
 *
 * Only a statement that changes rows and does nothing else stays: the authorizer, asked while it is
 * prepared, is to tell (bk_prepared_note). Whatever may move the schema, or a state that statements
 * depend on, ends them all.
 *
 * Calling sequence: bk_prepared_new; for each statement bk_prepared_find, and where that gives one,
 * sqlite3_step and bk_prepared_done, else SQLite's own way, with bk_prepared_settle once it is
 * prepared; bk_prepared_free, before the connection is closed.
 *
 * Threads: one. */
#ifndef BK_PREPARED_H
#define BK_PREPARED_H

#include <bk/buf.h>
#include <sqlite3.h>
#include <stdbool.h>

/* How many are kept, and how much memory one may take: a stranger's triggers are part of it. The
 * recorded log has 122, of 1 to 17 KiB; an interval of it has 37. */
#define PREPARED_MAX    64
#define PREPARED_MEMORY (64 << 10)

struct prepared;

/* NULL: no memory. DB is borrowed, and is made to plan without a look at bound values. */
struct prepared *bk_prepared_new(sqlite3 *db);
void bk_prepared_free(struct prepared *prepared); /* NULL is taken */

/* What the authorizer of DB is asked. */
void bk_prepared_note(struct prepared *prepared, int action, const char *first, const char *second);

/* Sets *OUT to the statement of SQL with its values bound, which borrow SQL; or to NULL: it is to
 * be prepared as any other. Returns a SQLite result code. */
int bk_prepared_find(struct prepared *prepared, const struct bk_slice *sql, sqlite3_stmt **out);

/* What was found was run. Returns what running it came to. */
int bk_prepared_done(sqlite3_stmt *statement);

/* Ends those that a statement which was prepared since may have an effect on. */
void bk_prepared_settle(struct prepared *prepared);

/* Ends all of them: a state that they depend on is moved. */
void bk_prepared_forget(struct prepared *prepared);

#endif

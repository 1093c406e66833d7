/* succession.h - one log in another's place: what is done with the names (docs/format.md, 12).
 *
 * A successor is finished under the log's name and LOG_SUCCESSOR_SUFFIX, and takes the log's own
 * name once the log's last frame, durable, names it. So whoever opens a log that ends so, and finds
 * the one it names there, goes on with that: a reader reads it, a writer gives it the name. */
#ifndef BK_SUCCESSION_H
#define BK_SUCCESSION_H

#include "writer.h"

/* The name of the successor of the log at PATH, which the caller frees; NULL: no memory. */
char *bk_succession_name(const char *path);

/* Gives the successor of LOG, which ends with SUCCEEDED and is locked, the log's name. Fails with
 * BK_E_UNSAFE if it is not there, BK_E_DAMAGE if it is not whole (LOG's file is then the better of
 * the two), BK_E_IO, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_succession_complete(const struct bk_log *log, struct bk_error *err);

/* Takes away what an interrupted compaction left beside WRITER's log, unless somebody is at work on
 * it. What fails is tried again at the next start. */
void bk_succession_clean(const struct bk_writer *writer);

/* Takes the successor of the log at PATH away, finished or not, unless somebody holds it: who does
 * is about to give it the log's name; and unless the log ends with SUCCEEDED: then it is the log,
 * or may be. */
void bk_succession_remove(const struct bk_io *io, const char *path);

#endif

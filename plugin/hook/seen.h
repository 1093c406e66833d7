/* seen.h - the log held against what backup.lock knows of it, and that noted. */
#ifndef SEEN_H
#define SEEN_H

#include "session.h"

/* Refuses a log that is another, or shorter than it was: before it is opened for writing, and
 * behind that, where mirrors may have had what it lost. */
enum bk_code seen_check(struct session *session, struct refusal *why);
enum bk_code seen_check_open(struct session *session, struct refusal *why);

/* Notes in backup.lock how far the log has come, and which mirrors hold it. A failure is told, and
 * does no harm. */
void seen_note(struct session *session);

#endif

/* succeed.h - a successor that was built beside the changes takes the place of the log that a
 * session writes (compaction.h). */
#ifndef SUCCEED_H
#define SUCCEED_H

#include "session.h"

/* Has the session's log compacted beside the changes from now on. */
BK_MUST_CHECK enum bk_code succeed_start(struct session *session, struct bk_error *err);

/* Between two calls, once the session's `wake` can be read: has a successor that is ready take the
 * log's place. Takes as long as some changes do. False where nothing more can be written: the
 * session is to be closed. */
bool succeed_turn(struct session *session);

#endif

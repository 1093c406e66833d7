/* level.h - bringing the backup server level with the node, once the log beside the node is. */
#ifndef LEVEL_H
#define LEVEL_H

#include "session.h"

/* At the first db_write of a process: strikes out on the server what was never committed, or sends
 * it a snapshot. Nothing, where there is no server. Fails, with WHY, where going on would not be
 * safe. */
enum bk_code level_first(struct session *session, const struct call *call, struct refusal *why);

/* At any later one: a full snapshot that the log took is sent, too. */
enum bk_code level_later(struct session *session, const struct call *call, struct refusal *why);

#endif

/* doubt.h - where log and node may differ: they are compared, and healed; and where that cannot be
 * done now, the log notes the doubt until it is settled.
 *
 * A comparison is only made within a db_write, when the node's database stands still at the head;
 * that of a large one beside the node (compare.h), when it is quiet. */
#ifndef DOUBT_H
#define DOUBT_H

#include "session.h"

/* Log and node may differ, for the reason BECAUSE: compares them, and says so. The caller has made
 * sure that the node is at the head's version, as CALL tells. Fails, with WHY, where going on would
 * not be safe. */
enum bk_code doubt_check(
	struct session *session, const struct call *call, const char *because, struct refusal *why);

/* Whether the node's database, which is one version behind the log's head, holds all that the head
 * does, but for that number: then somebody has set it back, and no state is lost. */
bool doubt_is_set_back(struct session *session, const struct call *call);

/* Notes in the log that it may be so BECAUSE, which an OBSTACLE keeps from being settled now; it is
 * tried again at later calls. Fails, with WHY, if the log takes nothing. */
enum bk_code doubt_raise(struct session *session, const struct call *call, const char *because,
	const char *obstacle, struct refusal *why);

/* Tries again to settle what is open; to be called at each later call. Fails as doubt_check does.
 */
enum bk_code doubt_try(struct session *session, const struct call *call, struct refusal *why);

/* What a full snapshot has settled. */
void doubt_settled(struct session *session, const struct call *call);

/* Brings the log level with the node by a full snapshot. STATE says what is not as it should be. */
enum bk_code doubt_heal(
	struct session *session, const struct call *call, const char *state, struct refusal *why);

#endif

/* later.c - any db_write behind the first of a process. */
#include "later.h"
#include "doubt.h"
#include "out.h"
#include "reasons.h"

/* Whether somebody else wrote to the node's database since the call before; BECAUSE says what tells
 * it. In some microseconds, but where it looks so. */
static bool was_written_to(struct session *session, const char **because)
{
	struct bk_error ignored;
	struct bk_stamp stamp;
	struct bk_look look;

	if (!session->continuity.is_known ||
		(bk_live_glance(session->live, &stamp) &&
			continuity_check(&session->continuity, &stamp)))
		return false;
	/* A transaction of lightningd's own that outgrew its cache shows in the file before it is
	 * committed; then it holds the lock, and the next call tells. */
	if (bk_live_look(session->live, 0, &look, &ignored))
		return false;
	*because = look.has_stamp ? "somebody else has written to the node's database"
				  : "the node's database was put in WAL mode";
	return !look.has_stamp || !continuity_check(&session->continuity, &look.stamp);
}

enum bk_code later_call(struct session *session, const struct call *call, struct refusal *why)
{
	const char *because;

	if (!call_follows(call))
		return refuse_order(why, call);
	/* A follower that met a change it cannot replay needs a full keyframe. */
	if (session->follower && bk_follower_needs_snapshot(session->follower) &&
		heal_replay(&session->heal))
		doubt_settled(session, call);
	if (!was_written_to(session, &because))
		return doubt_try(session, call, why);
	out_log(LEVEL_INFO, "%s: comparing it with its backup", because);
	return doubt_check(session, call, because, why);
}

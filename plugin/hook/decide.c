/* decide.c - what to do at a db_write. */
#include "decide.h"
#include <bk/version.h>

uint32_t call_base(const struct call *call)
{
	return call->is_lone ? call->version : call->version - 1;
}

enum verdict decide_first(const struct call *call)
{
	/* The database that we look at may not be the node's own (another --wallet): then it
	 * does not agree with the call, and only the call counts. */
	bool can_copy = call->is_live_known && call->live == call_base(call);
	int32_t ahead = bk_version_distance(call_base(call), call->head);

	if (ahead == 0)
		return VERDICT_APPEND;
	if (ahead == -1)
		return VERDICT_REWIND;
	if (ahead < 0)
		return VERDICT_OLDER;
	return can_copy ? VERDICT_HEAL : VERDICT_GAP;
}

bool call_follows(const struct call *call)
{
	return call_base(call) == call->head;
}

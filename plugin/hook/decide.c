/* decide.c - what to do at a db_write. */
#include "decide.h"
#include <bk/version.h>

uint32_t call_base(const struct call *call)
{
	return call->is_lone ? call->version : call->version - 1;
}

bool call_sees_database(const struct call *call)
{
	return call->is_live_known && call->live == call_base(call);
}

enum verdict decide_first(const struct call *call)
{
	int32_t ahead = bk_version_distance(call_base(call), call->head);

	if (ahead == 0)
		return VERDICT_APPEND;
	if (ahead == -1 && !call->is_head_committed)
		return VERDICT_REWIND;
	if (ahead < 0)
		return VERDICT_OLDER;
	return call_sees_database(call) ? VERDICT_HEAL : VERDICT_GAP;
}

bool call_follows(const struct call *call)
{
	return call_base(call) == call->head;
}

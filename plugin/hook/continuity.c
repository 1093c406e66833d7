/* continuity.c - whether anybody else wrote to the node's database between two calls. */
#include "continuity.h"

void continuity_begin(struct continuity *continuity, const struct bk_stamp *stamp)
{
	*continuity = (struct continuity){.is_known = stamp};
	if (stamp)
		continuity->stamp = *stamp;
}

void continuity_commit(struct continuity *continuity)
{
	continuity->commits++;
}

bool continuity_check(struct continuity *continuity, const struct bk_stamp *stamp)
{
	/* The counter wraps as the u32 that it is. */
	if (continuity->is_known &&
		(stamp->inode != continuity->stamp.inode ||
			stamp->counter != continuity->stamp.counter + continuity->commits))
		return false;
	if (continuity->is_known)
		continuity_begin(continuity, stamp);
	return true;
}

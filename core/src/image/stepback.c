/* stepback.c - which older keyframe to stand on, past damage. */
#include "stepback.h"
#include <bk/buf.h>
#include <bk/change.h>
#include <bk/listing.h>

bool bk_stepback_next(uint64_t *older, uint64_t keyframes)
{
	if (*older + 1 >= keyframes)
		return false;
	*older = *older ? *older * 2 : 1;
	if (*older >= keyframes)
		*older = keyframes - 1;
	return true;
}

bool bk_stepback_is_of_snapshot(struct bk_log *log, uint32_t version)
{
	struct bk_listing *listing;
	struct bk_entry entry;
	bool found = false, more = true;

	if (bk_listing_open(&listing, log, version, BK_LISTING_ALL, NULL))
		return true; /* better not move */
	while (!found && !bk_listing_next(listing, &entry, &more, NULL) && more &&
		entry.version == version)
		found = (entry.flags & BK_ENTRY_SNAPSHOT) != 0;
	bk_listing_close(listing);
	return found;
}

bool bk_stepback_may_help(struct bk_log *log, uint32_t version)
{
	struct bk_buf text;
	enum bk_code code;

	bk_buf_init(&text, BK_SQL_END * BK_CHANGE_BYTES_MAX); /* room for the ends of statements */
	code = bk_log_sql(log, version, &text, NULL);
	bk_buf_done(&text);
	return code != BK_E_DAMAGE || bk_stepback_is_of_snapshot(log, version);
}

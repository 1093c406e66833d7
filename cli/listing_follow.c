/* listing_follow.c - backup-cli log --follow: what comes, as it comes. */
#include "common.h"
#include "interrupt.h"
#include "listing.h"
#include <bk/listing.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Whether NEXT is the successor of LOG. */
static bool succeeds(struct bk_log *next, struct bk_log *log)
{
	struct bk_log_status one, other;

	return !bk_log_status(log, &one, NULL) && !bk_log_status(next, &other, NULL) &&
	       strcmp(other.predecessor, one.id) == 0;
}

/* The log has a successor in its place: *NOW, for the caller to close, where the list goes on. What
 * was printed last stands there at another offset. */
static enum bk_code move_over(struct listing *listing, struct bk_log **now, struct bk_error *err)
{
	struct bk_entry last;
	struct bk_log *next;
	enum bk_code code = bk_log_open_again(&next, listing->walk.log, err);

	if (code)
		return code;
	if (!succeeds(next, listing->walk.log)) {
		bk_log_close(next);
		return bk_fail(err, BK_E_BUSY, 0,
			"another log stands in the place of this one: begin again, with "
			"backup-cli log --follow");
	}
	listing->last_offset = bk_log_find(next, listing->last, &last, NULL) ? 0 : last.offset;
	bk_log_close(*now);
	*now = listing->walk.log = next;
	return BK_OK;
}

/* Prints what comes, until nobody reads it. *NOW is where it comes from, if that is no longer the
 * log that was listed. */
static enum bk_code follow_log(struct listing *listing, struct bk_log **now, struct bk_error *err)
{
	const struct timespec pause = {.tv_nsec = 200000000};
	enum bk_log_news news = BK_LOG_GREW;
	enum bk_code code = BK_OK;

	listing->print.is_local = isatty(STDOUT_FILENO);
	while (!code && interrupt_is_heard()) {
		/* What was struck out and came again has the same version, at another place. */
		listing->from_offset = listing->count ? listing->last_offset + 1 : 0;
		if (news != BK_LOG_SAME && news != BK_LOG_GONE)
			code = logwalk_after(
				&listing->walk, listing->last - 1, listing_take, listing, err);
		logrows_done(&listing->rows); /* each look has a budget of its own */
		if (code || flush_out() != 0)
			break;
		nanosleep(&pause, NULL);
		code = bk_log_refresh(listing->walk.log, &news, err);
		if (!code && news == BK_LOG_REPLACED)
			code = move_over(listing, now, err);
	}
	return code;
}

enum bk_code listing_follow(struct listing *listing, struct bk_error *err)
{
	struct bk_log *now = NULL;
	enum bk_code code = follow_log(listing, &now, err);

	bk_log_close(now);
	return code;
}

/* listing.h - backup-cli log: its parts. */
#ifndef CLI_LISTING_H
#define CLI_LISTING_H

#include "logprint.h"
#include "logrows.h"
#include "logwalk.h"

struct listing {
	char *url;
	const char *since, *until, *at, *table;
	bool has_limit, follow, reverse;
	uint64_t limit;
	int64_t since_us, until_us;
	struct logwalk walk;
	struct logprint print;
	struct logrows rows;
	uint64_t count;       /* items that were wanted */
	uint64_t from_offset; /* those that stand before it in the log are passed over */
	uint64_t last_offset; /* of the item that was wanted last */
	uint32_t last;        /* and its version */
	int64_t latest_us;    /* of those that were printed */
};

/* A logitem_fn, with a struct listing as CTX: prints the item if it is wanted. */
BK_MUST_CHECK enum bk_code listing_take(
	void *ctx, const struct logitem *item, bool *more, struct bk_error *err);

/* Prints what comes, until nobody reads it; also where a successor takes the log's place. */
BK_MUST_CHECK enum bk_code listing_follow(struct listing *listing, struct bk_error *err);

#endif

/* standing.h - where a place that holds a log's bytes stands to that log (docs/mirror.md).
 *
 * A place's end is an offset and the sum of the frame that ends there: the log tells by them
 * whether all that the place has is the log's own. */
#ifndef BK_STANDING_H
#define BK_STANDING_H

#include <bk/io.h>
#include <bk/log.h>
#include <bk/place.h>

enum bk_standing_kind {
	BK_STANDS_LEVEL,       /* it has every change that the log has */
	BK_STANDS_BEHIND,      /* it lacks some */
	BK_STANDS_AHEAD,       /* it has more, which goes on from where the log ends */
	BK_STANDS_FORKED,      /* what it has is not what the log has there, nor goes on from it */
	BK_STANDS_PREDECESSOR, /* it holds the log whose place this one took */
	BK_STANDS_OTHER,       /* it holds another log */
	BK_STANDS_EMPTY,       /* it holds none */
};

struct bk_standing {
	enum bk_standing_kind kind;
	uint64_t bytes;    /* that it lacks, or has too many */
	uint64_t versions; /* that it lacks; where it holds not this log, all of them */
	int64_t since_us;  /* BEHIND: when the first of them came; 0: not known */
};

/* How the place at URL, which TOLD this, stands to LOG. Where it has more it is asked once more,
 * for what follows the log's end. Fails as bk_listing_next does, but for damage, which leaves the
 * count of versions too small, and as bk_place_ask does. */
BK_MUST_CHECK enum bk_code bk_stands(struct bk_standing *out, struct bk_log *log,
	const struct bk_io *io, const char *url, const struct bk_place_told *told,
	struct bk_error *err);

#endif

/* play.h - the calls of a benchmark, played to its lanes. */
#ifndef PLAY_H
#define PLAY_H

#include "lane.h"

struct calls {
	const char *trace; /* recorded calls; NULL: those of a made-up node */
	uint64_t seed;     /* of that */
	uint64_t count;    /* at most */
};

BK_MUST_CHECK enum bk_code calls_open(
	const struct calls *calls, struct trace **trace, struct bk_error *err);

/* Fills BLOCK with what comes next; it stays empty when LEFT calls were taken or the trace ends.
 * What it holds is added to *SQL_BYTES. */
BK_MUST_CHECK enum bk_code block_fill(struct block *block, struct trace *trace, uint64_t *left,
	uint64_t *sql_bytes, struct bk_error *err);

/* Plays up to COUNT of CALLS to the LANE_COUNT lanes, a block to each in turn; which is first
 * changes. *SQL_BYTES is what one lane was sent. */
BK_MUST_CHECK enum bk_code play(const struct calls *calls, struct lane *lanes, size_t lane_count,
	uint64_t count, uint64_t *sql_bytes, struct bk_error *err);

/* How many bytes the plugin appends for a call, on average, in a directory of its own in PLACE. */
BK_MUST_CHECK enum bk_code play_probe(const struct calls *calls, const struct tempdir *place,
	size_t *bytes, struct bk_error *err);

#endif

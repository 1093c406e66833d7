/* take.h - a log's frames, taken into a state one after the other. */
#ifndef BK_TAKE_H
#define BK_TAKE_H

#include "log.h"

/* What to do at a frame that is not valid or not chained. */
enum on_bad {
	BAD_ENDS,  /* the writer has not finished there yet: stop without failure */
	BAD_FAILS, /* a writer refuses the log */
	BAD_SKIPS, /* a reader goes on behind it, unless zeros stand there: they end a log that was
		    * copied while it grew (docs/format.md, 1, rule 6) */
	BAD_SKIPS_ZEROS, /* the same, and goes on behind zeros, too */
};

/* Takes the frames from STATE->end up to LIMIT, where one ends that is valid, into STATE; a
 * keyframe that is not younger than STATE's own only moves its end. Fails as ON_BAD says, or with
 * BK_E_FORMAT, BK_E_LIMIT, BK_E_IO, BK_E_NOMEM; STATE then holds what was taken until there. */
BK_MUST_CHECK enum bk_code bk_log_take(struct bk_log *log, struct state *state, uint64_t limit,
	enum on_bad on_bad, struct bk_error *err);

#endif

/* successor.h - building a successor: its parts, for who decides what goes into it. */
#ifndef BK_SUCCESSOR_IMPL_H
#define BK_SUCCESSOR_IMPL_H

#include "plan.h"
#include <bk/compact.h>
#include <bk/successor.h>

/* Versions between FROM and TO that the node had unwatched: they are in no log. */
struct gap {
	uint32_t from, to;
};

/* What a build is given beside its plan. */
struct build_how {
	const struct bk_compact_options *options;
	const struct gap *gaps; /* of the log, in their order */
	size_t gap_count;
	uint64_t bytes_max; /* it fails with BK_E_LIMIT where it would take more */
};

/* What became of it; also of one that failed. */
struct built {
	uint64_t bytes;
	uint64_t lost; /* moments that damage took, with despite_damage */
	size_t first;  /* of the plan's moments, the oldest that was not; their count: the base */
};

/* Builds and finishes the successor of LOG as PLAN has it. Fails with BK_E_LIMIT, BK_E_BUSY if it
 * was cancelled or another builds one, and as what it reads and writes does; nothing is left behind
 * then. */
BK_MUST_CHECK enum bk_code bk_successor_build(struct bk_log *log, const struct plan *plan,
	const struct build_how *how, struct built *built, struct bk_error *err);

#endif

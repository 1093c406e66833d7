/* lots.h - the intervals of a log, read by several threads, lot by lot; what they read comes in the
 * log's order.
 *
 * Calling sequence: bk_lots_open, bk_lots_next until it gives none, bk_lots_close.
 *
 * Invariants: what the threads hold ready and was not taken yet stays under LOTS_BYTES_MAX, but for
 * one reading of each of them; the one whose lot is being taken waits only while something of it is
 * ready.
 *
 * Threads: one calls; those that read are its own. */
#ifndef BK_LOTS_H
#define BK_LOTS_H

#include "rowset.h"
#include <bk/history.h>

#define LOTS_BYTES_MAX ((size_t)32 << 20)

/* What the rows were at the version of ENTRY. */
struct reading {
	struct bk_entry entry;
	struct rowset rows; /* owned */
};

struct lots;
struct bk_toll;

/* Begins to read the rows of TABLE in LOG, of KEYFRAMES keyframes, with THREADS threads. TABLE,
 * OPTIONS and TOLL, which they share, are kept. Fails with BK_E_NOMEM; and where no thread can be
 * had, with BK_E_LIMIT. */
BK_MUST_CHECK enum bk_code bk_lots_open(struct lots **out, struct bk_log *log, const char *table,
	const struct bk_history_options *options, struct bk_toll *toll, uint64_t keyframes,
	unsigned threads, struct bk_error *err);
void bk_lots_close(struct lots *lots);

/* The next reading, for the caller to be done with; *HAS is false behind the last. PROGRESS, with
 * CTX, is called while it is waited for. Fails as the reading of that interval did. */
BK_MUST_CHECK enum bk_code bk_lots_next(
	struct lots *lots, struct reading *reading, bool *has, void *ctx, struct bk_error *err);

#endif

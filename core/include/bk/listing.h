/* listing.h - which versions a log holds: when each came, how large it is, where it stands.
 *
 * Listing and looking up read keyframes' lists, never the changes themselves, and take a
 * few reads whatever the log's length (docs/format.md, 6).
 *
 * Calling sequence: bk_listing_open or bk_listing_open_last, any bk_listing_next,
 * bk_listing_close. A listing sees the log as it was when each interval was fetched: it may be
 * kept while the log grows.
 *
 * Threads: one listing in one thread; any number of listings on a log. */
#ifndef BK_LISTING_H
#define BK_LISTING_H

#include <bk/entry.h>
#include <bk/error.h>
#include <stdbool.h>
#include <stdint.h>

struct bk_log;
struct bk_listing;

/* What a listing shows. */
enum bk_listing_what {
	BK_LISTING_VERSIONS, /* each version once; lone pragmas counted with theirs */
	BK_LISTING_ALL,      /* each change, lone pragmas and struck ones too, and snapshots */
};

/* Lists from the first version that is FROM or after it. Fails with BK_E_DAMAGE, BK_E_IO,
 * BK_E_NOMEM. LOG must outlive the listing. */
BK_MUST_CHECK enum bk_code bk_listing_open(struct bk_listing **out, struct bk_log *log,
	uint32_t from, enum bk_listing_what what, struct bk_error *err);

/* Lists the newest COUNT entries, or all if there are fewer. */
BK_MUST_CHECK enum bk_code bk_listing_open_last(struct bk_listing **out, struct bk_log *log,
	uint64_t count, enum bk_listing_what what, struct bk_error *err);

/* The next entry, oldest first. At the end *MORE is false and ENTRY is not written; a later
 * call may find that the log has grown. Where damage hides entries it fails with BK_E_DAMAGE once,
 * and the next call goes on behind them. */
BK_MUST_CHECK enum bk_code bk_listing_next(
	struct bk_listing *listing, struct bk_entry *entry, bool *more, struct bk_error *err);

void bk_listing_close(struct bk_listing *listing);

/* Takes one entry of many. Other codes than BK_OK end it. */
typedef enum bk_code bk_entry_fn(void *ctx, const struct bk_entry *entry, struct bk_error *err);

/* Gives TAKE, with CTX, each of the newest COUNT entries, oldest first. What damage hides is left
 * out with PAST_DAMAGE, and else ends it. Fails as bk_listing_open_last, bk_listing_next and TAKE
 * do. */
BK_MUST_CHECK enum bk_code bk_listing_each(struct bk_log *log, uint64_t count,
	enum bk_listing_what what, bool past_damage, bk_entry_fn *take, void *ctx,
	struct bk_error *err);

/* The entry of VERSION. Fails with BK_E_MISSING if the log does not hold it,
 * with BK_E_DAMAGE, BK_E_IO, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_log_find(
	struct bk_log *log, uint32_t version, struct bk_entry *entry, struct bk_error *err);

/* The newest version that came not after TIME_US. Fails as bk_log_find does. */
BK_MUST_CHECK enum bk_code bk_log_find_time(
	struct bk_log *log, int64_t time_us, struct bk_entry *entry, struct bk_error *err);

/* The log came to version FROM, and the next that any log had was TO. */
typedef void bk_gap_between_fn(void *ctx, uint32_t from, uint32_t to);

/* Gives TAKE what was missing already between the version of KEPT, an entry of LOG, and the one
 * before it, when a compaction kept that one: the gaps, oldest first. With another entry there are
 * none. Fails with BK_E_DAMAGE, BK_E_IO, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_log_gaps_before(struct bk_log *log, const struct bk_entry *kept,
	bk_gap_between_fn *take, void *ctx, struct bk_error *err);

#endif

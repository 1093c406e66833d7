/* history.h - which versions a log holds: when each came, how large it is, where it stands.
 *
 * Listing and looking up read keyframes' lists, never the changes themselves, and take a
 * few reads whatever the log's length (docs/format.md, 6).
 *
 * Calling sequence: bk_history_open or bk_history_open_last, any bk_history_next,
 * bk_history_close. A history sees the log as it was when each interval was fetched: it may be
 * kept while the log grows.
 *
 * Threads: one history in one thread; any number of histories on a log. */
#ifndef BK_HISTORY_H
#define BK_HISTORY_H

#include <bk/error.h>
#include <stdbool.h>
#include <stdint.h>

struct bk_log;
struct bk_history;

enum bk_entry_flag {
	BK_ENTRY_LONE = 0x02,      /* a lone pragma: repeats the version before it */
	BK_ENTRY_STRUCK = 0x100,   /* a rewind struck it: it never happened */
	BK_ENTRY_SNAPSHOT = 0x200, /* no change, but a full keyframe: the version was copied */
};

struct bk_entry {
	uint64_t offset; /* of its frame in the log */
	int64_t time_us; /* when the call came, microseconds since 1970 UTC */
	uint32_t version;
	uint32_t statements; /* 0 in a snapshot */
	uint32_t sql_bytes;  /* one for each statement's end included; 0 in a snapshot */
	uint32_t log_bytes;  /* what its frame takes in the log */
	uint32_t page_count; /* of the database after it; 0 where only a replay can tell */
	uint32_t page_size;  /* bytes; 0 with page_count 0 */
	uint32_t flags;      /* of enum bk_entry_flag, and others that the format has */
};

/* What a listing shows. */
enum bk_history_what {
	BK_HISTORY_VERSIONS, /* each version once; lone pragmas counted with theirs */
	BK_HISTORY_ALL,      /* each change, lone pragmas and struck ones too, and snapshots */
};

/* Lists from the first version that is FROM or after it. Fails with BK_E_DAMAGE, BK_E_IO,
 * BK_E_NOMEM. LOG must outlive the history. */
BK_MUST_CHECK enum bk_code bk_history_open(struct bk_history **out, struct bk_log *log,
	uint32_t from, enum bk_history_what what, struct bk_error *err);

/* Lists the newest COUNT entries, or all if there are fewer. */
BK_MUST_CHECK enum bk_code bk_history_open_last(struct bk_history **out, struct bk_log *log,
	uint64_t count, enum bk_history_what what, struct bk_error *err);

/* The next entry, oldest first. At the end *MORE is false and ENTRY is not written; a later
 * call may find that the log has grown. Where damage hides entries it fails with BK_E_DAMAGE once,
 * and the next call goes on behind them. */
BK_MUST_CHECK enum bk_code bk_history_next(
	struct bk_history *history, struct bk_entry *entry, bool *more, struct bk_error *err);

void bk_history_close(struct bk_history *history);

/* The entry of VERSION. Fails with BK_E_MISSING if the log does not hold it (and says what is
 * near), with BK_E_DAMAGE, BK_E_IO, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_history_find(
	struct bk_log *log, uint32_t version, struct bk_entry *entry, struct bk_error *err);

/* Learns the page counts of the changes that no keyframe lists yet, by replaying them; later calls
 * replay only what came since. Entries fetched before keep their zeros. Fails as bk_image_open
 * does. */
BK_MUST_CHECK enum bk_code bk_history_measure(struct bk_log *log, struct bk_error *err);

/* The newest version that came not after TIME_US. Fails as bk_history_find does. */
BK_MUST_CHECK enum bk_code bk_history_find_time(
	struct bk_log *log, int64_t time_us, struct bk_entry *entry, struct bk_error *err);

#endif

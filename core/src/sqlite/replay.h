/* replay.h - running changes on a pagestore, by the rules of docs/decisions.md.
 *
 * One change is one transaction. The SQL may come from a hostile log: it runs in a sandbox.
 *
 * What a replay gives is the same each time. Whether it is also what the node has is another
 * question, for statements that draw on chance, on the clock, or on what the node's connection did
 * before: these are noticed (bk_replay_inexact), and where a replay is to prove a change, it
 * fails on them.
 *
 * Calling sequence: bk_replay_open, any bk_replay_change, bk_replay_close. After a failure only
 * bk_replay_close is left: the pages are then those of no version.
 *
 * Threads: one. */
#ifndef BK_REPLAY_H
#define BK_REPLAY_H

#include "exact.h"
#include "prepared.h"
#include "sandbox.h"
#include "vars.h"
#include <bk/change.h>
#include <stdbool.h>

/* Zeros mean the defaults. */
struct replay_options {
	struct budget *budget; /* what all changes draw on, borrowed; else the replay has its own */
	bool is_proof; /* a change that cannot be replayed exactly fails, and each change has the
			* budget anew: for a replay that follows a node */
};

struct replay {
	struct sandbox sandbox;
	sqlite3_stmt *begin, *commit;
	struct prepared *prepared;
	struct budget own_budget;
	bool is_ours;     /* the statement being prepared is one of replay's own */
	bool is_lone;     /* it is a lone pragma */
	bool has_journal; /* what was written can be rolled back to a savepoint */
	uint32_t state;   /* the connection's: flags of connstate.h */
	bool state_moved; /* a pragma of the change may have altered it */
	struct exact exact;
};

BK_MUST_CHECK enum bk_code bk_replay_open(struct replay *replay, struct pagestore *store,
	const struct bk_io *io, const char *spill_dir, const struct replay_options *options,
	struct bk_error *err);
void bk_replay_close(struct replay *replay);

/* Runs CHANGE, which came at TIME_US and has the flags MUST (enum bk_entry_flag). Fails with
 * BK_E_SQL, naming the version and the statement, or as the pagestore does. */
BK_MUST_CHECK enum bk_code bk_replay_change(struct replay *replay, const struct bk_change *change,
	uint32_t must, int64_t time_us, struct bk_error *err);

/* Why the first of the changes that was not replayed exactly was not, with its version; NULL if
 * all were. */
const char *bk_replay_inexact(const struct replay *replay);

/* vars.data_version of the database; 0 where it has none. */
BK_MUST_CHECK enum bk_code bk_replay_version(
	struct replay *replay, uint32_t *version, struct bk_error *err);

/* Whose database it is: vars.node_id in hexadecimal digits, into OUT of SIZE bytes (BK_NODE_TEXT);
 * empty if it does not say. */
BK_MUST_CHECK enum bk_code bk_replay_node_id(
	struct replay *replay, char *out, size_t size, struct bk_error *err);

#endif

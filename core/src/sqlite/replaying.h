/* replaying.h - what a replay keeps while it runs: for replay.c and the parts that it is made of.
 */
#ifndef BK_REPLAYING_H
#define BK_REPLAYING_H

#include "chance.h"
#include "fullrowid.h"
#include "sandbox.h"
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
	struct budget own_budget;
	bool is_proof;
	bool is_ours;     /* the statement being prepared is one of replay's own */
	bool is_lone;     /* it is a lone pragma */
	bool has_journal; /* what was written can be rolled back to a savepoint */
	bool has_temp;    /* the change made something temporary */
	uint32_t state;   /* the connection's: flags of connstate.h */
	bool state_moved; /* a pragma of the change may have altered it */
	struct fullrowid full;
	struct chance chance; /* what of the change under way is not exact */
	char inexact[160];
};

#endif

/* tracegen_state.h - what the parts of the trace generator share: the made-up node's state. */
#ifndef TRACEGEN_STATE_H
#define TRACEGEN_STATE_H

#include "sqltext.h"
#include "tracegen.h"

#define CHANS_MAX      16
#define CHAN_HTLCS_MAX 6

/* A payment on its way through a channel. Phases go up to HTLC_DONE. */
#define HTLC_DONE 10
struct htlc {
	uint32_t id;
	uint8_t phase;
	bool is_forward;
};

struct chan {
	uint64_t seed; /* what never changes about it follows from this */
	uint32_t id, peer;
	uint64_t commit;         /* number of the newest commitment */
	uint64_t penalties_from; /* oldest commitment with a row in penalties */
	uint32_t htlc_next;      /* number within the channel */
	struct htlc htlcs[CHAN_HTLCS_MAX];
	size_t htlc_count;
	bool has_anchor;
};

struct tracegen {
	uint64_t seed, drawn; /* random numbers drawn so far */
	uint32_t version;
	int64_t time_us;
	struct sqltext sql;
	unsigned startup; /* step of a start that comes next; past the last one: the node runs */
	uint64_t until_restart; /* calls */
	unsigned restarts;
	struct chan chans[CHANS_MAX];
	size_t chan_count;
	uint32_t chan_next, peer_next, htlc_next, invoice_first, invoice_next, payment_next;
	uint32_t move_next, event_next, height, address_next, forward_next;
	uint64_t htlc_seq, store_generation;
};

/* A random number below LIMIT, drawn from the generator's own sequence. */
uint64_t gen_random(struct tracegen *gen, uint64_t limit);

/* tracegen_schema.c: the first call, and what a start with a migration sends. */

/* Puts the statements that make the first schema, with two channels in it. */
void schema_create(struct tracegen *gen);

/* Puts the statements that rebuild a parent table, whose rows others refer to. They must run with
 * foreign keys off: else the rows of its children would go with it. */
void schema_rebuild_parent(struct tracegen *gen);

/* Puts further migrations. */
void schema_extend(struct tracegen *gen);

/* The clock of the calls, in seconds. */
long long gen_seconds(const struct tracegen *gen);

/* tracegen_payments.c: events in channels. Each event puts its statements and returns true, or
 * cannot happen now, puts none and returns false. */
bool penalty_drop(struct tracegen *gen);
bool anchor_move(struct tracegen *gen);
bool commit_sent(struct tracegen *gen); /* ours: the channel is saved twice */
bool commit_came(struct tracegen *gen); /* theirs, with the secret of the one before */
bool signatures_came(struct tracegen *gen);
bool payment_came(struct tracegen *gen);
bool forward_new(struct tracegen *gen); /* on through another channel: three saves */
bool forward_done(struct tracegen *gen);

/* Any channel, or NULL if there is none. */
struct chan *any_chan(struct tracegen *gen);

/* tracegen_events.c: what happens while the node runs. */

/* Puts the statements of one event. */
void event_run(struct tracegen *gen);

/* Puts the rows that the store has from the start. */
void store_create(struct tracegen *gen);

/* tracegen_chan.c: channels. */

void chan_create_table(struct sqltext *sql);

/* Takes up a new channel with a new peer and puts the statements for it. */
void chan_open(struct tracegen *gen);

/* Puts the nine statements with which a node saves a channel. */
void chan_save(struct tracegen *gen, const struct chan *chan);

/* Deletes the peer of the channel at INDEX, and with it, by cascades, the channel and all its rows.
 */
void chan_forget(struct tracegen *gen, size_t index);

#endif

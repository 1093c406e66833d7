/* tracegen_chan.c - the channels of the made-up node: rows of a hundred columns. */
#include "tracegen_state.h"
#include <assert.h>

/* What a column holds. CONST follows from the channel alone, the others also from its newest
 * commitment. */
enum column_kind {
	COLUMN_DEFAULT, /* is never written */
	COLUMN_NULL,
	COLUMN_SMALL_CONST, /* 0 to 15 */
	COLUMN_NUMBER_CONST,
	COLUMN_COMMIT, /* the commitment's number */
	COLUMN_AMOUNT, /* millisatoshi that go up and down */
	COLUMN_KEY_CONST,
	COLUMN_KEY,
	COLUMN_HASH_CONST,
	COLUMN_SIGNATURE,
	COLUMN_SCRIPT_CONST,
	COLUMN_TX_CONST, /* only in channels that we funded */
	COLUMN_TX,       /* grows with the payments in it */
};

/* Which statement writes it. */
enum column_group { GROUP_STATE, GROUP_KEYS, GROUP_OPEN, GROUP_NONE };

struct column {
	const char *name;
	enum column_kind kind;
	enum column_group group;
};

#define STATE(name, kind)                                                                          \
	{                                                                                          \
		name, COLUMN_##kind, GROUP_STATE                                                   \
	}
#define KEYS(name, kind)                                                                           \
	{                                                                                          \
		name, COLUMN_##kind, GROUP_KEYS                                                    \
	}
#define OPENED(name, kind)                                                                         \
	{                                                                                          \
		name, COLUMN_##kind, GROUP_OPEN                                                    \
	}
#define OTHER(name)                                                                                \
	{                                                                                          \
		name, COLUMN_DEFAULT, GROUP_NONE                                                   \
	}

/* clang-format off */
static const struct column columns[] = {
	STATE("secret_row", SMALL_CONST), STATE("place", NUMBER_CONST), STATE("places_before", NULL),
	STATE("full_id", HASH_CONST), STATE("phase", SMALL_CONST), STATE("opener", SMALL_CONST),
	STATE("announce_flags", SMALL_CONST), STATE("depth_wanted", SMALL_CONST),
	STATE("next_here", COMMIT), STATE("next_there", COMMIT), STATE("next_payment", COMMIT),
	STATE("fund_tx", HASH_CONST), STATE("fund_out", SMALL_CONST), STATE("fund_sat", NUMBER_CONST),
	STATE("fund_ours_sat", NUMBER_CONST), STATE("ready_there", SMALL_CONST),
	STATE("pushed_msat", NUMBER_CONST), STATE("ours_msat", AMOUNT), STATE("close_to_there", NULL),
	STATE("close_key_here", SMALL_CONST), STATE("limits_row", SMALL_CONST), STATE("last_tx", TX),
	STATE("last_signature", SIGNATURE), STATE("last_was_revoke", SMALL_CONST),
	STATE("rate_lowest", SMALL_CONST), STATE("rate_highest", SMALL_CONST),
	STATE("ours_lowest_msat", AMOUNT), STATE("ours_highest_msat", AMOUNT),
	STATE("fee_base_msat", SMALL_CONST), STATE("fee_ppm", SMALL_CONST),
	STATE("upfront_there", SCRIPT_CONST), STATE("static_key", SMALL_CONST),
	STATE("anchor_kind", SMALL_CONST), STATE("close_to_here", SCRIPT_CONST),
	STATE("closer", SMALL_CONST), STATE("close_cause", SMALL_CONST), STATE("wrong_tx", NULL),
	STATE("wrong_out", NULL), STATE("static_since_here", SMALL_CONST),
	STATE("static_since_there", SMALL_CONST), STATE("kind", SMALL_CONST),
	STATE("htlc_most_msat", NUMBER_CONST), STATE("htlc_least_msat", SMALL_CONST),
	STATE("alias_here", NUMBER_CONST), STATE("alias_there", NUMBER_CONST),
	STATE("ignores_fee_limits", SMALL_CONST), STATE("fee_base_there", SMALL_CONST),
	STATE("fee_ppm_there", SMALL_CONST), STATE("delta_there", SMALL_CONST),
	STATE("htlc_most_there", NUMBER_CONST), STATE("htlc_least_there", SMALL_CONST),
	STATE("stable_since", COMMIT), STATE("withheld", SMALL_CONST), STATE("fund_psbt", TX_CONST),
	KEYS("fund_key_there", KEY_CONST), KEYS("revoke_key_there", KEY_CONST),
	KEYS("pay_key_there", KEY_CONST), KEYS("htlc_key_there", KEY_CONST),
	KEYS("delay_key_there", KEY_CONST), KEYS("point_there", KEY), KEYS("point_before_there", KEY),
	KEYS("limits_row_there", SMALL_CONST), KEYS("point_future", NULL),
	OPENED("revoke_key_here", KEY_CONST), OPENED("pay_key_here", KEY_CONST),
	OPENED("htlc_key_here", KEY_CONST), OPENED("delay_key_here", KEY_CONST),
	OPENED("fund_key_here", KEY_CONST), OPENED("first_block", NUMBER_CONST),
	OTHER("last_sent"), OTHER("in_offered"), OTHER("in_done"), OTHER("in_offered_msat"),
	OTHER("in_done_msat"), OTHER("out_offered"), OTHER("out_done"), OTHER("out_offered_msat"),
	OTHER("out_done_msat"), OTHER("rate_here"), OTHER("rate_there"), OTHER("sent_state"),
	OTHER("sent_id"), OTHER("close_fee"), OTHER("close_signature"), OTHER("announce_node"),
	OTHER("announce_chain"), OTHER("lease_signature"), OTHER("lease_most_msat"),
	OTHER("lease_most_ppt"), OTHER("lease_until"), OTHER("confirmed_there"),
	OTHER("confirmed_here"), OTHER("signatures_come"), OTHER("short_name"), OTHER("scratch"),
	OTHER("close_height"), OTHER("delta_here"), OTHER("note"),
};
/* clang-format on */

#define COLUMN_COUNT (sizeof columns / sizeof *columns)

void chan_create_table(struct sqltext *sql)
{
	sql_put(sql, "CREATE TABLE chans (  id INTEGER,  peer_id INTEGER REFERENCES peers(id) ON "
		     "DELETE CASCADE");
	for (size_t i = 0; i < COLUMN_COUNT; i++)
		if (columns[i].group != GROUP_NONE)
			sql_format(sql, ",  %s", columns[i].name);
	sql_put(sql, ",  PRIMARY KEY (id));");
	sql_end(sql);
	/* As an old node's schema grew. */
	for (size_t i = 0; i < COLUMN_COUNT; i++)
		if (columns[i].group == GROUP_NONE)
			sql_statement(sql, "ALTER TABLE chans ADD %s INTEGER DEFAULT %d;",
				columns[i].name, (int)(i % 2));
}

static void put_tx(struct sqltext *sql, const struct chan *chan, uint64_t seed)
{
	const size_t plain = 640, each = 130;
	const unsigned changing = 4;

	sql_blob_changing(sql, seed, mix(chan->seed, chan->commit), changing,
		plain + each * chan->htlc_count);
}

static void put_value(struct sqltext *sql, const struct chan *chan, size_t index)
{
	uint64_t fixed = mix(chan->seed, index);
	uint64_t now = mix(fixed, chan->commit);

	switch (columns[index].kind) {
	case COLUMN_DEFAULT:
	case COLUMN_NULL:
		sql_put(sql, "NULL");
		return;
	case COLUMN_SMALL_CONST:
		sql_number(sql, (int64_t)(fixed % 16));
		return;
	case COLUMN_NUMBER_CONST:
		sql_number(sql, (int64_t)(fixed >> 14));
		return;
	case COLUMN_COMMIT:
		sql_number(sql, (int64_t)chan->commit);
		return;
	case COLUMN_AMOUNT:
		sql_number(sql, (int64_t)(4000000000 + now % 1000000000));
		return;
	case COLUMN_KEY_CONST:
		sql_key(sql, fixed);
		return;
	case COLUMN_KEY:
		sql_key(sql, now);
		return;
	case COLUMN_HASH_CONST:
		sql_blob(sql, fixed, 32);
		return;
	case COLUMN_SIGNATURE:
		sql_blob(sql, now, 64);
		return;
	case COLUMN_SCRIPT_CONST:
		sql_blob(sql, fixed, 34);
		return;
	case COLUMN_TX_CONST:
		if (chan->seed % 4)
			sql_put(sql, "NULL");
		else
			sql_blob(sql, fixed, 820);
		return;
	case COLUMN_TX:
		put_tx(sql, chan, fixed);
		return;
	}
}

static void put_update(struct sqltext *sql, const struct chan *chan, enum column_group group)
{
	const char *before = "UPDATE chans SET  ";

	for (size_t i = 0; i < COLUMN_COUNT; i++) {
		if (columns[i].group != group)
			continue;
		sql_put(sql, before);
		sql_put(sql, columns[i].name);
		sql_put(sql, "=");
		put_value(sql, chan, i);
		before = ",  ";
	}
	sql_format(sql, " WHERE id=%u", chan->id);
	sql_end(sql);
}

static void put_limits(struct sqltext *sql, const struct chan *chan, unsigned side)
{
	sql_statement(sql,
		"UPDATE chan_limits SET  dust_sat=546,  in_flight_msat=-1,  reserve_sat=%llu,  "
		"htlc_least_msat=0,  delay_blocks=%u,  htlcs_most=483,  dust_exposure_msat=%u "
		"WHERE id=%u;",
		(unsigned long long)(mix(chan->seed, side) % 200000), 5 + side,
		side ? 0U : 50000000U, 2 * chan->id + side);
}

void chan_save(struct tracegen *gen, const struct chan *chan)
{
	struct sqltext *sql = &gen->sql;
	unsigned side = chan->seed & 1 ? 14 : 4;

	put_limits(sql, chan, 0);
	put_update(sql, chan, GROUP_STATE);
	put_limits(sql, chan, 1);
	put_update(sql, chan, GROUP_KEYS);
	sql_statement(sql, "DELETE FROM chan_rates WHERE chan_id=%u", chan->id);
	sql_statement(sql, "INSERT INTO chan_rates  VALUES(%u, %u, %u)", chan->id, side,
		3750 + gen->height % 10);
	sql_statement(sql, "DELETE FROM chan_heights WHERE chan_id=%u", chan->id);
	sql_statement(sql, "INSERT INTO chan_heights  VALUES(%u, %u, 0)", chan->id, side);
	sql_statement(sql, "UPDATE chans SET  last_sent=x'%016llx%02x' WHERE id=%u",
		(unsigned long long)chan->commit, (unsigned)(chan->commit & 0xff), chan->id);
}

static void put_peer(struct tracegen *gen, const struct chan *chan)
{
	struct sqltext *sql = &gen->sql;

	sql_format(sql, "INSERT INTO peers (id, node_key, address, features) VALUES (%u, ",
		chan->peer);
	sql_key(sql, mix(chan->seed, 1000));
	sql_format(sql, ", '127.0.0.1:%u', ", 10000 + chan->peer % 50000);
	sql_blob(sql, mix(chan->seed, 1001), 7);
	sql_put(sql, ");");
	sql_end(sql);
}

static void put_chan(struct sqltext *sql, const struct chan *chan)
{
	sql_put(sql, "INSERT INTO chans (id, peer_id");
	for (size_t i = 0; i < COLUMN_COUNT; i++)
		if (columns[i].group == GROUP_OPEN)
			sql_format(sql, ", %s", columns[i].name);
	sql_format(sql, ") VALUES (%u, %u", chan->id, chan->peer);
	for (size_t i = 0; i < COLUMN_COUNT; i++) {
		if (columns[i].group != GROUP_OPEN)
			continue;
		sql_put(sql, ", ");
		put_value(sql, chan, i);
	}
	sql_put(sql, ");");
	sql_end(sql);
}

void chan_open(struct tracegen *gen)
{
	struct sqltext *sql = &gen->sql;
	struct chan *chan = &gen->chans[gen->chan_count++];

	assert(gen->chan_count <= CHANS_MAX);
	*chan = (struct chan){.seed = mix(gen->seed, gen->chan_next),
		.id = gen->chan_next++,
		.peer = gen->peer_next++};
	put_peer(gen, chan);
	put_chan(sql, chan);
	sql_statement(sql, "INSERT INTO chan_limits (id) VALUES (%u);", 2 * chan->id);
	sql_statement(sql, "INSERT INTO chan_limits (id) VALUES (%u);", 2 * chan->id + 1);
	sql_statement(sql,
		"INSERT INTO secrets (id, lowest, count) VALUES (%u, 281474976710656, 0);",
		chan->id);
	sql_format(sql, "INSERT INTO secret_slots (secret_id, pos, idx, hash) VALUES (%u, 0, 0, ",
		chan->id);
	sql_blob(sql, chan->seed, 32);
	sql_put(sql, ");");
	sql_end(sql);
	chan_save(gen, chan);
}

void chan_forget(struct tracegen *gen, size_t index)
{
	struct chan *chan = &gen->chans[index];

	sql_statement(&gen->sql, "DELETE FROM secrets WHERE id=%u;", chan->id);
	sql_statement(&gen->sql, "DELETE FROM chan_limits WHERE id IN (%u, %u);", 2 * chan->id,
		2 * chan->id + 1);
	sql_statement(&gen->sql, "DELETE FROM peers WHERE id=%u", chan->peer);
	*chan = gen->chans[--gen->chan_count];
}

/* tracegen_payments.c - payments that go through the made-up node's channels. */
#include "tracegen_state.h"

#define PENALTIES_KEPT 8
#define PLACES         50 /* that forwards come from */

struct chan *any_chan(struct tracegen *gen)
{
	return gen->chan_count ? &gen->chans[gen_random(gen, gen->chan_count)] : NULL;
}

bool penalty_drop(struct tracegen *gen)
{
	struct chan *chan = any_chan(gen);

	if (!chan || chan->penalties_from == chan->commit)
		return false;
	chan->penalties_from++;
	if (chan->commit - chan->penalties_from > PENALTIES_KEPT)
		chan->penalties_from = chan->commit - PENALTIES_KEPT;
	sql_statement(&gen->sql, "DELETE FROM penalties WHERE chan_id = %u AND commit_no < %llu",
		chan->id, (unsigned long long)chan->penalties_from);
	return true;
}

bool anchor_move(struct tracegen *gen)
{
	struct chan *chan = any_chan(gen);
	struct sqltext *sql = &gen->sql;

	if (!chan)
		return false;
	sql_statement(sql, "DELETE FROM anchors WHERE chan_id = %u and commit_no <= %llu;",
		chan->id, (unsigned long long)chan->commit);
	sql_format(sql, "INSERT INTO anchors VALUES (%u,%llu,", chan->id,
		(unsigned long long)chan->commit);
	sql_blob(sql, mix(chan->seed, chan->commit), 32);
	sql_put(sql, ",1,4246,1112)");
	sql_end(sql);
	return true;
}

/* Takes one payment of CHAN a step on; those that are done leave it, while their rows stay. */
static void htlc_advance(struct tracegen *gen, struct chan *chan, size_t index)
{
	struct sqltext *sql = &gen->sql;
	struct htlc *htlc = &chan->htlcs[index];

	htlc->phase++;
	gen->htlc_seq++;
	sql_statement(sql, "UPDATE vars SET intval=%llu WHERE name='htlc_seq';",
		(unsigned long long)gen->htlc_seq);
	sql_format(sql, "UPDATE htlcs SET phase=%u, preimage=", htlc->phase);
	if (htlc->phase > HTLC_DONE / 2)
		sql_blob(sql, mix(gen->seed, htlc->id), 32);
	else
		sql_put(sql, "NULL");
	sql_format(sql, ", bad_onion=0, failure=NULL, last_commit=%llu, seq=%llu  WHERE id=%u",
		(unsigned long long)chan->commit, (unsigned long long)gen->htlc_seq, htlc->id);
	sql_end(sql);
	if (htlc->phase < HTLC_DONE)
		return;
	sql_statement(sql,
		"UPDATE htlcs SET preimage=NULL, onion=NULL, failure=NULL, shared=NULL  WHERE "
		"id=%u",
		htlc->id);
	*htlc = chan->htlcs[--chan->htlc_count];
}

static void put_move(struct tracegen *gen, const struct chan *chan)
{
	struct sqltext *sql = &gen->sql;

	sql_statement(sql, "UPDATE vars SET intval=%u WHERE name='move_seq';", gen->move_next);
	sql_format(sql,
		"INSERT INTO moves ( id, chan_id, msat, tags, at, hash, fees) VALUES (%u, %u, "
		"%llu, 16, "
		"%lld, ",
		gen->move_next, chan->id, (unsigned long long)gen_random(gen, 90000000),
		gen_seconds(gen));
	sql_blob(sql, mix(gen->seed, gen->htlc_seq), 32);
	sql_put(sql, ", 1);");
	sql_end(sql);
	gen->move_next++;
}

static void put_penalty(struct tracegen *gen, struct chan *chan)
{
	struct sqltext *sql = &gen->sql;

	sql_format(sql,
		"INSERT INTO penalties (  chan_id, commit_no, txid, out_no, amount) VALUES (%u, "
		"%llu, ",
		chan->id, (unsigned long long)chan->commit);
	sql_blob(sql, mix(chan->seed, chan->commit), 32);
	sql_put(sql, ", 3, 5995125);");
	sql_end(sql);
	chan->commit++;
}

static void put_signatures(struct tracegen *gen, const struct chan *chan)
{
	struct sqltext *sql = &gen->sql;

	sql_statement(sql, "DELETE FROM htlc_signatures WHERE chan_id = %u", chan->id);
	for (size_t i = 0; i < chan->htlc_count; i++) {
		sql_format(sql, "INSERT INTO htlc_signatures (chan_id, signature) VALUES (%u, ",
			chan->id);
		sql_blob(sql, mix(chan->seed + chan->commit, i), 64);
		sql_put(sql, ");");
		sql_end(sql);
	}
}

static void put_htlc(struct tracegen *gen, struct chan *chan, bool is_forward)
{
	struct sqltext *sql = &gen->sql;
	struct htlc *htlc = &chan->htlcs[chan->htlc_count++];

	*htlc = (struct htlc){.id = gen->htlc_next++, .is_forward = is_forward};
	sql_format(sql,
		"INSERT INTO htlcs ( id, chan_id, number, direction, msat, expiry, came, "
		"first_commit, "
		"phase, hash, shared, onion) VALUES (%u, %u, %u, %d, %llu, %u, %lld, %llu, 0, ",
		htlc->id, chan->id, chan->htlc_next++, is_forward,
		(unsigned long long)gen_random(gen, 90000000), gen->height + 20,
		(long long)gen->time_us * 1000, (unsigned long long)chan->commit);
	sql_blob(sql, mix(gen->seed, htlc->id), 32);
	sql_put(sql, ", ");
	sql_blob(sql, mix(chan->seed, htlc->id), 32);
	sql_put(sql, ", ");
	sql_blob(sql, mix(chan->seed, htlc->id) + 1, 1366);
	sql_put(sql, ");");
	sql_end(sql);
}

bool commit_sent(struct tracegen *gen)
{
	struct chan *chan = any_chan(gen);

	if (!chan)
		return false;
	chan_save(gen, chan);
	if (chan->htlc_count)
		htlc_advance(gen, chan, (size_t)gen_random(gen, chan->htlc_count));
	put_penalty(gen, chan);
	chan_save(gen, chan);
	return true;
}

bool commit_came(struct tracegen *gen)
{
	struct chan *chan = any_chan(gen);
	struct sqltext *sql = &gen->sql;

	if (!chan)
		return false;
	sql_statement(sql, "UPDATE secrets SET count=%llu, lowest=%llu WHERE id=%u",
		(unsigned long long)chan->commit,
		(unsigned long long)(UINT64_C(281474976710655) - chan->commit), chan->id);
	sql_format(
		sql, "UPDATE secret_slots SET idx=%llu, hash=", (unsigned long long)chan->commit);
	sql_blob(sql, mix(chan->seed, chan->commit) + 7, 32);
	sql_format(sql, " WHERE secret_id=%u AND pos=0", chan->id);
	sql_end(sql);
	for (size_t i = chan->htlc_count; i-- > 0 && i + 2 >= chan->htlc_count;)
		htlc_advance(gen, chan, i);
	chan_save(gen, chan);
	return true;
}

bool signatures_came(struct tracegen *gen)
{
	struct chan *chan = any_chan(gen);

	if (!chan)
		return false;
	put_signatures(gen, chan);
	if (chan->htlc_count)
		htlc_advance(gen, chan, 0);
	if (gen_random(gen, 2))
		put_move(gen, chan);
	chan_save(gen, chan);
	return true;
}

bool payment_came(struct tracegen *gen)
{
	struct chan *chan = any_chan(gen);

	if (!chan || chan->htlc_count == CHAN_HTLCS_MAX)
		return false;
	put_htlc(gen, chan, false);
	sql_statement(&gen->sql,
		"UPDATE chans SET in_offered = COALESCE(in_offered, 0) + 1, in_offered_msat = "
		"COALESCE(in_offered_msat, 0) + 14797 WHERE id = %u;",
		chan->id);
	put_signatures(gen, chan);
	chan_save(gen, chan);
	return true;
}

bool forward_new(struct tracegen *gen)
{
	struct chan *in = any_chan(gen), *out = any_chan(gen);
	struct sqltext *sql = &gen->sql;

	if (!in || !out || in == out || out->htlc_count == CHAN_HTLCS_MAX)
		return false;
	put_htlc(gen, out, true);
	sql_statement(sql,
		"INSERT INTO forwards ( in_place, in_number, out_place, out_number, in_msat, "
		"out_msat, "
		"state, came, done) VALUES (%u, %u, %u, %u, 14797, 14796, 0, %lld, NULL);",
		gen->forward_next % PLACES, gen->forward_next, out->id, out->htlc_next,
		(long long)gen->time_us * 1000);
	gen->forward_next++;
	chan_save(gen, in);
	chan_save(gen, out);
	put_penalty(gen, out);
	chan_save(gen, out);
	return true;
}

bool forward_done(struct tracegen *gen)
{
	struct chan *in = any_chan(gen);
	struct sqltext *sql = &gen->sql;
	uint32_t number;

	if (!in || gen->forward_next == 1)
		return false;
	number = 1 + (uint32_t)gen_random(gen, gen->forward_next - 1);
	sql_statement(sql,
		"UPDATE forwards SET  in_msat=14797, out_msat=14796, state=1, done=%lld WHERE "
		"in_place=%u AND in_number=%u",
		(long long)gen->time_us * 1000, number % PLACES, number);
	put_signatures(gen, in);
	for (size_t i = in->htlc_count; i-- > 0 && i + 3 >= in->htlc_count;)
		htlc_advance(gen, in, i);
	put_move(gen, in);
	chan_save(gen, in);
	return true;
}

/* tracegen_events.c - what happens on the made-up node while it runs, one event a call. */
#include "tracegen_state.h"

#define STORE_KEYS     8
#define PLACES         50 /* that forwards come from */
#define PENALTIES_KEPT 8
#define INVOICES_KEPT  500
#define BIG_STATEMENTS 20000 /* about one call in so many has a blob of 100 KB */

static struct chan *any_chan(struct tracegen *gen)
{
	return gen->chan_count ? &gen->chans[gen_random(gen, gen->chan_count)] : NULL;
}

static long long seconds(const struct tracegen *gen)
{
	return gen->time_us / 1000000;
}

/* Each event puts its statements and returns true, or cannot happen now, puts none and returns
 * false. */

static bool store_update(struct tracegen *gen)
{
	struct sqltext *sql = &gen->sql;
	uint64_t key = gen_random(gen, STORE_KEYS);
	size_t size = gen_random(gen, BIG_STATEMENTS / 6) ? 400 + 360 * key : 50000;

	sql_put(sql, "UPDATE store SET data=");
	sql_blob_changing(sql, mix(gen->seed, key), ++gen->store_generation, 8, size);
	sql_put(sql, ", generation=generation+1 WHERE key=");
	sql_blob(sql, mix(gen->seed, key), 24);
	sql_put(sql, ";");
	sql_end(sql);
	return true;
}

static bool penalty_drop(struct tracegen *gen)
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

static bool anchor_move(struct tracegen *gen)
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
		seconds(gen));
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

/* Ours was sent: the channel is saved twice. */
static bool commit_sent(struct tracegen *gen)
{
	struct chan *chan = any_chan(gen);

	if (!chan)
		return false;
	chan_save(gen, chan);
	if (chan->htlc_count)
		htlc_advance(gen, chan, gen_random(gen, chan->htlc_count));
	put_penalty(gen, chan);
	chan_save(gen, chan);
	return true;
}

/* Theirs came, with the secret of the one before. */
static bool commit_came(struct tracegen *gen)
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

static bool signatures_came(struct tracegen *gen)
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

static bool payment_came(struct tracegen *gen)
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

/* A payment goes on through another channel: both are saved, the second one twice. */
static bool forward_new(struct tracegen *gen)
{
	struct chan *in = any_chan(gen), *out = any_chan(gen);
	struct sqltext *sql = &gen->sql;

	if (!in || in == out || out->htlc_count == CHAN_HTLCS_MAX)
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

static bool forward_done(struct tracegen *gen)
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

static bool invoice_new(struct tracegen *gen)
{
	struct sqltext *sql = &gen->sql;
	uint32_t id = gen->invoice_next++;

	/* What people write into an invoice: quotes, line ends, backslashes, other scripts. */
	sql_format(sql,
		"INSERT INTO invoices            ( id, state            , msat, label, expires, "
		"about, "
		"hash, preimage, text)     VALUES ( %u, 0            , %llu, 'inv-%u', %lld, "
		"'caf\xc3\xa9 "
		"\"\xe9\x9b\xaa\" it''s\nC:\\new\ttab \xe2\x9a\xa1 %u', ",
		id, (unsigned long long)gen_random(gen, 90000000), id, seconds(gen) + 604800, id);
	sql_blob(sql, mix(gen->seed + 1, id), 32);
	sql_put(sql, ", ");
	sql_blob(sql, mix(gen->seed + 2, id), 32);
	sql_put(sql, ", 'lnbc1");
	for (unsigned part = 0; part < 16; part++)
		sql_format(sql, "%016llx", (unsigned long long)mix(mix(gen->seed, id), part));
	sql_put(sql, "');");
	sql_end(sql);
	if (id % 4)
		return true;
	sql_put(sql, "INSERT INTO invoice_fallbacks VALUES (");
	sql_blob(sql, mix(gen->seed + 3, id), 22);
	sql_format(sql, ", %u);", id);
	sql_end(sql);
	return true;
}

static bool invoice_paid(struct tracegen *gen)
{
	if (gen->invoice_next == gen->invoice_first)
		return false;
	sql_statement(&gen->sql, "UPDATE invoices SET state=1, paid_at=%lld WHERE id=%llu;",
		seconds(gen),
		(unsigned long long)(gen->invoice_first +
				     gen_random(gen, gen->invoice_next - gen->invoice_first)));
	return true;
}

/* Their fallbacks go by a cascade. */
static bool invoices_expire(struct tracegen *gen)
{
	if (gen->invoice_next - gen->invoice_first < INVOICES_KEPT)
		return false;
	gen->invoice_first += 3;
	sql_statement(&gen->sql, "DELETE FROM invoices WHERE id<%u;", gen->invoice_first);
	return true;
}

static bool pay(struct tracegen *gen)
{
	struct sqltext *sql = &gen->sql;
	uint32_t id = gen->payment_next++;

	sql_format(sql,
		"INSERT INTO payments ( id, at, state, msat, sent_msat, hash, target) VALUES (%u, "
		"%lld, 0, "
		"25777, 25780, ",
		id, seconds(gen));
	sql_blob(sql, mix(gen->seed + 4, id), 32);
	sql_put(sql, ", ");
	sql_key(sql, mix(gen->seed + 5, id % 100));
	sql_put(sql, ");");
	sql_end(sql);
	sql_statement(sql, "UPDATE payments SET state=1, done_at=%lld WHERE id=%u;", seconds(gen),
		id > 3 ? id - 3 : id);
	return true;
}

static bool block_came(struct tracegen *gen)
{
	struct sqltext *sql = &gen->sql;
	uint32_t height = ++gen->height;

	sql_format(sql, "INSERT INTO blocks (height, hash, before) VALUES (%u, ", height);
	sql_blob(sql, mix(gen->seed + 6, height), 32);
	sql_put(sql, ", ");
	sql_blob(sql, mix(gen->seed + 6, height - 1), 32);
	sql_put(sql, ");");
	sql_end(sql);
	sql_format(sql, "INSERT INTO coins ( txid, out_no, height, spent, sat, script) VALUES(");
	sql_blob(sql, mix(gen->seed + 7, height), 32);
	sql_format(sql, ", 0, %u, NULL, 10000000, ", height);
	sql_blob(sql, mix(gen->seed + 8, height), 34);
	sql_put(sql, ");");
	sql_end(sql);
	sql_statement(sql, "UPDATE coins SET spent = %u WHERE height = %u;", height, height - 6);
	sql_statement(sql, "UPDATE vars SET intval=%u WHERE name='last_block';", height);
	/* Coins of old blocks go by a cascade. */
	if (height > 400)
		sql_statement(sql, "DELETE FROM blocks WHERE height < %u", height - 288);
	return true;
}

static bool peer_event(struct tracegen *gen)
{
	struct chan *chan = any_chan(gen);
	struct sqltext *sql = &gen->sql;

	if (!chan)
		return false;
	sql_format(sql,
		"INSERT INTO net_events ( id, kind, at, reason, nsec, peer_key) VALUES (%u, 2, "
		"%lld, 'Unable to connect, no address known for peer', 2200, ",
		gen->event_next++, seconds(gen));
	sql_key(sql, mix(chan->seed, 1000));
	sql_put(sql, ");");
	sql_end(sql);
	return true;
}

static bool channel_event(struct tracegen *gen)
{
	if (gen->chan_count < CHANS_MAX / 2 || (gen->chan_count < CHANS_MAX && gen_random(gen, 2)))
		chan_open(gen);
	else
		chan_forget(gen, gen_random(gen, gen->chan_count));
	return true;
}

/* How often each event happens, in ten thousand calls. */
#define WEIGHT_SUM 10000
static const struct {
	unsigned weight;
	bool (*run)(struct tracegen *gen);
} events[] = {
	{1700, store_update},
	{1570, penalty_drop},
	{1570, anchor_move},
	{1500, commit_sent},
	{1500, commit_came},
	{700, signatures_came},
	{300, payment_came},
	{460, forward_new},
	{350, forward_done},
	{120, invoice_new},
	{60, invoice_paid},
	{40, invoices_expire},
	{50, pay},
	{40, block_came},
	{37, peer_event},
	{3, channel_event},
};

void event_run(struct tracegen *gen)
{
	uint64_t draw = gen_random(gen, WEIGHT_SUM);
	size_t i = 0;

	while (i + 1 < sizeof events / sizeof *events && draw >= events[i].weight)
		draw -= events[i++].weight;
	if (!events[i].run(gen))
		store_update(gen);
}

void store_create(struct tracegen *gen)
{
	for (uint64_t key = 0; key < STORE_KEYS; key++) {
		sql_put(&gen->sql, "INSERT INTO store VALUES (");
		sql_blob(&gen->sql, mix(gen->seed, key), 24);
		sql_put(&gen->sql, ", x'', 0);");
		sql_end(&gen->sql);
	}
}

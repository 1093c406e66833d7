/* tracegen_events.c - what happens on the made-up node while it runs, one event a call. */
#include "tracegen_state.h"

#define STORE_KEYS     8
#define INVOICES_KEPT  500
#define BIG_STATEMENTS 20000 /* about one call in so many has a blob of 100 KB */

/* Each event puts its statements and returns true, or cannot happen now, puts none and returns
 * false. */

static bool store_update(struct tracegen *gen)
{
	struct sqltext *sql = &gen->sql;
	uint64_t key = gen_random(gen, STORE_KEYS);
	size_t size = gen_random(gen, BIG_STATEMENTS / 6) ? 400 + 360 * (size_t)key : 50000;

	sql_put(sql, "UPDATE store SET data=");
	sql_blob_changing(sql, mix(gen->seed, key), ++gen->store_generation, 8, size);
	sql_put(sql, ", generation=generation+1 WHERE key=");
	sql_blob(sql, mix(gen->seed, key), 24);
	sql_put(sql, ";");
	sql_end(sql);
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
		id, (unsigned long long)gen_random(gen, 90000000), id, gen_seconds(gen) + 604800,
		id);
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
		gen_seconds(gen),
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
		id, gen_seconds(gen));
	sql_blob(sql, mix(gen->seed + 4, id), 32);
	sql_put(sql, ", ");
	sql_key(sql, mix(gen->seed + 5, id % 100));
	sql_put(sql, ");");
	sql_end(sql);
	sql_statement(sql, "UPDATE payments SET state=1, done_at=%lld WHERE id=%u;",
		gen_seconds(gen), id > 3 ? id - 3 : id);
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
		gen->event_next++, gen_seconds(gen));
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
		chan_forget(gen, (size_t)gen_random(gen, gen->chan_count));
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

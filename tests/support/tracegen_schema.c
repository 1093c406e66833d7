/* tracegen_schema.c - the made-up node's schema and its migrations. */
#include "tracegen_state.h"

#define SCHEMA_STATEMENTS 210

/* Rows that are there when the parent table is rebuilt: deleted by a cascade, if somebody replays
 * that with foreign keys on. */
#define CHANS_FROM_THE_START 2

#define PEER_COLUMNS "id INTEGER,  node_key BLOB UNIQUE,  address TEXT,  features BLOB"

static const char *const tables[] = {
	"CREATE TABLE schema_version (version INTEGER)",
	"INSERT INTO schema_version VALUES (1)",
	"CREATE TABLE vars (  name TEXT,  val TEXT,  intval INTEGER,  blobval BLOB,  PRIMARY KEY "
	"(name));",
	"INSERT INTO vars (name, intval) VALUES ('data_version', 0);",
	"INSERT INTO vars (name, intval) VALUES ('last_block', 0);",
	"INSERT INTO vars (name, intval) VALUES ('htlc_seq', 0);",
	"INSERT INTO vars (name, intval) VALUES ('move_seq', 0);",
	"CREATE TABLE peers (  " PEER_COLUMNS ",  PRIMARY KEY (id));",
	NULL, /* chans */
	"CREATE TABLE chan_limits (  id INTEGER,  dust_sat INTEGER,  in_flight_msat INTEGER,  "
	"reserve_sat INTEGER,  htlc_least_msat INTEGER,  delay_blocks INTEGER,  htlcs_most "
	"INTEGER,  "
	"dust_exposure_msat INTEGER DEFAULT 50000000,  PRIMARY KEY (id)) STRICT;",
	"CREATE TABLE chan_rates (  chan_id INTEGER REFERENCES chans(id) ON DELETE CASCADE,  side "
	"INTEGER,  "
	"rate INTEGER,  UNIQUE (chan_id, side));",
	"CREATE TABLE chan_heights (  chan_id INTEGER REFERENCES chans(id) ON DELETE CASCADE,  "
	"side "
	"INTEGER,  height INTEGER,  UNIQUE (chan_id, side));",
	"CREATE TABLE htlcs (  id INTEGER,  chan_id INTEGER REFERENCES chans(id) ON DELETE "
	"CASCADE,  number "
	"INTEGER,  direction INTEGER,  msat INTEGER,  expiry INTEGER,  hash BLOB,  preimage BLOB,  "
	"onion "
	"BLOB,  shared BLOB,  failure BLOB,  bad_onion INTEGER,  phase INTEGER,  came INTEGER,  "
	"first_commit INTEGER,  last_commit INTEGER DEFAULT NULL,  seq INTEGER DEFAULT 0,  PRIMARY "
	"KEY (id),  "
	"UNIQUE (chan_id, number, direction));",
	"CREATE INDEX htlcs_open ON htlcs (chan_id, direction) WHERE phase NOT IN (9, 10);",
	"CREATE INDEX htlcs_seq ON htlcs (seq);",
	"CREATE TABLE htlc_signatures (  chan_id INTEGER REFERENCES chans(id) ON DELETE CASCADE,  "
	"signature BLOB);",
	"CREATE INDEX htlc_signatures_chan ON htlc_signatures (chan_id);",
	"CREATE TABLE penalties (  chan_id INTEGER REFERENCES chans(id) ON DELETE CASCADE,  "
	"commit_no "
	"INTEGER,  txid BLOB,  out_no INTEGER,  amount INTEGER,  PRIMARY KEY (chan_id, "
	"commit_no));",
	"CREATE TABLE anchors (  chan_id INTEGER REFERENCES chans(id) ON DELETE CASCADE,  "
	"commit_no INTEGER,  "
	"txid BLOB,  out_no INTEGER,  fee INTEGER,  weight INTEGER) STRICT;",
	"CREATE INDEX anchors_chan ON anchors (chan_id);",
	"CREATE TABLE secrets (  id INTEGER,  lowest INTEGER,  count INTEGER,  PRIMARY KEY (id));",
	"CREATE TABLE secret_slots (  secret_id INTEGER REFERENCES secrets(id) ON DELETE CASCADE,  "
	"pos INTEGER, "
	" idx INTEGER,  hash BLOB,  PRIMARY KEY (secret_id, pos));",
	"CREATE TABLE invoices (  id INTEGER,  state INTEGER,  msat INTEGER,  hash BLOB UNIQUE,  "
	"preimage "
	"BLOB,  label TEXT UNIQUE,  expires INTEGER,  paid_at INTEGER,  text TEXT,  about TEXT,  "
	"PRIMARY KEY "
	"(id));",
	"CREATE TABLE invoice_fallbacks (  script BLOB,  invoice_id INTEGER REFERENCES "
	"invoices(id) ON DELETE "
	"CASCADE,  PRIMARY KEY (script));",
	"CREATE TABLE payments (  id INTEGER,  at INTEGER,  state INTEGER,  hash BLOB,  target "
	"BLOB,  msat "
	"INTEGER,  sent_msat INTEGER,  preimage BLOB,  text TEXT,  done_at INTEGER,  PRIMARY KEY "
	"(id)) STRICT;",
	"CREATE TABLE forwards (  in_place INTEGER,  in_number INTEGER,  out_place INTEGER,  "
	"out_number "
	"INTEGER,  in_msat INTEGER,  out_msat INTEGER,  state INTEGER,  came INTEGER,  done "
	"INTEGER,  PRIMARY "
	"KEY (in_place, in_number)) STRICT;",
	"CREATE TABLE store (  key BLOB,  data BLOB,  generation INTEGER,  PRIMARY KEY (key));",
	"CREATE TABLE blocks (  height INTEGER,  hash BLOB,  before BLOB,  UNIQUE (height));",
	"CREATE TABLE coins (  txid BLOB,  out_no INTEGER,  height INTEGER REFERENCES "
	"blocks(height) ON DELETE "
	"CASCADE,  spent INTEGER REFERENCES blocks(height) ON DELETE SET NULL,  script BLOB,  sat "
	"INTEGER,  "
	"PRIMARY KEY (txid, out_no));",
	"CREATE INDEX coins_spent ON coins (spent);",
	"CREATE INDEX coins_height ON coins (height);",
	"CREATE TABLE moves (  id INTEGER,  chan_id INTEGER,  msat INTEGER NOT NULL,  tags INTEGER "
	"NOT NULL,  "
	"at INTEGER NOT NULL,  hash BLOB,  fees INTEGER NOT NULL,  PRIMARY KEY (id)) STRICT;",
	"CREATE TABLE net_events (  id INTEGER,  peer_key BLOB NOT NULL,  kind INTEGER NOT NULL,  "
	"at INTEGER,  "
	"reason TEXT,  nsec INTEGER,  PRIMARY KEY (id)) STRICT;",
	"CREATE TABLE addresses (  key_no INTEGER,  kind INTEGER) STRICT;",
};

void schema_create(struct tracegen *gen)
{
	struct sqltext *sql = &gen->sql;

	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
		if (tables[i])
			sql_statement(sql, "%s", tables[i]);
		else
			chan_create_table(sql);
	}
	for (unsigned i = 0; i < CHANS_FROM_THE_START; i++)
		chan_open(gen);
	for (int64_t step = 0; sql->count < SCHEMA_STATEMENTS; step++) {
		switch (step % 4) {
		case 0:
			sql_statement(sql,
				"ALTER TABLE net_events ADD extra_%lld INTEGER DEFAULT NULL",
				(long long)step / 4);
			break;
		case 1:
			sql_statement(sql,
				"UPDATE net_events SET extra_%lld=0 WHERE extra_%lld IS NULL;",
				(long long)step / 4, (long long)step / 4);
			break;
		case 2:
			sql_statement(
				sql, "DELETE FROM chans WHERE phase=%lld", (long long)(100 + step));
			break;
		default:
			sql_statement(
				sql, "INSERT INTO addresses VALUES (%u, 2);", gen->address_next++);
		}
	}
}

void schema_rebuild_parent(struct tracegen *gen)
{
	struct sqltext *sql = &gen->sql;

	sql_statement(sql, "CREATE TABLE peers_new (  " PEER_COLUMNS ",  PRIMARY KEY (id));");
	sql_statement(
		sql, "INSERT INTO peers_new SELECT id, node_key, address, features FROM peers");
	sql_statement(sql, "DROP TABLE peers");
	sql_statement(sql, "ALTER TABLE peers_new RENAME TO peers");
}

void schema_extend(struct tracegen *gen)
{
	struct sqltext *sql = &gen->sql;
	unsigned step = gen->restarts;

	sql_statement(sql, "UPDATE schema_version SET version=%u;", 2 + step);
	sql_statement(sql, "CREATE TABLE temp_payments AS SELECT * FROM payments;");
	sql_statement(sql, "DROP TABLE temp_payments;");
	sql_statement(sql, "ALTER TABLE addresses RENAME TO addresses_old;");
	sql_statement(sql, "CREATE TABLE addresses (  key_no INTEGER,  kind INTEGER) STRICT;");
	sql_statement(sql, "INSERT INTO addresses SELECT key_no, kind FROM addresses_old;");
	sql_statement(sql, "DROP TABLE addresses_old;");
	sql_statement(sql, "DELETE FROM htlcs WHERE chan_id IN (  SELECT c.id  FROM chans AS c  "
			   "WHERE c.phase = 99);");
}

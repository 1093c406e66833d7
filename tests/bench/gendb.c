/* gendb.c - a large database of a node. */
#include "gendb.h"
#include "timing.h"
#include <sqlite3.h>
#include <string.h>

#define HASH_BYTES   32
#define ONION_BYTES  240 /* of which the second half is zeros: some of a row compresses */
#define PEERS        500
#define ROWS_BETWEEN 20000 /* commits */

static const char begin[] = "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
			    "PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -262144;";

static const char schema[] =
	"CREATE TABLE old_peers (id INTEGER PRIMARY KEY, node_id BLOB UNIQUE);"
	"CREATE TABLE old_htlcs (id INTEGER PRIMARY KEY, peer INTEGER REFERENCES old_peers(id) ON "
	"DELETE CASCADE, htlc_id INTEGER, hash BLOB, onion BLOB, msat INTEGER, state INTEGER, "
	"UNIQUE(peer, htlc_id));"
	"CREATE INDEX old_htlcs_hash ON old_htlcs(hash);"
	"CREATE TABLE old_payments (id INTEGER PRIMARY KEY, hash BLOB, preimage BLOB, label TEXT, "
	"msat INTEGER, at INTEGER);"
	"CREATE INDEX old_payments_hash ON old_payments(hash);"
	"CREATE TABLE old_forwards (in_peer INTEGER REFERENCES old_peers(id), in_id INTEGER, "
	"out_peer INTEGER, msat INTEGER, fee INTEGER, at REAL, PRIMARY KEY(in_peer, in_id));";

static const char *const inserts[] = {
	"INSERT INTO old_htlcs VALUES(?1, ?1 % 500 + 1, ?1 / 500, ?2, ?3, ?1 * 7919 % 1000000000, "
	"?1 % 20)",
	"INSERT INTO old_payments VALUES(?1, ?2, substr(?3, 1, 32), 'invoice of order ' || ?1, "
	"?1 * 7907 % 1000000000, 1700000000 + ?1)",
	"INSERT INTO old_forwards VALUES(?1 * 7 % 500 + 1, ?1, ?1 * 11 % 500 + 1, "
	"?1 * 6007 % 1000000000, ?1 % 5000, 1700000000.25 + ?1)",
};

#define INSERTS (sizeof inserts / sizeof *inserts)

static enum bk_code fail(sqlite3 *db, const char *doing, struct bk_error *err)
{
	return bk_fail(err, BK_E_SQL, 0, "%s: %s", doing, sqlite3_errmsg(db));
}

static enum bk_code run(sqlite3 *db, const char *sql, struct bk_error *err)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK ? BK_OK : fail(db, sql, err);
}

static enum bk_code run_slice(sqlite3 *db, struct bk_slice sql, struct bk_error *err)
{
	sqlite3_stmt *statement;
	int rc = sqlite3_prepare_v2(db, sql.data, (int)sql.size, &statement, NULL);

	while (rc == SQLITE_OK && (rc = sqlite3_step(statement)) == SQLITE_ROW)
		rc = SQLITE_OK;
	sqlite3_finalize(statement);
	return rc == SQLITE_DONE ? BK_OK : fail(db, "replay", err);
}

static enum bk_code run_call(sqlite3 *db, const struct bk_change *change, struct bk_error *err)
{
	bool is_lone = bk_change_is_pragma(change);
	enum bk_code code = is_lone ? BK_OK : run(db, "BEGIN", err);

	for (size_t i = 0; i < change->statement_count && !code; i++)
		code = run_slice(db, change->statements[i], err);
	return code || is_lone ? code : run(db, "COMMIT", err);
}

static enum bk_code play(sqlite3 *db, struct trace *trace, uint32_t version, struct bk_error *err)
{
	struct trace_call call = {.change.version = 0};
	enum bk_code code = run(db, "PRAGMA foreign_keys = ON", err);
	bool more = true;

	while (!code && more && call.change.version < version) {
		code = trace_next(trace, &call, &more, err);
		if (!code && more)
			code = run_call(db, &call.change, err);
	}
	return code;
}

static void random_bytes(uint8_t *at, size_t size, uint64_t *state)
{
	for (; size >= sizeof *state; at += sizeof *state, size -= sizeof *state)
		memcpy(at, &(uint64_t){next_random(state)}, sizeof *state);
}

static enum bk_code add_peers(sqlite3 *db, struct bk_error *err)
{
	enum bk_code code = run(db, schema, err);
	sqlite3_stmt *statement = NULL;
	uint64_t state = 1;

	if (!code && sqlite3_prepare_v2(db, "INSERT INTO old_peers VALUES(?1, ?2)", -1, &statement,
			     NULL) != SQLITE_OK)
		code = fail(db, "peers", err);
	for (int id = 1; id <= PEERS && !code; id++) {
		uint8_t node[HASH_BYTES];

		random_bytes(node, sizeof node, &state);
		sqlite3_bind_int(statement, 1, id);
		sqlite3_bind_blob(statement, 2, node, sizeof node, SQLITE_STATIC);
		if (sqlite3_step(statement) != SQLITE_DONE || sqlite3_reset(statement))
			code = fail(db, "peers", err);
	}
	sqlite3_finalize(statement);
	return code;
}

static enum bk_code add_row(sqlite3 *db, sqlite3_stmt *insert, int64_t id, const uint8_t *onion,
	const uint8_t *hash, struct bk_error *err)
{
	sqlite3_bind_int64(insert, 1, id);
	sqlite3_bind_blob(insert, 2, hash, HASH_BYTES, SQLITE_STATIC);
	sqlite3_bind_blob(insert, 3, onion, ONION_BYTES, SQLITE_STATIC);
	if (sqlite3_step(insert) != SQLITE_DONE || sqlite3_reset(insert))
		return fail(db, "rows", err);
	return BK_OK;
}

static uint64_t database_bytes(sqlite3 *db)
{
	sqlite3_stmt *statement = NULL;
	uint64_t bytes = UINT64_MAX;

	if (sqlite3_prepare_v2(db,
		    "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size", -1,
		    &statement, NULL) == SQLITE_OK &&
		sqlite3_step(statement) == SQLITE_ROW)
		bytes = (uint64_t)sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return bytes;
}

/* Adds rows to all tables until DB has BYTES. */
static enum bk_code add_rows(
	sqlite3 *db, sqlite3_stmt *const *statements, uint64_t bytes, struct bk_error *err)
{
	uint8_t onion[ONION_BYTES] = {0}, hash[HASH_BYTES];
	uint64_t state = 2;
	enum bk_code code = BK_OK;

	for (int64_t id = 1; !code && database_bytes(db) < bytes;) {
		code = run(db, "BEGIN", err);
		for (int i = 0; i < ROWS_BETWEEN && !code; i++, id++) {
			random_bytes(onion, ONION_BYTES / 2, &state);
			random_bytes(hash, HASH_BYTES, &state);
			for (size_t k = 0; k < INSERTS && !code; k++)
				code = add_row(db, statements[k], id, onion, hash, err);
		}
		if (!code)
			code = run(db, "COMMIT", err);
	}
	return code;
}

static enum bk_code fill(sqlite3 *db, uint64_t bytes, struct bk_error *err)
{
	sqlite3_stmt *statements[INSERTS] = {NULL};
	enum bk_code code = add_peers(db, err);

	for (size_t i = 0; i < INSERTS && !code; i++)
		if (sqlite3_prepare_v2(db, inserts[i], -1, &statements[i], NULL) != SQLITE_OK)
			code = fail(db, inserts[i], err);
	if (!code)
		code = add_rows(db, statements, bytes, err);
	for (size_t i = 0; i < INSERTS; i++)
		sqlite3_finalize(statements[i]);
	return code;
}

enum bk_code gendb_make(const char *path, struct trace *trace, uint32_t version, uint64_t bytes,
	struct bk_error *err)
{
	sqlite3 *db = NULL;
	enum bk_code code =
		sqlite3_open(path, &db) == SQLITE_OK ? run(db, begin, err) : fail(db, path, err);

	if (!code)
		code = play(db, trace, version, err);
	if (!code)
		code = fill(db, bytes, err);
	sqlite3_close(db);
	return code;
}

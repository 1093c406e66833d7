/* sqlgen.c - made-up SQL: small, and of every kind that a node sends. */
#include "model.h"
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sql_done(struct sql *sql)
{
	for (size_t i = 0; i < sql->count; i++)
		free(sql->text[i]);
	sql->count = 0;
}

void sql_add(struct sql *sql, const char *fmt, ...)
{
	va_list args;

	assert(sql->count < MODEL_STATEMENTS_MAX);
	va_start(args, fmt);
	if (vasprintf(&sql->text[sql->count++], fmt, args) < 0)
		abort();
	va_end(args);
}

struct bk_change sql_change(const struct sql *sql, uint32_t version, struct bk_slice *slices)
{
	for (size_t i = 0; i < sql->count; i++)
		slices[i] = (struct bk_slice){sql->text[i], strlen(sql->text[i])};
	return (struct bk_change){version, slices, sql->count};
}

static void add_version(struct sql *out, uint32_t version)
{
	sql_add(out, "UPDATE vars SET intval = %u WHERE name = 'data_version'%s", version,
		version % 2 ? ";" : "");
}

void sql_schema(struct sql *out, uint32_t version)
{
	out->count = 0;
	sql_add(out, "CREATE TABLE vars (name TEXT PRIMARY KEY, intval INTEGER)");
	sql_add(out, "INSERT INTO vars VALUES ('data_version', %u)", version);
	sql_add(out, "CREATE TABLE peers (id INTEGER PRIMARY KEY, node BLOB, note TEXT);");
	sql_add(out, "CREATE TABLE channels (id INTEGER PRIMARY KEY, peer INTEGER NOT NULL "
		     "REFERENCES peers(id) ON DELETE CASCADE, msat INTEGER, state BLOB)");
	sql_add(out, "CREATE INDEX channels_by_peer ON channels (peer)");
	sql_add(out, "INSERT INTO peers (id, node) VALUES (1, x'01'), (2, x'02'), (3, x'03')");
	sql_add(out, "INSERT INTO channels (peer, msat) VALUES (1, 10), (2, 20), (3, 30)");
}

/* A hexadecimal literal of up to SIZE random bytes; they do not compress. */
static char *blob(struct rng *rng, uint32_t size)
{
	uint32_t bytes = 1 + rng_below(rng, size);
	char *text = malloc(2 * (size_t)bytes + 4), *at = text;

	assert(text);
	at += sprintf(at, "x'");
	for (uint32_t i = 0; i < bytes; i++)
		at += sprintf(at, "%02x", (unsigned)(rng_next(rng) & 0xff));
	sprintf(at, "'");
	return text;
}

static void add_random(struct sql *out, struct rng *rng, uint32_t version)
{
	uint32_t id = 1 + rng_below(rng, 6);
	char *bytes = blob(rng, rng_chance(rng, 15) ? 1500 : 40);

	switch (rng_below(rng, 10)) {
	case 0:
		sql_add(out, "INSERT OR REPLACE INTO peers VALUES (%u, %s, 'p%u');", id, bytes,
			version);
		break;
	case 1:
		sql_add(out,
			"INSERT INTO channels (peer, msat, state) SELECT id, %u, %s FROM peers "
			"WHERE id = %u",
			version, bytes, id);
		break;
	case 2:
		sql_add(out, "DELETE FROM peers WHERE id = %u", id);
		break;
	case 3:
		sql_add(out, "DELETE FROM channels WHERE id %% 5 = %u", id % 5);
		break;
	case 4:
		sql_add(out,
			"CREATE TABLE IF NOT EXISTS extra%u (a, b TEXT DEFAULT 'x', PRIMARY KEY "
			"(a)); INSERT OR REPLACE INTO extra%u VALUES (%u, 'y');",
			id, id, version);
		break;
	case 5:
		sql_add(out, "DROP TABLE IF EXISTS extra%u", id);
		break;
	case 6:
		sql_add(out,
			"UPDATE peers SET note = 'at ' || strftime('%%Y', 86400 * %u, "
			"'unixepoch') || '; ''%u'''",
			id, version);
		break;
	default:
		sql_add(out, "UPDATE channels SET msat = msat + %u, state = %s WHERE id %% 3 = %u",
			id, bytes, id % 3);
		break;
	}
	free(bytes);
}

void sql_random(struct sql *out, struct rng *rng, uint32_t version)
{
	uint32_t count = rng_below(rng, 4);

	out->count = 0;
	for (uint32_t i = 0; i < count; i++)
		add_random(out, rng, version);
	add_version(out, version);
}

void sql_rebuild(struct sql *out, uint32_t version)
{
	out->count = 0;
	sql_add(out, "CREATE TABLE peers_new (id INTEGER PRIMARY KEY, node BLOB, note TEXT)");
	sql_add(out, "INSERT INTO peers_new SELECT id, node, 'moved' FROM peers");
	sql_add(out, "DROP TABLE peers");
	sql_add(out, "ALTER TABLE peers_new RENAME TO peers");
	add_version(out, version);
}

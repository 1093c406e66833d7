/* mutate_sql.c - statements that a stranger may have put into a log. */
#include "fuzz.h"
#include "mutate.h"
#include <string.h>

#define TEXT_ROOM 512

static const char *const texts[] = {
	"CREATE TABLE vars (name TEXT PRIMARY KEY, intval INTEGER)",
	"INSERT INTO vars VALUES ('data_version', 1)",
	"UPDATE vars SET intval = intval + 1 WHERE name = 'data_version'",
	"CREATE TABLE t (id INTEGER PRIMARY KEY, x BLOB)",
	"CREATE TABLE c (a CHECK (length(hex(zeroblob(a * 100000))) > 0))",
	"CREATE TABLE k (a CHECK (hex(zeroblob(2000)) NOT LIKE '%0%0%0%0%0%1'))",
	"CREATE TABLE g (a, b AS (hex(zeroblob(a))) STORED, UNIQUE (b))",
	"CREATE TABLE w (a PRIMARY KEY, b) WITHOUT ROWID",
	"CREATE TABLE f (a REFERENCES t(id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED)",
	"CREATE VIEW v AS SELECT t.x FROM t, t AS u, t AS w",
	"CREATE VIEW IF NOT EXISTS channels AS WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT "
	"i + 1 FROM r) SELECT i FROM r",
	"CREATE TRIGGER tr AFTER INSERT ON t BEGIN INSERT INTO t (x) SELECT x FROM t; END",
	"CREATE TRIGGER td AFTER DELETE ON t BEGIN UPDATE vars SET intval = 0; END",
	"CREATE INDEX i ON t (x)",
	"CREATE INDEX e ON t (hex(zeroblob(id)))",
	"CREATE TEMP TABLE tt AS SELECT * FROM t",
	"INSERT INTO t (x) VALUES (zeroblob(700))",
	"INSERT INTO t (x) VALUES (zeroblob(1000000))",
	"INSERT INTO t (x) SELECT x FROM t LIMIT 8",
	"INSERT INTO t (x) WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r LIMIT "
	"2000) SELECT randomblob(i) FROM r",
	"INSERT INTO t VALUES (9223372036854775807, 1)",
	"INSERT INTO c VALUES (1)",
	"INSERT INTO g (a) VALUES (3)",
	"DELETE FROM t WHERE id % 2",
	"DELETE FROM vars",
	"UPDATE t SET x = hex(x)",
	"UPDATE OR REPLACE t SET id = id + 1",
	"DROP TABLE t",
	"DROP VIEW v",
	"ALTER TABLE t ADD COLUMN y DEFAULT (1)",
	"ALTER TABLE t RENAME TO vars",
	"ALTER TABLE t DROP COLUMN x",
	"REINDEX",
	"ANALYZE",
	"VACUUM",
	"PRAGMA foreign_keys = OFF;",
	"PRAGMA user_version = 7",
	"PRAGMA writable_schema = ON",
	"PRAGMA page_size = 65536",
	"PRAGMA auto_vacuum = 1",
	"PRAGMA journal_mode = WAL",
	"ATTACH '/tmp/x' AS x",
	"SELECT no_such_function()",
	"SELECT load_extension('x')",
	"SELECT count(*) FROM t, t, t, t",
	"SELECT group_concat(hex(zeroblob(100000))) FROM t",
	"WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r) SELECT sum(i) FROM r",
	"SELECT x GLOB '*a*a*a*a*a*a*b' FROM t",
	"BEGIN",
	"COMMIT",
	"SAVEPOINT s",
	"",
};

uint32_t mutate_sql(struct rng *rng, struct bk_buf *out)
{
	uint32_t count = 1 + rng_below(rng, 4);
	struct bk_error err;

	for (uint32_t i = 0; i < count; i++) {
		const char *text = texts[rng_below(rng, sizeof texts / sizeof *texts)];
		uint8_t bytes[TEXT_ROOM];
		size_t size = strlen(text);

		memcpy(bytes, text, size);
		if (size && rng_chance(rng, 30))
			size = LLVMFuzzerMutate(bytes, size, sizeof bytes - 1);
		for (size_t j = 0; j < size; j++) /* one statement, one zero */
			if (!bytes[j])
				bytes[j] = ' ';
		bytes[size] = '\0';
		REQUIRE(!bk_buf_append(out, bytes, size + 1, &err));
	}
	return count;
}

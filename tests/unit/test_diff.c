/* test_diff.c - how two versions differ: against SQL over both databases, for random changes. */
#include "forge.h"
#include "node.h"
#include <bk/diff.h>
#include <bk/follower.h>

SUITE(diff);

/* Tables of every kind, and what tells their rows apart. */
static const struct {
	const char *name, *make, *key, *one_key, *rest;
} tables[] = {
	{"numbered", "CREATE TABLE numbered(id INTEGER PRIMARY KEY, small, large)", "id", "id",
		"a.small IS NOT b.small OR a.large IS NOT b.large"},
	{"named", "CREATE TABLE named(k TEXT PRIMARY KEY, small, large)", "k", "k",
		"a.small IS NOT b.small OR a.large IS NOT b.large"},
	{"plain", "CREATE TABLE plain(small, large)", "rowid", "rowid",
		"a.small IS NOT b.small OR a.large IS NOT b.large"},
	{"pairs",
		"CREATE TABLE pairs(k TEXT, n INTEGER, small, large, PRIMARY KEY(n, k)) WITHOUT "
		"ROWID",
		"n, k", "n || k", "a.small IS NOT b.small OR a.large IS NOT b.large"},
	{"hidden", "CREATE TABLE hidden(rowid TEXT, oid UNIQUE, small, PRIMARY KEY(rowid))",
		"rowid", "rowid", "a.small IS NOT b.small OR a.oid IS NOT b.oid"},
};

static const char *row_of(size_t table, uint64_t *seed, char *sql, size_t size)
{
	unsigned id = (unsigned)(random_next(seed) % 400), length = 20;
	unsigned byte = (unsigned)(random_next(seed) % 256);

	if (random_next(seed) % 10 == 0)
		length = 3000 + (unsigned)(random_next(seed) % 3 * 4000);
	switch (table) {
	case 0:
		snprintf(sql, size,
			"INSERT OR REPLACE INTO numbered VALUES(%u, %u, CAST(zeroblob(%u) || "
			"x'%02x' AS BLOB))",
			id, byte, length, byte);
		break;
	case 1:
		snprintf(sql, size,
			"INSERT OR REPLACE INTO named VALUES('k%u', %u, CAST(zeroblob(%u) || "
			"x'%02x' AS BLOB))",
			id, byte, length, byte);
		break;
	case 2:
		snprintf(sql, size,
			"INSERT INTO plain VALUES(%u, CAST(zeroblob(%u) || x'%02x' AS BLOB))", byte,
			length, byte);
		break;
	case 3:
		snprintf(sql, size,
			"INSERT OR REPLACE INTO pairs VALUES('k%u', %u, %u, zeroblob(%u))", id,
			id % 7, byte, length);
		break;
	default:
		snprintf(sql, size, "INSERT OR REPLACE INTO hidden VALUES('r%u', %u, %u)", id,
			id * 7 % 300, byte);
		break;
	}
	return sql;
}

/* One statement: rows come, rows go, rows are changed where they stand; of long ones only the end,
 * which stands on a page of its own. */
static const char *some_statement(uint64_t *seed, char *sql, size_t size)
{
	size_t table = (size_t)(random_next(seed) % COUNT_OF(tables));
	unsigned at = (unsigned)(random_next(seed) % 400);

	switch (random_next(seed) % 8) {
	case 0:
		snprintf(sql, size, "DELETE FROM %s WHERE small %% 16 = %u", tables[table].name,
			at % 16);
		return sql;
	case 1:
		snprintf(sql, size, "UPDATE %s SET small = small + 1 WHERE small = %u",
			tables[table].name, at % 256);
		return sql;
	case 2:
		snprintf(sql, size,
			"UPDATE %s SET large = CAST(substr(large, 1, length(large) - 1) || x'%02x' "
			"AS BLOB) "
			"WHERE length(large) > 6000 AND small %% 3 = %u",
			tables[at % 3].name, at % 256, at % 3);
		return sql;
	case 3:
		snprintf(sql, size, "UPDATE numbered SET id = id + 1000 WHERE id = %u", at);
		return sql;
	default:
		return row_of(table, seed, sql, size);
	}
}

static void begin(struct node *node, uint64_t *seed, unsigned changes)
{
	char sql[5][200];

	node_begin(node, 8);
	node_change(node, tables[0].make, tables[1].make, tables[2].make, tables[3].make,
		tables[4].make);
	node_change(node,
		"WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < 3000) "
		"INSERT INTO numbered SELECT i + 2000, i % 256, zeroblob(40) FROM n");
	for (unsigned i = 0; i < changes; i++)
		node_change(node, some_statement(seed, sql[0], sizeof sql[0]),
			some_statement(seed, sql[1], sizeof sql[1]),
			some_statement(seed, sql[2], sizeof sql[2]));
	ok(bk_keyframes_build(node->writer, why()));
}

/* Both databases in one connection, as a and b, and a table for what is told of them. */
static sqlite3 *open_both(const struct node *node, uint32_t from, uint32_t to)
{
	sqlite3 *db = sql_open(":memory:");
	const char *const names[] = {"a", "b"};

	sql_run(db, "CREATE TABLE got(name, kind, key)");
	for (int i = 0; i < 2; i++) {
		const struct past *past = node_past(node, i ? to : from);

		sql_run(db, "ATTACH ':memory:' AS %s", names[i]);
		cr_assert(past && sqlite3_deserialize(db, names[i], past->bytes, past->size,
					  past->size, SQLITE_DESERIALIZE_READONLY) == SQLITE_OK);
	}
	return db;
}

static void bind_value(sqlite3_stmt *statement, int at, const struct bk_value *value)
{
	if (value->type == BK_VALUE_INTEGER)
		sqlite3_bind_int64(statement, at, value->integer);
	else
		sqlite3_bind_text(statement, at, value->bytes, (int)value->size, SQLITE_TRANSIENT);
}

static enum bk_code note(void *ctx, const struct bk_diff *diff, struct bk_error *err)
{
	sqlite3_stmt *insert = NULL;

	(void)err;
	if (strcmp(diff->table, "vars") == 0 || strcmp(diff->table, "busy") == 0)
		return BK_OK;
	cr_assert(sqlite3_prepare_v2(ctx,
			  diff->key.count == 2 ? "INSERT INTO got VALUES(?1, ?2, ?3 || ?4)"
					       : "INSERT INTO got VALUES(?1, ?2, ?3)",
			  -1, &insert, NULL) == SQLITE_OK);
	sqlite3_bind_text(insert, 1, diff->table, -1, SQLITE_TRANSIENT);
	sqlite3_bind_int(insert, 2, (int)diff->kind);
	for (size_t i = 0; i < diff->key.count; i++)
		bind_value(insert, (int)i + 3, &diff->key.values[i]);
	cr_assert(sqlite3_step(insert) == SQLITE_DONE);
	sqlite3_finalize(insert);
	return BK_OK;
}

/* What SQL over whole tables finds, less what was told, and the other way round. */
static void check_table(sqlite3 *db, size_t at, uint32_t from, uint32_t to)
{
	char want[2000], sql[5000];
	const char *name = tables[at].name, *key = tables[at].one_key;

	snprintf(want, sizeof want,
		"SELECT 0, %s FROM b.%s WHERE (%s) NOT IN (SELECT %s FROM a.%s) UNION ALL "
		"SELECT 2, %s FROM a.%s WHERE (%s) NOT IN (SELECT %s FROM b.%s) UNION ALL "
		"SELECT 1, a.%s FROM (SELECT %s AS kk, * FROM a.%s) AS a JOIN (SELECT %s AS kk, * "
		"FROM b.%s) AS b ON a.kk = b.kk WHERE %s",
		key, name, tables[at].key, tables[at].key, name, key, name, tables[at].key,
		tables[at].key, name, "kk", key, name, key, name, tables[at].rest);
	snprintf(sql, sizeof sql,
		"SELECT count(*) FROM (SELECT * FROM (%s) EXCEPT SELECT kind, key FROM got WHERE "
		"name = '%s')",
		want, name);
	cr_assert(sql_int(db, sql) == 0, "%s, %u to %u: not told", name, from, to);
	snprintf(sql, sizeof sql,
		"SELECT count(*) FROM (SELECT kind, key FROM got WHERE name = '%s' EXCEPT SELECT "
		"* FROM (%s))",
		name, want);
	cr_assert(sql_int(db, sql) == 0, "%s, %u to %u: told, and not so", name, from, to);
	snprintf(sql, sizeof sql,
		"SELECT count(*) - count(DISTINCT kind || ' ' || key) FROM got WHERE name = '%s'",
		name);
	cr_assert(sql_int(db, sql) == 0, "%s, %u to %u: told twice", name, from, to);
}

static void check_by(struct node *node, struct bk_differ *differ, uint32_t from, uint32_t to)
{
	sqlite3 *db = open_both(node, from, to);

	sql_run(db, "BEGIN");
	ok(bk_differ_compare(differ, from, to, NULL, note, db, why()));
	sql_run(db, "COMMIT");
	for (size_t at = 0; at < COUNT_OF(tables); at++)
		check_table(db, at, from, to);
	sqlite3_close(db);
}

static void check(struct node *node, struct bk_log *log, uint32_t from, uint32_t to)
{
	struct bk_differ *differ;

	ok(bk_differ_open(&differ, log, why()));
	check_by(node, differ, from, to);
	bk_differ_close(differ);
}

/* One comparison after the other: in a row, back, far apart; and once the log has moved on. */
Test(diff, goes_on_from_the_last)
{
	uint64_t seed = test_seed() + 2;
	struct bk_differ *differ;
	struct bk_log *log;
	struct node node;

	begin(&node, &seed, 30);
	log = bk_writer_log(node.writer);
	ok(bk_differ_open(&differ, log, why()));
	for (uint32_t version = 2; version + 1 < node.version; version++)
		check_by(&node, differ, version, version + 1);
	check_by(&node, differ, 7, 8);
	check_by(&node, differ, 9, 8);
	check_by(&node, differ, 9, 20);
	check_by(&node, differ, 20, 21);
	node_lost(&node, "DELETE FROM numbered");
	/* It stands before what is struck out then. */
	check_by(&node, differ, node.version - 1, node.version);
	ok(bk_writer_rewind(node.writer, node.version, why()));
	node_change(&node, "UPDATE numbered SET small = 6");
	check_by(&node, differ, node.version - 1, node.version);
	cr_assert(!bk_differ_is_spent(differ));
	bk_differ_close(differ);
	node_end(&node);
}

Test(diff, finds_what_sql_finds)
{
	uint64_t seed = test_seed();
	struct bk_log *log;
	struct node node;

	begin(&node, &seed, 60);
	log = node_log(&node);
	for (uint32_t version = 2; version < node.version; version++) {
		check(&node, log, version, version + 1);
		check(&node, log, version + 1, version);
	}
	for (int i = 0; i < 40; i++)
		check(&node, log, 2 + (uint32_t)(random_next(&seed) % (node.version - 2)),
			2 + (uint32_t)(random_next(&seed) % (node.version - 2)));
	bk_log_close(log);
	node_end(&node);
}

/* Across a snapshot, whose pages are laid out by the node, and after a rewind. */
Test(diff, across_a_gap)
{
	uint64_t seed = test_seed() + 1;
	struct bk_log *log;
	struct node node;
	uint32_t before;

	begin(&node, &seed, 10);
	before = node.version;
	for (int i = 0; i < 3; i++)
		node_unwatched(&node, "UPDATE numbered SET small = 1 - small WHERE id % 9 = 0");
	node_snapshot(&node, BK_SNAPSHOT_GAP);
	node_lost(&node, "DELETE FROM numbered");
	ok(bk_writer_rewind(node.writer, node.version, why()));
	node_change(&node, "UPDATE named SET small = 5");
	log = node_log(&node);
	check(&node, log, before, node.version - 1);
	check(&node, log, before - 1, node.version);
	check(&node, log, node.version, 3);
	fails(BK_E_MISSING, bk_diff(log, before, before + 1, NULL, note, NULL, why()));
	fails(BK_E_MISSING, bk_diff(log, 4, 5, "nowhere", note, NULL, why()));
	bk_log_close(log);
	node_end(&node);
}

/* A snapshot of the version that a change led to stands in that change's place: where it cannot be
 * replayed, and where it does otherwise. */
Test(diff, up_to_a_snapshot_of_the_same_version)
{
	uint64_t seed = test_seed() + 2;
	struct bk_log *log;
	struct node node;
	uint32_t unreplayable, another;

	begin(&node, &seed, 10);
	node_lost(&node, "INSERT INTO nowhere VALUES (1)");
	node_unwatched(&node, "DELETE FROM numbered WHERE id % 9 = 0");
	node_snapshot(&node, BK_SNAPSHOT_REPLAY_FAILED);
	unreplayable = node.version;
	node_change(&node, "UPDATE named SET small = 5");
	node_lost(&node, "DELETE FROM named");
	node_unwatched(&node, "DELETE FROM numbered WHERE id % 7 = 0");
	node_snapshot(&node, BK_SNAPSHOT_GAP);
	another = node.version;
	log = node_log(&node);
	check(&node, log, unreplayable - 1, unreplayable);
	check(&node, log, unreplayable, unreplayable - 3);
	check(&node, log, another - 1, another);
	check(&node, log, another, unreplayable);
	bk_log_close(log);
	node_end(&node);
}

/* Only the end of a long row is another: the leaf that it begins on is not written to. */
Test(diff, the_end_of_a_long_row)
{
	uint64_t seed = test_seed() + 3;
	struct bk_log *log;
	struct node node;

	begin(&node, &seed, 2);
	node_change(&node, "INSERT OR REPLACE INTO numbered VALUES(5, 1, zeroblob(20000))",
		"INSERT INTO plain VALUES(1, zeroblob(20000))");
	for (unsigned byte = 1; byte < 12; byte++) {
		char sql[2][100];

		for (int i = 0; i < 2; i++)
			snprintf(sql[i], sizeof sql[i],
				"UPDATE %s SET large = CAST(zeroblob(19999) || x'%02x' AS BLOB) "
				"WHERE "
				"length(large) = 20000",
				i ? "plain" : "numbered", byte);
		node_change(&node, sql[0], sql[1]);
	}
	ok(bk_keyframes_build(node.writer, why()));
	log = node_log(&node);
	for (uint32_t version = 3; version < node.version; version++)
		check(&node, log, version, version + 1);
	check(&node, log, 5, node.version);
	bk_log_close(log);
	node_end(&node);
}

struct told {
	unsigned schema, rows;
};

static enum bk_code count(void *ctx, const struct bk_diff *diff, struct bk_error *err)
{
	struct told *told = ctx;

	(void)err;
	if (diff->kind == BK_DIFF_SCHEMA)
		told->schema++;
	else
		told->rows++;
	return BK_OK;
}

static struct told between(struct bk_log *log, uint32_t from, uint32_t to, const char *table)
{
	struct told told = {0};

	ok(bk_diff(log, from, to, table, count, &told, why()));
	return told;
}

/* Tables that are made, altered, dropped; a key with NULL in it. */
Test(diff, schemas)
{
	struct told told;
	struct bk_log *log;
	struct node node;

	node_begin(&node, 4);
	node_change(
		&node, "CREATE TABLE t(a PRIMARY KEY, b)", "INSERT INTO t VALUES(1, 2), (3, 4)");
	node_change(
		&node, "ALTER TABLE t ADD COLUMN c DEFAULT 7", "UPDATE t SET b = 5 WHERE a = 3");
	node_change(&node, "INSERT INTO t VALUES(NULL, 1, 1), (NULL, 2, 2)");
	node_change(&node, "UPDATE t SET b = 3 WHERE b = 2 AND a IS NULL");
	node_change(&node, "CREATE TABLE u AS SELECT * FROM t", "DROP TABLE t",
		"CREATE TABLE t(a, b PRIMARY KEY)", "INSERT INTO t SELECT a, b FROM u");
	node_change(&node, "DROP TABLE t");
	log = node_log(&node);
	told = between(log, 1, 2, "t");
	cr_assert(told.schema == 1 && told.rows == 2, "made");
	told = between(log, 2, 3, "t");
	cr_assert(told.schema == 1 && told.rows == 1, "a column more: %u", told.rows);
	told = between(log, 4, 5, "T");
	cr_assert(told.schema == 0 && told.rows == 1, "the key is NULL: %u", told.rows);
	told = between(log, 5, 6, "t");
	cr_assert(told.schema == 2 && told.rows == 8, "another key: %u", told.rows);
	told = between(log, 6, 7, "t");
	cr_assert(told.schema == 1 && told.rows == 4, "dropped: %u", told.rows);
	told = between(log, 7, 7, NULL);
	cr_assert(!told.schema && !told.rows);
	bk_log_close(log);
	node_end(&node);
}

/* Where keyframes are damaged, the changes lead there all the same. */
Test(diff, past_damage)
{
	uint64_t seed = test_seed() + 2;
	struct forge forge;
	struct bk_log *log;
	struct node node;

	begin(&node, &seed, 40);
	forge_load(&forge, node.path);
	forge_frame(&forge, forge_find(&forge, KEYFRAME, -2))[AT_PAYLOAD + 30] ^= 1;
	forge_save(&forge, scratch("bad"));
	forge_done(&forge);
	ok(bk_log_open(&log, &node.io.io, scratch("bad"), why()));
	for (uint32_t version = 3; version < node.version; version++)
		check(&node, log, version, version + 1);
	bk_log_close(log);
	node_end(&node);
}

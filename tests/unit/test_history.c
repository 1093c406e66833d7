/* test_history.c - how rows changed: against what the database was at each version. */
#include "forge.h"
#include "node.h"
#include <bk/follower.h>
#include <bk/history.h>
#include <inttypes.h>
#include <time.h>

SUITE(history);

/* What the rows are by what was told so far: (version, key) goes to a table of the test's own. */
struct told {
	sqlite3 *db; /* rows(k, v): as they are now */
	struct node *node;
	const char *where;
	uint32_t version; /* up to this one all was told */
	unsigned count;
};

/* At VERSION the node had the rows that were told. */
static void check_version(struct told *told, uint32_t version)
{
	const struct past *past = node_past(told->node, version);
	char sql[500], count[200];

	if (!past || !past->bytes)
		return;
	cr_assert(sqlite3_deserialize(told->db, "was", past->bytes, past->size, past->size,
			  SQLITE_DESERIALIZE_READONLY) == SQLITE_OK);
	if (!sql_int(told->db, "SELECT count(*) FROM was.sqlite_schema WHERE name = 't'"))
		return;
	snprintf(sql, sizeof sql,
		"SELECT (SELECT count(*) FROM rows) = (SELECT count(*) FROM was.t WHERE %s) AND "
		"NOT EXISTS (SELECT k, v FROM was.t WHERE %s EXCEPT SELECT k, v FROM rows)",
		told->where, told->where);
	snprintf(count, sizeof count, "SELECT count(*) FROM was.t WHERE %s", told->where);
	cr_assert(sql_int(told->db, sql) == 1, "version %u, %s: %d rows, %d should be", version,
		told->where, (int)sql_int(told->db, "SELECT count(*) FROM rows"),
		(int)sql_int(told->db, count));
}

static void check_until(struct told *told, uint32_t version)
{
	for (; told->version != version; told->version++)
		check_version(told, told->version);
}

static void run(
	struct told *told, const char *sql, const struct bk_value *k, const struct bk_value *v)
{
	sqlite3_stmt *statement = NULL;

	cr_assert(sqlite3_prepare_v2(told->db, sql, -1, &statement, NULL) == SQLITE_OK);
	sqlite3_bind_int64(statement, 1, k->integer);
	if (v && v->type == BK_VALUE_BLOB)
		sqlite3_bind_blob(statement, 2, v->bytes, (int)v->size, SQLITE_TRANSIENT);
	else if (v)
		sqlite3_bind_int64(statement, 2, v->integer);
	cr_assert(sqlite3_step(statement) == SQLITE_DONE);
	cr_assert(sqlite3_changes(told->db) == 1, "%s", sql);
	sqlite3_finalize(statement);
}

static enum bk_code on_change(
	void *ctx, const struct bk_entry *entry, const struct bk_diff *diff, struct bk_error *err)
{
	struct told *told = ctx;

	(void)err;
	check_until(told, entry->version);
	cr_assert(strcmp(diff->table, "t") == 0 && diff->key.count == 1);
	told->count++;
	switch (diff->kind) {
	case BK_DIFF_ADDED:
		run(told, "INSERT INTO rows VALUES(?1, ?2)", &diff->key.values[0],
			&diff->after->values[1]);
		break;
	case BK_DIFF_CHANGED:
		run(told, "UPDATE rows SET v = ?2 WHERE k = ?1", &diff->key.values[0],
			&diff->after->values[1]);
		break;
	default:
		run(told, "DELETE FROM rows WHERE k = ?1", &diff->key.values[0], NULL);
		break;
	}
	return BK_OK;
}

/* The whole history of t, or of the row KEY, is what the node had. Returns how many changes it has.
 */
static unsigned check_history_by(
	struct node *node, struct bk_log *log, const char *key, unsigned threads)
{
	struct bk_history_options options = {
		.key = &key, .key_count = key ? 1 : 0, .threads = threads};
	char where[100] = "1";
	struct told told = {.db = sql_open(":memory:"), .node = node, .where = where, .version = 1};

	if (key)
		snprintf(where, sizeof where, "k = %s", key);
	sql_run(told.db, "CREATE TABLE rows(k, v)");
	sql_run(told.db, "ATTACH ':memory:' AS was");
	ok(bk_history(log, "T", &options, on_change, &told, why()));
	check_until(&told, node->version + 1);
	sqlite3_close(told.db);
	return told.count;
}

/* As one thread reads it, and as several do. */
static unsigned check_history(struct node *node, struct bk_log *log, const char *key)
{
	unsigned one = check_history_by(node, log, key, 1);

	cr_assert(check_history_by(node, log, key, 3) == one);
	return one;
}

static void begin(struct node *node, unsigned changes)
{
	uint64_t seed = test_seed();

	node_begin(node, 8);
	node_change(
		node, "CREATE TABLE t(k INTEGER PRIMARY KEY, v, w)", "CREATE TABLE other(a, b)");
	node_change(node,
		"WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < 900) "
		"INSERT INTO t SELECT i, i, zeroblob(30) FROM n");
	for (unsigned i = 0; i < changes; i++) {
		char sql[200];
		unsigned k = (unsigned)(random_next(&seed) % 900);

		switch (random_next(&seed) % 8) {
		case 0:
			snprintf(sql, sizeof sql, "UPDATE t SET v = v + 1 WHERE k %% 300 = 7");
			break;
		case 1:
			snprintf(sql, sizeof sql, "INSERT OR REPLACE INTO t VALUES(%u, %u, 0)", k,
				i);
			break;
		case 2:
			snprintf(sql, sizeof sql, "DELETE FROM t WHERE k IN (307, %u)", k);
			break;
		case 3:
			snprintf(sql, sizeof sql,
				"INSERT OR REPLACE INTO t VALUES(307, CAST(zeroblob(9000) || "
				"x'%02x' "
				"AS BLOB), 0)",
				i % 256);
			break;
		case 4:
			snprintf(sql, sizeof sql,
				"UPDATE t SET v = CAST(zeroblob(9000) || x'%02x' AS BLOB) "
				"WHERE k = 307 AND length(v) = 9001",
				i % 256);
			break;
		default:
			snprintf(
				sql, sizeof sql, "INSERT INTO other VALUES(%u, zeroblob(3000))", k);
			break;
		}
		node_change(node, sql);
	}
}

Test(history, is_what_the_node_had)
{
	struct bk_log *log;
	struct node node;
	unsigned all;

	begin(&node, 150);
	ok(bk_keyframes_build(node.writer, why()));
	node_busy(&node, 3);
	log = node_log(&node);
	all = check_history(&node, log, NULL);
	cr_assert(all > 950, "%u", all);
	cr_assert(check_history(&node, log, "307") > 20);
	cr_assert(check_history(&node, log, "7") > 5);
	cr_assert(check_history(&node, log, "899") > 0);
	cr_assert(check_history(&node, log, "5000") == 0);
	bk_log_close(log);
	node_end(&node);
}

/* Snapshots over gaps, changes that were struck out, ALTER, DROP and a table made anew. */
Test(history, gaps_rewinds_and_schemas)
{
	struct bk_log *log;
	struct node node;

	begin(&node, 30);
	node_unwatched(&node, "UPDATE t SET v = -1 WHERE k < 20");
	node_unwatched(&node, "DELETE FROM t WHERE k = 7");
	node_snapshot(&node, BK_SNAPSHOT_GAP);
	node_lost(&node, "DELETE FROM t");
	ok(bk_writer_rewind(node.writer, node.version, why()));
	node_change(&node, "UPDATE t SET v = 8 WHERE k = 8");
	node_lone(&node, "PRAGMA user_version = 5");
	node_change(&node, "INSERT INTO t VALUES(7, 7, 7)");
	node_change(&node, "ALTER TABLE t RENAME COLUMN w TO x");
	node_change(&node, "DROP TABLE t");
	node_change(
		&node, "CREATE TABLE t(k INTEGER PRIMARY KEY, v)", "INSERT INTO t VALUES(7, 1)");
	ok(bk_keyframes_build(node.writer, why()));
	log = node_log(&node);
	check_history(&node, log, "7");
	check_history(&node, log, "8");
	bk_log_close(log);
	node_end(&node);
}

static enum bk_code count(
	void *ctx, const struct bk_entry *entry, const struct bk_diff *diff, struct bk_error *err)
{
	(void)entry;
	(void)diff;
	(void)err;
	++*(unsigned *)ctx;
	return BK_OK;
}

/* A change that cannot be replayed: the snapshot that healed it tells what came of it. Without one
 * nothing does. */
Test(history, a_change_that_cannot_be_replayed)
{
	struct bk_log *log;
	struct node node;
	unsigned found = 0;

	begin(&node, 30);
	node_lost(&node, "INSERT INTO nowhere VALUES (1)");
	node_unwatched(&node, "UPDATE t SET v = -1 WHERE k < 20");
	node_snapshot(&node, BK_SNAPSHOT_REPLAY_FAILED);
	node_change(&node, "UPDATE t SET v = 8 WHERE k = 8");
	ok(bk_keyframes_build(node.writer, why()));
	log = node_log(&node);
	check_history(&node, log, NULL);
	check_history(&node, log, "7");
	bk_log_close(log);
	node_lost(&node, "INSERT INTO nowhere VALUES (1)");
	log = node_log(&node);
	fails(BK_E_SQL, bk_history(log, "t", NULL, count, &found, why()));
	bk_log_close(log);
	node_end(&node);
}

static unsigned count_of(struct bk_log *log, const char *table, const char *one, const char *two)
{
	const char *key[] = {one, two, "3"};
	struct bk_history_options options = {.key = key, .key_count = two ? 2 : 1};
	unsigned found = 0;

	ok(bk_history(log, table, &options, count, &found, why()));
	return found;
}

Test(history, keys_as_people_write_them)
{
	const char *key[] = {"1", "2", "3"};
	struct bk_history_options options = {.key = key, .key_count = 3};
	struct bk_log *log;
	struct node node;
	unsigned found = 0;

	node_begin(&node, 4);
	node_change(&node, "CREATE TABLE b(id BLOB PRIMARY KEY, v)", "CREATE TABLE p(v)",
		"CREATE TABLE m(a INTEGER, b TEXT, v, PRIMARY KEY(b, a)) WITHOUT ROWID");
	node_change(&node, "INSERT INTO b VALUES(x'0aff', 1), (x'0afe', 1), ('0aff', 1)",
		"INSERT INTO p VALUES(1), (2)", "INSERT INTO m VALUES(1, 'x', 1), (2, 'x', 1)");
	node_change(&node, "UPDATE b SET v = 2", "UPDATE p SET v = 5", "UPDATE m SET v = 3");
	log = node_log(&node);
	cr_assert(count_of(log, "b", "x'0aff'", NULL) == 2);
	cr_assert(count_of(log, "b", "0AFE", NULL) == 2);
	cr_assert(count_of(log, "b", "0aff", NULL) == 4, "the text too");
	cr_assert(count_of(log, "p", "2", NULL) == 2, "by rowid");
	cr_assert(count_of(log, "m", "x", "2") == 2);
	cr_assert(count_of(log, "m", "x", NULL) == 4, "the first part of a key");
	fails(BK_E_INVALID, bk_history(log, "m", &options, count, &found, why()));
	fails(BK_E_MISSING, bk_history(log, "nothing", NULL, count, &found, why()));
	bk_log_close(log);
	node_end(&node);
}

static enum bk_code stop(
	void *ctx, const struct bk_entry *entry, const struct bk_diff *diff, struct bk_error *err)
{
	(void)entry;
	(void)diff;
	if (++*(unsigned *)ctx < 5)
		return BK_OK;
	return bk_fail(err, BK_E_LIMIT, 0, "enough");
}

/* What TAKE fails with ends it, whatever the threads are at. */
Test(history, ends_where_it_is_told_to)
{
	const char *key = "307";
	struct bk_history_options options = {.key = &key, .key_count = 1, .threads = 4};
	struct bk_log *log;
	struct node node;
	unsigned told = 0;

	begin(&node, 150);
	ok(bk_keyframes_build(node.writer, why()));
	log = node_log(&node);
	fails(BK_E_LIMIT, bk_history(log, "t", &options, stop, &told, why()));
	cr_assert(told == 5);
	bk_log_close(log);
	node_end(&node);
}

struct slow {
	struct test_io *io;
	unsigned reads; /* until nothing more was read */
};

/* Takes its time with the first, until the threads do nothing more. */
static enum bk_code wait_for_threads(
	void *ctx, const struct bk_entry *entry, const struct bk_diff *diff, struct bk_error *err)
{
	struct slow *slow = ctx;

	(void)entry;
	(void)diff;
	(void)err;
	if (slow->reads)
		return BK_OK;
	do {
		slow->reads = slow->io->calls[OP_READ];
		nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
	} while (slow->reads != slow->io->calls[OP_READ]);
	return BK_OK;
}

/* A row of 2 MiB that does not get smaller in a log: what its readers may cost grows with that. */
static void add_large_row(struct node *node)
{
	static const char begin[] = "INSERT INTO t VALUES (1, 1, x'", end[] = "'), (1, 2, 0)";
	const size_t digits = (size_t)4 << 20;
	char *sql = malloc(sizeof begin + digits + sizeof end), *at;
	uint64_t state = 1;

	cr_assert(sql);
	at = stpcpy(sql, begin);
	for (size_t i = 0; i < digits; i += 16)
		at += sprintf(at, "%016" PRIx64, random_next(&state));
	strcpy(at, end);
	node_change(node, sql);
	free(sql);
}

/* What is ready and not taken yet is bounded, also of the lot that is being taken. */
Test(history, does_not_run_ahead_without_end, .timeout = 120)
{
	const char *key = "1";
	struct bk_history_options options = {.key = &key, .key_count = 1, .threads = 1};
	struct node node;
	struct slow slow = {.io = &node.io};
	struct bk_log *log;
	unsigned told = 0, all;

	node_begin(&node, 4);
	node_change(&node, "CREATE TABLE t(k, n, v, PRIMARY KEY(k, n)) WITHOUT ROWID");
	add_large_row(&node);
	for (unsigned i = 0; i < 28; i++)
		node_change(&node, "UPDATE t SET v = v + 1 WHERE k = 1 AND n = 2");
	ok(bk_keyframes_build(node.writer, why()));
	log = node_log(&node);
	node.io.calls[OP_READ] = 0;
	ok(bk_history(log, "t", &options, count, &told, why()));
	cr_assert(told == 30);
	all = node.io.calls[OP_READ];
	node.io.calls[OP_READ] = 0;
	options.threads = 2;
	ok(bk_history(log, "t", &options, wait_for_threads, &slow, why()));
	cr_assert(slow.reads < all * 3 / 4, "%u of %u", slow.reads, all);
	bk_log_close(log);
	node_end(&node);
}

/* How much is told up to the damage, and that it is said then. */
static unsigned told_until_damage(struct bk_log *log, unsigned threads)
{
	const char *key = "307";
	struct bk_history_options options = {.key = &key, .key_count = 1, .threads = threads};
	unsigned told = 0;

	fails(BK_E_DAMAGE, bk_history(log, "t", &options, count, &told, why()));
	return told;
}

/* Damage is met where it is, by however many threads: what comes before it is told. */
Test(history, damaged_keyframes)
{
	struct bk_log *log = NULL;
	struct forge forge;
	struct node node;
	unsigned told;

	begin(&node, 300);
	ok(bk_keyframes_build(node.writer, why()));
	node_busy(&node, 2); /* or the damage might be a torn tail */
	forge_load(&forge, node.path);
	*(forge_frame(&forge, forge_find(&forge, KEYFRAME, 23)) + AT_PAYLOAD) ^= 1;
	*(forge_frame(&forge, forge_find(&forge, KEYFRAME, 24)) + AT_PAYLOAD) ^= 1;
	forge_save(&forge, scratch("bad"));
	ok(bk_log_open(&log, &node.io.io, scratch("bad"), why()));
	told = told_until_damage(log, 1);
	cr_assert(told > 5, "%u", told);
	cr_assert(told_until_damage(log, 3) == told);
	bk_log_close(log);
	node_end(&node);
}

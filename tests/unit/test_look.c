/* test_look.c - the node's database, looked at again and again (bk/live.h). */
#include "node.h"
#include <bk/live.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>

SUITE(look);

struct watched {
	const char *path;
	sqlite3 *db;
	struct bk_live *live;
};

#define VARS                                                                                       \
	"CREATE TABLE vars (name VARCHAR(32), intval INTEGER, blobval BLOB, PRIMARY KEY (name));"  \
	"INSERT INTO vars (name, intval) VALUES ('data_version', 5)"

static void begin(struct watched *watched)
{
	watched->path = scratch("node");
	watched->db = sql_open(watched->path);
	sql_run(watched->db, VARS);
	watched->live = bk_live_new(watched->path);
	cr_assert(watched->live);
}

static void end(struct watched *watched)
{
	bk_live_free(watched->live);
	sqlite3_close(watched->db);
}

static struct bk_look look(struct watched *watched)
{
	struct bk_look found;

	ok(bk_live_look(watched->live, 1000, &found, why()));
	return found;
}

static uint32_t counter(struct watched *watched)
{
	struct bk_stamp stamp;
	struct bk_look seen;

	cr_assert(bk_live_glance(watched->live, &stamp));
	seen = look(watched);
	cr_assert(bk_stamp_same(&stamp, &seen.stamp));
	return stamp.counter;
}

/* How much the counter rises with SQL. */
static uint32_t rises(struct watched *watched, const char *sql)
{
	uint32_t before = counter(watched);

	sql_run(watched->db, "%s", sql);
	return counter(watched) - before;
}

/* "in rollback mode one more an ordinary commit, none for a lone pragma, one for a VACUUM" */
Test(look, what_the_counter_counts)
{
	static const struct {
		const char *sql;
		uint32_t rises;
	} cases[] = {
		{"UPDATE vars SET intval = 6", 1},
		{"BEGIN; CREATE TABLE t (x); INSERT INTO t VALUES (1); UPDATE vars SET intval = 7; "
		 "COMMIT",
			1},
		{"BEGIN; INSERT INTO t VALUES (2); ROLLBACK", 0},
		{"PRAGMA foreign_keys = OFF", 0},
		{"PRAGMA foreign_keys = ON", 0},
		{"ALTER TABLE t ADD COLUMN y", 1},
		{"VACUUM", 1},
		{"DELETE FROM t", 1},
		/* In exclusive mode all of a connection's commits count as one. */
		{"PRAGMA locking_mode = EXCLUSIVE; INSERT INTO t VALUES (1, 2); INSERT INTO t "
		 "VALUES (2, 3); PRAGMA locking_mode = NORMAL; SELECT 1 FROM t",
			1},
	};
	struct watched watched;

	begin(&watched);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		uint32_t found = rises(&watched, cases[i].sql);

		cr_assert(found == cases[i].rises, "%s: %u", cases[i].sql, found);
	}
	cr_assert(look(&watched).version == 7);
	end(&watched);
}

static void restore_over(sqlite3 *to, const char *from)
{
	sqlite3 *source = sql_open(from);
	sqlite3_backup *backup = sqlite3_backup_init(to, "main", source, "main");

	cr_assert(backup && sqlite3_backup_step(backup, -1) == SQLITE_DONE);
	cr_assert(sqlite3_backup_finish(backup) == SQLITE_OK);
	sqlite3_close(source);
}

/* The backup API, and the shell's .restore, add one, whatever they copy. */
Test(look, a_copy_over_it_counts_as_one)
{
	struct watched watched;
	sqlite3 *other;
	uint32_t before;

	begin(&watched);
	other = sql_open(scratch("other"));
	sql_run(other, VARS);
	for (unsigned i = 0; i < 20; i++)
		sql_run(other, "UPDATE vars SET intval = %u", i);
	sqlite3_close(other);
	before = counter(&watched);
	restore_over(watched.db, scratch("other"));
	cr_assert(counter(&watched) == before + 1);
	end(&watched);
}

Test(look, says_whose_it_is)
{
	struct watched watched;

	begin(&watched);
	cr_assert_str_empty(look(&watched).node);
	sql_run(watched.db, "INSERT INTO vars (name, blobval) VALUES ('node_id', x'02ABcd')");
	cr_assert_str_eq(look(&watched).node, "02abcd");
	end(&watched);
}

/* "Where the counter says nothing" */
Test(look, in_wal_mode_there_is_no_stamp)
{
	struct bk_stamp stamp;
	struct watched watched;

	begin(&watched);
	cr_assert(look(&watched).has_stamp);
	sql_run(watched.db, "PRAGMA journal_mode = WAL");
	sql_run(watched.db, "UPDATE vars SET intval = 9");
	cr_assert(!look(&watched).has_stamp && look(&watched).version == 9);
	cr_assert(!bk_live_glance(watched.live, &stamp));
	/* The one that closes it last puts it in order: that is not us. */
	sqlite3_close(watched.db);
	cr_assert(!has_file(scratch("node-wal")));
	watched.db = sql_open(watched.path);
	sql_run(watched.db, "PRAGMA journal_mode = DELETE");
	cr_assert(look(&watched).has_stamp);
	end(&watched);
}

/* Another file at the path is another inode, and is what is looked at. */
Test(look, another_file_at_the_path)
{
	struct watched watched;
	struct bk_look before;

	begin(&watched);
	before = look(&watched);
	copy_file(watched.path, scratch("copy"));
	cr_assert(rename(scratch("copy"), watched.path) == 0);
	cr_assert(look(&watched).stamp.inode != before.stamp.inode);
	cr_assert(look(&watched).version == 5);
	cr_assert(unlink(watched.path) == 0);
	fails(BK_E_MISSING, bk_live_look(watched.live, 0, &before, why()));
	end(&watched);
}

/* While a writer is at work inside its transaction, the state before it is what is seen; when it
 * commits, no lock of ours is in its way. */
Test(look, beside_a_transaction)
{
	struct watched watched;
	uint32_t before;

	begin(&watched);
	before = counter(&watched);
	sql_run(watched.db, "BEGIN; UPDATE vars SET intval = 6");
	cr_assert(counter(&watched) == before && look(&watched).version == 5);
	sql_run(watched.db, "COMMIT");
	cr_assert(counter(&watched) == before + 1 && look(&watched).version == 6);
	end(&watched);
}

/* A transaction that outgrew its cache has written to the file: the counter shows it, and the lock
 * tells that it is not committed. */
Test(look, beside_a_transaction_that_spills)
{
	struct watched watched;
	struct bk_stamp stamp;
	struct bk_look found;
	uint32_t before;

	begin(&watched);
	before = counter(&watched);
	sql_run(watched.db,
		"PRAGMA cache_size = 1; BEGIN; CREATE TABLE t (x); UPDATE vars SET intval = 6; "
		"INSERT INTO t WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c "
		"WHERE n < 100) SELECT randomblob(3000) FROM c");
	fails(BK_E_BUSY, bk_live_look(watched.live, 0, &found, why()));
	if (bk_live_glance(watched.live, &stamp))
		cr_assert(stamp.counter == before || stamp.counter == before + 1);
	sql_run(watched.db, "ROLLBACK");
	cr_assert(counter(&watched) == before);
	end(&watched);
}

/* A killed node leaves a journal, which is the node's to roll back: a look never writes. */
Test(look, beside_a_hot_journal)
{
	struct watched watched;
	struct bk_look found;
	size_t before, after;

	begin(&watched);
	sql_run(watched.db,
		"PRAGMA cache_size = 1; BEGIN; CREATE TABLE t (x); INSERT INTO t WITH RECURSIVE c "
		"(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 100) SELECT "
		"randomblob(3000) FROM c");
	copy_file(watched.path, scratch("killed"));
	copy_file(scratch("node-journal"), scratch("killed-journal"));
	sql_run(watched.db, "ROLLBACK");
	bk_live_free(watched.live);
	watched.live = bk_live_new(scratch("killed"));
	free(file_bytes(scratch("killed"), &before));
	fails(BK_E_BUSY, bk_live_look(watched.live, 0, &found, why()));
	free(file_bytes(scratch("killed"), &after));
	cr_assert(before == after && has_file(scratch("killed-journal")));
	end(&watched);
}

/* Our looks drop no lock that SQLite has in this process: another process cannot write while this
 * one is in a transaction. */
Test(look, keeps_the_locks_of_this_process)
{
	struct watched watched;
	int status;
	pid_t child;

	begin(&watched);
	sql_run(watched.db, "BEGIN IMMEDIATE");
	counter(&watched);
	bk_live_free(watched.live);
	watched.live = bk_live_new(watched.path);
	counter(&watched);
	child = fork();
	if (child == 0) {
		sqlite3 *db = NULL;

		sqlite3_open(watched.path, &db);
		_exit(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_BUSY ? 0 : 1);
	}
	cr_assert(waitpid(child, &status, 0) == child && status == 0, "it could write");
	sql_run(watched.db, "COMMIT");
	end(&watched);
}

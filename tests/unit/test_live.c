/* test_live.c - the node's own database: its version, and full keyframes copied from it (bk/live.h;
 * docs/lightningd.md, "During a call"). */
#include "forge.h"
#include "node.h"
#include <bk/image.h>
#include <bk/live.h>
#include <bk/snapshot.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

SUITE(live);

#define VARS "CREATE TABLE vars (name, intval); INSERT INTO vars VALUES ('data_version', 7);"

/* The image of a new log's first version is what DB holds. */
static void check_created(const char *database, uint32_t version, sqlite3 *db)
{
	struct test_io io;
	struct bk_log *log = NULL;
	struct bk_image *image = NULL;
	uint32_t found = 0;
	sqlite3 *copy;

	test_io_init(&io);
	unlink(scratch("log"));
	ok(bk_log_create(&io.io, scratch("log"), database, 1000, NULL, NULL, &found, why()));
	cr_assert(found == version, "it begins with version %u", found);
	ok(bk_log_open(&log, &io.io, scratch("log"), why()));
	ok(bk_image_open(&image, log, version, NULL, why()));
	copy = sql_image(image);
	sql_same(db, copy, database);
	cr_assert(sql_int(copy, "PRAGMA page_count") == 0 ||
		  sql_int(copy, "SELECT count(*) FROM pragma_integrity_check "
				"WHERE integrity_check = 'ok'") == 1);
	sqlite3_close(copy);
	bk_image_close(image);
	bk_log_close(log);
}

static uint32_t live_version(const char *path)
{
	uint32_t version = 4711;

	ok(bk_live_version(path, 1000, &version, why()));
	return version;
}

Test(live, any_page_size)
{
	for (unsigned size = 512; size <= 65536; size *= 2) {
		sqlite3 *db;

		unlink(scratch("db"));
		db = sql_open(scratch("db"));
		sql_run(db, "PRAGMA page_size = %u", size);
		sql_run(db,
			VARS "CREATE TABLE t (x); INSERT INTO t VALUES (zeroblob(300000)), (1)");
		cr_assert(live_version(scratch("db")) == 7);
		check_created(scratch("db"), 7, db);
		sqlite3_close(db);
	}
}

Test(live, auto_vacuum_and_free_pages)
{
	static const char *const modes[] = {"NONE", "FULL", "INCREMENTAL"};

	for (size_t i = 0; i < COUNT_OF(modes); i++) {
		sqlite3 *db;

		unlink(scratch("db"));
		db = sql_open(scratch("db"));
		sql_run(db, "PRAGMA auto_vacuum = %s", modes[i]);
		sql_run(db, VARS "CREATE TABLE t (x); INSERT INTO t VALUES (zeroblob(300000)), "
				 "(zeroblob(70000)); DELETE FROM t WHERE rowid = 1");
		check_created(scratch("db"), 7, db);
		sqlite3_close(db);
	}
}

/* Databases of a lightningd that had no version yet, and files that hold nothing. */
Test(live, databases_without_a_version)
{
	static const char *const sql[] = {"", "CREATE TABLE t (x)", "CREATE TABLE vars (name, val)",
		"CREATE TABLE vars (name, intval)",
		"CREATE TABLE vars (name, intval); INSERT INTO vars VALUES ('data_version', NULL)"};

	for (size_t i = 0; i < COUNT_OF(sql); i++) {
		sqlite3 *db;

		unlink(scratch("db"));
		put_file(scratch("db"), "", 0);
		db = sql_open(scratch("db"));
		if (*sql[i])
			sql_run(db, "%s", sql[i]);
		cr_assert(live_version(scratch("db")) == 0);
		check_created(scratch("db"), 0, db);
		sqlite3_close(db);
	}
}

/* SQLite would wait for ever for somebody to write into it. */
Test(live, pipes_are_no_database, .timeout = 30)
{
	static const char *const names[] = {"db-journal", "db-wal", "db-shm"};
	uint32_t version;

	cr_assert(mkfifo(scratch("fifo"), 0600) == 0);
	fails(BK_E_SQL, bk_live_version(scratch("fifo"), 10, &version, why()));
	says("not a file but a pipe");
	put_file(scratch("db"), "", 0);
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		cr_assert(mkfifo(scratch(names[i]), 0600) == 0);
		fails(BK_E_SQL, bk_live_version(scratch("db"), 10, &version, why()));
		says(names[i]);
		unlink(scratch(names[i]));
	}
}

Test(live, what_is_no_database)
{
	struct test_io io;
	uint32_t version = 4711;

	test_io_init(&io);
	fails(BK_E_MISSING, bk_live_version(scratch("none"), 10, &version, why()));
	fails(BK_E_MISSING, bk_log_create(&io.io, scratch("log"), scratch("none"), 10, NULL, NULL,
				    &version, why()));
	cr_assert(!has_file(scratch("none")), "looking does not make it");
	put_file(scratch("text"),
		"This is a text of more than a hundred bytes, which is no database, as "
		"anybody can see who reads its first sixteen bytes.",
		119);
	fails(BK_E_SQL, bk_live_version(scratch("text"), 10, &version, why()));
	fails(BK_E_SQL, bk_log_create(&io.io, scratch("log"), scratch("text"), 10, NULL, NULL,
				&version, why()));
	mkdir(scratch("dir"), 0700);
	fails(BK_E_SQL, bk_live_version(scratch("dir"), 10, &version, why()));
	cr_assert(version == 4711);
	cr_assert(!has_file(scratch("log")) && !has_file(scratch("log.new")));
}

/* Its schema may be a stranger's, and make reading its version a matter of hours. */
Test(live, a_version_that_takes_too_long, .timeout = 60)
{
	sqlite3 *db = sql_open(scratch("db"));
	struct bk_live *live;
	struct bk_look look;
	uint32_t version = 0;
	char node[BK_NODE_TEXT];

	sql_run(db, "CREATE TABLE vars (name, blobval, subject, searched);"
		    "INSERT INTO vars SELECT 'data_version', NULL, hex(zeroblob(1500000)), "
		    "hex(zeroblob(700000)) || '1';"
		    "ALTER TABLE vars ADD COLUMN intval AS (instr(subject, searched))");
	fails(BK_E_SQL, bk_live_version(scratch("db"), 1000, &version, why()));
	says("takes too long");
	live = bk_live_new(scratch("db"));
	fails(BK_E_SQL, bk_live_look(live, 1000, &look, why()));
	says("takes too long");
	bk_live_free(live);
	fails(BK_E_SQL, bk_log_create(bk_io_posix(), scratch("log"), scratch("db"), 1000, NULL,
				NULL, &version, why()));
	says("takes too long");
	ok(bk_live_node(scratch("db"), 1000, node, why()));
	sqlite3_close(db);
}

/* "it sees the state before this transaction", while lightningd holds RESERVED. */
Test(live, beside_a_transaction_that_holds_reserved)
{
	sqlite3 *db = sql_open(scratch("db")), *reader;

	sql_run(db, VARS "CREATE TABLE t (x)");
	reader = sql_open(scratch("db"));
	sql_run(db, "BEGIN; INSERT INTO t VALUES (1); UPDATE vars SET intval = 8");
	cr_assert(live_version(scratch("db")) == 7);
	check_created(scratch("db"), 7, reader);
	sql_run(db, "COMMIT");
	cr_assert(live_version(scratch("db")) == 8);
	check_created(scratch("db"), 8, db);
	sqlite3_close(db);
	sqlite3_close(reader);
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* "A backup or a read in that state must have a deadline of its own". */
Test(live, beside_a_transaction_that_holds_exclusive)
{
	struct test_io io;
	sqlite3 *db = sql_open(scratch("db"));
	uint32_t version = 4711;
	double start = seconds();

	test_io_init(&io);
	sql_run(db, VARS "BEGIN EXCLUSIVE; UPDATE vars SET intval = 8");
	fails(BK_E_BUSY, bk_live_version(scratch("db"), 100, &version, why()));
	fails(BK_E_BUSY, bk_log_create(&io.io, scratch("log"), scratch("db"), 100, NULL, NULL,
				 &version, why()));
	cr_assert(seconds() - start >= 0.15 && seconds() - start < 30);
	cr_assert(!has_file(scratch("log")) && version == 4711);
	sql_run(db, "COMMIT");
	cr_assert(live_version(scratch("db")) == 8);
	sqlite3_close(db);
}

/* "Never hold a read lock on the node's database after the answer" */
Test(live, keeps_no_lock)
{
	struct node node;

	node_begin(&node, 0);
	node_busy(&node, 3);
	cr_assert(live_version(node.database) == node.version);
	node_snapshot(&node, BK_SNAPSHOT_GAP);
	sql_run(node.db, "BEGIN EXCLUSIVE; COMMIT");
	sql_run(node.db, "BEGIN EXCLUSIVE");
	fails(BK_E_BUSY, bk_writer_snapshot(node.writer, node.database, BK_SNAPSHOT_GAP, 10, NULL,
				 NULL, why()));
	sql_run(node.db, "COMMIT; BEGIN EXCLUSIVE; COMMIT");
	node_busy(&node, 2);
	node_check(&node, NULL, node.version, NULL);
	node_end(&node);
}

/* A database in WAL mode, with commits that were not checkpointed. */
Test(live, a_wal_that_was_not_checkpointed)
{
	sqlite3 *db = sql_open(scratch("db"));

	sql_run(db, "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0");
	sql_run(db, VARS "CREATE TABLE t (x); INSERT INTO t VALUES (zeroblob(50000))");
	sql_run(db, "PRAGMA wal_checkpoint; UPDATE vars SET intval = 9; INSERT INTO t VALUES (2)");
	cr_assert(live_version(scratch("db")) == 9);
	check_created(scratch("db"), 9, db);
	sqlite3_close(db);
	db = sql_open(scratch("db"));
	check_created(scratch("db"), 9, db);
	sqlite3_close(db);
}

/* A process that writes and is killed within its transaction, when pages have gone to the file
 * already. */
static void write_and_die(const char *path, const char *before, const char *within)
{
	int ready[2], status;
	char byte;
	pid_t pid;

	cr_assert(pipe(ready) == 0);
	pid = fork();
	if (pid == 0) {
		sqlite3 *db = NULL;

		byte = sqlite3_open(path, &db) == SQLITE_OK &&
		       sqlite3_exec(db, before, NULL, NULL, NULL) == SQLITE_OK &&
		       sqlite3_exec(db, within, NULL, NULL, NULL) == SQLITE_OK;
		if (write(ready[1], &byte, 1) == 1)
			pause();
		_exit(1);
	}
	cr_assert(read(ready[0], &byte, 1) == 1 && byte);
	cr_assert(kill(pid, SIGKILL) == 0 && waitpid(pid, &status, 0) == pid);
}

/* "A database with a hot journal (the node was killed) reads right through SQLite". */
Test(live, a_hot_journal)
{
	sqlite3 *db;

	for (unsigned i = 0; i < 2; i++) {
		unlink(scratch("db"));
		write_and_die(scratch("db"),
			VARS "CREATE TABLE t (x); INSERT INTO t VALUES (zeroblob(100000))",
			"PRAGMA cache_size = 2; BEGIN; UPDATE vars SET intval = 8; "
			"INSERT INTO t VALUES (randomblob(300000)); UPDATE t SET x = 1 WHERE rowid "
			"= 1");
		cr_assert(has_file(scratch("db-journal")));
		if (i == 0)
			cr_assert(live_version(scratch("db")) == 7);
		unlink(scratch("log"));
		{
			struct test_io io;
			uint32_t version;

			test_io_init(&io);
			ok(bk_log_create(&io.io, scratch("log"), scratch("db"), 1000, NULL, NULL,
				&version, why()));
			cr_assert(version == 7);
		}
		db = sql_open(scratch("db"));
		cr_assert(sql_int(db, "SELECT sum(length(x)) FROM t") == 100000);
		check_created(scratch("db"), 7, db);
		sqlite3_close(db);
	}
}

/* And a WAL of a killed writer. */
Test(live, a_wal_of_a_killed_writer)
{
	sqlite3 *db;

	write_and_die(scratch("db"), "PRAGMA journal_mode = WAL;" VARS "CREATE TABLE t (x)",
		"UPDATE vars SET intval = 8; BEGIN; UPDATE vars SET intval = 9");
	cr_assert(live_version(scratch("db")) == 8);
	db = sql_open(scratch("db"));
	check_created(scratch("db"), 8, db);
	sqlite3_close(db);
}

struct told {
	uint64_t done, total;
	unsigned calls;
};

static void note(void *ctx, uint64_t done, uint64_t total)
{
	struct told *told = ctx;

	cr_assert(done >= told->done && done <= total);
	*told = (struct told){done, total, told->calls + 1};
}

/* Larger than SQLite's cache, so that pages come in any order; progress is told. */
Test(live, larger_than_the_cache)
{
	struct test_io io;
	struct told told = {0};
	uint32_t version;
	sqlite3 *db = sql_open(scratch("db"));

	test_io_init(&io);
	sql_run(db, VARS "CREATE TABLE t (x, y); CREATE INDEX i ON t (y)");
	sql_run(db, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 30000) "
		    "INSERT INTO t SELECT randomblob(500), hex(randomblob(20)) FROM n");
	check_created(scratch("db"), 7, db);
	unlink(scratch("log"));
	ok(bk_log_create(
		&io.io, scratch("log"), scratch("db"), 1000, note, &told, &version, why()));
	cr_assert(told.calls > 3 && (int64_t)told.total == sql_int(db, "PRAGMA page_count"));
	cr_assert(io.calls[OP_OPEN_TEMP] == 0, "each page goes straight into the keyframe");
	sqlite3_close(db);
}

/* "BK_E_UNSAFE if the database is older than the head": never snapshot over newer state. */
Test(live, an_older_database_is_not_copied_over_the_head)
{
	struct node node;

	node_begin(&node, 0);
	node_busy(&node, 4);
	sql_run(node.db, "UPDATE vars SET intval = intval - 1");
	fails(BK_E_UNSAFE, bk_writer_snapshot(node.writer, node.database, BK_SNAPSHOT_GAP, 100,
				   NULL, NULL, why()));
	says("older than the backup, which is at 6");
	sql_run(node.db, "UPDATE vars SET intval = intval + 1");
	node_busy(&node, 1);
	node_check_all(&node, NULL, NULL);
	node_end(&node);
}

/* "The log appears at PATH whole and durable, or not at all", each call failed once. */
Test(live, creating_fails_as_a_whole)
{
	static const enum test_op ops[] = {
		OP_OPEN, OP_WRITE, OP_SYNC, OP_LOCK, OP_RENAME_NEW, OP_RANDOM};
	sqlite3 *db = sql_open(scratch("db"));

	sql_run(db, VARS);
	sqlite3_close(db);
	for (size_t i = 0; i < COUNT_OF(ops); i++)
		for (unsigned nth = 1; nth < 20; nth++) {
			struct test_io io;
			uint32_t version = 4711;
			enum bk_code code;

			test_io_init(&io);
			test_io_fail(&io, ops[i], nth, -5);
			code = bk_log_create(&io.io, scratch("log"), scratch("db"), 100, NULL, NULL,
				&version, why());
			if (!code) {
				cr_assert(nth > 1, "operation %d is not used", (int)ops[i]);
				unlink(scratch("log"));
				break;
			}
			cr_assert(*why()->msg && version == 4711);
			cr_assert(!has_file(scratch("log")) && !has_file(scratch("log.new")),
				"operation %d, call %u", (int)ops[i], nth);
		}
}

Test(live, creating_replaces_nothing)
{
	struct test_io io;
	uint32_t version;

	test_io_init(&io);
	put_file(scratch("log"), "precious", 8);
	fails(BK_E_EXISTS,
		bk_log_create(&io.io, scratch("log"), NULL, 0, NULL, NULL, &version, why()));
}

/* A snapshot that fails half-way: the log is as it was, and goes on. */
Test(live, a_snapshot_that_fails)
{
	unsigned failed = 0;

	for (unsigned nth = 1; nth < 12; nth++) {
		struct node node;
		enum bk_code code;

		node_begin(&node, 2);
		node_busy(&node, 30);
		node_unwatched(&node, "DELETE FROM busy WHERE id % 3 = 1");
		test_io_fail(&node.io, OP_WRITE, nth, -28);
		code = bk_writer_snapshot(
			node.writer, node.database, BK_SNAPSHOT_GAP, 100, NULL, NULL, why());
		node.io.fail_at = 0;
		failed += code != BK_OK;
		cr_assert(!code || code_is(code, BK_E_IO));
		if (code)
			node_check_all(&node, NULL, NULL);
		node_snapshot(&node, BK_SNAPSHOT_GAP);
		node_busy(&node, 1);
		node_restart(&node);
		node_check_all(&node, NULL, NULL);
		node_end(&node);
		scratch_remove();
	}
	cr_assert(failed > 3);
}

/* A database of more than 2^30 bytes: the page that holds that byte is never stored, and reads as
 * zeros (docs/format.md, 5). */
Test(live, the_lock_page)
{
	struct node node;
	struct forge forge;
	uint64_t pages, stored;

	if (!getenv("BK_TORTURE")) {
		fprintf(stderr, "skipped: takes a gigabyte; BK_TORTURE=1 runs it\n");
		return;
	}
	node_begin_with(&node, 1, 7,
		"PRAGMA page_size = 65536;" VARS "CREATE TABLE t (x); INSERT INTO t VALUES "
		"(zeroblob(536870912)), (zeroblob(536870912)), (zeroblob(500000))");
	pages = (uint64_t)sql_int(node.db, "PRAGMA page_count");
	cr_assert(pages > 16385);
	node_change(&node, "INSERT INTO t VALUES (zeroblob(200000))");
	node_change(&node, "DELETE FROM t WHERE rowid = 3", "INSERT INTO t VALUES (5)");
	ok(bk_keyframes_build(node.writer, why()));
	forge_load(&forge, node.path);
	stored = forge_get(forge_frame(&forge, forge_find(&forge, MAP, 0)) + AT_PAYLOAD, 4);
	cr_assert(stored == pages - 1, "%d of %d pages", (int)stored, (int)pages);
	forge_done(&forge);
	node_check(&node, NULL, 9, NULL);
	node_end(&node);
}

/* test_restore.c - writing the database of one version out as a file (bk/restore.h;
 * docs/decisions.md, "Lightning's own danger"). */
#include "forge.h"
#include "node.h"
#include <bk/restore.h>
#include <bk/snapshot.h>
#include <bk/writer.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

SUITE(restore);

static enum bk_code restore(struct node *node, const char *dest,
	const struct bk_restore_options *options, struct bk_restore_result *result)
{
	return bk_restore(bk_writer_log(node->writer), dest, options, result, why());
}

static void begin(struct node *node)
{
	node_begin(node, 3);
	node_busy(node, 20);
	ok(bk_keyframes_build(node->writer, why()));
}

/* Restores out of the log as it is when the node is stopped. */
static enum bk_code restore_stopped(struct node *node, const char *dest,
	const struct bk_restore_options *options, struct bk_restore_result *result)
{
	struct bk_log *log;
	enum bk_code code;

	bk_writer_close(node->writer);
	node->writer = NULL;
	log = node_log(node);
	code = bk_restore(log, dest, options, result, why());
	bk_log_close(log);
	return code;
}

static void check_file(struct node *node, const char *path)
{
	sqlite3 *db = sql_open(path);

	sql_same(node->db, db, path);
	cr_assert(sql_int(db, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = "
			      "'ok'") == 1);
	sqlite3_close(db);
}

/* "written beside, checked …, synced, then renamed" */
Test(restore, the_head)
{
	struct node node;
	struct bk_restore_result result = {.path = NULL};
	struct stat st;

	begin(&node);
	node.io.calls[OP_SYNC] = node.io.calls[OP_RENAME_NEW] = node.io.calls[OP_SYNC_DIR] = 0;
	ok(restore(&node, scratch("out"), NULL, &result));
	cr_assert(strcmp(result.path, scratch("out")) == 0 && result.version == 22 &&
		  result.head == 22 && !result.is_past_damage && result.foreign_key_failures == 0);
	cr_assert(stat(scratch("out"), &st) == 0 && (uint64_t)st.st_size == result.bytes &&
		  (st.st_mode & 0777) == 0600);
	cr_assert(node.io.calls[OP_SYNC] == 1 && node.io.calls[OP_RENAME_NEW] == 1 &&
		  node.io.calls[OP_SYNC_DIR] == 1);
	check_file(&node, scratch("out"));
	free(result.path);
	node_end(&node);
}

/* "or BK_DATABASE_NAME in the directory DEST" */
Test(restore, into_a_directory)
{
	struct node node;
	struct bk_restore_result result = {.path = NULL};
	char dest[300];

	begin(&node);
	for (unsigned slash = 0; slash < 2; slash++) {
		mkdir(scratch("dir"), 0700);
		snprintf(dest, sizeof dest, "%s%s", scratch("dir"), slash ? "/" : "");
		ok(restore_stopped(&node, dest, NULL, &result));
		cr_assert(strcmp(result.path, scratch("dir/lightningd.sqlite3")) == 0, "%s",
			result.path);
		check_file(&node, result.path);
		unlink(result.path);
		free(result.path);
	}
	node_end(&node);
}

/* A node that starts from a stale database can lose its channels' funds. */
Test(restore, an_older_version)
{
	struct node node;
	struct bk_restore_options options = {.has_version = true, .version = 12};
	struct bk_restore_result result = {.path = NULL};
	sqlite3 *db;

	begin(&node);
	fails(BK_E_UNSAFE, restore(&node, scratch("lightningd.sqlite3"), &options, &result));
	says("can lose the funds of its channels");
	mkdir(scratch("dir"), 0700);
	fails(BK_E_UNSAFE, restore(&node, scratch("dir"), &options, &result));
	cr_assert(!has_file(scratch("dir/lightningd.sqlite3")) && !result.path);
	ok(restore(&node, scratch("old"), &options, &result));
	cr_assert(result.version == 12 && result.head == 22);
	db = sql_open(scratch("old"));
	cr_assert(sql_int(db, "SELECT intval FROM vars WHERE name = 'data_version'") == 12);
	sqlite3_close(db);
	free(result.path);
	options.stale_allowed = true;
	ok(restore_stopped(&node, scratch("lightningd.sqlite3"), &options, &result));
	free(result.path);
	options.stale_allowed = false;
	options.version = 22;
	ok(restore_stopped(&node, scratch("dir"), &options, &result));
	free(result.path);
	node_end(&node);
}

Test(restore, versions_that_are_not_there)
{
	struct node node;
	struct bk_restore_options options = {.has_version = true, .version = 23};
	struct bk_restore_result result;

	begin(&node);
	fails(BK_E_MISSING, restore(&node, scratch("out"), &options, &result));
	cr_assert(!has_file(scratch("out")) && !has_file(scratch("out.restoring")));
	node_end(&node);
}

/* "An empty log restores nothing and says so". */
Test(restore, an_empty_log)
{
	struct test_io io;
	struct bk_log *log = NULL;
	struct bk_restore_result result;
	uint32_t version;

	test_io_init(&io);
	ok(bk_log_create(&io.io, scratch("log"), NULL, 0, NULL, NULL, &version, why()));
	ok(bk_log_open(&log, &io.io, scratch("log"), why()));
	fails(BK_E_MISSING, bk_restore(log, scratch("out"), NULL, &result, why()));
	says("is empty");
	bk_log_close(log);
}

/* "restore refuses over an existing database … or beside a stray -journal/-wal". */
Test(restore, replaces_nothing)
{
	struct node node;
	struct bk_restore_result result;

	begin(&node);
	put_file(scratch("out"), "precious", 8);
	fails(BK_E_EXISTS, restore(&node, scratch("out"), NULL, &result));
	unlink(scratch("out"));
	put_file(scratch("out-journal"), "", 0);
	fails(BK_E_UNSAFE, restore(&node, scratch("out"), NULL, &result));
	says("out-journal is there");
	unlink(scratch("out-journal"));
	put_file(scratch("out-wal"), "", 0);
	fails(BK_E_UNSAFE, restore(&node, scratch("out"), NULL, &result));
	says("out-wal is there");
	/* What a link leads to may come later, as when a disk is mounted. */
	cr_assert(unlink(scratch("out-wal")) == 0 && symlink("nowhere", scratch("out-wal")) == 0);
	fails(BK_E_UNSAFE, restore(&node, scratch("out"), NULL, &result));
	says("out-wal is there");
	cr_assert(!has_file(scratch("out")));
	node_end(&node);
}

/* "beside a running lightningd": its pid file stands, locked, in the directory or the one above. */
Test(restore, beside_a_running_lightningd)
{
	static const char *const places[] = {"base/lightningd-bitcoin.pid",
		"base/bitcoin/lightningd-bitcoin.pid", "lightningd-bitcoin.pid"};

	for (size_t i = 0; i < COUNT_OF(places); i++) {
		struct node node;
		struct bk_restore_result result = {.path = NULL};
		int ready[2];
		char byte;
		pid_t pid;

		begin(&node);
		bk_writer_close(node.writer);
		node.writer = NULL;
		mkdir(scratch("base"), 0700);
		mkdir(scratch("base/bitcoin"), 0700);
		cr_assert(pipe(ready) == 0);
		pid = fork();
		if (pid == 0) {
			struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
			int fd = open(scratch(places[i]), O_RDWR | O_CREAT, 0600);

			byte = fcntl(fd, F_SETLK, &lock) == 0;
			if (write(ready[1], &byte, 1) == 1)
				pause();
			_exit(1);
		}
		cr_assert(read(ready[0], &byte, 1) == 1 && byte);
		if (i < 2) {
			fails(BK_E_UNSAFE,
				restore_stopped(&node, scratch("base/bitcoin"), NULL, &result));
			says("lightningd runs there (process ");
			ok(restore_stopped(&node, scratch("base/bitcoin/look"), NULL, &result));
			cr_assert(result.node_runs);
			free(result.path);
			unlink(scratch("base/bitcoin/look"));
		} else {
			ok(restore_stopped(&node, scratch("base/bitcoin"), NULL, &result));
			free(result.path);
			unlink(scratch("base/bitcoin/lightningd.sqlite3"));
		}
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		ok(restore_stopped(&node, scratch("base/bitcoin"), NULL, &result));
		free(result.path);
		node_end(&node);
		scratch_remove();
	}
}

/* A pid file that cannot be read is not "not running": a link in a circle is one even to root. */
Test(restore, beside_a_pid_file_that_cannot_be_read)
{
	struct bk_restore_result result = {.path = NULL};
	struct node node;

	begin(&node);
	mkdir(scratch("dir"), 0700);
	cr_assert(symlink("lightningd-x.pid", scratch("dir/lightningd-x.pid")) == 0);
	fails(BK_E_UNSAFE, restore_stopped(&node, scratch("dir"), NULL, &result));
	says("whether lightningd runs there cannot be told (");
	says("lightningd-x.pid: ");
	ok(restore_stopped(&node, scratch("dir/look"), NULL, &result));
	free(result.path);
	node_end(&node);
}

/* The plugin holds the log: the node runs, wherever that is. */
Test(restore, while_a_plugin_holds_the_log)
{
	static const struct bk_restore_options as_node = {.is_node_name = true};
	struct bk_restore_result result = {.path = NULL};
	struct node node;

	begin(&node);
	fails(BK_E_UNSAFE, restore(&node, scratch("lightningd.sqlite3"), NULL, &result));
	says("the node runs: ");
	says("is held by test, process ");
	fails(BK_E_UNSAFE, restore(&node, scratch("wallet"), &as_node, &result));
	ok(restore(&node, scratch("look"), NULL, &result));
	cr_assert(result.node_runs);
	free(result.path);
	ok(restore_stopped(&node, scratch("lightningd.sqlite3"), NULL, &result));
	cr_assert(!result.node_runs);
	free(result.path);
	node_end(&node);
}

/* Has the first keyframe of the log at PATH be of VERSION. */
static void write_version(const char *path, uint32_t version)
{
	struct forge forge;

	forge_load(&forge, path);
	forge_put(forge_frame(&forge, forge_find(&forge, KEYFRAME, 0)) + AT_VERSION, 4, version);
	forge_seal(&forge);
	forge_save(&forge, path);
	forge_done(&forge);
}

static void on_note(void *ctx, enum bk_note_kind kind, const char *what)
{
	cr_assert(kind == BK_NOTE_UNSOUND);
	snprintf(ctx, 256, "%s", what);
}

/* "what else SQLite says of it is told as notes, since the node's own database is so": the newest
 * state is given. */
Test(restore, a_database_that_is_not_sound)
{
	struct node node;
	char said[256] = "";
	struct bk_restore_options options = {.note = on_note, .ctx = said};
	struct bk_restore_result result = {.path = NULL};
	uint32_t version;
	size_t size;
	uint8_t *bytes;

	node_begin_with(&node, 0, 2,
		"CREATE TABLE vars (name, intval); INSERT INTO vars VALUES ('data_version', 2);"
		"CREATE TABLE t (x PRIMARY KEY); INSERT INTO t VALUES ('needle')");
	bk_writer_close(node.writer);
	sqlite3_close(node.db);
	/* The same log over a database whose index lacks an entry. */
	bytes = file_bytes(node.database, &size);
	for (size_t i = size - 4096; i <= size - 6; i++)
		if (memcmp(bytes + i, "needle", 6) == 0)
			bytes[i] = 'N';
	put_file(node.database, bytes, size);
	free(bytes);
	unlink(node.path);
	ok(bk_log_create(&node.io.io, node.path, node.database, 100, NULL, NULL, &version, why()));
	ok(bk_writer_open(&node.writer, &node.io.io, node.path, NULL, why()));
	node.db = sql_open(node.database);
	ok(restore(&node, scratch("out"), &options, &result));
	cr_assert(result.notes && strstr(said, "index"), "%s", said);
	cr_assert(has_file(scratch("out")) && !has_file(scratch("out.restoring")));
	free(result.path);
	node_end(&node);
}

/* "A database that is not that version is left beside DEST, and the message says where." */
Test(restore, a_database_of_another_version)
{
	static const char sql[] = "UPDATE vars SET intval = 77";
	struct node node;
	struct bk_restore_result result;
	struct bk_slice slice = {sql, sizeof sql - 1};
	struct bk_change change = {.version = 3, .statements = &slice, .statement_count = 1};
	uint32_t version;

	node_begin_with(&node, 0, 2,
		"CREATE TABLE vars (name, intval); INSERT INTO vars VALUES ('data_version', 2)");
	ok(bk_writer_append(node.writer, &change, why()));
	fails(BK_E_SQL, restore(&node, scratch("other"), NULL, &result));
	cr_assert(strstr(why()->msg, "the newest, cannot be rebuilt: ") &&
			  strstr(why()->msg, "backup-cli verify tells which versions can"),
		"%s", why()->msg);
	cr_assert(!has_file(scratch("other")));
	bk_writer_close(node.writer);
	unlink(node.path);
	ok(bk_log_create(&node.io.io, node.path, node.database, 100, NULL, NULL, &version, why()));
	write_version(node.path, 5);
	ok(bk_writer_open(&node.writer, &node.io.io, node.path, NULL, why()));
	fails(BK_E_DAMAGE, restore(&node, scratch("out"), NULL, &result));
	says("says that it is version 2, and should be 5");
	says("it was left as ");
	says("out.restoring");
	cr_assert(!has_file(scratch("out")) && has_file(scratch("out.restoring")));
	node_end(&node);
}

/* Damage in keyframes costs nothing as long as the changes since an older one are whole. */
Test(restore, past_damage)
{
	struct node node;
	struct bk_log *log = NULL;
	struct bk_restore_result result = {.path = NULL};
	struct forge forge;

	begin(&node);
	node_busy(&node, 2);
	forge_load(&forge, node.path);
	for (int nth = -1; nth >= -3; nth--)
		memset(forge_frame(&forge, forge_find(&forge, PAGES, nth)) + AT_PAYLOAD, 0xee, 30);
	forge_save(&forge, scratch("bad"));
	ok(bk_log_open(&log, &node.io.io, scratch("bad"), why()));
	ok(bk_restore(log, scratch("out"), NULL, &result, why()));
	cr_assert(result.is_past_damage && result.version == 24);
	check_file(&node, scratch("out"));
	free(result.path);
	bk_log_close(log);
	/* Where a change is lost too, there is no way. */
	forge_frame(&forge, forge_find(&forge, CHANGE, 5))[AT_PAYLOAD + 20] ^= 1;
	forge_frame(&forge, forge_find(&forge, CHANGE, 20))[AT_PAYLOAD + 20] ^= 1;
	forge_save(&forge, scratch("worse"));
	ok(bk_log_open(&log, &node.io.io, scratch("worse"), why()));
	fails(BK_E_DAMAGE, bk_restore(log, scratch("none"), NULL, &result, why()));
	says("version 24, the newest, cannot be rebuilt: ");
	cr_assert(!has_file(scratch("none")) && !has_file(scratch("none.restoring")));
	bk_log_close(log);
	forge_done(&forge);
	node_end(&node);
}

/* "The newest acknowledged change always counts on restore: dropping it could be fatal": where
 * damage may hide it, nothing passes for the head. */
Test(restore, a_head_that_may_be_lost)
{
	struct node node;
	struct bk_log *log = NULL;
	struct bk_log_status status;
	struct bk_restore_options options = {.has_version = true, .version = 21};
	struct bk_restore_result result = {.path = NULL};
	struct forge forge;

	begin(&node); /* keyframes stand behind version 22 */
	forge_load(&forge, node.path);
	forge_frame(&forge, forge_find(&forge, CHANGE, -1))[AT_PAYLOAD + 20] ^= 1;
	forge_save(&forge, scratch("bad"));
	ok(bk_log_open(&log, &node.io.io, scratch("bad"), why()));
	ok(bk_log_status(log, &status, why()));
	cr_assert(status.damaged_at && status.version == 21 && status.head_unsure);
	fails(BK_E_DAMAGE, bk_restore(log, scratch("out"), NULL, &result, why()));
	says("a change newer than version 21 may be lost");
	fails(BK_E_UNSAFE,
		bk_restore(log, scratch("lightningd.sqlite3"), &options, &result, why()));
	says("not surely the newest");
	ok(bk_restore(log, scratch("out"), &options, &result, why()));
	free(result.path);
	bk_log_close(log);
	node_restart(&node); /* an event behind it tells what version it was */
	forge_done(&forge);
	forge_load(&forge, node.path);
	forge_frame(&forge, forge_find(&forge, CHANGE, -1))[AT_PAYLOAD + 20] ^= 1;
	forge_save(&forge, scratch("bad"));
	ok(bk_log_open(&log, &node.io.io, scratch("bad"), why()));
	ok(bk_log_status(log, &status, why()));
	cr_assert(status.damaged_at && status.version == 22 && !status.head_unsure);
	fails(BK_E_DAMAGE, bk_restore(log, scratch("none"), NULL, &result, why()));
	says("version 22, the newest, cannot be rebuilt: ");
	bk_log_close(log);
	forge_done(&forge);
	node_end(&node);
}

/* "Fails with BK_E_MISSING (also for an empty log)", and for a version before there was a database.
 */
Test(restore, a_version_without_a_database)
{
	struct node node;
	struct bk_log *log;
	struct bk_restore_options options = {.has_version = true, .version = 0};
	struct bk_restore_result result = {.path = NULL};

	node_begin(&node, 0);
	log = node_log(&node);
	fails(BK_E_MISSING, bk_restore(log, scratch("out"), &options, &result, why()));
	says("there was no database yet at version 0");
	cr_assert(!has_file(scratch("out")) && !has_file(scratch("out.restoring")));
	fails(BK_E_INVALID, bk_restore(log, "", NULL, &result, why()));
	says("no place to restore to");
	bk_log_close(log);
	node_end(&node);
}

static void note(void *ctx, uint64_t done, uint64_t total)
{
	uint64_t *last = ctx;

	cr_assert(done > *last && done <= total);
	*last = done;
}

Test(restore, tells_its_progress)
{
	struct node node;
	uint64_t last = 0;
	struct bk_restore_options options = {.progress = note, .ctx = &last};
	struct bk_restore_result result = {.path = NULL};

	begin(&node);
	node_change(&node, "INSERT INTO busy (data) VALUES (zeroblob(3000000))");
	ok(restore(&node, scratch("out"), &options, &result));
	cr_assert(last == result.bytes && last > 3000000);
	check_file(&node, scratch("out"));
	free(result.path);
	node_end(&node);
}

/* Rows that refer to nothing are worth a warning, no refusal: the node ran with them. */
Test(restore, counts_rows_that_refer_to_nothing)
{
	struct node node;
	struct bk_restore_result result = {.path = NULL};

	node_begin(&node, 0);
	node_lone(&node, "PRAGMA foreign_keys = OFF");
	node_change(&node, "CREATE TABLE p (id INTEGER PRIMARY KEY)",
		"CREATE TABLE c (x REFERENCES p (id))", "INSERT INTO c VALUES (5), (6)");
	ok(restore(&node, scratch("out"), NULL, &result));
	cr_assert(result.foreign_key_failures == 2);
	check_file(&node, scratch("out"));
	free(result.path);
	node_end(&node);
}

/* Each call failed in turn: nothing stands at the place, and nothing beside it. */
Test(restore, what_the_system_refuses)
{
	static const enum test_op ops[] = {
		OP_OPEN, OP_READ, OP_WRITE, OP_SYNC, OP_LOCK, OP_RENAME_NEW};
	struct node node;

	begin(&node);
	bk_writer_close(node.writer);
	node.writer = NULL;
	for (size_t i = 0; i < COUNT_OF(ops); i++)
		for (unsigned nth = 1; nth < 60; nth++) {
			struct bk_restore_result result = {.path = NULL};
			struct bk_log *log = node_log(&node);
			enum bk_code code;
			bool failed;

			test_io_fail(&node.io, ops[i], nth, -5);
			code = bk_restore(log, scratch("out"), NULL, &result, why());
			bk_log_close(log);
			failed = !node.io.fail_at;
			node.io.fail_at = 0;
			if (!code) {
				free(result.path);
				unlink(scratch("out"));
			}
			if (!failed) {
				cr_assert(nth > 1, "operation %d is not used", (int)ops[i]);
				break;
			}
			cr_assert(code);
			cr_assert(!has_file(scratch("out")) && !has_file(scratch("out.restoring")),
				"operation %d, call %u: %s", (int)ops[i], nth, why()->msg);
		}
	node_end(&node);
}

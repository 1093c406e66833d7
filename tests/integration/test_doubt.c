/* test_doubt.c - whatever may have moved the node's database without us is noticed, and healed:
 * edits by hand between two sessions and within one, old copies put back, a first call at which
 * nothing can be compared (docs/decisions.md, "A doubt is never forgotten"). */
#include "plain.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define TIMEOUT_S   180
#define VERSION     10
#define SMALL_CACHE 5 /* pages */

#define HEALING "Backup is out of date, healing it"

static void pause_ms(unsigned ms)
{
	struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

	nanosleep(&pause, NULL);
}

/* A node with a table that its own changes do not touch, at VERSION. */
static void make(struct world *world, int cache_pages)
{
	world_make_fast(world);
	must(database_run(world->database,
		     "CREATE TABLE peers (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO peers "
		     "(name) VALUES ('a'), ('b'), ('c')",
		     &world->err),
		&world->err);
	plain_set_up(world, VERSION, cache_pages);
}

static void by_hand(struct world *world, const char *sql)
{
	must(database_run(world->database, sql, &world->err), &world->err);
}

/* Waits until the plugin has noted what it saw, which makes the log longer. */
static void wait_noted(struct world *world, size_t size)
{
	for (unsigned i = 0; i < 1000 && file_size(world->log) <= size; i++)
		pause_ms(10);
	cr_assert_gt(file_size(world->log), size, "nothing was noted");
}

static void check_healed(struct world *world)
{
	world_expect_log(world, "unusual", HEALING);
	world_expect_log(world, "unusual", "the backup is whole again");
	world_check_restore(world, world->database);
}

static bool was_healed(const struct world *world)
{
	return node_has_logged(world->node, NULL, HEALING);
}

static const char *const edits[] = {
	"UPDATE peers SET name = 'by hand' WHERE id = 2",
	"DELETE FROM peers WHERE id = 1",
	"ALTER TABLE peers ADD COLUMN added INTEGER DEFAULT 7",
	"CREATE INDEX by_hand ON peers (name)",
	"CREATE TABLE by_hand (x)",
	"ANALYZE",
	"PRAGMA user_version = 77",
	/* Several edits that count as one. */
	"PRAGMA locking_mode = EXCLUSIVE; UPDATE peers SET name = 'x'; UPDATE peers SET name = "
	"'y'; "
	"DELETE FROM peers WHERE id = 3",
};

enum ending { STOPPED, KILLED, KILLED_WHEN_SEEN, HUNG_UP };

static void end_session(struct world *world, enum ending ending)
{
	size_t size = file_size(world->log);
	int status;

	switch (ending) {
	case STOPPED:
		world_stop(world);
		break;
	case KILLED_WHEN_SEEN:
		wait_noted(world, size);
		node_kill_plugin(world->node);
		break;
	case KILLED:
		node_kill_plugin(world->node);
		break;
	case HUNG_UP:
		must(node_hang_up(world->node, &status, &world->err), &world->err);
		break;
	}
	node_forget_logs(world->node);
}

/* "Orderly stop, somebody runs sqlite3 lightningd.sqlite3 "UPDATE …", start" and however else the
 * session ended. */
Test(doubt, edits_between_sessions, .timeout = TIMEOUT_S)
{
	for (size_t i = 0; i < sizeof edits / sizeof *edits; i++)
		for (enum ending ending = STOPPED; ending <= HUNG_UP; ending++) {
			struct world world;

			if (i && ending != (enum ending)(i % 4))
				continue;
			make(&world, 0);
			world_start(&world);
			plain_play(&world, 3);
			end_session(&world, ending);
			by_hand(&world, edits[i]);
			world_start(&world);
			plain_play(&world, 1);
			check_healed(&world);
			plain_play(&world, 2);
			world_stop(&world);
			world_check_restore(&world, world.database);
			world_done(&world);
		}
}

/* Puts back what the database's header counts, and the time at which it was modified: no program
 * can put back the time of change. */
static void hide_edit(struct world *world, const uint8_t *counter, const struct stat *before)
{
	struct timespec times[2] = {before->st_atim, before->st_mtim};
	int fd = open(world->database, O_WRONLY | O_CLOEXEC);

	cr_assert(fd >= 0 && pwrite(fd, counter, 4, 24) == 4 && pwrite(fd, counter, 4, 92) == 4);
	cr_assert(futimens(fd, times) == 0 && close(fd) == 0);
}

Test(doubt, an_edit_that_hides, .timeout = TIMEOUT_S)
{
	struct world world;
	struct stat before;
	uint8_t counter[4];
	int fd;

	make(&world, 0);
	world_start(&world);
	plain_play(&world, 3);
	end_session(&world, STOPPED);
	fd = open(world.database, O_RDONLY | O_CLOEXEC);
	cr_assert(fd >= 0 && fstat(fd, &before) == 0 && pread(fd, counter, 4, 24) == 4);
	close(fd);
	by_hand(&world, edits[0]);
	hide_edit(&world, counter, &before);
	world_start(&world);
	plain_play(&world, 1);
	check_healed(&world);
	world_stop(&world);
	world_done(&world);
}

/* Nobody wrote: nothing is healed, however the session ended. */
Test(doubt, no_edit_between_sessions, .timeout = TIMEOUT_S)
{
	struct world world;

	make(&world, 0);
	for (enum ending ending = STOPPED; ending <= HUNG_UP; ending++) {
		world_start(&world);
		plain_play(&world, 2);
		cr_assert(!node_has_logged(world.node, "unusual", ""), "%s", node_logs(world.node));
		end_session(&world, ending);
	}
	world_start(&world);
	plain_play(&world, 1);
	world_expect_log(&world, "info", "Versions match up: 18");
	world_stop(&world);
	world_check_versions(&world, VERSION, VERSION + 9);
	world_done(&world);
}

/* "an edit by anybody else is noticed at the next call while the node runs" */
Test(doubt, edits_while_it_runs, .timeout = TIMEOUT_S)
{
	for (size_t i = 0; i < sizeof edits / sizeof *edits; i++) {
		struct world world;

		make(&world, 0);
		world_start(&world);
		plain_play(&world, 3);
		by_hand(&world, edits[i]);
		plain_play(&world, 1);
		check_healed(&world);
		world_expect_log(&world, "unusual", "somebody else has written");
		node_forget_logs(world.node);
		plain_play(&world, 5);
		cr_assert(!was_healed(&world));
		world_stop(&world);
		world_check_restore(&world, world.database);
		world_check_versions(&world, VERSION, VERSION + 9);
		world_done(&world);
	}
}

/* What somebody wrote behind the newest change is not noted with it as seen: neither when the node
 * is quiet, nor when it ends. */
Test(doubt, edits_behind_the_newest_change, .timeout = TIMEOUT_S)
{
	for (unsigned quiet_ms = 0; quiet_ms <= 1500; quiet_ms += 1500)
		for (enum ending ending = STOPPED; ending <= HUNG_UP; ending++) {
			struct world world;

			if (ending == KILLED_WHEN_SEEN)
				continue;
			make(&world, 0);
			world_start(&world);
			plain_play(&world, 3);
			by_hand(&world, edits[0]);
			pause_ms(quiet_ms);
			end_session(&world, ending);
			world_start(&world);
			plain_play(&world, 1);
			check_healed(&world);
			world_stop(&world);
			world_done(&world);
		}
}

/* A VACUUM changes no row: noticed, compared, and nothing to be healed. So lightningd itself goes
 * about a migration. */
Test(doubt, a_vacuum, .timeout = TIMEOUT_S)
{
	struct world world;

	make(&world, 0);
	world_start(&world);
	plain_play(&world, 3);
	by_hand(&world, "VACUUM");
	plain_play(&world, 1);
	world_expect_log(&world, "info", "somebody else has written to the node's database");
	cr_assert(!node_has_logged(world.node, "unusual", ""), "%s", node_logs(world.node));
	plain_play(&world, 3);
	world_stop(&world);
	by_hand(&world, "VACUUM");
	world_start(&world);
	plain_play(&world, 1);
	cr_assert(!was_healed(&world));
	world_stop(&world);
	world_check_restore(&world, world.database);
	world_check_versions(&world, VERSION, VERSION + 8);
	world_done(&world);
}

/* Puts COPY, with SQL run on it, in the database's place: another inode. */
static void put_in_place(struct world *world, const char *copy, const char *sql)
{
	must(database_run(copy, sql, &world->err), &world->err);
	node_close(world->node);
	world->node = NULL;
	cr_assert_eq(rename(copy, world->database), 0);
	world_node(world, NULL);
}

/* "Where the counter says nothing (WAL, another inode): compared at each start" */
Test(doubt, another_file, .timeout = TIMEOUT_S)
{
	static const char *const sql[] = {"SELECT 1", "UPDATE peers SET name = 'by hand'"};

	for (size_t i = 0; i < 2; i++) {
		struct world world;
		const char *copy;

		make(&world, 0);
		copy = world_path(&world, "copy.sqlite3");
		world_start(&world);
		plain_play(&world, 3);
		world_stop(&world);
		must(file_copy(world.database, copy, &world.err), &world.err);
		put_in_place(&world, copy, sql[i]);
		world_start(&world);
		plain_play(&world, 1);
		cr_assert_eq(was_healed(&world), i == 1, "%s", node_logs(world.node));
		world_stop(&world);
		world_check_restore(&world, world.database);
		world_done(&world);
	}
}

Test(doubt, wal_mode, .timeout = TIMEOUT_S)
{
	struct world world;

	make(&world, 0);
	by_hand(&world, "PRAGMA journal_mode = WAL");
	world_node(&world, NULL);
	for (unsigned i = 0; i < 3; i++) {
		world_start(&world);
		plain_play(&world, 2);
		cr_assert(!node_has_logged(world.node, "unusual", ""), "%s", node_logs(world.node));
		world_stop(&world);
	}
	by_hand(&world, edits[0]);
	world_start(&world);
	plain_play(&world, 1);
	check_healed(&world);
	world_stop(&world);
	world_done(&world);
}

/* It is put in WAL mode while the node runs: compared once, and then nothing tells. */
Test(doubt, wal_mode_while_it_runs, .timeout = TIMEOUT_S)
{
	struct world world;

	make(&world, 0);
	world_start(&world);
	plain_play(&world, 2);
	by_hand(&world, "PRAGMA journal_mode = WAL");
	plain_play(&world, 3);
	world_expect_log(&world, "info", "was put in WAL mode");
	cr_assert(!was_healed(&world));
	world_stop(&world);
	world_check_restore(&world, world.database);
	world_done(&world);
}

/* A call in a transaction that outgrows the page cache: nobody can read the database meanwhile. */
static void play_locked(struct world *world)
{
	struct trace_call call = world_call(node_version(world->node) + 1, PLAIN_BIG);
	enum node_answer answer;

	must(node_call(world->node, &call, &answer, &world->err), &world->err);
	cr_assert_eq(answer, NODE_COMMITTED, "%s", node_reason(world->node));
}

/* "A killed session, then a database that stays locked for a second at the first call: never
 * compared; the orderly end then erases the doubt." */
Test(doubt, locked_at_the_first_call, .timeout = TIMEOUT_S)
{
	for (enum ending ending = STOPPED; ending <= HUNG_UP + 1; ending++) {
		struct world world;

		make(&world, SMALL_CACHE);
		world_start(&world);
		plain_play(&world, 3);
		end_session(&world, KILLED);
		by_hand(&world, edits[0]);
		world_start(&world);
		play_locked(&world);
		world_expect_log(&world, "unusual", "The log notes that doubt");
		cr_assert(!was_healed(&world));
		/* Tried again at the next call; or, after whatever end, at the next start. */
		if (ending <= HUNG_UP && ending != KILLED_WHEN_SEEN) {
			end_session(&world, ending);
			world_start(&world);
		}
		plain_play(&world, 1);
		check_healed(&world);
		world_stop(&world);
		world_done(&world);
	}
}

/* The same where nobody has written: settled by the comparison. */
Test(doubt, settled_at_the_next_call, .timeout = TIMEOUT_S)
{
	struct world world;

	make(&world, SMALL_CACHE);
	world_start(&world);
	plain_play(&world, 3);
	end_session(&world, KILLED);
	world_start(&world);
	play_locked(&world);
	world_expect_log(&world, "unusual", "The log notes that doubt");
	plain_play(&world, 1);
	world_expect_log(&world, "info", "that doubt is settled");
	cr_assert(!was_healed(&world));
	world_stop(&world);
	world_check_versions(&world, VERSION, VERSION + 5);
	world_done(&world);
}

/* A transaction of the node's own that outgrew its cache, within a session, is no edit; and hides
 * none. */
Test(doubt, locked_at_a_later_call, .timeout = TIMEOUT_S)
{
	struct world world;

	make(&world, SMALL_CACHE);
	world_start(&world);
	plain_play(&world, 3);
	play_locked(&world);
	plain_play(&world, 1);
	cr_assert(!node_has_logged(world.node, NULL, "somebody else"), "%s", node_logs(world.node));
	by_hand(&world, edits[0]);
	play_locked(&world);
	plain_play(&world, 1);
	check_healed(&world);
	world_stop(&world);
	world_done(&world);
}

/* Over 4 GiB it is compared beside the node, when that is quiet. (SQLite looks at no byte behind
 * the pages that the header counts.) */
Test(doubt, a_large_database, .timeout = TIMEOUT_S)
{
	struct world world;

	make(&world, 0);
	world_start(&world);
	plain_play(&world, 3);
	end_session(&world, KILLED);
	cr_assert_eq(truncate(world.database, (off_t)5 << 30), 0);
	world_start(&world);
	plain_play(&world, 1);
	world_expect_log(&world, "unusual", "too large to be compared while lightningd waits");
	for (unsigned i = 0; i < 30 && !node_has_logged(world.node, "info", "is settled"); i++) {
		pause_ms(1500);
		plain_play(&world, 1);
	}
	world_expect_log(&world, "info", "that doubt is settled");
	cr_assert(!was_healed(&world));
	world_stop(&world);
	world_done(&world);
}

/* "a database put back one version older: the head is struck out … A sure head with D = H is a node
 * older than its backup: refused." */
Test(doubt, one_version_older, .timeout = TIMEOUT_S)
{
	for (enum ending ending = STOPPED; ending <= HUNG_UP; ending++) {
		struct trace_call call;
		struct world world;
		const char *copy;

		if (ending == KILLED)
			continue;
		make(&world, 0);
		copy = world_path(&world, "copy.sqlite3");
		world_start(&world);
		plain_play(&world, 3);
		must(file_copy(world.database, copy, &world.err), &world.err);
		plain_play(&world, 1);
		end_session(&world, ending);
		must(file_copy(copy, world.database, &world.err), &world.err);
		world_node(&world, NULL);
		world_start(&world);
		call = world_call(VERSION + 4, PLAIN_RAISE);
		world_expect_refusal_of(
			&world, &call, "the node's database is older than its backup");
		world_stop(&world);
		cr_assert_eq(world_head(&world), VERSION + 4);
		world_done(&world);
	}
}

/* The older plugin's users, and its tests, set the version alone back by hand: no row is lost, and
 * nothing is refused. With any other difference it is an old copy. */
Test(doubt, the_version_alone_set_back, .timeout = TIMEOUT_S)
{
	static const char set_back[] =
		"UPDATE vars SET intval = intval - 1 WHERE name = 'data_version'";
	struct trace_call call;
	struct world world;

	make(&world, 0);
	world_start(&world);
	plain_play(&world, 4);
	end_session(&world, STOPPED);
	by_hand(&world, set_back);
	world_node(&world, NULL);
	world_start(&world);
	plain_play(&world, 2);
	world_expect_log(&world, "info", "Last changes not applied");
	world_expect_log(&world, "unusual", "set the node's data_version back by one");
	check_healed(&world);
	end_session(&world, STOPPED);
	by_hand(&world, set_back);
	by_hand(&world, "UPDATE peers SET name = 'old' WHERE id = 2");
	world_node(&world, NULL);
	world_start(&world);
	call = world_call(VERSION + 5, PLAIN_RAISE);
	world_expect_refusal_of(&world, &call, "the node's database is older than its backup");
	world_stop(&world);
	world_done(&world);
}

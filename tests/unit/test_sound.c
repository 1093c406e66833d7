/* test_sound.c - whether SQLite finds nothing wrong, by several threads (sound.h). */
#include "check.h"
#include "sound.h"
#include "sql.h"
#include <stdatomic.h>

SUITE(sound);

#define SLACK 256 /* that pagestore.h asks for behind a page */

/* A database of 2 MB in memory. */
struct held {
	struct pagestore store;
	uint8_t *bytes;
	atomic_uint reads;
};

static const uint8_t *held_at(const struct held *held, uint32_t page)
{
	return held->bytes + (size_t)(page - 1) * held->store.page_size;
}

static enum bk_code held_read(
	struct pagestore *store, uint32_t page, void *dst, struct bk_error *err)
{
	(void)err;
	((struct held *)store)->reads++;
	memcpy(dst, held_at((struct held *)store, page), store->page_size);
	return BK_OK;
}

static const void *held_peek(struct pagestore *store, uint32_t page)
{
	return held_at((struct held *)store, page);
}

/* Makes it, with what SQL does to it. */
static void hold(struct held *held, const char *sql)
{
	sqlite3 *db = sql_open(scratch("db"));
	size_t size;

	sql_run(db,
		"PRAGMA foreign_keys = OFF; CREATE TABLE vars (name TEXT, intval INTEGER, blobval "
		"BLOB); INSERT INTO vars VALUES ('data_version', 7, NULL);"
		"CREATE TABLE peers (id INTEGER PRIMARY KEY, name TEXT UNIQUE);"
		"CREATE TABLE htlcs (id INTEGER PRIMARY KEY, peer INTEGER REFERENCES peers(id), "
		"data BLOB NOT NULL);"
		"CREATE INDEX htlcs_peer ON htlcs(peer); CREATE INDEX htlcs_id ON htlcs(id, peer);"
		"CREATE TABLE spare (x); INSERT INTO spare VALUES (1);"
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 500) "
		"INSERT INTO peers SELECT i, 'peer ' || i FROM n;"
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 5000) "
		"INSERT INTO htlcs SELECT i, i %% 500 + 1, zeroblob(300) FROM n");
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 0, NULL);
	sql_run(db, "PRAGMA writable_schema = ON");
	sql_run(db, "%s", sql);
	*held = (struct held){.store = {.page_size = (uint32_t)sql_int(db, "PRAGMA page_size"),
				      .read = held_read,
				      .peek = held_peek}};
	sqlite3_close(db);
	held->bytes = file_bytes(scratch("db"), &size);
	held->bytes = realloc(held->bytes, size + SLACK);
	held->store.page_count = (uint32_t)(size / held->store.page_size);
	unlink(scratch("db"));
}

static bool is_sound(struct held *held, struct budget *budget)
{
	struct sandbox sandbox;
	bool is;

	ok(bk_sandbox_open_reading(&sandbox, &held->store, bk_io_posix(), budget, why()));
	is = bk_sound_is(&sandbox);
	bk_sandbox_close(&sandbox);
	return is;
}

static void count_note(void *ctx, enum bk_note_kind kind, const char *what)
{
	(void)what;
	*(unsigned *)ctx += kind == BK_NOTE_UNSOUND;
}

/* "What it finds is found as well by quick_check over the whole and by integrity_check over each
 * table" */
Test(sound, what_integrity_check_finds)
{
	static const char *const wrongs[] = {
		/* an index of something else */
		"UPDATE sqlite_schema SET sql = replace(sql, '(peer)', '(data)') WHERE name = "
		"'htlcs_peer'",
		/* pages that are used twice, and never */
		"UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE "
		"name "
		"= 'vars') WHERE name = 'spare'",
		"DELETE FROM sqlite_schema WHERE name = 'spare'",
		/* rows that break a constraint, and refer to nothing */
		"UPDATE sqlite_schema SET sql = replace(sql, 'data BLOB NOT NULL', 'data BLOB "
		"CHECK "
		"(length(data) > 300)') WHERE name = 'htlcs'",
		"DELETE FROM peers WHERE id = 7",
	};

	for (size_t i = 0; i < COUNT_OF(wrongs); i++) {
		struct check_options options = {.note = count_note};
		struct check_result result;
		struct budget budget;
		struct held held;
		unsigned count = 0;

		hold(&held, wrongs[i]);
		options.ctx = &count;
		bk_budget_init(&budget, NULL);
		ok(bk_check_database(
			&held.store, bk_io_posix(), &budget, &options, &result, why()));
		cr_assert(count > 0, "what SQLite finds: %s", wrongs[i]);
		cr_assert(!is_sound(&held, &budget), "%s", wrongs[i]);
		free(held.bytes);
	}
}

/* "A sound database, as almost all are, is known to be so"; no page is copied but the first. */
Test(sound, a_sound_database)
{
	struct held held;
	struct budget budget;

	hold(&held, "SELECT 1");
	bk_budget_init(&budget, NULL);
	/* One processor is better used by one thread. */
	cr_assert(is_sound(&held, &budget) == (sysconf(_SC_NPROCESSORS_ONLN) > 1));
	cr_assert(held.reads < held.store.page_count / 4, "%u reads", held.reads);
	free(held.bytes);
}

/* "in a store without peek", and "a smaller one is looked at sooner" */
Test(sound, is_not_asked_for_everything)
{
	struct held held;
	struct budget budget;

	hold(&held, "SELECT 1");
	bk_budget_init(&budget, NULL);
	held.store.peek = NULL;
	cr_assert(!is_sound(&held, &budget));
	free(held.bytes);
	hold(&held, "DELETE FROM htlcs; VACUUM");
	cr_assert(held.store.page_count * held.store.page_size < SOUND_BYTES_MIN);
	cr_assert(!is_sound(&held, &budget));
	free(held.bytes);
}

/* "within a part of the sandbox's budget", which is drawn on */
Test(sound, draws_on_the_budget)
{
	struct budget_limits limits = {.steps = 64};
	struct budget budget;
	struct held held;

	hold(&held, "SELECT 1");
	bk_budget_init(&budget, &limits);
	cr_assert(!is_sound(&held, &budget));
	free(held.bytes);
}

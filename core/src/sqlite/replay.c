/* replay.c - running changes on a pagestore. */
#include "replay.h"
#include "statement.h"
#include <bk/entry.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A migration of a table with ten million rows takes about 10^9 steps. */
#define STEPS_MAX_DEFAULT  ((uint64_t)1 << 33)
#define LENGTH_MAX_DEFAULT (512 << 20)
#define STEPS_BETWEEN      4096

/* The same for every replay of a page: what the keyframes were made with. secure_delete zeroes
 * what is freed, which leaves less to store (a quarter less on a real node). Locks are let go of
 * after each change: in exclusive mode SQLite counts all changes of a connection as one in the
 * database's header, and an image's bytes would depend on the keyframe that it stands on. */
static const char *const replay_pragmas = "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
					  "PRAGMA cache_size = -8192; PRAGMA secure_delete = ON;";

/* Pragmas within a change that do nothing outside the database. */
static bool pragma_allowed(const char *name)
{
	static const char *const allowed[] = {"foreign_keys", "defer_foreign_keys", "user_version",
		"application_id", "legacy_alter_table", "table_info", "table_xinfo", "index_list",
		"index_info", "foreign_key_list", "foreign_key_check"};

	for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++)
		if (strcasecmp(name, allowed[i]) == 0)
			return true;
	return false;
}

static bool function_allowed(const char *name)
{
	return strcasecmp(name, "load_extension") != 0 && strcasecmp(name, "fts3_tokenizer") != 0;
}

/* What a change may not do: leave its transaction, or reach out of its database. */
static int authorize(void *ctx, int action, const char *first, const char *second,
	const char *database, const char *trigger)
{
	const struct replay *replay = ctx;

	(void)database;
	(void)trigger;
	if (replay->is_ours)
		return SQLITE_OK;
	switch (action) {
	case SQLITE_ATTACH:
	case SQLITE_DETACH:
	case SQLITE_TRANSACTION:
	case SQLITE_SAVEPOINT:
	case SQLITE_CREATE_VTABLE:
	case SQLITE_DROP_VTABLE:
		return SQLITE_DENY;
	case SQLITE_PRAGMA:
		return pragma_allowed(first) ? SQLITE_OK : SQLITE_DENY;
	case SQLITE_FUNCTION:
		return function_allowed(second) ? SQLITE_OK : SQLITE_DENY;
	default:
		return SQLITE_OK;
	}
}

static int count_steps(void *ctx)
{
	struct replay *replay = ctx;

	replay->steps += STEPS_BETWEEN;
	return replay->steps > replay->steps_max;
}

static uint64_t random_next(struct replay *replay)
{
	uint64_t z = replay->random += 0x9e3779b97f4a7c15u; /* splitmix64 */

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static void sql_random(sqlite3_context *context, int count, sqlite3_value **args)
{
	(void)count;
	(void)args;
	sqlite3_result_int64(context, (sqlite3_int64)random_next(sqlite3_user_data(context)));
}

static void sql_randomblob(sqlite3_context *context, int count, sqlite3_value **args)
{
	struct replay *replay = sqlite3_user_data(context);
	sqlite3_int64 size = sqlite3_value_int64(args[0]);
	uint8_t *blob;

	(void)count;
	if (size < 1)
		size = 1;
	if (size > sqlite3_limit(replay->db, SQLITE_LIMIT_LENGTH, -1)) {
		sqlite3_result_error_toobig(context);
		return;
	}
	blob = sqlite3_malloc64((sqlite3_uint64)size);
	if (!blob) {
		sqlite3_result_error_nomem(context);
		return;
	}
	for (sqlite3_int64 i = 0; i < size; i++)
		blob[i] = (uint8_t)random_next(replay);
	sqlite3_result_blob64(context, blob, (sqlite3_uint64)size, sqlite3_free);
}

static int set_defences(struct replay *replay, const struct replay_limits *limits)
{
	sqlite3 *db = replay->db;
	int length = limits && limits->length_max ? limits->length_max : LENGTH_MAX_DEFAULT;
	int rc = sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL);
	/* Innocuous, as those that they stand for: a schema may use them in its defaults. */
	if (rc == SQLITE_OK)
		rc = sqlite3_create_function(db, "random", 0, SQLITE_UTF8 | SQLITE_INNOCUOUS,
			replay, sql_random, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_create_function(db, "randomblob", 1, SQLITE_UTF8 | SQLITE_INNOCUOUS,
			replay, sql_randomblob, NULL, NULL);
	sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
	sqlite3_limit(db, SQLITE_LIMIT_WORKER_THREADS, 0);
	sqlite3_limit(db, SQLITE_LIMIT_LENGTH, length);
	replay->steps_max = limits && limits->steps_max ? limits->steps_max : STEPS_MAX_DEFAULT;
	sqlite3_progress_handler(db, STEPS_BETWEEN, count_steps, replay);
	if (rc == SQLITE_OK)
		rc = sqlite3_set_authorizer(db, authorize, replay);
	return rc;
}

static enum bk_code replay_prepare(
	struct replay *replay, const struct replay_limits *limits, struct bk_error *err)
{
	sqlite3 *db = replay->db;
	int rc;

	replay->is_ours = true;
	rc = sqlite3_exec(db, replay_pragmas, NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = set_defences(replay, limits);
	if (rc == SQLITE_OK)
		rc = sqlite3_prepare_v3(
			db, "BEGIN", -1, SQLITE_PREPARE_PERSISTENT, &replay->begin, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_prepare_v3(
			db, "COMMIT", -1, SQLITE_PREPARE_PERSISTENT, &replay->commit, NULL);
	replay->is_ours = false;
	return rc == SQLITE_OK ? BK_OK : bk_vfs_fail(&replay->vfs, db, err, "open an image");
}

enum bk_code bk_replay_open(struct replay *replay, struct pagestore *store, const struct bk_io *io,
	const char *spill_dir, const struct replay_limits *limits, struct bk_error *err)
{
	enum bk_code code;

	*replay = (struct replay){0};
	bk_vfs_init(&replay->vfs, store, io, spill_dir);
	code = bk_vfs_connect(&replay->vfs, &replay->db, err);
	if (!code)
		code = replay_prepare(replay, limits, err);
	if (code)
		bk_replay_close(replay);
	return code;
}

void bk_replay_close(struct replay *replay)
{
	sqlite3_finalize(replay->begin);
	sqlite3_finalize(replay->commit);
	sqlite3_close(replay->db);
	replay->begin = replay->commit = NULL;
	replay->db = NULL;
}

static int run_own(struct replay *replay, sqlite3_stmt *statement)
{
	int rc;

	replay->is_ours = true;
	rc = sqlite3_step(statement);
	sqlite3_reset(statement);
	replay->is_ours = false;
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* Runs all of SQL, as sqlite3_exec does, but for one that knows its size. */
static int run_sql(sqlite3 *db, const struct bk_slice *sql)
{
	const char *at = sql->data, *end = at + sql->size;
	int rc = SQLITE_OK;

	while (at < end && rc == SQLITE_OK) {
		sqlite3_stmt *statement = NULL;

		rc = sqlite3_prepare_v2(db, at, (int)(end - at), &statement, &at);
		if (rc != SQLITE_OK || !statement)
			continue;
		do
			rc = sqlite3_step(statement);
		while (rc == SQLITE_ROW);
		rc = sqlite3_finalize(statement);
	}
	return rc;
}

static enum bk_code change_failed(struct replay *replay, const struct bk_change *change,
	size_t statement, struct bk_error *err)
{
	char name[BK_STATEMENT_TEXT], why[BK_STATEMENT_WHY];

	if (replay->vfs.error.code || sqlite3_errcode(replay->db) == SQLITE_NOMEM)
		return bk_vfs_fail(&replay->vfs, replay->db, err, "replay a change");
	bk_statement_name(name, &change->statements[statement]);
	bk_statement_why(why, sqlite3_errmsg(replay->db));
	return bk_fail(err, BK_E_SQL, 0, "version %u: statement %zu of %zu fails in replay: %s: %s",
		change->version, statement + 1, change->statement_count,
		replay->steps > replay->steps_max ? "it takes too long" : why, name);
}

static int set_foreign_keys(struct replay *replay, bool off)
{
	int rc = SQLITE_OK;

	if (off != replay->foreign_keys_off)
		rc = sqlite3_db_config(replay->db, SQLITE_DBCONFIG_ENABLE_FKEY, !off, NULL);
	replay->foreign_keys_off = off;
	return rc;
}

enum bk_code bk_replay_change(struct replay *replay, const struct bk_change *change, uint32_t must,
	int64_t time_us, struct bk_error *err)
{
	if (must & BK_ENTRY_LONE)
		return BK_OK; /* all it did is in the flags of the changes behind it */
	replay->vfs.now_us = time_us;
	replay->random = change->version;
	replay->steps = 0;
	if (set_foreign_keys(replay, must & BK_ENTRY_FK_OFF) != SQLITE_OK ||
		run_own(replay, replay->begin) != SQLITE_OK)
		return bk_vfs_fail(&replay->vfs, replay->db, err, "begin a transaction");
	for (size_t i = 0; i < change->statement_count; i++)
		if (run_sql(replay->db, &change->statements[i]) != SQLITE_OK)
			return change_failed(replay, change, i, err);
	if (run_own(replay, replay->commit) != SQLITE_OK)
		return change_failed(replay, change, change->statement_count - 1, err);
	return BK_OK;
}

int bk_read_data_version(sqlite3 *db, uint32_t *version)
{
	sqlite3_stmt *statement = NULL;
	int rc = sqlite3_prepare_v2(
		db, "SELECT intval FROM vars WHERE name = 'data_version'", -1, &statement, NULL);

	*version = 0;
	if (rc == SQLITE_ERROR)
		return SQLITE_OK; /* no such table, or no such column yet */
	if (rc != SQLITE_OK)
		return rc;
	rc = sqlite3_step(statement);
	if (rc == SQLITE_ROW)
		*version = (uint32_t)sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

enum bk_code bk_replay_version(struct replay *replay, uint32_t *version, struct bk_error *err)
{
	int rc;

	replay->is_ours = true;
	rc = bk_read_data_version(replay->db, version);
	replay->is_ours = false;
	if (rc != SQLITE_OK)
		return bk_vfs_fail(&replay->vfs, replay->db, err, "read vars.data_version");
	return BK_OK;
}

int bk_read_node_id(sqlite3 *db, char *out, size_t size)
{
	sqlite3_stmt *statement = NULL;
	const char *text;
	int rc = sqlite3_prepare_v2(db,
		"SELECT lower(hex(blobval)) FROM vars WHERE name = 'node_id' AND "
		"length(blobval) BETWEEN 1 AND 64",
		-1, &statement, NULL);

	*out = '\0';
	if (rc == SQLITE_ERROR)
		return SQLITE_OK; /* no such table, or no such column yet */
	if (rc != SQLITE_OK)
		return rc;
	rc = sqlite3_step(statement);
	text = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(statement, 0) : NULL;
	if (text && strlen(text) < size)
		strcpy(out, text);
	sqlite3_finalize(statement);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

enum bk_code bk_replay_node_id(struct replay *replay, char *out, size_t size, struct bk_error *err)
{
	int rc;

	replay->is_ours = true;
	rc = bk_read_node_id(replay->db, out, size);
	replay->is_ours = false;
	if (rc != SQLITE_OK)
		return bk_vfs_fail(&replay->vfs, replay->db, err, "read vars.node_id");
	return BK_OK;
}

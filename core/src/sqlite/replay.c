/* replay.c - running changes on a pagestore. */
#include "replay.h"
#include "connstate.h"
#include "reach.h"
#include "shape.h"
#include "sqltext.h"
#include "statement.h"
#include <bk/entry.h>
#include <string.h>

/* Of a statement, in bytes: text other than literals, and what a value may have where there is more
 * of it. */
#define CODE_MAX    8192
#define CODE_LENGTH 65536

/* The same for every replay of a page: what the keyframes were made with. secure_delete zeroes
 * what is freed, which leaves less to store (a quarter less on a real node). Locks are let go of
 * after each change: in exclusive mode SQLite counts all changes of a connection as one in the
 * database's header, and an image's bytes would depend on the keyframe that it stands on. */
static const char *const replay_pragmas = "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
					  "PRAGMA cache_size = -8192; PRAGMA secure_delete = ON;";

/* Of a lone pragma only what it changes in the database itself is left to be done. */
static int authorize_lone(int action, const char *name)
{
	if (action != SQLITE_PRAGMA)
		return SQLITE_DENY;
	return sqlite3_stricmp(name, "user_version") == 0 ||
			       sqlite3_stricmp(name, "application_id") == 0
		       ? SQLITE_OK
		       : SQLITE_IGNORE;
}

/* What of an action makes a change less than exact, or outlives it. */
static void note_action(struct replay *replay, int action, const char *first, const char *second)
{
	switch (action) {
	case SQLITE_FUNCTION:
		if (bk_reach_is_of_connection(second))
			replay->exact.chance.why =
				"a function asked for more than is in the database";
		break;
	case SQLITE_READ:
		if (bk_reach_is_of_connection(first))
			replay->exact.chance.why = "a pragma told of more than is in the database";
		break;
	case SQLITE_PRAGMA:
		replay->state_moved |= bk_reach_pragma(first, second != NULL) == REACH_STATE;
		break;
	case SQLITE_CREATE_TEMP_INDEX:
	case SQLITE_CREATE_TEMP_TABLE:
	case SQLITE_CREATE_TEMP_TRIGGER:
	case SQLITE_CREATE_TEMP_VIEW:
		replay->exact.has_temp = true;
		break;
	case SQLITE_ALTER_TABLE:
	case SQLITE_DROP_TABLE:
		bk_fullrowid_forget(&replay->exact.full);
		break;
	default:
		break;
	}
}

static int authorize(void *ctx, int action, const char *first, const char *second,
	const char *database, const char *trigger)
{
	struct replay *replay = ctx;

	(void)database;
	(void)trigger;
	if (replay->is_ours)
		return SQLITE_OK;
	bk_prepared_note(replay->prepared, action, first, second);
	if (replay->is_lone)
		return authorize_lone(action, first);
	/* Without a journal SQLite would not find what stood there before. */
	if (action == SQLITE_SAVEPOINT && strcmp(first, "ROLLBACK") == 0 && !replay->has_journal)
		return SQLITE_DENY;
	note_action(replay, action, first, second);
	return bk_sandbox_authorize(&replay->sandbox, action, first, second);
}

static int set_journal(struct replay *replay, bool has)
{
	sqlite3 *db = replay->sandbox.db;
	int rc = SQLITE_OK;

	if (has == replay->has_journal)
		return SQLITE_OK;
	replay->is_ours = true;
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 0, NULL);
	rc = sqlite3_exec(db, has ? "PRAGMA journal_mode = MEMORY" : "PRAGMA journal_mode = OFF",
		NULL, NULL, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	replay->is_ours = false;
	replay->has_journal = has;
	return rc;
}

static int prepare_own(sqlite3 *db, const char *sql, sqlite3_stmt **out)
{
	return sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL);
}

static int replay_prepare(struct replay *replay)
{
	sqlite3 *db = replay->sandbox.db;
	int rc = sqlite3_set_authorizer(db, authorize, replay);

	replay->is_ours = true;
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 0, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db, replay_pragmas, NULL, NULL, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	if (rc == SQLITE_OK)
		rc = bk_connstate_set(db, CONNSTATE_FLAGS, 0);
	if (rc == SQLITE_OK)
		rc = bk_chance_install(&replay->exact.chance, db);
	if (rc == SQLITE_OK)
		rc = prepare_own(db, "BEGIN", &replay->begin);
	if (rc == SQLITE_OK)
		rc = prepare_own(db, "COMMIT", &replay->commit);
	bk_fullrowid_watch(&replay->exact.full, db);
	replay->is_ours = false;
	return rc;
}

enum bk_code bk_replay_open(struct replay *replay, struct pagestore *store, const struct bk_io *io,
	const char *spill_dir, const struct replay_options *options, struct bk_error *err)
{
	enum bk_code code;

	*replay = (struct replay){.exact.is_proof = options && options->is_proof};
	bk_budget_init(&replay->own_budget, NULL);
	code = bk_sandbox_open(&replay->sandbox, store, io, spill_dir,
		options && options->budget ? options->budget : &replay->own_budget, err);
	if (code)
		return code;
	replay->prepared = bk_prepared_new(replay->sandbox.db);
	if (!replay->prepared)
		code = bk_fail(err, BK_E_NOMEM, 0, "no memory to open an image");
	else if (replay_prepare(replay) != SQLITE_OK)
		code = bk_sandbox_fail(&replay->sandbox, "open an image", err);
	if (code)
		bk_replay_close(replay);
	return code;
}

void bk_replay_close(struct replay *replay)
{
	sqlite3_finalize(replay->begin);
	sqlite3_finalize(replay->commit);
	bk_prepared_free(replay->prepared);
	bk_sandbox_close(&replay->sandbox);
	bk_fullrowid_done(&replay->exact.full);
	replay->begin = replay->commit = NULL;
	replay->prepared = NULL;
}

const char *bk_replay_inexact(const struct replay *replay)
{
	return *replay->exact.inexact ? replay->exact.inexact : NULL;
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

/* How long a value of SQL may be. A literal always fits. What has much text of its own can work on
 * a value that often without a look at the budget. */
static int length_of(const struct replay *replay, const struct bk_slice *sql)
{
	size_t length = (size_t)replay->sandbox.budget->limits.length, literal = sql->size;

	if (sql->size > CODE_MAX && bk_sqltext_code(sql->data, sql->size, &literal) > CODE_MAX &&
		length > CODE_LENGTH)
		length = CODE_LENGTH;
	return (int)(length > literal ? length : literal);
}

/* A statement of SQL is prepared, or run, next; false: the budget has run out. */
static bool begin_statement(struct replay *replay, const struct bk_slice *sql)
{
	if (!bk_budget_is_left(replay->sandbox.budget))
		return false;
	replay->sandbox.costly.likes = 0;
	replay->sandbox.costly.is_alter = false;
	sqlite3_limit(replay->sandbox.db, SQLITE_LIMIT_LENGTH, length_of(replay, sql));
	return true;
}

/* To its end, or to where it fails: its next reset or finalize tells. */
static void step_through(sqlite3_stmt *statement)
{
	while (sqlite3_step(statement) == SQLITE_ROW)
		;
}

/* Runs all of SQL, as sqlite3_exec does, but for one that knows its size; with FIRST_ONLY its first
 * statement. */
static int run_text(struct replay *replay, const struct bk_slice *sql, bool first_only)
{
	const char *at = sql->data, *end = at + sql->size;
	int rc = SQLITE_OK;

	while (at < end && rc == SQLITE_OK) {
		sqlite3_stmt *statement = NULL;

		if (!begin_statement(replay, sql))
			return SQLITE_INTERRUPT;
		rc = sqlite3_prepare_v2(replay->sandbox.db, at, (int)(end - at), &statement, &at);
		bk_prepared_settle(replay->prepared);
		if (rc != SQLITE_OK || !statement)
			continue;
		step_through(statement);
		rc = sqlite3_finalize(statement);
		if (first_only)
			break;
	}
	return rc;
}

static int run_sql(struct replay *replay, const struct bk_slice *sql)
{
	sqlite3_stmt *statement;
	int rc;

	/* Not even a look at it: a change may have a gigabyte. */
	if (sql->size > SHAPE_SQL)
		return run_text(replay, sql, false);
	if (!begin_statement(replay, sql))
		return SQLITE_INTERRUPT;
	rc = bk_prepared_find(replay->prepared, sql, &statement);
	if (rc != SQLITE_OK)
		return rc;
	if (!statement)
		return run_text(replay, sql, false);
	step_through(statement);
	return bk_prepared_done(statement);
}

static enum bk_code change_failed(struct replay *replay, const struct bk_change *change,
	size_t statement, struct bk_error *err)
{
	const struct sandbox *sandbox = &replay->sandbox;
	char name[BK_STATEMENT_TEXT], told[BK_STATEMENT_WHY], buffer[120];
	const char *why = bk_budget_why(sandbox->budget, buffer, sizeof buffer);

	if (!why && (sandbox->vfs.error.code || sqlite3_errcode(sandbox->db) == SQLITE_NOMEM))
		return bk_sandbox_fail(sandbox, "replay a change", err);
	bk_statement_name(name, &change->statements[statement]);
	bk_statement_why(told, sqlite3_errmsg(sandbox->db));
	return bk_fail(err, bk_budget_code(sandbox->budget), 0,
		"version %u: statement %zu of %zu fails in replay: %s: %s", change->version,
		statement + 1, change->statement_count, why ? why : told, name);
}

static bool begins_with(const struct bk_slice *sql, const char *word)
{
	const char *at = sql->data, *end = at + sql->size;

	while (at < end && (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r'))
		at++;
	return (size_t)(end - at) >= strlen(word) &&
	       sqlite3_strnicmp(at, word, (int)strlen(word)) == 0;
}

static bool rolls_back(const struct bk_change *change)
{
	for (size_t i = 0; i < change->statement_count; i++)
		if (begins_with(&change->statements[i], "ROLLBACK"))
			return true;
	return false;
}

static enum bk_code change_begin(struct replay *replay, const struct bk_change *change,
	uint32_t must, int64_t time_us, struct bk_error *err)
{
	int rc;

	replay->sandbox.budget->steps = 0;
	replay->sandbox.vfs.now_us = time_us;
	replay->state_moved = false;
	bk_exact_begin(&replay->exact, &replay->sandbox, change);
	replay->is_ours = true;
	if (replay->state != (must & CONNSTATE_FLAGS))
		bk_prepared_forget(replay->prepared);
	rc = bk_connstate_set(replay->sandbox.db, replay->state, must);
	replay->state = must & CONNSTATE_FLAGS;
	replay->is_ours = false;
	if (rc == SQLITE_OK)
		rc = set_journal(replay, rolls_back(change));
	return rc == SQLITE_OK ? BK_OK : bk_sandbox_fail(&replay->sandbox, "begin a change", err);
}

static enum bk_code run_change(
	struct replay *replay, const struct bk_change *change, struct bk_error *err)
{
	enum bk_code code;

	if (run_own(replay, replay->begin) != SQLITE_OK)
		return bk_sandbox_fail(&replay->sandbox, "begin a transaction", err);
	for (size_t i = 0; i < change->statement_count; i++)
		if (run_sql(replay, &change->statements[i]) != SQLITE_OK)
			return change_failed(replay, change, i, err);
	code = bk_exact_check(&replay->exact, &replay->sandbox, change, err);
	if (code)
		return code;
	if (run_own(replay, replay->commit) != SQLITE_OK)
		return change_failed(replay, change, change->statement_count - 1, err);
	return BK_OK;
}

static enum bk_code run_lone(
	struct replay *replay, const struct bk_change *change, struct bk_error *err)
{
	int rc;

	replay->is_lone = true;
	rc = run_text(replay, &change->statements[0], true);
	replay->is_lone = false;
	return rc == SQLITE_OK ? BK_OK : change_failed(replay, change, 0, err);
}

/* What state a pragma of the change left the connection in: the next one begins with what its own
 * flags say. */
static enum bk_code note_state(struct replay *replay, struct bk_error *err)
{
	int rc;

	if (!replay->state_moved)
		return BK_OK;
	replay->is_ours = true;
	rc = bk_connstate_read(replay->sandbox.db, &replay->state);
	replay->is_ours = false;
	return rc == SQLITE_OK
		       ? BK_OK
		       : bk_sandbox_fail(&replay->sandbox, "read a connection's state", err);
}

enum bk_code bk_replay_change(struct replay *replay, const struct bk_change *change, uint32_t must,
	int64_t time_us, struct bk_error *err)
{
	enum bk_code code;

	if (must & BK_ENTRY_UNLIKE)
		return bk_exact_fail(change, "what its pragma did depends on the node", err);
	if (bk_connstate_is_unknown(must))
		return bk_exact_fail(change,
			"it ran in a state of the node's connection that this release does not "
			"know",
			err);
	if (replay->exact.is_proof)
		bk_budget_renew(replay->sandbox.budget);
	bk_budget_begin(replay->sandbox.budget);
	code = change_begin(replay, change, must, time_us, err);
	if (!code)
		code = must & BK_ENTRY_LONE ? run_lone(replay, change, err)
					    : run_change(replay, change, err);
	if (!code)
		code = note_state(replay, err);
	bk_budget_end(replay->sandbox.budget);
	return code;
}

static enum bk_code vars_failed(const struct replay *replay, struct bk_error *err)
{
	return bk_sandbox_fail(&replay->sandbox, "read the table vars", err);
}

enum bk_code bk_replay_version(struct replay *replay, uint32_t *version, struct bk_error *err)
{
	int rc;

	bk_budget_begin(replay->sandbox.budget);
	rc = bk_read_data_version(replay->sandbox.db, version);
	bk_budget_end(replay->sandbox.budget);
	return rc == SQLITE_OK ? BK_OK : vars_failed(replay, err);
}

enum bk_code bk_replay_node_id(struct replay *replay, char *out, size_t size, struct bk_error *err)
{
	int rc;

	bk_budget_begin(replay->sandbox.budget);
	rc = bk_read_node_id(replay->sandbox.db, out, size);
	bk_budget_end(replay->sandbox.budget);
	return rc == SQLITE_OK ? BK_OK : vars_failed(replay, err);
}

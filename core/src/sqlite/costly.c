/* costly.c - functions of SQLite whose work grows with the product of their arguments, bounded. */
#include "costly.h"

/* Bytes compared in a nanosecond, about. */
#define BYTES_A_UNIT 4

static const struct {
	const char *name, *call;
	int args;
} functions[COSTLY_FUNCTIONS] = {
	{"instr", "SELECT instr(?1, ?2)", 2},
	{"replace", "SELECT replace(?1, ?2, ?3)", 3},
	{"trim", "SELECT trim(?1, ?2)", 2},
	{"ltrim", "SELECT ltrim(?1, ?2)", 2},
	{"rtrim", "SELECT rtrim(?1, ?2)", 2},
};

static int open_beside(struct costly *costly, sqlite3 *db)
{
	int rc = sqlite3_open_v2(
		":memory:", &costly->beside, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);

	if (rc == SQLITE_OK)
		sqlite3_limit(costly->beside, SQLITE_LIMIT_LENGTH,
			sqlite3_limit(db, SQLITE_LIMIT_LENGTH, -1));
	return rc;
}

static int prepare_call(
	struct costly *costly, size_t which, sqlite3_value **args, sqlite3_stmt **out)
{
	sqlite3_stmt **call = &costly->calls[which];
	int rc = *call ? SQLITE_OK
		       : sqlite3_prepare_v3(costly->beside, functions[which].call, -1,
				 SQLITE_PREPARE_PERSISTENT, call, NULL);

	for (int i = 0; i < functions[which].args && rc == SQLITE_OK; i++)
		rc = sqlite3_bind_value(*call, i + 1, args[i]);
	*out = *call;
	return rc;
}

static void run_call(
	struct costly *costly, size_t which, sqlite3_context *context, sqlite3_value **args)
{
	sqlite3_stmt *call = NULL;
	int rc = costly->beside ? SQLITE_OK
				: open_beside(costly, sqlite3_context_db_handle(context));

	if (rc == SQLITE_OK)
		rc = prepare_call(costly, which, args, &call);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(call);
	if (rc == SQLITE_ROW)
		sqlite3_result_value(context, sqlite3_column_value(call, 0));
	else
		sqlite3_result_error_code(context, rc);
	sqlite3_reset(call);
}

static void count_and_call(size_t which, sqlite3_context *context, int count, sqlite3_value **args)
{
	struct costly *costly = sqlite3_user_data(context);
	uint64_t subject = (uint64_t)sqlite3_value_bytes(args[0]);
	uint64_t searched = (uint64_t)sqlite3_value_bytes(args[1]);

	(void)count;
	if (bk_budget_work(costly->budget, subject * searched / BYTES_A_UNIT))
		run_call(costly, which, context, args);
	else
		sqlite3_result_error(context, "it takes too long", -1);
}

static void sql_instr(sqlite3_context *context, int count, sqlite3_value **args)
{
	count_and_call(0, context, count, args);
}

static void sql_replace(sqlite3_context *context, int count, sqlite3_value **args)
{
	count_and_call(1, context, count, args);
}

static void sql_trim(sqlite3_context *context, int count, sqlite3_value **args)
{
	count_and_call(2, context, count, args);
}

static void sql_ltrim(sqlite3_context *context, int count, sqlite3_value **args)
{
	count_and_call(3, context, count, args);
}

static void sql_rtrim(sqlite3_context *context, int count, sqlite3_value **args)
{
	count_and_call(4, context, count, args);
}

int bk_costly_install(struct costly *costly, struct budget *budget, sqlite3 *db)
{
	static void (*const bodies[COSTLY_FUNCTIONS])(sqlite3_context *, int, sqlite3_value **) = {
		sql_instr, sql_replace, sql_trim, sql_ltrim, sql_rtrim};
	const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
	int rc = SQLITE_OK;

	*costly = (struct costly){.budget = budget};
	for (size_t i = 0; i < COSTLY_FUNCTIONS && rc == SQLITE_OK; i++)
		rc = sqlite3_create_function(db, functions[i].name, functions[i].args, flags,
			costly, bodies[i], NULL, NULL);
	sqlite3_limit(db, SQLITE_LIMIT_LIKE_PATTERN_LENGTH, COSTLY_PATTERN);
	return rc;
}

void bk_costly_done(struct costly *costly)
{
	for (size_t i = 0; i < COSTLY_FUNCTIONS; i++)
		sqlite3_finalize(costly->calls[i]);
	sqlite3_close(costly->beside);
	*costly = (struct costly){.budget = NULL};
}

bool bk_costly_allow(struct costly *costly, sqlite3 *db, const char *name)
{
	if (sqlite3_stricmp(name, "like") != 0 && sqlite3_stricmp(name, "glob") != 0)
		return true;
	if (costly->is_alter)
		return true;
	if (sqlite3_limit(db, SQLITE_LIMIT_LENGTH, -1) > COSTLY_SUBJECT)
		sqlite3_limit(db, SQLITE_LIMIT_LENGTH, COSTLY_SUBJECT);
	return ++costly->likes <= COSTLY_LIKES;
}

/* chance.c - what is random in SQL, the same in each replay. */
#include "chance.h"
#include <stddef.h>

static uint64_t random_next(struct chance *chance)
{
	uint64_t z = chance->next += 0x9e3779b97f4a7c15u; /* splitmix64 */

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static void sql_random(sqlite3_context *context, int count, sqlite3_value **args)
{
	struct chance *chance = sqlite3_user_data(context);

	(void)count;
	(void)args;
	chance->why = "random() gave the node something else";
	sqlite3_result_int64(context, (sqlite3_int64)random_next(chance));
}

static void sql_randomblob(sqlite3_context *context, int count, sqlite3_value **args)
{
	struct chance *chance = sqlite3_user_data(context);
	sqlite3_int64 size = sqlite3_value_int64(args[0]);
	uint8_t *blob;

	(void)count;
	chance->why = "randomblob() gave the node something else";
	if (size < 1)
		size = 1;
	if (size > sqlite3_limit(chance->db, SQLITE_LIMIT_LENGTH, -1)) {
		sqlite3_result_error_toobig(context);
		return;
	}
	blob = sqlite3_malloc64((sqlite3_uint64)size);
	if (!blob) {
		sqlite3_result_error_nomem(context);
		return;
	}
	for (sqlite3_int64 i = 0; i < size; i++)
		blob[i] = (uint8_t)random_next(chance);
	sqlite3_result_blob64(context, blob, (sqlite3_uint64)size, sqlite3_free);
}

int bk_chance_install(struct chance *chance, sqlite3 *db)
{
	/* Innocuous, as those that they stand for: a schema may use them in its defaults. */
	const int flags = SQLITE_UTF8 | SQLITE_INNOCUOUS;
	int rc = sqlite3_create_function(db, "random", 0, flags, chance, sql_random, NULL, NULL);

	chance->db = db;
	if (rc == SQLITE_OK)
		rc = sqlite3_create_function(
			db, "randomblob", 1, flags, chance, sql_randomblob, NULL, NULL);
	return rc;
}

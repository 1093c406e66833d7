/* connstate.c - what of a connection's state its later statements depend on. */
#include "connstate.h"
#include <stddef.h>

static int read_int(sqlite3 *db, const char *sql, int *out)
{
	sqlite3_stmt *statement = NULL;
	int rc = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);

	if (rc != SQLITE_OK)
		return rc;
	rc = sqlite3_step(statement);
	if (rc == SQLITE_ROW)
		*out = sqlite3_column_int(statement, 0);
	sqlite3_finalize(statement);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static const struct {
	const char *name, *sql;
	int usual;
	uint32_t flag;
} parts[] = {
	{"foreign_keys", "PRAGMA foreign_keys", 1, BK_ENTRY_FK_OFF},
	{"legacy_alter_table", "PRAGMA legacy_alter_table", 0, BK_ENTRY_LEGACY_ALTER},
	{"recursive_triggers", "PRAGMA recursive_triggers", 0, BK_ENTRY_RECURSIVE},
	{"automatic_index", "PRAGMA automatic_index", 1, BK_ENTRY_UNLIKE},
	{"ignore_check_constraints", "PRAGMA ignore_check_constraints", 0, BK_ENTRY_UNLIKE},
	{"reverse_unordered_selects", "PRAGMA reverse_unordered_selects", 0, BK_ENTRY_UNLIKE},
	{"writable_schema", "PRAGMA writable_schema", 0, BK_ENTRY_UNLIKE},
	{"case_sensitive_like", "SELECT 'a' LIKE 'A'", 1, BK_ENTRY_UNLIKE},
};

#define PARTS (sizeof parts / sizeof *parts)

bool bk_connstate_tells(const char *name)
{
	for (size_t i = 0; i < PARTS; i++)
		if (sqlite3_stricmp(name, parts[i].name) == 0)
			return true;
	return false;
}

int bk_connstate_read(sqlite3 *db, uint32_t *flags)
{
	*flags = 0;
	for (size_t i = 0; i < PARTS; i++) {
		int value = parts[i].usual, rc = read_int(db, parts[i].sql, &value);

		if (rc != SQLITE_OK)
			return rc;
		if (value != parts[i].usual)
			*flags |= parts[i].flag;
	}
	return SQLITE_OK;
}

int bk_connstate_set(sqlite3 *db, uint32_t have, uint32_t flags)
{
	uint32_t change = have ^ flags;
	int rc = SQLITE_OK;

	if (change & BK_ENTRY_FK_OFF)
		rc = sqlite3_db_config(
			db, SQLITE_DBCONFIG_ENABLE_FKEY, !(flags & BK_ENTRY_FK_OFF), NULL);
	if (rc == SQLITE_OK && (change & BK_ENTRY_LEGACY_ALTER))
		rc = sqlite3_db_config(db, SQLITE_DBCONFIG_LEGACY_ALTER_TABLE,
			!!(flags & BK_ENTRY_LEGACY_ALTER), NULL);
	if (rc == SQLITE_OK && (change & BK_ENTRY_RECURSIVE))
		rc = sqlite3_exec(db,
			flags & BK_ENTRY_RECURSIVE ? "PRAGMA recursive_triggers = ON"
						   : "PRAGMA recursive_triggers = OFF",
			NULL, NULL, NULL);
	return rc;
}

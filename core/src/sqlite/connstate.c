/* connstate.c - what of a connection's state its later statements depend on. */
#include "connstate.h"
#include <stddef.h>

static const struct {
	const char *read, *on, *off;
	int usual;
	uint32_t flag;
} parts[] = {
	{"PRAGMA foreign_keys", "PRAGMA foreign_keys = ON", "PRAGMA foreign_keys = OFF", 1,
		BK_ENTRY_FK_OFF},
	{"PRAGMA legacy_alter_table", "PRAGMA legacy_alter_table = ON",
		"PRAGMA legacy_alter_table = OFF", 0, BK_ENTRY_LEGACY_ALTER},
	{"PRAGMA recursive_triggers", "PRAGMA recursive_triggers = ON",
		"PRAGMA recursive_triggers = OFF", 0, BK_ENTRY_RECURSIVE},
	{"PRAGMA ignore_check_constraints", "PRAGMA ignore_check_constraints = ON",
		"PRAGMA ignore_check_constraints = OFF", 0, BK_ENTRY_IGNORE_CHECK},
	{"SELECT 'a' NOT LIKE 'A'", "PRAGMA case_sensitive_like = ON",
		"PRAGMA case_sensitive_like = OFF", 0, BK_ENTRY_CASE_LIKE},
	{"PRAGMA reverse_unordered_selects", "PRAGMA reverse_unordered_selects = ON",
		"PRAGMA reverse_unordered_selects = OFF", 0, BK_ENTRY_REVERSE},
	{"PRAGMA automatic_index", "PRAGMA automatic_index = ON", "PRAGMA automatic_index = OFF", 1,
		BK_ENTRY_NO_AUTOINDEX},
};

#define PARTS (sizeof parts / sizeof *parts)

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

int bk_connstate_read(sqlite3 *db, uint32_t *flags)
{
	*flags = 0;
	for (size_t i = 0; i < PARTS; i++) {
		int value = parts[i].usual, rc = read_int(db, parts[i].read, &value);

		if (rc != SQLITE_OK)
			return rc;
		if (value != parts[i].usual)
			*flags |= parts[i].flag;
	}
	return SQLITE_OK;
}

int bk_connstate_set(sqlite3 *db, uint32_t have, uint32_t flags)
{
	int rc = SQLITE_OK;

	for (size_t i = 0; i < PARTS && rc == SQLITE_OK; i++) {
		int is_usual = !(flags & parts[i].flag);

		if ((have ^ flags) & parts[i].flag)
			rc = sqlite3_exec(db,
				is_usual == parts[i].usual ? parts[i].on : parts[i].off, NULL, NULL,
				NULL);
	}
	return rc;
}

/* test_probe.c - what pragmas did to the node's connection (probe.h). */
#include "connstate.h"
#include "probe.h"
#include "support.h"
#include <sqlite3.h>

SUITE(probe);

static struct probe_result probe_one(struct probe *probe, const char *sql, bool is_lone)
{
	struct bk_slice slice = {sql, strlen(sql)};
	struct bk_change change = {.version = 7, .statements = &slice, .statement_count = 1};
	struct probe_result result;

	ok(bk_probe_change(probe, &change, is_lone, &result, why()));
	return result;
}

/* SQLite is asked, so every spelling that it takes counts, and none that it does not. */
Test(probe, spellings)
{
	static const struct {
		const char *sql;
		bool is_off;
	} cases[] = {
		{"PRAGMA foreign_keys = OFF;", true},
		{"PRAGMA foreign_keys=0", true},
		{"PRAGMA foreign_keys = false", true},
		{"PRAGMA foreign_keys = no", true},
		{"PRAGMA foreign_keys = 'off'", true},
		{"PRAGMA foreign_keys = \"OFF\"", true},
		{"PRAGMA foreign_keys(0)", true},
		{"pragma main.foreign_keys = Off", true},
		{"/* c */ PRAGMA /* d */ foreign_keys -- e\n = OFF -- f", true},
		{"PRAGMA foreign_keys", false},
		{"PRAGMA foreign_keys = ON", false},
		{"PRAGMA foreign_keys = 2", false},
		{"PRAGMA foreign_keys = yes", false},
		{"PRAGMA foreign_key = OFF", false},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct probe *probe = NULL;
		uint32_t state = cases[i].is_off ? BK_ENTRY_FK_OFF : 0;

		ok(bk_probe_open(&probe, why()));
		cr_assert(probe_one(probe, cases[i].sql, false).state == 0,
			"within a transaction it does nothing");
		cr_assert(probe_one(probe, cases[i].sql, true).state == state, "%s", cases[i].sql);
		cr_assert(probe_one(probe, "PRAGMA foreign_keys = on", true).state == 0);
		bk_probe_close(probe);
	}
}

/* What is on stays on, in a change or alone, until another pragma. */
Test(probe, states)
{
	static const struct {
		const char *on, *off;
		uint32_t state;
	} cases[] = {
		{"PRAGMA legacy_alter_table(yes)", "PRAGMA legacy_alter_table = 0",
			BK_ENTRY_LEGACY_ALTER},
		{"SELECT 1; PRAGMA recursive_triggers = 1", "PRAGMA recursive_triggers = no",
			BK_ENTRY_RECURSIVE},
		{"PRAGMA ignore_check_constraints = 1", "PRAGMA ignore_check_constraints = 0",
			BK_ENTRY_IGNORE_CHECK},
		{"PRAGMA automatic_index = 0", "PRAGMA automatic_index = 1", BK_ENTRY_NO_AUTOINDEX},
		{"PRAGMA reverse_unordered_selects = 1", "PRAGMA reverse_unordered_selects = 0",
			BK_ENTRY_REVERSE},
		{"PRAGMA case_sensitive_like = 1", "PRAGMA case_sensitive_like = 0",
			BK_ENTRY_CASE_LIKE},
		{"PRAGMA writable_schema = 1", "PRAGMA writable_schema = 0", 0},
	};

	for (size_t i = 0; i < COUNT_OF(cases) * 2; i++) {
		bool is_lone = i % 2 && *cases[i / 2].on == 'P';
		struct probe *probe = NULL;

		ok(bk_probe_open(&probe, why()));
		cr_assert(probe_one(probe, cases[i / 2].on, is_lone).state == cases[i / 2].state,
			"%s", cases[i / 2].on);
		cr_assert(probe_one(probe, "PRAGMA defer_foreign_keys = 1", false).state ==
			  cases[i / 2].state);
		cr_assert(!probe_one(probe, cases[i / 2].off, is_lone).is_unlike);
		cr_assert(probe_one(probe, "PRAGMA cache_size = 5", is_lone).state == 0);
		bk_probe_close(probe);
	}
}

/* "a pragma did what no replay can do again" */
Test(probe, what_no_replay_can_do)
{
	static const struct {
		const char *sql;
		bool is_unlike;
	} cases[] = {
		{"PRAGMA optimize", true},
		{"PRAGMA schema_version = 5", true},
		{"PRAGMA key = 'x'", true},
		{"PRAGMA foreign_keys = OFF; DELETE FROM t", true},
		{"PRAGMA schema_version", false},
		{"PRAGMA user_version = 5", false},
		{"PRAGMA journal_mode = WAL; -- nothing else", false},
		{"PRAGMA temp_store_directory = '/tmp'", false},
		{"PRAGMA wal_checkpoint(TRUNCATE)", false},
		{"PRAGMA unheard_of = 1", false},
	};
	struct probe *probe = NULL;

	ok(bk_probe_open(&probe, why()));
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		cr_assert(probe_one(probe, cases[i].sql, true).is_unlike == cases[i].is_unlike,
			"%s", cases[i].sql);
	cr_assert(!sqlite3_temp_directory);
	bk_probe_close(probe);
}

Test(probe, what_it_is_needed_for)
{
	struct bk_slice slices[2] = {{"DELETE FROM pragma", 18}, {"SELECT 1; pragma x", 18}};
	struct bk_change change = {.statements = slices, .statement_count = 1};

	cr_assert(!bk_probe_is_needed(&change));
	change.statement_count = 2;
	cr_assert(bk_probe_is_needed(&change));
}

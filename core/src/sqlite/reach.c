/* reach.c - what SQL that a stranger may have written is let do. */
#include "reach.h"
#include <sqlite3.h>
#include <stddef.h>
#include <strings.h>

static bool is_among(const char *name, const char *const *names)
{
	for (; name && *names; names++)
		if (strcasecmp(name, *names) == 0)
			return true;
	return false;
}

/* How the connection works, and not what its statements give. (With writable_schema some work that
 * fail without: they fail in replay.) */
static const char *const nothing[] = {"busy_timeout", "cache_size", "cache_spill",
	"cell_size_check", "checkpoint_fullfsync", "count_changes", "data_store_directory",
	"empty_result_callbacks", "full_column_names", "fullfsync", "hard_heap_limit",
	"journal_mode", "journal_size_limit", "locking_mode", "max_page_count", "mmap_size",
	"page_size", "parser_trace", "query_only", "read_uncommitted", "secure_delete",
	"short_column_names", "soft_heap_limit", "synchronous", "temp_store",
	"temp_store_directory", "threads", "trusted_schema", "vdbe_addoptrace", "vdbe_debug",
	"vdbe_eqp", "vdbe_listing", "vdbe_trace", "wal_autocheckpoint", "writable_schema", NULL};

/* The same, of those that act without a value too. */
static const char *const nothing_ever[] = {"shrink_memory", "wal_checkpoint", NULL};

static const char *const state[] = {"automatic_index", "case_sensitive_like", "defer_foreign_keys",
	"foreign_keys", "ignore_check_constraints", "legacy_alter_table", "recursive_triggers",
	"reverse_unordered_selects", NULL};

/* What they do depends on more than the database. */
static const char *const unlike[] = {"analysis_limit", "default_cache_size", "legacy_file_format",
	"optimize", "schema_version", NULL};

static const char *const unlike_ever[] = {"optimize", NULL};

/* Builds of SQLite that encrypt, or load code by a pragma. */
static const char *const out[] = {"activate_extensions", "hexkey", "hexrekey", "key",
	"lock_proxy_file", "rekey", "textkey", "textrekey", NULL};

enum reach bk_reach_pragma(const char *name, bool has_value)
{
	if (is_among(name, out))
		return REACH_OUT;
	if (is_among(name, nothing_ever) || (has_value && is_among(name, nothing)))
		return REACH_NOTHING;
	if (is_among(name, unlike_ever) || (has_value && is_among(name, unlike)))
		return REACH_UNLIKE;
	if (has_value && is_among(name, state))
		return REACH_STATE;
	return REACH_PAGES;
}

/* Virtual tables that keep all they have in tables of the database. */
static const char *const modules[] = {
	"fts3", "fts4", "fts4aux", "fts5", "fts5vocab", "geopoly", "rtree", "rtree_i32", NULL};

/* Tables that are there without having been made, and reach files or raw pages. */
static const char *const foreign_tables[] = {"csv", "fsdir", "sqlite_dbpage", "zipfile", NULL};

static const char *const functions[] = {
	"edit", "fts3_tokenizer", "load_extension", "readfile", "writefile", NULL};

enum reach bk_reach_action(int action, const char *first, const char *second)
{
	switch (action) {
	case SQLITE_ATTACH:
	case SQLITE_DETACH:
		return REACH_OUT;
	case SQLITE_TRANSACTION: /* out of the change's own */
		return REACH_OUT;
	case SQLITE_CREATE_VTABLE:
	case SQLITE_DROP_VTABLE:
		return is_among(second, modules) ? REACH_PAGES : REACH_OUT;
	case SQLITE_READ:
	case SQLITE_INSERT:
	case SQLITE_UPDATE:
	case SQLITE_DELETE:
		return is_among(first, foreign_tables) ? REACH_OUT : REACH_PAGES;
	case SQLITE_PRAGMA:
		return bk_reach_pragma(first, second != NULL);
	case SQLITE_FUNCTION:
		return is_among(second, functions) ? REACH_OUT : REACH_PAGES;
	default:
		return REACH_PAGES;
	}
}

bool bk_reach_is_of_connection(const char *name)
{
	static const char *const names[] = {"changes", "last_insert_rowid", "pragma_collation_list",
		"pragma_compile_options", "pragma_data_version", "pragma_database_list",
		"pragma_function_list", "pragma_module_list", "pragma_pragma_list",
		"sqlite_compileoption_get", "sqlite_compileoption_used", "sqlite_source_id",
		"sqlite_version", "total_changes", NULL};

	return is_among(name, names);
}

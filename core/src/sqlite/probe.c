/* probe.c - what pragmas did to the node's connection. */
#include "probe.h"
#include "connstate.h"
#include "reach.h"
#include "sqltext.h"
#include <sqlite3.h>
#include <stdlib.h>

struct probe {
	sqlite3 *db;
	bool is_ours;
	bool is_unlike;
};

static int authorize_pragma(struct probe *probe, const char *name, bool has_value)
{
	switch (bk_reach_pragma(name, has_value)) {
	case REACH_STATE:
		return SQLITE_OK;
	case REACH_UNLIKE:
	case REACH_OUT:
		probe->is_unlike = true;
		return SQLITE_IGNORE;
	case REACH_PAGES:
	case REACH_NOTHING:
		return SQLITE_IGNORE;
	}
	return SQLITE_IGNORE;
}

static int authorize(void *ctx, int action, const char *first, const char *second,
	const char *database, const char *trigger)
{
	struct probe *probe = ctx;

	(void)database;
	(void)trigger;
	if (probe->is_ours)
		return SQLITE_OK;
	return action == SQLITE_PRAGMA ? authorize_pragma(probe, first, second != NULL)
				       : SQLITE_DENY;
}

enum bk_code bk_probe_open(struct probe **out, struct bk_error *err)
{
	const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
	struct probe *probe = calloc(1, sizeof *probe);

	if (!probe)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory to follow pragmas");
	probe->is_ours = true;
	if (sqlite3_open_v2(":memory:", &probe->db, flags, NULL) != SQLITE_OK ||
		bk_connstate_set(probe->db, CONNSTATE_FLAGS, 0) != SQLITE_OK ||
		sqlite3_set_authorizer(probe->db, authorize, probe) != SQLITE_OK) {
		bk_probe_close(probe);
		return bk_fail(err, BK_E_NOMEM, 0, "no memory to follow pragmas");
	}
	*out = probe;
	return BK_OK;
}

void bk_probe_close(struct probe *probe)
{
	if (!probe)
		return;
	sqlite3_close(probe->db);
	free(probe);
}

bool bk_probe_is_needed(const struct bk_change *change)
{
	for (size_t i = 0; i < change->statement_count; i++) {
		const char *at = change->statements[i].data;

		if (bk_sqltext_pragma(at, at + change->statements[i].size))
			return true;
	}
	return false;
}

/* Runs the pragmas of SQL. One that fails here did so on the node, or changes no state. */
static void run_pragmas(struct probe *probe, const struct bk_slice *sql, bool is_lone)
{
	const char *at = sql->data, *end = at + sql->size;

	while ((at = bk_sqltext_pragma(at, end))) {
		sqlite3_stmt *statement = NULL;
		const char *tail = end;

		if (sqlite3_prepare_v2(probe->db, at, (int)(end - at), &statement, &tail) ==
			SQLITE_OK)
			while (sqlite3_step(statement) == SQLITE_ROW)
				;
		sqlite3_finalize(statement);
		/* Of a lone one nobody replays what else stands with it. */
		probe->is_unlike |= is_lone && bk_sqltext_begin(tail, end) != end;
		at = tail;
	}
}

static int run_ours(struct probe *probe, const char *sql)
{
	int rc;

	probe->is_ours = true;
	rc = sqlite3_exec(probe->db, sql, NULL, NULL, NULL);
	probe->is_ours = false;
	return rc;
}

enum bk_code bk_probe_change(struct probe *probe, const struct bk_change *change, bool is_lone,
	struct probe_result *out, struct bk_error *err)
{
	struct probe_result result;
	int rc = is_lone ? SQLITE_OK : run_ours(probe, "BEGIN");

	probe->is_unlike = false;
	probe->is_ours = false;
	for (size_t i = 0; i < change->statement_count && rc == SQLITE_OK; i++)
		run_pragmas(probe, &change->statements[i], is_lone);
	if (rc == SQLITE_OK && !is_lone)
		rc = run_ours(probe, "COMMIT");
	probe->is_ours = true;
	if (rc == SQLITE_OK)
		rc = bk_connstate_read(probe->db, &result.state);
	probe->is_ours = false;
	if (rc != SQLITE_OK)
		return bk_fail(err, rc == SQLITE_NOMEM ? BK_E_NOMEM : BK_E_SQL, 0,
			"cannot follow the pragmas of version %u: %s", change->version,
			sqlite3_errstr(rc));
	result.is_unlike = probe->is_unlike;
	*out = result;
	return BK_OK;
}

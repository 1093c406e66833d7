/* bed.c - a pagestore in memory, and a replay on it. */
#include "bed.h"

void bed_begin_as(struct bed *bed, const struct budget_limits *limits, bool is_proof)
{
	struct replay_options options = {.budget = &bed->budget, .is_proof = is_proof};

	bk_budget_init(&bed->budget, limits);
	bed->version = 0;
	test_io_init(&bed->io);
	bk_overlay_init(&bed->overlay, &bed->io.io, "/tmp", (size_t)64 << 20);
	ok(bk_replay_open(&bed->replay, &bed->overlay.store, &bed->io.io, "/tmp", &options, why()));
}

void bed_begin(struct bed *bed)
{
	bed_begin_as(bed, NULL, false);
}

void bed_end(struct bed *bed)
{
	bk_replay_close(&bed->replay);
	bk_overlay_done(&bed->overlay);
}

enum bk_code bed_run_list(
	struct bed *bed, uint32_t must, int64_t time_us, const char *const *statements)
{
	struct bk_slice slices[20];
	struct bk_change change = {.version = ++bed->version, .statements = slices};

	for (; statements[change.statement_count]; change.statement_count++)
		slices[change.statement_count] =
			(struct bk_slice){statements[change.statement_count],
				strlen(statements[change.statement_count])};
	return bk_replay_change(&bed->replay, &change, must, time_us, why());
}

int64_t bed_value(struct bed *bed, const char *sql)
{
	int64_t found;

	bed->replay.is_ours = true;
	found = sql_int(bed->replay.sandbox.db, sql);
	bed->replay.is_ours = false;
	return found;
}

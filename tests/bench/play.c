/* play.c - the calls of a benchmark, played to its lanes. */
#include "play.h"

#define PROBE_CALLS 2000

enum bk_code calls_open(const struct calls *calls, struct trace **trace, struct bk_error *err)
{
	return calls->trace ? trace_open(trace, calls->trace, err)
			    : trace_open_generated(trace, calls->seed, calls->count, err);
}

enum bk_code block_fill(struct block *block, struct trace *trace, uint64_t *left,
	uint64_t *sql_bytes, struct bk_error *err)
{
	enum bk_code code = BK_OK;
	bool more = true;

	block->count = block->text.size = 0;
	while (!code && block->count < BLOCK_CALLS && *left) {
		struct trace_call call;

		code = trace_next(trace, &call, &more, err);
		if (code || !more)
			break;
		code = block_add(block, &call, err);
		for (size_t i = 0; i < call.change.statement_count; i++)
			*sql_bytes += call.change.statements[i].size;
		--*left;
	}
	return code;
}

enum bk_code play(const struct calls *calls, struct lane *lanes, size_t lane_count, uint64_t count,
	uint64_t *sql_bytes, struct bk_error *err)
{
	struct trace *trace = NULL;
	struct block block;
	enum bk_code code = calls_open(calls, &trace, err);

	block_init(&block);
	*sql_bytes = 0;
	for (size_t turn = 0; !code; turn++) {
		code = block_fill(&block, trace, &count, sql_bytes, err);
		if (!block.count)
			break;
		for (size_t i = 0; !code && i < lane_count; i++)
			code = lane_play(&lanes[(turn + i) % lane_count], &block, err);
	}
	block_done(&block);
	trace_close(trace);
	return code;
}

enum bk_code play_probe(
	const struct calls *calls, const struct tempdir *place, size_t *bytes, struct bk_error *err)
{
	uint64_t count = calls->count < PROBE_CALLS ? calls->count : PROBE_CALLS, sql_bytes;
	struct tempdir dir = *place;
	struct lane lane;
	enum bk_code code = lane_start(&lane, LANE_PLAIN, &dir, 0, err);

	if (!code)
		code = play(calls, &lane, 1, count, &sql_bytes, err);
	if (!code)
		code = lane_stop(&lane, err);
	if (!code)
		*bytes = lane.count ? (size_t)(lane_bytes(&lane) / lane.count) : 0;
	lane_done(&lane);
	return code;
}

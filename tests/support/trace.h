/* trace.h - the db_write calls of a node, one after the other: recorded ones, or made-up ones.
 *
 * A recorded trace is a file of lines of JSON, {"data_version": 7, "writes": ["…"], "t": Unix
 * time}, plain or zstd-compressed. A made-up one comes from tracegen.h.
 *
 * Calling sequence: trace_open or trace_open_generated, any trace_next, trace_close. */
#ifndef TRACE_H
#define TRACE_H

#include <bk/change.h>
#include <stdbool.h>
#include <stdint.h>

struct trace;

/* One db_write call. */
struct trace_call {
	struct bk_change change;
	int64_t time_us; /* when it was sent, since 1970 UTC */
};

/* Fails with BK_E_MISSING, BK_E_IO, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code trace_open(struct trace **out, const char *path, struct bk_error *err);

/* The first COUNT calls that the generator makes of SEED. Fails with BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code trace_open_generated(
	struct trace **out, uint64_t seed, uint64_t count, struct bk_error *err);

void trace_close(struct trace *trace); /* takes NULL */

/* The next call, valid until the next one is asked for. *MORE is false at the end, and CALL then
 * not written. Fails with BK_E_INVALID, naming the line, BK_E_IO, BK_E_DAMAGE, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code trace_next(
	struct trace *trace, struct trace_call *call, bool *more, struct bk_error *err);

/* Steps over all calls up to the one that leads to VERSION, so that the next one is what a node
 * whose database is at VERSION would send when it starts: lone pragmas that repeat it come again.
 * With VERSION 0, or if the trace begins after it, nothing is stepped over. Fails as trace_next
 * does, and with BK_E_MISSING if the trace ends before. */
BK_MUST_CHECK enum bk_code trace_skip_to(
	struct trace *trace, uint32_t version, struct bk_error *err);

/* The folder of recorded traces: $BK_TRACES, or where this project keeps them; NULL if there is
 * none. */
const char *traces_dir(void);

#endif

/* lane.h - one of the processes that a benchmark sends the same calls to, and what they took. */
#ifndef LANE_H
#define LANE_H

#include "talk.h"
#include "tempdir.h"
#include "trace.h"

enum lane_kind {
	LANE_PLUGIN, /* as it is set up by default */
	LANE_PLAIN,  /* the plugin without delta keyframes */
	LANE_FLOOR,
	LANE_SEALED,       /* the plugin with a sealed log */
	LANE_SEALED_PLAIN, /* both */
};

struct lane {
	enum lane_kind kind;
	char dir[PATH_MAX], log[PATH_MAX];
	struct talk talk;
	uint64_t log_start; /* bytes of the log before the first call */
	uint32_t *ns;       /* of each round trip */
	size_t count, capacity;
	long peak_kb; /* of its memory, once it is stopped */
};

const char *lane_name(enum lane_kind kind);

/* Starts the process of KIND in a directory of its own in PLACE. FLOOR_BYTES is what a floor writes
 * for each call. Fails with BK_E_IO, BK_E_INVALID, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code lane_start(struct lane *lane, enum lane_kind kind,
	const struct tempdir *place, size_t floor_bytes, struct bk_error *err);

/* Calls as they are sent, put together before anything is measured. */
#define BLOCK_CALLS 256
struct block {
	struct bk_buf text;
	size_t ends[BLOCK_CALLS]; /* of each message in the text */
	size_t count;
};

void block_init(struct block *block);
void block_done(struct block *block);
BK_MUST_CHECK enum bk_code block_add(
	struct block *block, const struct trace_call *call, struct bk_error *err);

/* Sends each call of BLOCK and waits for its answer, which must be "continue". Fails as peer_send
 * and peer_receive do, and with BK_E_INVALID. */
BK_MUST_CHECK enum bk_code lane_play(
	struct lane *lane, const struct block *block, struct bk_error *err);

/* Ends the process; lane->talk.usage is then what it used. Fails if it does not end well. */
BK_MUST_CHECK enum bk_code lane_stop(struct lane *lane, struct bk_error *err);
void lane_done(struct lane *lane);

/* Bytes that the log, or the floor's file, has grown by. */
uint64_t lane_bytes(const struct lane *lane);

/* The round trip that the share PART of calls does not exceed, in microseconds. Sorts lane->ns. */
double lane_quantile(struct lane *lane, double part);

/* Microseconds of CPU for each call, user and system. */
double lane_cpu_us(const struct lane *lane);

#endif

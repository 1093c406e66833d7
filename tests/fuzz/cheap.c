/* cheap.c - a target's replays cost little: what the product allows one, seconds, would make a
 * fuzzer wait. Linked with --wrap. */
#include "fuzz.h"
#include "replay.h"

static const struct replay_limits limits = {.steps_max = 100000, .length_max = 1 << 20};

enum bk_code __real_bk_replay_open(struct replay *replay, struct pagestore *store,
	const struct bk_io *io, const char *spill_dir, const struct replay_limits *asked,
	struct bk_error *err);
enum bk_code __wrap_bk_replay_open(struct replay *replay, struct pagestore *store,
	const struct bk_io *io, const char *spill_dir, const struct replay_limits *asked,
	struct bk_error *err);

enum bk_code __wrap_bk_replay_open(struct replay *replay, struct pagestore *store,
	const struct bk_io *io, const char *spill_dir, const struct replay_limits *asked,
	struct bk_error *err)
{
	return __real_bk_replay_open(replay, store, io, spill_dir, asked ? asked : &limits, err);
}

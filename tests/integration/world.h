/* world.h - what an integration test works in: a node's directory with a backup set up, a simulated
 * node on it, and checks. Whatever fails here fails the test that called it.
 *
 * Calling sequence: world_make; world_node, any of the rest; world_done. */
#ifndef WORLD_H
#define WORLD_H

#include "child.h"
#include "compare.h"
#include "loglist.h"
#include "node.h"
#include "nodedb.h"
#include "tempdir.h"
#include <criterion/criterion.h>

/* Fails the test with ERR's message unless EXPRESSION gives BK_OK. */
#define must(expression, err) cr_assert_eq((expression), BK_OK, "%s: %s", #expression, (err)->msg)

struct world {
	struct tempdir dir;
	char node_dir[PATH_MAX]; /* the node's directory, in which the plugin runs */
	char database[PATH_MAX]; /* in it */
	char log[PATH_MAX];
	struct node *node; /* NULL before world_node */
	struct trace *trace;
	struct bk_error err;
};

/* Makes the directories. The fast one is in memory, where the machine has that. */
void world_make(struct world *world);
void world_make_fast(struct world *world);
void world_done(struct world *world);

/* Sets a backup up, with backup-cli init. */
void world_set_up(struct world *world);

/* The path of NAME in the world's directory; see tempdir_path. */
const char *world_path(const struct world *world, const char *name);

/* Writes the node's backup.lock: KEYS, such as "\"on_gap\": \"halt\"", beside the URL of the log.
 */
void world_lockfile(struct world *world, const char *keys);

/* Makes the node, with the plugin and the directory filled into OPTIONS (NULL: all defaults). In
 * place of one that was there, whose plugin is killed. */
void world_node(struct world *world, const struct node_options *options);

/* Opens the made-up trace of SEED, at the place where the node's database stands. */
void world_generate(struct world *world, uint64_t seed);

/* Starts the plugin. Stops it in order: it must exit with 0. */
void world_start(struct world *world);
void world_stop(struct world *world);

/* The trace's next call. */
struct trace_call world_next(struct world *world);

/* Plays the next COUNT calls of the trace, all of which must be acknowledged; or commits them while
 * nobody asks the plugin. */
void world_play(struct world *world, unsigned count);
void world_play_unwatched(struct world *world, unsigned count);

/* Plays CALL, or the next call, which must be refused: with TEXT in the reason, and as a log line;
 * with what is safe, and how to go on. */
void world_expect_refusal_of(struct world *world, const struct trace_call *call, const char *text);
void world_expect_refusal(struct world *world, const char *text);

/* What the node was answered last must be a refusal with all three parts. */
void world_check_refusal(struct world *world);

/* The path of the node's directory between two texts; valid until the next call. */
const char *world_in_dir(const struct world *world, const char *before, const char *behind);

/* The plugin must have logged TEXT at LEVEL since the node was made. */
void world_expect_log(struct world *world, const char *level, const char *text);

/* A call with one statement that leads to VERSION; valid until the next one. */
struct trace_call world_call(uint32_t version, const char *statement);

/* Runs backup-cli with the arguments in ARGV, which NULL ends, and returns its exit status. What it
 * printed is in RUN, for the caller to pass to run_done; RUN may be NULL. */
int world_cli(struct world *world, const char *const argv[], struct run *run);

/* The version that the log stands at; 0 if it is empty. */
uint32_t world_head(struct world *world);

/* What the log restores to must be what DATABASE holds. */
void world_check_restore(struct world *world, const char *database);

/* The versions that stand in the log must be FIRST to LAST, each of them once. */
void world_check_versions(struct world *world, uint32_t first, uint32_t last);

/* Both, for a log that began with the node: what the node committed is there, once, and no more. */
void world_check(struct world *world);

/* Where random choices start: $BK_SEED, or a fixed number; printed, so that a failure can be
 * repeated. */
uint64_t world_seed(void);

#endif

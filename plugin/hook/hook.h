/* hook.h - db_write: making each change durable in the log before lightningd commits it. */
#ifndef HOOK_H
#define HOOK_H

#include <bk/change.h>
#include <bk/io.h>
#include <bk/net.h>
#include <cJSON.h>
#include <stdbool.h>

struct hook;

/* IO and NET are borrowed. NULL: no memory, or no descriptor. */
struct hook *hook_new(const struct bk_io *io, const struct bk_net *net);

/* Lets go of the log, its last keyframe finished; the next call opens it anew. IN_ORDER: lightningd
 * has committed what it was told to go on with. False if it was not open. */
bool hook_close(struct hook *hook, bool in_order);

/* Does so, and ends. Takes NULL. */
void hook_free(struct hook *hook);

/* Answers one db_write of PARAMS. */
void hook_db_write(struct hook *hook, const cJSON *id, const cJSON *params);

/* The same, where it was read already; ID as out_continue_text takes it. */
void hook_change(struct hook *hook, const struct bk_slice *id, const struct bk_change *change);

/* Has the log compacted beside the changes, and the request ID answered then. */
void hook_compact(struct hook *hook, const cJSON *id);

/* A descriptor that can be read when hook_turn is to be called, between two calls: a log that was
 * compacted takes its place. */
int hook_wake(const struct hook *hook);
void hook_turn(struct hook *hook);

#endif

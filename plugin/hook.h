/* hook.h - db_write: making each change durable in the log before lightningd commits it. */
#ifndef HOOK_H
#define HOOK_H

#include <bk/io.h>
#include <cJSON.h>

struct hook;

/* IO is borrowed. NULL: no memory. */
struct hook *hook_new(const struct bk_io *io);

/* Ends in order: the log is closed, its last keyframe finished. */
void hook_free(struct hook *hook);

/* Answers one db_write. */
void hook_db_write(struct hook *hook, const cJSON *id, const cJSON *params);

#endif

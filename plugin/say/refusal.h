/* refusal.h - the words with which a change is refused.
 *
 * Each refusal says three things: what happened, that nothing is lost by it, and what to do.
 * Whoever meets the failure fills the first and the last; refusal_send adds the second and sends
 * it, as a log line and as the answer on which lightningd stops before it commits. */
#ifndef REFUSAL_H
#define REFUSAL_H

#include "out.h"
#include <bk/error.h>
#include <cJSON.h>

#define REFUSAL_WHAT_MAX 1536
#define REFUSAL_WAY_MAX  10240
#define REFUSAL_TEXT_MAX (REFUSAL_WHAT_MAX + REFUSAL_WAY_MAX + 256)

/* The plugin did what it is there for: not LEVEL_BROKEN, each line of which counts as a crash of
 * the plugin's where lightningd's test frames run (docs/lightningd.md, "Levels"). */
#define LEVEL_REFUSAL LEVEL_UNUSUAL

struct refusal {
	enum bk_code code;
	char what[REFUSAL_WHAT_MAX];
	char way[REFUSAL_WAY_MAX]; /* what to do before lightningd is started again; "": nothing */
};

/* Sets what happened, and no way yet. Returns CODE. */
enum bk_code refusal_set(struct refusal *why, enum bk_code code, const char *fmt, ...)
	BK_PRINTF(3, 4);

/* The same, as ERR says. The way is what its code and the system's error tell; OBJECT, a shell
 * word, is what could not be used, or NULL. */
enum bk_code refusal_of(struct refusal *why, const struct bk_error *err, const char *object);

/* Sets what to do. */
void refusal_way(struct refusal *why, const char *fmt, ...) BK_PRINTF(2, 3);

/* Writes the whole text, REFUSAL_TEXT_MAX bytes at most. */
void refusal_text(const struct refusal *why, char *text);

/* Logs it, and answers the db_write ID with it. */
void refusal_send(const struct refusal *why, const cJSON *id);

#endif

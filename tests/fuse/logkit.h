/* logkit.h - logs made for tests: from a recorded trace or a made-up one, through core's writer,
 * with nothing synced, as no test cuts the power.
 *
 * Where BK_TEST_SEALED is set in the environment, they are sealed.
 *
 * Calling sequence: log_begin or log_begin_from, any log_play, log_close, once a process. */
#ifndef LOGKIT_H
#define LOGKIT_H

#include <bk/log.h>
#include <bk/policy.h>
#include <bk/snapshot.h>
#include <bk/writer.h>
#include <stdbool.h>
#include <stdint.h>

/* The clock of all that is written: it moves on only by what is played. */
#define LOG_BEGIN_US INT64_C(1795330800000000) /* 2026-11-22 07:00 UTC */

/* Makes an empty log at PATH, and what writes to it. The calls played are those of TRACE (one of
 * traces_dir(), such as "small"), or made up where it is NULL. */
void log_begin(const char *path, const char *trace);

/* Likewise, with the database at DATABASE as its first version. */
void log_begin_from(const char *path, const char *database);

/* Makes a log whose version 1 has the table t (id INTEGER PRIMARY KEY, x), and what writes to it;
 * the other versions come by log_append. */
void log_begin_plain(const char *path);

/* Appends versions up to LAST, each of which adds a row to t, STEP_US after the one before. */
void log_grow(uint32_t last, int64_t step_us);

/* Plays COUNT calls, or all that are left, and builds keyframes; how many were played. */
uint64_t log_play(uint64_t count);

/* The same, without keyframes. */
uint64_t log_play_unkeyframed(uint64_t count);

/* Sets the clock. */
void log_now_us(int64_t now_us);

/* Appends a change to VERSION: SQL, and behind it what sets the version, unless VERSION is the
 * present one (for a lone pragma). */
void log_append(uint32_t version, const char *sql);

/* Likewise with two statements. */
void log_append_two(uint32_t version, const char *sql, const char *more);

/* Strikes out the newest version. */
void log_rewind(void);

/* A full keyframe of DATABASE. */
void log_snapshot(const char *database, enum bk_snapshot_reason reason);

/* Compacts the log, of whose versions POLICY keeps some (NULL: all): what writes goes on with the
 * successor. */
void log_compact(const struct bk_policy *policy);

uint32_t log_head(void);
void log_close(void);

/* Whether the recorded trace is there; says so if it is not. */
bool has_trace(const char *trace);
const char *trace_file(const char *trace, const char *name);

/* A second look at the log, through core, for comparing. */
struct bk_log *log_reader(void);

/* The whole image of VERSION, as core gives it; the caller frees it. */
uint8_t *image_whole(struct bk_log *log, uint32_t version, size_t *size);

#endif

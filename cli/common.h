/* common.h - what the commands share: exit codes, messages. */
#ifndef COMMON_H
#define COMMON_H

#include "progress.h"
#include <bk/error.h>
#include <bk/log.h>
#include <stdbool.h>
#include <stdint.h>

/* Exit codes (docs/decisions.md, "Exit codes"). */
enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_DAMAGE = 3 };

/* A command: its name, one line for the list, its own help, and what it does with the arguments
 * behind its name (argv[0] is the name). Returns an exit code. */
struct command {
	const char *name, *summary, *help;
	int (*run)(int argc, char **argv);
};

/* For the help of what takes a TIME (bk/moment.h). */
#define HELP_TIME                                                                                  \
	"TIME is \"2026-11-22 07:00\" (UTC), 20261122T070000Z, 23:59:59, yesterday, now,\n"        \
	"so long ago (\"2 hours\", 1h30m), Unix time, or what is printed. What it was\n"           \
	"taken for is said.\n"

/* In the order of the list that backup-cli --help prints. */
extern const struct command cmd_init;
extern const struct command cmd_restore;
extern const struct command cmd_log;
extern const struct command cmd_show;
extern const struct command cmd_diff;
extern const struct command cmd_history;
extern const struct command cmd_query;
extern const struct command cmd_extract;
extern const struct command cmd_emergency;
extern const struct command cmd_status;
extern const struct command cmd_verify;
extern const struct command cmd_drill;
extern const struct command cmd_copy;
extern const struct command cmd_mirror;
extern const struct command cmd_key;
extern const struct command cmd_server;
extern const struct command cmd_import;
extern const struct command cmd_compact;

/* TEXT as a word of a shell, for the commands that messages give; WORD holds it. */
#define WORD_MAX 16384
struct word {
	char text[WORD_MAX];
};
const char *word_of(struct word *word, const char *text);

/* TEXT for a terminal, where it can have come from a log or another's file: its control characters
 * shown (bk/text.h). SHOWN holds it. */
#define SHOWN_MAX 4096
struct shown {
	char text[SHOWN_MAX];
};
const char *shown_of(struct shown *shown, const char *text);

/* Sends out what was printed so far. Returns 0, or why it could not be written, now or before (an
 * errno): main says so at the end. */
int flush_out(void);

/* Prints the error and returns the exit code for it: BK_E_INVALID is what was wrong on the command
 * line. */
int report(const struct bk_error *err);

/* Prints a message about wrong arguments of COMMAND, and returns EXIT_USAGE. */
int usage_error(const struct command *command, const char *fmt, ...) BK_PRINTF(2, 3);

/* Whether PATH is a file, or not there at all, and not a directory, pipe or device. Fails with
 * BK_E_INVALID, saying what it is. */
BK_MUST_CHECK enum bk_code check_file(const char *path, struct bk_error *err);

/* Sets *PATH, which the caller frees, to the file of the log at URL. Fails with BK_E_MISSING, which
 * is explained, BK_E_INVALID, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code find_log(char **path, const char *url, struct bk_error *err);

/* Opens the log at URL, on another computer, too. Fails as find_log, bk_remote_connect and
 * bk_log_open do. */
BK_MUST_CHECK enum bk_code open_url(struct bk_log **log, const char *url, struct bk_error *err);

/* Opens the log at URL, has ACT work on it with CTX, and closes it. Returns an exit code, after a
 * message where one of these failed. */
typedef enum bk_code log_fn(struct bk_log *log, void *ctx, struct bk_error *err);
int on_log(const char *url, log_fn *act, void *ctx);

/* Sets *IO to how the log at URL is read, and connects to it where it is on another computer. Fails
 * as bk_remote_connect does. */
struct bk_io;
BK_MUST_CHECK enum bk_code reach_url(
	const struct bk_io **io, const char *url, struct bk_error *err);

/* Ends the connections to other computers' logs, when none is open any more. */
void close_remote(void);

/* Prints warnings about a log that ends in half a frame, or is damaged near its end. */
void warn_of_log(const struct bk_log_status *status);

/* Why versions between FROM and TO are not in the log, or are in doubt (bk/verify.h), as a line. */
#define GAP_TEXT 256
void gap_text(char *out, bool is_unwatched, uint32_t from, uint32_t to);

/* Reads a whole number in [0, MAX]; false if TEXT is none. */
bool parse_number(const char *text, uint64_t max, uint64_t *out);

/* Now, in microseconds since 1970. */
int64_t now_us(void);

/* Writes BYTES as "12.3 MB". OUT has room for 32 bytes. */
void bytes_text(char *out, uint64_t bytes);

#endif

/* arguments.h - what the commands make of their arguments, alike. */
#ifndef ARGUMENTS_H
#define ARGUMENTS_H

#include "common.h"
#include <getopt.h>
#include <stddef.h>

/* The next option of COMMAND: its letter, or -1 behind the last. LETTERS as getopt has them. '?'
 * for what is no option, lacks its value, or takes none; that is said. */
int next_option(const struct command *command, int argc, char **argv, const char *letters,
	const struct option *options);

/* Finds the URL to work on, which the caller frees: WORD, or where that is NULL what backup.lock
 * names in DIR, or where that is NULL too in the current directory, if that is a lightning
 * directory. Returns EXIT_DONE, or another exit code after a message; *URL is then left as it was,
 * or NULL. */
int take_url(const struct command *command, const char *word, const char *dir, char **url);

/* Whether the current directory is a lightning directory with a backup. */
bool is_in_nodedir(void);

/* Whether the COUNT words behind the options are NEEDED ones, or these behind a URL: without one
 * the log is that of DIR, or where that is NULL of the current directory, if that has a backup. */
bool has_words(int count, int needed, const char *dir);

/* Whether the first of the COUNT words behind the options is a URL, where one need not be there. */
bool begins_with_url(int count, char **words, const char *dir);

/* Reads TEXT, the value of OPTION, as bk_moment_parse or at an END as bk_moment_parse_end does, and
 * says what was understood. Returns EXIT_DONE, or another exit code after a message. */
int take_time(const struct command *command, const char *option, const char *text, bool end,
	int64_t *time_us);

/* Says that WORD is no WHAT ("mode"), which are NAMES, and which of them it was meant to be.
 * Returns EXIT_USAGE. */
int no_such(const struct command *command, const char *what, const char *word,
	const char *const *names);

#endif

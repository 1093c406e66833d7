/* arguments.c - what the commands make of their arguments, alike. */
#include "arguments.h"
#include "keys.h"
#include "lockurl.h"
#include "owner.h"
#include <bk/dest.h>
#include <bk/moment.h>
#include <bk/nearest.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What getopt_long gives for what it does not take, in either order. */
#define UNKNOWN '?'
#define LACKING ':'

/* The long option whose letter is VAL; NULL: none. */
static const struct option *option_of(const struct option *options, int val)
{
	while (options->name && options->val != val)
		options++;
	return options->name ? options : NULL;
}

#define OPTIONS_MAX (16 + KEYS_OPTIONS)

/* Says that WORD, without its dashes, is the name of no option, and what it may have been meant to
 * be. */
static void tell_none(const struct command *command, const struct option *options, const char *word)
{
	const char *names[OPTIONS_MAX + 1] = {NULL}, *nearest;
	size_t count = 0, begin_so = 0;

	for (; options->name && count < OPTIONS_MAX; options++) {
		names[count++] = options->name;
		begin_so += strncmp(options->name, word, strcspn(word, "=")) == 0;
	}
	nearest = bk_nearest(word, names);
	if (begin_so)
		usage_error(command, "more than one option begins with --%.*s",
			(int)strcspn(word, "="), word);
	else if (nearest)
		usage_error(command, "there is no option --%s; did you mean --%s?", word, nearest);
	else
		usage_error(command, "there is no option --%s", word);
}

/* The options of a command, and behind them those that say what opens a sealed log. */
static const struct option *all_options(const struct option *options)
{
	static struct option all[OPTIONS_MAX + 1];
	size_t count = 0;

	for (; options->name; options++)
		all[count++] = *options;
	memcpy(all + count, keys_options, (KEYS_OPTIONS + 1) * sizeof *all);
	return all;
}

/* As getopt_long; what is no option, lacks its value, or takes none, is told of. */
static int own_option(const struct command *command, int argc, char **argv, const char *letters,
	const struct option *options)
{
	const struct option *takes_none;
	const char *word;
	int option;

	opterr = 0;
	option = getopt_long(argc, argv, letters, options, NULL);
	word = optind > 0 && optind <= argc ? argv[optind - 1] : "";
	takes_none = optopt ? option_of(options, optopt) : NULL;
	if (option == LACKING)
		usage_error(command, "%s wants a value", word);
	else if (option == UNKNOWN && takes_none)
		usage_error(command, "--%s takes no value", takes_none->name);
	else if (option == UNKNOWN && optopt)
		usage_error(command, "there is no option -%c", optopt);
	else if (option == UNKNOWN)
		tell_none(command, options, word + 2);
	return option == LACKING ? UNKNOWN : option;
}

int next_option(const struct command *command, int argc, char **argv, const char *letters,
	const struct option *options)
{
	const struct option *all = all_options(options);
	enum bk_code code = BK_OK;
	struct bk_error err;
	int option;

	do
		option = own_option(command, argc, argv, letters, all);
	while (keys_take(option, optarg, &code, &err) && !code);
	if (option == -1)
		code = keys_fill(&err);
	if (!code)
		return option;
	report(&err);
	return UNKNOWN;
}

bool is_in_nodedir(void)
{
	return access(LOCKFILE_NAME, F_OK) == 0;
}

bool has_words(int count, int needed, const char *dir)
{
	return count == needed + 1 || (count == needed && (dir || is_in_nodedir()));
}

/* Whether WORD looks like a URL, or a file of that name is there. */
static bool names_log(const char *word)
{
	return strchr(word, '/') || strncmp(word, "file:", 5) == 0 || access(word, F_OK) == 0;
}

bool begins_with_url(int count, char **words, const char *dir)
{
	return !dir && (!is_in_nodedir() || (count && names_log(*words)));
}

/* The log that backup.lock in DIR names. What another user's names is that user's word, and looked
 * at as that user. */
static enum bk_code url_of_nodedir(char **url, const char *dir, struct bk_error *err)
{
	enum bk_code code = owner_enter(dir, err);
	char *path = NULL;

	if (!code)
		code = lockfile_url(url, bk_io_posix(), dir, err);
	if (!code)
		code = keys_of_dir(dir, err);
	if (code || !owner_is_other())
		return code;
	code = bk_dest_path(&path, *url, err);
	if (!code && faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) != 0 && errno == EACCES)
		code = bk_fail(err, BK_E_IO, EACCES,
			"the user whose directory that is may not read %s, which backup.lock there "
			"names; name it as URL to have it read as who runs this",
			path);
	free(path);
	if (code) {
		free(*url);
		*url = NULL;
	}
	return code;
}

int take_url(const struct command *command, const char *word, const char *dir, char **url)
{
	struct bk_error err;

	if (word && dir)
		return usage_error(command, "either a URL or --lightning-dir, not both");
	if (word && strcmp(word, "-") == 0)
		return usage_error(
			command, "a log is a file, and comes not through a pipe: name it");
	if (!word && !dir && !is_in_nodedir())
		return usage_error(command,
			"name one URL; with --lightning-dir DIR, or in a lightning directory, it "
			"need not be said: backup.lock there has it");
	if (word) {
		*url = strdup(word);
		if (!*url)
			bk_fail(&err, BK_E_NOMEM, 0, "no memory for a URL");
		return *url ? EXIT_DONE : report(&err);
	}
	return url_of_nodedir(url, dir ? dir : ".", &err) ? report(&err) : EXIT_DONE;
}

int take_time(const struct command *command, const char *option, const char *text, bool end,
	int64_t *time_us)
{
	int64_t now = now_us();
	char meant[BK_MOMENT_TEXT];
	struct bk_error err;

	if (end ? bk_moment_parse_end(text, now, time_us, &err)
		: bk_moment_parse(text, now, time_us, &err))
		return usage_error(command, "%s", err.msg);
	bk_moment_text(meant, *time_us, true);
	fprintf(stderr, "%s \"%s\" means %s\n", option, text, meant);
	return EXIT_DONE;
}

#define NAMES_TEXT 300

int no_such(
	const struct command *command, const char *what, const char *word, const char *const *names)
{
	const char *nearest = bk_nearest(word, names);
	char all[NAMES_TEXT] = "";
	size_t used = 0;

	for (size_t i = 0; names[i] && used < sizeof all; i++)
		used += (size_t)snprintf(
			all + used, sizeof all - used, "%s%s", i ? ", " : "", names[i]);
	return usage_error(command, "\"%s\" is no %s: %s%s%s%s", word, what, all,
		nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
}

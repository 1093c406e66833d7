/* options.c - the command line. */
#include "options.h"
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FUSE_USE_VERSION 314
#include <fuse_opt.h>

const char options_help[] =
	"Usage: backup-fuse [mount] URL MOUNTPOINT [-f] [-o OPTION[,OPTION...]]\n"
	"\n"
	"Mounts the log of a backup: every version of the node's database is a file.\n"
	"  versions/1234/1234567.sqlite3    the database at version 1,234,567\n"
	"  changes/1234/1234567.sql         the statements that led to it\n"
	"  latest.sqlite3                   the newest version\n"
	"  at/2026-11-22T07:00:00Z.sqlite3  the newest version not after that time\n"
	"  by-time/2026-11-22/07/           the versions of an hour (UTC)\n"
	"  status.json                      the log's state\n"
	"\n"
	"  -f, --foreground  stay in the foreground\n"
	"  -o cache=SIZE     memory for open versions (default 64M)\n"
	"  -o uid=N,gid=N    who owns the files (default: who mounts)\n"
	"  -o umask=OCTAL    what the modes 0444 and 0555 lose (default 0077)\n"
	"  -o allow_other    let other users in, as far as the modes let them\n"
	"  -h, --help        this text\n"
	"  -V, --version     the version\n"
	"\n"
	"URL is file:///path/to/file.bkp or a plain path. To unmount: fusermount3 -u MOUNTPOINT\n";

enum key {
	KEY_FOREGROUND,
	KEY_HELP,
	KEY_VERSION,
	KEY_ALLOW_OTHER,
	KEY_IGNORED,
	KEY_CACHE,
	KEY_UID,
	KEY_GID,
	KEY_UMASK,
};

#define POSITIONAL_MAX 3

struct parse {
	struct options *options;
	enum options_kind kind;
	char *positional[POSITIONAL_MAX];
	size_t positional_count;
};

/* FUSE_OPT_KEY, whose -1U is no unsigned long to clang. */
#define KEY(text, key)                                                                             \
	{                                                                                          \
		(text), UINT_MAX, (key)                                                            \
	}

/* mount(8) gives rw and the like where fstab says "defaults": the mount is ro all the same. */
static const struct fuse_opt templates[] = {
	KEY("-f", KEY_FOREGROUND),
	KEY("--foreground", KEY_FOREGROUND),
	KEY("-h", KEY_HELP),
	KEY("--help", KEY_HELP),
	KEY("-V", KEY_VERSION),
	KEY("--version", KEY_VERSION),
	KEY("allow_other", KEY_ALLOW_OTHER),
	KEY("rw", KEY_IGNORED),
	KEY("suid", KEY_IGNORED),
	KEY("dev", KEY_IGNORED),
	KEY("exec", KEY_IGNORED),
	KEY("cache=", KEY_CACHE),
	KEY("uid=", KEY_UID),
	KEY("gid=", KEY_GID),
	KEY("umask=", KEY_UMASK),
	FUSE_OPT_END,
};

/* Reads a whole number in BASE, from the text's beginning; *END is what follows it. */
static bool read_start(const char *text, int base, uint64_t max, uint64_t *out, char **end)
{
	errno = 0;
	if (*text < '0' || *text > '9')
		return false;
	*out = strtoull(text, end, base);
	return !errno && *out <= max;
}

static bool read_number(const char *text, int base, uint32_t max, uint32_t *out)
{
	uint64_t number;
	char *end;

	if (!read_start(text, base, max, &number, &end) || *end)
		return false;
	*out = (uint32_t)number;
	return true;
}

static bool read_size(const char *text, size_t *out)
{
	static const char units[] = "KMG";
	const char *unit;
	uint64_t number;
	char *end;
	int shift;

	if (!read_start(text, 10, UINT64_MAX >> 30, &number, &end))
		return false;
	unit = *end ? strchr(units, *end) : NULL;
	if (*end && (!unit || end[1]))
		return false;
	shift = unit ? 10 * (int)(unit - units + 1) : 0;
	if (number > SIZE_MAX >> shift)
		return false;
	*out = (size_t)number << shift;
	return *out >= CACHE_BYTES_MIN;
}

/* Takes VALUE of the option KEY; false if it makes no sense. */
static bool take_value(struct options *options, int key, const char *value)
{
	switch (key) {
	case KEY_CACHE:
		return read_size(value, &options->cache_bytes);
	case KEY_UID:
		return read_number(value, 10, UINT32_MAX - 1, &options->uid);
	case KEY_GID:
		return read_number(value, 10, UINT32_MAX - 1, &options->gid);
	default:
		return read_number(value, 8, 0777, &options->umask);
	}
}

static int wrong(struct parse *parse, const char *what, const char *arg)
{
	fprintf(stderr, "backup-fuse: %s: %s\nTry: backup-fuse --help\n", what, arg);
	parse->kind = OPTIONS_WRONG;
	return -1;
}

static int take_positional(struct parse *parse, const char *arg)
{
	char **place = &parse->positional[parse->positional_count];

	if (parse->positional_count == POSITIONAL_MAX)
		return wrong(parse, "one URL and one mountpoint are wanted, not also", arg);
	*place = strdup(arg);
	if (!*place)
		return -1;
	parse->positional_count++;
	return 0;
}

static int take(void *data, const char *arg, int key, struct fuse_args *args)
{
	struct parse *parse = data;
	struct options *options = parse->options;

	(void)args;
	switch (key) {
	case FUSE_OPT_KEY_NONOPT:
		return take_positional(parse, arg);
	case KEY_FOREGROUND:
		options->foreground = true;
		return 0;
	case KEY_HELP:
		parse->kind = OPTIONS_HELP;
		return 0;
	case KEY_VERSION:
		parse->kind = OPTIONS_VERSION;
		return 0;
	case KEY_ALLOW_OTHER:
		options->allow_other = true;
		return 0;
	case KEY_IGNORED:
		return 0;
	case KEY_CACHE:
	case KEY_UID:
	case KEY_GID:
	case KEY_UMASK:
		return take_value(options, key, strchr(arg, '=') + 1)
			       ? 0
			       : wrong(parse, "this value makes no sense", arg);
	default:
		if (*arg == '-')
			return wrong(parse, "there is no such option", arg);
		return fuse_opt_add_opt_escaped(&options->mount_options, arg);
	}
}

/* URL and mountpoint, behind the word "mount" or without it. */
static void take_words(struct parse *parse)
{
	char **words = parse->positional;

	if (parse->positional_count && strcmp(words[0], "mount") == 0) {
		free(words[0]);
		words[0] = words[1];
		words[1] = words[2];
		words[2] = NULL;
		parse->positional_count--;
	}
	if (parse->positional_count != 2) {
		wrong(parse, "one URL and one mountpoint are wanted",
			parse->positional_count < 2 ? "too few words" : words[2]);
		return;
	}
	parse->options->url = words[0];
	parse->options->mountpoint = words[1];
	words[0] = words[1] = NULL;
}

enum options_kind options_read(struct options *options, int argc, char **argv)
{
	struct fuse_args args = FUSE_ARGS_INIT(argc, argv);
	struct parse parse = {.options = options, .kind = OPTIONS_MOUNT};

	*options = (struct options){
		.cache_bytes = CACHE_BYTES_DEFAULT,
		.uid = geteuid(),
		.gid = getegid(),
		.umask = 0077,
	};
	if (fuse_opt_parse(&args, &parse, templates, take) && parse.kind == OPTIONS_MOUNT)
		parse.kind = OPTIONS_WRONG;
	if (parse.kind == OPTIONS_MOUNT)
		take_words(&parse);
	for (size_t i = 0; i < POSITIONAL_MAX; i++)
		free(parse.positional[i]);
	fuse_opt_free_args(&args);
	return parse.kind;
}

void options_done(struct options *options)
{
	free(options->url);
	free(options->mountpoint);
	free(options->mount_options);
}

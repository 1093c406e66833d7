/* commandline.c - the command line, read. */
#include "commandline.h"
#include "keys.h"
#include "mountoptions.h"
#include <bk/nearest.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char options_help[] =
	"Usage: backup-fuse [mount] [--lightning-dir DIR] [URL] MOUNTPOINT [-f]\n"
	"                   [-o OPTION[,OPTION...]]\n"
	"\n"
	"Mounts the log of a backup: every version of the node's database is a file.\n"
	"  versions/1234/1234567.sqlite3    the database at version 1,234,567\n"
	"  changes/1234/1234567.sql         the statements that led to it\n"
	"  latest.sqlite3                   the newest version\n"
	"  at/2026-11-22T07:00:00Z.sqlite3  the newest version not after that time; also\n"
	"                                   at/yesterday.sqlite3, 'at/2 hours.sqlite3'\n"
	"  by-time/2026-11-22/07/           the versions of an hour (UTC)\n"
	"  status.json                      the log's state\n"
	"\n"
	"  -f, --foreground  stay in the foreground\n"
	"  -o cache=SIZE     memory for open versions (default 64M, at least 1M)\n"
	"  -o uid=USER,gid=GROUP\n"
	"                    who owns the files, by name or number (default: who mounts)\n"
	"  -o umask=OCTAL    what the modes 0444 and 0555 lose (default 0077)\n"
	"  -o allow_other    let other users in, as far as the modes let them\n"
	"  -o nonempty       mount over a directory that is not empty\n"
	"  --lightning-dir DIR\n"
	"                    the log is the one that DIR/backup.lock names\n"
	"  --key-file FILE, --hsm-secret FILE\n"
	"                    what opens a sealed log: a key file, the node's hsm_secret,\n"
	"  --words, --passphrase, --seed-passphrase\n"
	"                    what is then asked for at the terminal, or\n"
	"  --words-fd N, --passphrase-fd N, --seed-passphrase-fd N, --secret-fd N\n"
	"                    a line from the descriptor N (backup-cli key --help). Where\n"
	"                    no URL is given, the key file that backup.lock names does\n"
	"  --hand-over       mount for the user of -o uid, as root, and leave it to the\n"
	"                    service manager, which starts backup-fuse without privileges\n"
	"  -h, --help        this text\n"
	"  -V, --version     the release\n"
	"\n"
	"URL is file:///path/to/file.bkp or a plain path. Without it the log is the one\n"
	"that backup.lock names in DIR, or in the current directory.\n"
	"To unmount: fusermount3 -u MOUNTPOINT\n";

enum { KEY_LIGHTNING_DIR = 256, KEY_HAND_OVER };

static enum options_kind wrong(const char *what, const char *word)
{
	fprintf(stderr, "backup-fuse: %s%s%s\nTry: backup-fuse --help\n", what, *word ? ": " : "",
		word);
	return OPTIONS_WRONG;
}

enum options_kind options_no_url(void)
{
	return wrong("one URL and one mountpoint are wanted; with --lightning-dir DIR, or in a "
		     "lightning directory, the URL need not be said",
		"");
}

static bool replace(char **text, const char *by)
{
	free(*text);
	*text = strdup(by);
	return *text;
}

#define OWN_NAMES 5

/* Our own, and behind them those that say what opens a sealed log. */
static const struct option *all_options(void)
{
	static struct option all[OWN_NAMES + KEYS_OPTIONS + 1] = {
		{"foreground", no_argument, NULL, 'f'}, {"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{"lightning-dir", required_argument, NULL, KEY_LIGHTNING_DIR},
		{"hand-over", no_argument, NULL, KEY_HAND_OVER}};

	memcpy(all + OWN_NAMES, keys_options, (KEYS_OPTIONS + 1) * sizeof *all);
	return all;
}

static enum options_kind no_option(const char *word)
{
	const char *names[OWN_NAMES + KEYS_OPTIONS + 1] = {NULL}, *nearest;
	const struct option *options = all_options();
	char meant[120];

	for (size_t i = 0; options[i].name; i++)
		names[i] = options[i].name;
	nearest = strncmp(word, "--", 2) == 0 ? bk_nearest(word + 2, names) : NULL;
	if (!nearest)
		return wrong("there is no such option", word);
	snprintf(meant, sizeof meant, "%s; did you mean --%s?", word, nearest);
	return wrong("there is no such option", meant);
}

static enum options_kind take_key_option(int key, const char *word)
{
	enum bk_code code;
	struct bk_error err;

	if (!keys_take(key, optarg, &code, &err))
		return no_option(word);
	return code ? wrong(err.msg, "") : OPTIONS_MOUNT;
}

/* Takes the option KEY; argv[optind - 1] is its word, or that of its value. */
static enum options_kind take_option(struct options *options, int key, char **argv)
{
	const char *word = argv[optind - 1];

	switch (key) {
	case 'f':
		options->foreground = true;
		return OPTIONS_MOUNT;
	case 'h':
		return OPTIONS_HELP;
	case 'V':
		return OPTIONS_VERSION;
	case 'o':
		return mountoptions_read(options, optarg) ? OPTIONS_MOUNT : OPTIONS_WRONG;
	case KEY_LIGHTNING_DIR:
		return replace(&options->lightning_dir, optarg) ? OPTIONS_MOUNT : OPTIONS_WRONG;
	case KEY_HAND_OVER:
		options->hand_over = true;
		return OPTIONS_MOUNT;
	case ':':
		return wrong("this option wants a value", word);
	default:
		return take_key_option(key, word);
	}
}

/* URL and mountpoint, behind the word "mount" or without it. */
static enum options_kind take_words(struct options *options, int count, char **words)
{
	if (count && strcmp(words[0], "mount") == 0) {
		words++;
		count--;
	}
	if (count > 2)
		return wrong("one URL and one mountpoint are wanted, not also", words[2]);
	if (!count)
		return options_no_url();
	if (count == 2 && options->hand_over)
		return wrong("a mountpoint alone is wanted with --hand-over", "");
	if (count == 2 && options->lightning_dir)
		return wrong("either a URL or --lightning-dir, not both", "");
	if (count == 2 && strcmp(words[0], "-") == 0)
		return wrong("a log is a file, and comes not through a pipe: name it", "");
	if (count == 2 && !replace(&options->url, words[0]))
		return OPTIONS_WRONG;
	return replace(&options->mountpoint, words[count - 1]) ? OPTIONS_MOUNT : OPTIONS_WRONG;
}

enum options_kind options_read(struct options *options, int argc, char **argv)
{
	enum options_kind kind = OPTIONS_MOUNT;
	int key;

	*options = (struct options){
		.cache_bytes = CACHE_BYTES_DEFAULT,
		.uid = geteuid(),
		.gid = getegid(),
		.umask = 0077,
	};
	opterr = 0;
	optind = 0; /* from the beginning, for those who read a second line */
	while (kind == OPTIONS_MOUNT &&
		(key = getopt_long(argc, argv, ":fhVo:", all_options(), NULL)) != -1)
		kind = take_option(options, key, argv);
	if (kind == OPTIONS_MOUNT && !mountoptions_are_sound(options))
		kind = OPTIONS_WRONG;
	return kind == OPTIONS_MOUNT ? take_words(options, argc - optind, argv + optind) : kind;
}

void options_done(struct options *options)
{
	free(options->url);
	free(options->mountpoint);
	free(options->lightning_dir);
	free(options->mount_options);
}

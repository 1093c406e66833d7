/* cmd_restore.c - backup-cli restore: writes a database out. */
#include "arguments.h"
#include "fresh.h"
#include "interrupt.h"
#include "keys.h"
#include "nodedir.h"
#include "older.h"
#include "own.h"
#include "owner.h"
#include "owner_io.h"
#include "restore_dest.h"
#include "restore_tell.h"
#include "which.h"
#include <bk/listing.h>
#include <bk/moment.h>
#include <bk/remote.h>
#include <bk/restore.h>
#include <bk/slots.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define STALE_FLAG "allow-stale-state-that-can-lose-funds"

struct arguments {
	struct bk_restore_options options;
	const char *at, *dest;
	char *url;
	int64_t at_us;
	const char *version; /* in other words than a number */
	const char *older; /* the older plugin's file or server that it comes out of; NULL: a log */
	const char *dir;   /* the lightning directory that was named; NULL: none */
	const char *also[LOCKPLACES_MAX], *without[FRESH_MAX];
	size_t also_count, without_count;
	bool with_hsm_secret;
};

/* Behind the options: the URL, unless DIR has a backup, and the destination. */
static int take_words(struct arguments *arguments, const char *dir, int count, char **words)
{
	int status = EXIT_DONE;

	if (!has_words(count, 1, dir))
		return usage_error(&cmd_restore, "name a URL, and a file or directory");
	if (arguments->at && (arguments->options.has_version || arguments->version))
		return usage_error(&cmd_restore, "--version and --at exclude each other");
	if (arguments->with_hsm_secret && !keys_words())
		return usage_error(&cmd_restore,
			"--with-hsm-secret makes it out of the words: give --words too");
	arguments->dest = words[count - 1];
	if (strcmp(arguments->dest, "-") == 0)
		return usage_error(&cmd_restore,
			"it writes no database to standard output, where nothing could be checked "
			"and synced: name a file");
	if (arguments->at)
		status = take_time(&cmd_restore, "--at", arguments->at, true, &arguments->at_us);
	return status == EXIT_DONE
		       ? take_url(&cmd_restore, count == 2 ? *words : NULL, dir, &arguments->url)
		       : status;
}

static int parse(int argc, char **argv, struct arguments *arguments)
{
	static const struct option options[] = {{"version", required_argument, NULL, 'v'},
		{"at", required_argument, NULL, 'a'}, {STALE_FLAG, no_argument, NULL, 's'},
		{"lightning-dir", required_argument, NULL, 'l'},
		{"also", required_argument, NULL, 'p'}, {"without", required_argument, NULL, 'w'},
		{"with-hsm-secret", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
	const char *dir = NULL;
	uint64_t version;
	int option;

	while ((option = next_option(&cmd_restore, argc, argv, ":", options)) != -1) {
		switch (option) {
		case 'v':
			arguments->options.has_version = parse_number(optarg, UINT32_MAX, &version);
			if (arguments->options.has_version)
				arguments->options.version = (uint32_t)version;
			arguments->version = arguments->options.has_version ? NULL : optarg;
			break;
		case 'a':
			arguments->at = optarg;
			break;
		case 'h':
			arguments->with_hsm_secret = true;
			break;
		case 's':
			arguments->options.stale_allowed = true;
			break;
		case 'l':
			dir = arguments->dir = optarg;
			break;
		case 'p':
			if (arguments->also_count == LOCKPLACES_MAX)
				return usage_error(&cmd_restore, "too many places");
			arguments->also[arguments->also_count++] = optarg;
			break;
		case 'w':
			if (arguments->without_count == FRESH_MAX)
				return usage_error(&cmd_restore, "too many places");
			arguments->without[arguments->without_count++] = optarg;
			break;
		default:
			return EXIT_USAGE;
		}
	}
	return take_words(arguments, dir, argc - optind, argv + optind);
}

static enum bk_code find_at(struct bk_log *log, const struct arguments *arguments,
	struct bk_entry *entry, struct bk_error *err)
{
	struct bk_log_status status;
	int64_t now = now_us();
	enum bk_code code = bk_log_status(log, &status, err);

	/* What the log has from a clock that was ahead has come. */
	if (!code)
		code = bk_moment_check_past(arguments->at, arguments->at_us,
			now > status.time_us ? now : status.time_us, err);
	return code ? code : bk_log_find_time(log, arguments->at_us, entry, err);
}

/* Finds the version that was asked for in other words than a number. */
static enum bk_code find_wanted(
	struct bk_log *log, struct arguments *arguments, struct bk_error *err)
{
	struct bk_entry entry;
	enum bk_code code;

	if (!arguments->at && !arguments->version)
		return BK_OK;
	code = arguments->at ? find_at(log, arguments, &entry, err)
			     : find_version(log, arguments->version, &entry, err);
	if (code)
		return code;
	arguments->options.has_version = true;
	arguments->options.version = entry.version;
	return BK_OK;
}

/* What a restore shows while it goes on, and what it is told meanwhile. */
struct showing {
	struct progress progress;
	struct own own;
};

static void on_progress(void *ctx, uint64_t done, uint64_t total)
{
	progress_show(&((struct showing *)ctx)->progress, done, total);
}

static void on_note(void *ctx, enum bk_note_kind kind, const char *what)
{
	own_add(&((struct showing *)ctx)->own, kind, what);
}

static enum bk_code make_hsm_secret(const char *path, struct bk_error *err)
{
	const struct secret_text *words = keys_words();
	enum bk_code code = bk_hsm_secret_make(
		interrupt_io(), path, words->text, words->size, keys_seed_passphrase()->text, err);

	if (!code && chmod(path, 0400) != 0)
		code = bk_fail(err, BK_E_IO, errno, "cannot set the mode of %s", path);
	return code;
}

/* Restores out of LOG, which is open. */
static enum bk_code restore_from(
	struct bk_log *log, struct arguments *arguments, struct bk_error *err)
{
	struct showing showing = {.progress = progress_of("restoring")};
	struct bk_restore_result result;
	struct bk_log_status status;
	char *copy, *secret = NULL;
	enum bk_code code = bk_log_status(log, &status, err);

	if (!code)
		warn_of_log(&status);
	if (!code)
		code = find_wanted(log, arguments, err);
	if (!code)
		code = restore_dest_enter(arguments->dest, err);
	if (!code && arguments->with_hsm_secret)
		code = restore_dest_secret(&secret, arguments->dest, err);
	if (code)
		return code;
	/* Whoever runs us may read the log; the user whose directory DEST is in need not. */
	arguments->options.log_io =
		owner_is_other() && !bk_remote_is(bk_log_path(log)) ? owner_io_root() : NULL;
	code = restore_dest_copy(&copy, log,
		arguments->options.log_io ? arguments->options.log_io : bk_io_posix(),
		arguments->dest,
		arguments->options.has_version ? arguments->options.version : status.version, err);
	if (code) {
		free(secret);
		return code;
	}
	arguments->options.is_node_name = nodedir_is_database(arguments->dest);
	arguments->options.progress = on_progress;
	arguments->options.note = on_note;
	arguments->options.ctx = &showing;
	code = bk_restore(log, copy ? copy : arguments->dest, &arguments->options, &result, err);
	free(copy);
	progress_end(&showing.progress);
	if (!code && secret)
		code = make_hsm_secret(secret, err);
	if (!code) {
		restore_tell(&result, &showing.own, secret);
		if (arguments->older)
			restore_tell_older(arguments->older);
		else
			restore_tell_next(&result, bk_log_path(log), bk_log_is_sealed(log));
		free(result.path);
	}
	own_done(&showing.own);
	free(secret);
	return code;
}

/* Out of the older plugin's file, or a server. */
static enum bk_code restore_older(struct arguments *arguments, struct bk_error *err)
{
	struct older older = {0};
	struct older_log log;
	enum bk_code code = older_open(&log, &older, arguments->url, err);

	if (!code) {
		older_tell(&older);
		arguments->older = arguments->url;
		code = restore_from(log.log, arguments, err);
		older_close(&log);
	}
	older_done(&older);
	return code;
}

/* Whether what is restored is there to start a node from: then it must be the newest. */
static bool is_for_node(const struct arguments *arguments)
{
	const char *slash = strrchr(arguments->dest, '/');
	struct stat st;

	return !arguments->at && !arguments->version && !arguments->options.has_version &&
	       ((stat(arguments->dest, &st) == 0 && S_ISDIR(st.st_mode)) ||
		       strcmp(slash ? slash + 1 : arguments->dest, BK_DATABASE_NAME) == 0 ||
		       nodedir_is_database(arguments->dest));
}

/* All that may know of a newer state: the place that was named, those that backup.lock knows of,
 * here and where the database goes, and those that were given. */
static enum bk_code gather(
	struct fresh *fresh, const struct arguments *arguments, struct bk_error *err)
{
	struct stat st;
	bool is_dir = stat(arguments->dest, &st) == 0 && S_ISDIR(st.st_mode);
	char *dir = is_dir ? strdup(arguments->dest) : bk_path_directory(arguments->dest);
	enum bk_code code = dir ? fresh_add(fresh, arguments->url, err)
				: bk_fail(err, BK_E_NOMEM, 0, "no memory for a path");

	if (!code && arguments->dir)
		code = fresh_add_known(fresh, arguments->dir, err);
	if (!code)
		code = fresh_add_known(fresh, dir, err);
	for (size_t i = 0; i < arguments->also_count && !code; i++)
		code = fresh_add(fresh, arguments->also[i], err);
	for (size_t i = 0; i < arguments->without_count && !code; i++)
		code = fresh_give_up(fresh, arguments->without[i], err);
	free(dir);
	return code;
}

/* Asks each place, and restores out of the newest. */
static enum bk_code restore_newest(struct arguments *arguments, struct bk_error *err)
{
	struct fresh fresh = {0};
	struct bk_freshness found;
	enum bk_code code = gather(&fresh, arguments, err);

	if (!code) {
		fresh_ask(&fresh);
		/* What was named alone is wrong as it was always said. */
		if (fresh.count == 1 && !fresh.answers[0].log)
			code = bk_fail_as(err, &fresh.answers[0].why);
	}
	if (!code)
		code = bk_freshest(&found, fresh.answers, fresh.count, &fresh.known, err);
	if (!code) {
		code = restore_from(fresh.answers[found.newest].log, arguments, err);
		if (!code)
			restore_tell_freshness(&fresh, &found, fresh.urls[0]);
	}
	fresh_done(&fresh);
	return code;
}

static enum bk_code restore(struct arguments *arguments, struct bk_error *err)
{
	struct bk_log *log;
	enum bk_code code;

	if (older_is(arguments->url))
		return restore_older(arguments, err);
	if (is_for_node(arguments))
		return restore_newest(arguments, err);
	code = open_url(&log, arguments->url, err);
	if (code)
		return code;
	code = restore_from(log, arguments, err);
	bk_log_close(log);
	return code;
}

static int restore_run(int argc, char **argv)
{
	struct arguments arguments = {0};
	struct bk_error err;
	int status = parse(argc, argv, &arguments);

	if (status != EXIT_DONE)
		return status;
	if (arguments.options.stale_allowed)
		fprintf(stderr, "Warning: --" STALE_FLAG
				" is set. A node that starts from an old state can "
				"publish a revoked commitment; the other side may then take all "
				"funds of that "
				"channel.\n");
	status = restore(&arguments, &err) ? report(&err) : EXIT_DONE;
	free(arguments.url);
	return status;
}

const struct command cmd_restore = {
	.name = "restore",
	.summary = "write the newest database out, checked",
	.help = "Usage: backup-cli restore [--version VERSION | --at TIME]\n"
		"                          [--lightning-dir DIR] [--also URL] [--without URL]\n"
		"                          [--words [--with-hsm-secret]]\n"
		"                          [--" STALE_FLAG "] [URL] DEST\n"
		"\n"
		"Writes the newest database of the log to DEST: a file that does not exist yet,\n"
		"or lightningd.sqlite3 in a directory. It is written beside, checked, synced,\n"
		"renamed. Without URL it is the log that backup.lock names in the current\n"
		"directory, or in DIR.\n"
		"\n"
		"  --version VERSION    another version, to look at: a node must not start from\n"
		"                       it\n"
		"  --at TIME            the newest version not after TIME; without a fraction,\n"
		"                       its whole second\n"
		"  --lightning-dir DIR  the log is the one that DIR/backup.lock names\n"
		"  --also URL           a mirror to ask, too; several times\n"
		"  --without URL        go on without a place that cannot be asked, or is wrong\n"
		"  --words              the wallet's words open a sealed log\n"
		"  --with-hsm-secret    and make the node's hsm_secret, too\n"
		"  --" STALE_FLAG "\n"
		"                       lets an older version have the name lightningd.sqlite3\n"
		"  -V                   the release\n"
		"\n" HELP_VERSION "\n"
		"For a node to start from, it asks each place that it knows (URL, backup.lock's\n"
		"here and in DEST, --also), takes the newest, and refuses where one cannot be\n"
		"asked or two went on each by itself, unless --without says which to pass over.\n"
		"\n"
		"It refuses over an existing file, beside a -journal or -wal, and, under the\n"
		"name that lightningd opens, while the node runs (in an empty directory it then\n"
		"takes the name version-N.sqlite3). Under another name it is a copy to look at,\n"
		"with sqlite3 -safe. What SQLite finds wrong with it is the node's own: it is\n"
		"told, and restored as it is. Nothing is written to standard output: DEST is no\n"
		"-.\n"
		"hsm_secret is not in the backup: the node needs its own copy of it, or its\n"
		"words. A sealed log is opened by them, too: backup-cli help key.\n"
		"\n"
		"Where the directory has no backup.lock yet, backup-cli init comes next, with\n"
		"the same URL: it has the plugin go on with this log.\n",
	.run = restore_run,
};

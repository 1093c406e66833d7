/* cmd_restore.c - backup-cli restore: writes a database out. */
#include "common.h"
#include "nodedir.h"
#include "own.h"
#include <bk/dest.h>
#include <bk/listing.h>
#include <bk/moment.h>
#include <bk/path.h>
#include <bk/restore.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STALE_FLAG "allow-stale-state-that-can-lose-funds"

struct arguments {
	struct bk_restore_options options;
	const char *at, *url, *dest;
};

static int parse(int argc, char **argv, struct arguments *arguments)
{
	static const struct option options[] = {{"version", required_argument, NULL, 'v'},
		{"at", required_argument, NULL, 'a'}, {STALE_FLAG, no_argument, NULL, 's'},
		{NULL, 0, NULL, 0}};
	uint64_t version;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'v':
			if (!parse_number(optarg, UINT32_MAX, &version))
				return usage_error(&cmd_restore, "\"%s\" is no version", optarg);
			arguments->options.has_version = true;
			arguments->options.version = (uint32_t)version;
			break;
		case 'a':
			arguments->at = optarg;
			break;
		case 's':
			arguments->options.stale_allowed = true;
			break;
		default:
			return usage_error(&cmd_restore, "options that it does not know");
		}
	}
	if (argc - optind != 2)
		return usage_error(&cmd_restore, "name a URL, and a file or directory");
	if (arguments->at && arguments->options.has_version)
		return usage_error(&cmd_restore, "--version and --at exclude each other");
	arguments->url = argv[optind];
	arguments->dest = argv[optind + 1];
	return EXIT_DONE;
}

static enum bk_code find_at(struct bk_log *log, struct arguments *arguments, struct bk_error *err)
{
	struct bk_entry entry;
	int64_t time_us;
	enum bk_code code;

	if (!arguments->at)
		return BK_OK;
	code = bk_moment_parse_end(arguments->at, now_us(), &time_us, err);
	if (!code)
		code = bk_log_find_time(log, time_us, &entry, err);
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

static void tell_age(const struct bk_restore_result *result)
{
	if (result->version == result->head)
		printf("It is the newest state that the backup holds. If the node ran on after "
		       "that without the backup, do not start it from this.\n");
	else
		printf("It is NOT the newest state, which is version %u. Do not start a node from "
		       "it: it could publish a revoked state and lose the funds of its channels.\n",
			result->head);
}

static void tell(const struct bk_restore_result *result, struct own *own)
{
	char time[BK_MOMENT_TEXT], age[BK_MOMENT_TEXT], size[32];

	bk_moment_text(time, result->time_us, true);
	bk_moment_age(age, result->time_us, now_us());
	bytes_text(size, result->bytes);
	printf("Restored version %u, of %s (%s), to %s (%s, checked)\n", result->version, time, age,
		result->path, size);
	if (*result->node)
		printf("It is the database of node %s.\n", result->node);
	if (result->is_past_damage)
		printf("Warning: damage in the log was passed over, by an older keyframe and all "
		       "changes since. The database passed its checks. Keep a copy of the log, and "
		       "begin a new backup.\n");
	own_print(own);
	if (result->node_runs)
		printf("The node runs meanwhile, and goes on: this is a copy to look at.\n");
	tell_age(result);
	printf("hsm_secret is not in the backup: the node needs its own copy of it.\n");
}

static void print_next(const char *dir, const char *log_path)
{
	char *real = realpath(dir, NULL), *url = NULL;
	struct word dir_word, url_word;
	struct bk_error ignored;

	if (!real || bk_dest_url(&url, log_path, &ignored)) {
		free(real);
		return;
	}
	printf("Next: backup-cli init --lightning-dir %s %s\n", word_of(&dir_word, real),
		word_of(&url_word, url));
	free(real);
	free(url);
}

/* What was restored under the name that lightningd opens is there to start a node from: it needs
 * the right owner, and backup.lock, for the plugin to go on with the log. */
static void prepare_node(const struct bk_restore_result *result, const char *log_path)
{
	const char *slash = strrchr(result->path, '/');
	char *dir;

	if (strcmp(slash ? slash + 1 : result->path, BK_DATABASE_NAME) != 0)
		return;
	dir = bk_path_directory(result->path);
	if (!dir)
		return;
	nodedir_give(dir, result->path);
	if (result->version == result->head && !nodedir_names(dir, log_path))
		print_next(dir, log_path);
	free(dir);
}

/* Restores out of LOG, which is open. */
static enum bk_code restore_from(
	struct bk_log *log, struct arguments *arguments, struct bk_error *err)
{
	struct showing showing = {.progress = progress_of("restoring")};
	struct bk_restore_result result;
	struct bk_log_status status;
	enum bk_code code = bk_log_status(log, &status, err);

	if (!code)
		warn_of_log(&status);
	if (!code)
		code = find_at(log, arguments, err);
	if (code)
		return code;
	arguments->options.is_node_name = nodedir_is_database(arguments->dest);
	arguments->options.progress = on_progress;
	arguments->options.note = on_note;
	arguments->options.ctx = &showing;
	code = bk_restore(log, arguments->dest, &arguments->options, &result, err);
	progress_end(&showing.progress);
	if (!code) {
		tell(&result, &showing.own);
		prepare_node(&result, bk_log_path(log));
		free(result.path);
	}
	own_done(&showing.own);
	return code;
}

static enum bk_code restore(struct arguments *arguments, struct bk_error *err)
{
	struct bk_log *log;
	enum bk_code code = open_url(&log, arguments->url, err);

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
	return restore(&arguments, &err) ? report(&err) : EXIT_DONE;
}

const struct command cmd_restore = {
	.name = "restore",
	.summary = "write the newest database out, checked",
	.help = "Usage: backup-cli restore [--version N | --at TIME]\n"
		"                          [--" STALE_FLAG "] URL DEST\n"
		"\n"
		"Writes the newest database of the log to DEST: a file that does not exist yet, "
		"or\n"
		"lightningd.sqlite3 in a directory. It is written beside, checked, synced, "
		"renamed.\n"
		"\n"
		"  --version N  another version, to look at: a node must not start from it\n"
		"  --at TIME    the newest version not after TIME: \"2026-11-22 07:00\" (UTC), or\n"
		"               a step back like \"-2 hours\"; without a fraction, its whole "
		"second\n"
		"  --" STALE_FLAG "\n"
		"               lets an older version have the name lightningd.sqlite3\n"
		"\n"
		"It refuses over an existing file, beside a -journal or -wal, and, under the name\n"
		"that lightningd opens, while the node runs. Under another name it is a copy to\n"
		"look at, with sqlite3 -safe. What SQLite finds wrong with it is the node's own: "
		"it\n"
		"is told, and restored as it is.\n"
		"hsm_secret is not in the backup: the node needs its own copy of it.\n"
		"\n"
		"Where the directory has no backup.lock yet, backup-cli init comes next, with the "
		"same\n"
		"URL: it has the plugin go on with this log.\n",
	.run = restore_run,
};
